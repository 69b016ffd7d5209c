//! What may be said of a link, read.

use std::collections::BTreeMap;

use domain::id::ProgramId;
use domain::rate::Rate;
use domain::rule::{Reward, RuleVersion, in_force};
use domain::time::Timestamp;
use edge::faults::Faults;
use edge::problem::Problem;
use store::TenantKey;
use url::Url;

use crate::App;
use crate::destination::Destination;

/// The most characters of a label.
const LABEL_LENGTH_MAX: usize = 120;
/// The parameters that a link may bring of its own, as click-tracker carries them.
const SUB_IDS: [&str; 5] = ["sub1", "sub2", "sub3", "sub4", "sub5"];
/// A longer one is not carried.
const SUB_ID_BYTES_MAX: usize = 256;

/// What its owner calls it.
pub(super) fn label(faults: &mut Faults, said: Option<&str>) -> Option<String> {
    said.map(|label| faults.text("/label", label, LABEL_LENGTH_MAX))
}

/// When it ends: later than now.
pub(super) fn end(faults: &mut Faults, said: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    if said.is_some_and(|end| end <= now) {
        faults.clash("/expires_at", "must be later than now");
    }
    said.map(edge::clock::to_ms)
}

/// Its own parameters.
pub(super) fn sub_ids(faults: &mut Faults, said: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (name, value) in &said {
        let pointer = format!("/sub_ids/{}", edge::problem::escaped(name));
        let fits = (1..=SUB_ID_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control);
        if !SUB_IDS.contains(&name.as_str()) {
            faults.note(&pointer, "the names are sub1 to sub5");
        } else if !fits {
            faults.note(&pointer, format!("must have 1 to {SUB_ID_BYTES_MAX} bytes, and no control characters"));
        }
    }
    said
}

/// LNK-5: a link leads to the programme's own hosts and what is below them, where it names any.
///
/// # Errors
/// 422 for another host, with those that are allowed.
pub(super) async fn check_host(
    app: &App,
    tenant: &TenantKey,
    program: &ProgramId,
    destination: &Destination,
) -> Result<(), Problem> {
    let allowed = allowed_hosts(app, tenant, program).await?;
    let url = Url::parse(destination.as_str()).ok();
    let host = url.as_ref().and_then(Url::host_str).and_then(domain::host::normal).unwrap_or_default();
    if allowed.is_empty() || domain::host::allows(&allowed, &host) {
        return Ok(());
    }
    let named = allowed.join(", ");
    Err(Problem::impossible("/destination", format!("the program's links lead to {named} and nowhere else"))
        .kind("destination-not-allowed"))
}

/// The hosts that a programme's links may lead to; any, where it names none.
async fn allowed_hosts(app: &App, tenant: &TenantKey, program: &ProgramId) -> Result<Vec<String>, Problem> {
    Ok(app.store.get_program_record(tenant, program).await?.map(|record| record.destination_hosts).unwrap_or_default())
}

/// COM-2, COM-11: a link's own rate does not come to more than the sale either, where a bonus is paid with every sale:
/// by the version in force now, and by each later one.
///
/// # Errors
/// 422 for a rate that comes to more.
pub(super) async fn check_rate(
    app: &App,
    tenant: &TenantKey,
    program: &ProgramId,
    (rate, now): (Option<Rate>, Timestamp),
) -> Result<(), Problem> {
    let Some(rate) = rate else { return Ok(()) };
    let rules = app.store.list_rules(tenant, program).await?;
    let later = rules.iter().filter(|rule| rule.effective_from > now);
    // Where no clause pays a share, no rate of a link comes into it.
    let pays_shares =
        |rule: &RuleVersion| rule.terms.clauses.iter().any(|clause| !matches!(clause.reward, Reward::Flat(_)));
    let is_over = |rule: &RuleVersion| pays_shares(rule) && rule.terms.is_over_the_sale(rate);
    if in_force(&rules, now).into_iter().chain(later).any(is_over) {
        let why = "with the bonus that the program pays from nothing on, this rate always comes to more than the sale";
        return Err(Problem::impossible("/commission_rate", why));
    }
    Ok(())
}
