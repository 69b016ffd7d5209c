//! People who sign in: by the link that is mailed to them.

use serde_json::json;

use crate::world::{World, text};

/// Makes a user of the tenant whose admin's key it is, and mails them a link: the link's token.
pub(crate) async fn link_for(world: &World, admin: &str, email: &str) -> String {
    let body = json!({"email": email, "role": "admin"});
    world.api.post(admin, "/v1/users", &format!("user-{email}"), &body).await.expect(201);
    world.api.post("", "/v1/auth/magic-link", &format!("link-{email}"), &json!({"email": email})).await.expect(202);
    world.rest().await;
    let letters = world.cloud.mail().await;
    let of_theirs = letters.iter().filter(|letter| letter["to"].to_string().contains(email));
    let link = of_theirs.map(|letter| text(&letter["text"])).find(|text| text.contains("token="));
    let link = link.unwrap_or_else(|| panic!("no link for {email}: {letters:#?}"));
    let token = link.split_once("token=").map(|(_, rest)| rest).unwrap_or_default();
    token.chars().take_while(|character| !character.is_whitespace()).collect()
}

/// An admin of the tenant whose admin's key it is, signed in: what their session is carried by.
pub(crate) async fn signed_in(world: &World, admin: &str, email: &str) -> String {
    let token = link_for(world, admin, email).await;
    let body = json!({"token": token, "transport": "bearer"});
    text(&world.api.post("", "/v1/auth/session", &format!("session-{email}"), &body).await.expect(201)["session_token"])
}
