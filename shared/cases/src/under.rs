//! Under which request a step was taken. A run that takes over from one that died knows its own steps by it, and so answers
//! what the first would have answered.

use std::collections::BTreeMap;

use domain::audit::{AuditEntry, Deed};
use domain::payout::POSTPONED;

/// Where the audit tells the name of a request.
const REQUEST: &str = "request";

/// A deed that tells its request.
pub(crate) fn of_request(mut deed: Deed, request: Option<&str>) -> Deed {
    if let Some(request) = request {
        deed.new.insert(REQUEST.to_owned(), request.to_owned());
    }
    deed
}

/// What an entry says of its thing after the step: all but the request, and why a payout was postponed, which are of the
/// step.
pub(crate) fn said_of_thing(entry: AuditEntry) -> BTreeMap<String, String> {
    let mut said = entry.new;
    said.remove(REQUEST);
    if entry.action == POSTPONED {
        said.remove("reason");
    }
    said
}

/// Was it done by this request?
pub(crate) fn is_of_request(entry: &AuditEntry, request: &str) -> bool {
    entry.new.get(REQUEST).is_some_and(|told| told == request)
}
