//! The three sign-in links that `make dev` shows: an admin, finance, a partner.

use domain::audit::Actor;
use domain::email::Email;
use domain::id::{PartnerId, TenantId, UserId};
use domain::role::Role;
use domain::user::Position;
use edge::aws::{Aws, Service};
use edge::config::variables;
use edge::people::{NewPerson, People, email_hash};
use edge::sealing::Sealer;
use store::TenantKey;

use super::story::Story;
use crate::Error;

/// Links that open once, for a quarter of an hour.
pub(super) async fn shown(story: &Story<'_>, partner_id: &str) -> Result<String, Error> {
    let partner_id = PartnerId::parse(partner_id)?;
    let cast = [
        ("admin", "ada@studio.example", "Ada", Position::Admin),
        ("finance", "finn@studio.example", "Finn", Position::FinanceManager),
        ("partner", "paula@partner.example", "Paula", Position::Partner { partner_id }),
    ];
    let mut lines = vec![
        "\n  Sign in, once each, within 15 minutes (more by POST /v1/auth/magic-link, read at /local/mail):".to_owned(),
    ];
    for (word, email, name, position) in cast {
        let link = link(story, email, (name, position)).await?;
        lines.push(format!("  {word:8} {email}\n           {link}"));
    }
    Ok(lines.join("\n"))
}

async fn link(story: &Story<'_>, email: &str, (name, position): (&str, Position)) -> Result<String, Error> {
    let offset_ms = story.client.clock_offset_ms().await?;
    let connection = story.place.connect(offset_ms)?;
    let mut reader = story.place.reader(offset_ms);
    let aws = Aws::from(&mut reader);
    let key = reader.text(&variables::SEALING_KEY_ARN);
    let key = reader.finish(key)?;
    let sealer = Sealer::connect(&aws.service(Service::Kms), key);
    let people = People::new(connection.store.clone(), sealer, story.place.http.trim_end_matches('/'));
    let (tenant, now) = (TenantKey::from(&TenantId::default_tenant()), connection.clock.now());
    let email = Email::parse(email)?;
    let user = match connection.store.find_user(&tenant, &email_hash(tenant.tenant(), &email)).await? {
        Some(user) => user,
        None => {
            let id = UserId::from_ulid(edge::random::ulid(now));
            let new = NewPerson { id, position, email, name: name.to_owned(), at: now };
            let by = Actor::new(Role::Operator, "demo");
            let (_, kept) = people.create(&tenant, &new, by).await.map_err(refused)?;
            kept.user.id
        }
    };
    Ok(people.link(&tenant, &user, now).await.map_err(refused)?.reveal().clone())
}

fn refused(problem: edge::problem::Problem) -> Error {
    problem.detail().to_owned().into()
}
