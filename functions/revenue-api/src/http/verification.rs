//! The ledger's laws, proved on demand.

use axum::Json;
use axum::extract::State;
use cases::verify::{self, Breach, NIGHTLY_JOURNAL_DAYS, Scope, Verified, verify_into};
use domain::role::Role;
use domain::time::BusinessDay;
use edge::auth::Caller;
use edge::body::Query;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::proofs::Reach;
use store::{Store, TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::{Here, wrong};
use crate::App;

/// How many breaches an answer tells; the count says how many there are.
const BREACHES_MAX: usize = 100;
/// How many days of the journal are proved unless it is said, and at most. As many as in a night, and today.
const JOURNAL_DAYS: u16 = NIGHTLY_JOURNAL_DAYS + 1;
const JOURNAL_DAYS_MAX: u16 = 3_650;

/// What was proved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifiedView {
    /// Does every law hold, and did no account move too much to be proved?
    intact: bool,
    /// Partners in the registry.
    partners: u64,
    /// Accounts.
    accounts: u64,
    /// Lines of commission.
    lines: u64,
    /// Sales that have lines.
    sales: u64,
    /// Entries of accounts.
    entries: u64,
    /// Facts of the journal.
    facts: u64,
    /// Closes.
    closes: u64,
    /// Payouts.
    payouts: u64,
    /// Audit entries.
    audit_entries: u64,
    /// Accounts that were written to each time they were walked: nothing is said of them.
    moving: u64,
    /// How many breaches there are.
    broken: u64,
    /// The first hundred of them.
    breaches: Vec<BreachView>,
}

/// A law that does not hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BreachView {
    /// Its number in docs/rules.md.
    #[schema(example = "V3")]
    law: String,
    /// Whose account; none where it is a fact that no account knows.
    partner_id: Option<String>,
    /// In which currency.
    currency: Option<String>,
    /// Which entry: a slot, a close, a line, a payout, or the head.
    entry: String,
    /// What it should be.
    expected: String,
    /// What it is.
    found: String,
}

impl From<&Breach> for BreachView {
    fn from(breach: &Breach) -> Self {
        Self {
            law: breach.law.to_owned(),
            partner_id: breach.account.as_ref().map(|account| account.partner.to_string()),
            currency: breach.account.as_ref().map(|account| account.currency.to_string()),
            entry: breach.entry.clone(),
            expected: breach.expected.clone(),
            found: breach.found.clone(),
        }
    }
}

impl From<&Verified> for VerifiedView {
    fn from(verified: &Verified) -> Self {
        Self {
            intact: verified.is_intact(),
            partners: verified.partners,
            accounts: verified.accounts,
            lines: verified.lines,
            sales: verified.sales,
            entries: verified.entries,
            facts: verified.facts,
            closes: verified.closes,
            payouts: verified.payouts,
            audit_entries: verified.audit_entries,
            moving: verified.moving,
            broken: verified.broken(),
            breaches: verified.breaches.iter().take(BREACHES_MAX).map(BreachView::from).collect(),
        }
    }
}

/// How much of the journal is proved.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProofQuery {
    /// Over how many days, until today, each fact of the journal is looked up in its account: 0 to 3,650; 41 when left
    /// out. The accounts are always proved whole. Each night proves the last 40 days of the journal, the first of a
    /// month all of it; a proof of as many days takes that one's place in `GET /v1/revenue/health`, unless
    /// accounts moved all the while and no breach was found.
    #[param(maximum = 3650)]
    journal_days: Option<u16>,
}

