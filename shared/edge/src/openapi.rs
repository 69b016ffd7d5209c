//! What every function's OpenAPI document shares: the security scheme and the refusals.

mod payees;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{IntoResponses, Modify};

pub use self::payees::{AccountKindWord, HolderKindWord, PayoutDetailsShape, PostalAddressShape};
use crate::problem::Problem;

/// The name of the security scheme, for `security(("bearer" = []))`.
pub const BEARER: &str = "bearer";

/// Adds the bearer scheme: `use edge::openapi::Bearer; … #[openapi(modifiers(&Bearer))]`.
pub struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("trb_…")
            .description(Some("An API key, or a session."))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
}

/// What any path with credentials may answer: `responses(…, Refusals)`.
#[derive(IntoResponses)]
pub enum Refusals {
    /// Something in the request is not as declared.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] Problem),
    /// No credentials, or bad ones.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(#[to_schema] Problem),
    /// The role may not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// Not there, or somebody else's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] Problem),
    /// Something that this needs is away; try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What a write may answer besides: `responses(…, Refusals, WriteRefusals)`.
#[derive(IntoResponses)]
pub enum WriteRefusals {
    /// The state of things does not allow it now, or the first request is still at work.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(#[to_schema] Problem),
    /// Well formed and not possible, or the idempotency key was used for another request.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(#[to_schema] Problem),
}

/// What may be answered besides where no idempotency key is asked for: `responses(…, Refusals, Clashes)`.
#[derive(IntoResponses)]
pub enum Clashes {
    /// Its parameters or fields contradict one another, or are not possible now.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(#[to_schema] Problem),
}

/// What may be answered besides where a thing is read that is not in every state of it: `responses(…, Refusals, AsItStands)`.
#[derive(IntoResponses)]
pub enum AsItStands {
    /// Not as the thing stands.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
}

/// What a change of a thing that is kept in versions may answer besides: `responses(…, Refusals, WriteRefusals, Stale)`.
#[derive(IntoResponses)]
pub enum Stale {
    /// It has changed since the caller read it; both versions are named.
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(#[to_schema] Problem),
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi as _;

    use super::*;

    #[utoipa::path(get, path = "/x", responses((status = 200), Refusals, WriteRefusals, Stale), security(("bearer" = [])))]
    #[expect(dead_code, reason = "only its document is looked at")]
    fn x() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(x), modifiers(&Bearer))]
    struct Document;

    #[test]
    fn a_document_names_the_scheme_and_every_refusal() {
        let document = serde_json::to_value(Document::openapi()).expect("json");
        assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
        for status in ["400", "401", "403", "404", "409", "412", "413", "415", "422", "503"] {
            let content = &document["paths"]["/x"]["get"]["responses"][status]["content"];
            assert!(content["application/problem+json"]["schema"].is_object(), "{status}: {content}");
        }
    }
}
