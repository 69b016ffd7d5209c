//! `docs/access.md`: every operation, and who may call it. What it says is put into the OpenAPI document as `x-roles`, and
//! the flows hold the running doors to it.

use std::collections::BTreeMap;

use domain::role::Role;

use crate::openapi::operations_in_code;
use crate::tree;

/// The page that a person keeps.
pub(crate) const PAGE: &str = "docs/access.md";
/// Who needs no credentials.
const EVERYBODY: &str = "everybody";

/// Operation (`GET /v1/programs`) → the words of the roles that may, in the order of the page.
pub(crate) fn table() -> BTreeMap<String, Vec<String>> {
    let rows = tree::read(PAGE);
    let rows = rows.lines().filter_map(|line| {
        let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
        let operation = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        let roles = cells.next()?.split(',').map(|role| role.trim().to_owned()).collect();
        Some((operation.to_owned(), roles))
    });
    rows.collect()
}

#[test]
fn every_operation_says_who_may_call_it_and_none_is_said_of_what_is_not_there() {
    let table = table();
    let in_code = operations_in_code().into_iter().map(|(method, path, _)| format!("{method} {path}"));
    let in_code: Vec<String> = in_code.collect();
    let silent: Vec<_> = in_code.iter().filter(|operation| !table.contains_key(*operation)).collect();
    let gone: Vec<_> = table.keys().filter(|operation| !in_code.contains(operation)).collect();
    assert!(silent.is_empty() && gone.is_empty(), "{PAGE}: no row for {silent:?}; rows of nothing: {gone:?}");
}

#[test]
fn the_page_of_who_may_call_names_roles_that_exist() {
    for (operation, roles) in table() {
        let unknown: Vec<_> = roles.iter().filter(|role| *role != EVERYBODY && Role::parse(role).is_none()).collect();
        assert!(unknown.is_empty() && !roles.is_empty(), "{operation}: {unknown:?}");
    }
}