/// Prove the ledger's laws over everything that is stored.
///
/// It reads every line: a large ledger is proved each night anyhow, and by `make verify`. An account that is written to
/// all the while is counted in `moving`, and nothing is said of it. What twenty-five seconds do not prove is 503
/// `too-much-to-prove`: the same request may be sent again, and what was found broken until then is in the logs.
#[utoipa::path(
    post, path = "/v1/revenue/verify", tag = "desk",
    params(
        ProofQuery,
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "What was proved, and every breach with both figures.", body = VerifiedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn run(
    State(app): Here,
    caller: Caller,
    Query(query): Query<ProofQuery>,
) -> Result<Json<VerifiedView>, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager, Role::Auditor])?;
    let tenant = caller.tenant_key();
    let today = app.store.get_settings(&tenant).await?.ledger_zone.day_of(app.clock.now());
    let days = query.journal_days.unwrap_or(JOURNAL_DAYS);
    if days > JOURNAL_DAYS_MAX {
        return Err(Problem::bad_parameter("journal_days", format!("at most {JOURNAL_DAYS_MAX}")));
    }
    let day = |after: i32| today.plus_days(after).map_err(|error| wrong(error.into()));
    // A day to come as well: a fact is booked by the clock of whoever booked it.
    let asked = if days == 0 { None } else { Some((day(1 - i32::from(days))?, day(1)?)) };
    let (scope, reach) = scope_of(&app.store, (&tenant, today), asked).await?;
    let (store, clock) = (app.store.clone(), app.clock);
    let proved = prove(app, tenant.clone(), scope).await?;
    if let Some((reach, record)) = reach.zip(verify::record_of(&proved, clock.now())) {
        // A later one may be there: the night's.
        let _: Written = store.record_proof(&tenant, reach, &record).await?;
    }
    Ok(Json(VerifiedView::from(&proved)))
}

/// LED-8: what is proved of the days that were asked for, and which of the night's proofs that stands for; one of fewer days
/// for none. Before the first programme there is nothing to read.
async fn scope_of(
    store: &Store,
    (tenant, today): (&TenantKey, BusinessDay),
    asked: Option<(BusinessDay, BusinessDay)>,
) -> Result<(Scope, Option<Reach>), Problem> {
    let Some((from, _)) = asked else { return Ok((Scope::default(), None)) };
    let reaches = |scope: &Scope| scope.journal.is_none_or(|(first, _)| from <= first);
    let named = Scope { journal: asked };
    if !reaches(&verify::since(today, NIGHTLY_JOURNAL_DAYS)) {
        return Ok((named, None));
    }
    let whole = verify::whole(store, tenant, today).await.map_err(wrong)?;
    Ok(if reaches(&whole) { (whole, Some(Reach::Whole)) } else { (named, Some(Reach::Recent)) })
}

/// The proof keeps to one thread of its own: its walk over the journal does not wander between threads.
async fn prove(app: App, tenant: TenantKey, scope: Scope) -> Result<Verified, Problem> {
    let runtime = tokio::runtime::Handle::current();
    let proof = move || {
        let mut verified = Verified::default();
        let ended = runtime.block_on(async {
            tokio::time::timeout(app.patience, verify_into(&app.store, &tenant, &scope, &mut verified)).await
        });
        (ended, verified)
    };
    let (ended, verified) = tokio::task::spawn_blocking(proof).await.map_err(|_| Problem::internal())?;
    // What was found broken is an alarm, also where the walk did not come to its end.
    if let Some(breach) = verified.breaches.first() {
        tracing::error!(law = breach.law, breach = %breach, broken = verified.broken(), "a law of the ledger is broken");
    }
    match ended {
        Ok(walked) => walked.map(|()| verified).map_err(wrong),
        // The store's pace decides, not the request: a 503, so that no refusal is kept under the key.
        Err(_) => Err(too_much(&verified)),
    }
}

fn too_much(verified: &Verified) -> Problem {
    let found = match verified.broken() {
        0 => String::new(),
        broken => format!("; breaches found until then, the first of them in the logs: {broken}"),
    };
    let accounts = verified.accounts;
    Problem::unavailable(format!(
        "the proof did not end in time, after {accounts} accounts{found}; try again, ask for fewer days of the journal, or \
         leave it to the night"
    ))
    .kind("too-much-to-prove")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_all_the_while_is_not_called_intact() {
        let walked = |moving| VerifiedView::from(&Verified { moving, ..Verified::default() }).intact;
        assert_eq!((walked(0), walked(1)), (true, false));
    }

    #[test]
    fn what_was_found_broken_before_time_ran_out_is_told() {
        let breach = Breach {
            law: "V3",
            account: None,
            entry: "head".to_owned(),
            expected: "1".to_owned(),
            found: "2".to_owned(),
        };
        let told = |breaches| too_much(&Verified { breaches, ..Verified::default() });
        assert!(told(vec![breach]).detail().contains("in the logs: 1"));
        assert!(!told(Vec::new()).detail().contains("breaches"));
        assert_eq!(told(Vec::new()).status(), 503);
    }
}
