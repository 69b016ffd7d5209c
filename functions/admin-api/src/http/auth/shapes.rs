//! What is read and answered about sessions.

use domain::role::Role;
use domain::time::Timestamp;
use domain::user::{Position, User};
use edge::auth::browsers::csrf_of;
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::signed_in::Session;
use utoipa::ToSchema;

/// How the session's text goes to its bearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transport {
    /// As a cookie that scripts cannot read: for browsers.
    #[default]
    Cookie,
    /// In the answer, to be sent as `Authorization: Bearer`: for programs.
    Bearer,
}

/// What a session is begun by: the token of a link, or one of the deployment's issuer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginBody {
    /// As the mail's link has it.
    #[serde(default)]
    #[schema(example = "trl_…")]
    pub(super) token: Option<String>,
    /// An ID token of the issuer that the deployment trusts, instead of a link's token: signed by RS256, ES256 or EdDSA, for
    /// this audience. It begins one session.
    #[serde(default)]
    pub(super) id_token: Option<String>,
    /// How the session goes along; as a cookie when left out.
    #[serde(default)]
    pub(super) transport: Transport,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Its id.
    #[schema(example = "ses_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    pub(super) id: String,
    /// With which program.
    #[schema(example = "Firefox on Linux")]
    pub(super) program: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    /// When it was last seen, to five minutes.
    #[schema(value_type = String, format = DateTime)]
    pub(super) seen_at: Timestamp,
    /// When it ends unless it is seen before.
    #[schema(value_type = String, format = DateTime)]
    pub(super) ends_at: Timestamp,
    /// When a code of an authenticator was last given in it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) second_factor_at: Option<Timestamp>,
    /// Is it the one that this request came by?
    pub(super) is_current: bool,
}

impl SessionView {
    pub(super) fn of(session: &Session, is_current: bool) -> Self {
        Self {
            id: session.id.to_string(),
            program: session.program.clone(),
            created_at: session.created_at,
            seen_at: session.seen_at,
            ends_at: session.idle_until.min(session.absolute_until),
            second_factor_at: session.second_factor_at,
            is_current,
        }
    }
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedInView {
    /// The person.
    #[schema(example = "usr_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    user_id: String,
    /// What they are here.
    #[schema(value_type = String, example = "finance_manager")]
    role: Role,
    /// For whom, where the role is partner.
    partner_id: Option<String>,
    /// Who, where the role is member.
    member_id: Option<String>,
    /// The session.
    session: SessionView,
    /// Send it as `X-CSRF-Token` with every write that goes by the cookie. It stays for as long as the session does.
    csrf_token: String,
    /// The session's text, shown once, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
}

impl SignedInView {
    pub(super) fn of(user: &User, session: &Session, session_token: Option<String>) -> Self {
        let (partner_id, member_id) = match &user.position {
            Position::Partner { partner_id } => (Some(partner_id.to_string()), None),
            Position::Member { member_id } => (None, Some(member_id.to_string())),
            Position::Admin | Position::FinanceManager | Position::Support | Position::Auditor => (None, None),
        };
        Self {
            user_id: user.id.to_string(),
            role: user.position.role(),
            partner_id,
            member_id,
            session: SessionView::of(session, true),
            csrf_token: csrf_of(session).reveal().clone(),
            session_token,
        }
    }
}

/// 403 for whoever came by a key where only a session helps.
pub(super) fn session_needed() -> Problem {
    Problem::forbidden("this needs a session: sign in by POST /v1/auth/magic-link").kind("session-needed")
}
