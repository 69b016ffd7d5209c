//! Which partner a request is about, by role.

use axum::extract::{FromRef, FromRequestParts};
use domain::id::PartnerId;
use domain::role::Role;
use edge::auth::{Approver, Caller, Gate};
use edge::problem::Problem;
use http::request::Parts;

/// The tenant's own people: they see every partner.
pub(crate) const STAFF: [Role; 4] = [Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
/// Staff and partners: a partner sees its own.
pub(crate) const STAFF_AND_PARTNERS: [Role; 5] =
    [Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor, Role::Partner];

/// An admin. As an argument it stands before the body, so that a stranger learns nothing from a 400.
pub(crate) struct Admin(pub(crate) Caller);

/// An admin who approves: with a second factor where the tenant asks for one.
pub(crate) struct ApprovingAdmin(pub(crate) Caller);

/// An admin, or a partner for its own.
pub(crate) struct AdminOrPartner(pub(crate) Caller);

impl<S> FromRequestParts<S> for Admin
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(&[Role::Admin])?;
        Ok(Self(caller))
    }
}

impl<S> FromRequestParts<S> for ApprovingAdmin
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Admin(_) = Admin::from_request_parts(parts, state).await?;
        let Approver(caller) = Approver::from_request_parts(parts, state).await?;
        Ok(Self(caller))
    }
}

impl<S> FromRequestParts<S> for AdminOrPartner
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(&[Role::Admin, Role::Partner])?;
        Ok(Self(caller))
    }
}

/// The partner that the caller is, or `None` for staff.
///
/// # Errors
/// 403 for a role that is neither.
pub(crate) fn own_partner(caller: &Caller) -> Result<Option<PartnerId>, Problem> {
    caller.require(&STAFF_AND_PARTNERS)?;
    let Some(subject) = caller.confined_to() else { return Ok(None) };
    // A partner's key whose subject is no partner sees nothing.
    PartnerId::parse(subject).map(Some).map_err(|_| Problem::forbidden("this key belongs to no partner"))
}

/// The partner whose figures are asked for: the caller itself, or the one that staff names.
///
/// # Errors
/// 400 when staff names none, 403 for another role, 404 when a partner names another.
pub(crate) fn asked_partner(caller: &Caller, named: Option<&str>) -> Result<PartnerId, Problem> {
    let own = own_partner(caller)?;
    let named = match named {
        None => None,
        Some(text) => {
            Some(PartnerId::parse(text).map_err(|why| Problem::bad_parameter("partner_id", why.to_string()))?)
        }
    };
    match (own, named) {
        (Some(own), Some(named)) if own != named => Err(Problem::not_found("no such partner")),
        (Some(own), _) => Ok(own),
        (None, Some(named)) => Ok(named),
        (None, None) => Err(Problem::impossible_parameter("partner_id", "say whose figures, with ?partner_id=")),
    }
}

/// The partner whose entries of a list are asked for: the caller itself, the one that staff names, or none for all of them.
///
/// # Errors
/// As [`asked_partner`], but that staff names none.
pub(crate) fn asked_of_one(caller: &Caller, named: Option<&str>) -> Result<Option<PartnerId>, Problem> {
    let is_for_one = own_partner(caller)?.is_some() || named.is_some();
    is_for_one.then(|| asked_partner(caller, named)).transpose()
}
