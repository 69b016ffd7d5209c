//! By what a session begins: a link that was mailed, or a token of the issuer that the deployment trusts.

use domain::id::TenantId;
use domain::time::Timestamp;
use edge::auth::PresentedLink;
use edge::http::Origin;
use edge::people::{SignedIn, VouchedFor};
use edge::problem::Problem;
use edge::telemetry::Secret;
use store::TenantKey;

use super::people;
use crate::App;
use crate::issuer::{Refused, TOKEN_CHARS_MAX};

/// By a link: whoever has it reads the mail that it was sent in.
pub(super) async fn by_link(
    app: &App,
    token: &str,
    origin: Origin,
    now: Timestamp,
) -> Result<(TenantId, SignedIn), Problem> {
    let signed_in = people(app)?.redeem(token, origin, now).await?;
    // A link that was redeemed is one.
    let tenant = PresentedLink::parse(token).map(|link| link.tenant).ok_or_else(Problem::internal)?;
    Ok((tenant, signed_in))
}

/// POR-13: by a token of the issuer, which vouches for people of the deployment's own tenant and of no other.
pub(super) async fn by_issuer(
    app: &App,
    token: &Secret<String>,
    origin: Origin,
    now: Timestamp,
) -> Result<(TenantId, SignedIn), Problem> {
    let Some(issuer) = &app.issuer else {
        let why = "no issuer is trusted here: ask for a link (POST /v1/auth/magic-link)";
        return Err(Problem::impossible("/id_token", why));
    };
    if token.reveal().len() > TOKEN_CHARS_MAX {
        return Err(Problem::bad_request("/id_token", format!("at most {TOKEN_CHARS_MAX} characters")));
    }
    let vouched = issuer.check(token, now).await.map_err(|refused| match refused {
        Refused::Token(why) => Problem::unauthorized(format!("this token is not taken: {why}")).kind("id-token"),
        Refused::IssuerAway => {
            Problem::unavailable("the issuer's keys cannot be read now; try again, or ask for a link")
        }
    })?;
    let tenant = TenantId::default_tenant();
    let of = VouchedFor { subject: vouched.subject, token: vouched.token, until: vouched.until, email: vouched.email };
    let signed_in = people(app)?.begin_vouched(&TenantKey::from(&tenant), &of, origin, now).await?;
    Ok((tenant, signed_in))
}
