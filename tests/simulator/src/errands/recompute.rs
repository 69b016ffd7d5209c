//! Sales of the past are paid by other rules: proposed, approved by another person, booked.

use cases::recompute::{Decided, Desk, Proposal, advance, approve, propose};
use domain::id::RecomputeId;
use domain::recompute::RecomputeState;
use domain::role::Role;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use model::{Fact, Pay, Rule};

use super::{Errand, Office, Told, person};
use crate::dice::Dice;
use crate::furniture::{instant, program_id, terms_of};
use crate::plan::{DAY_MS, Plan, START_MS};

/// How often it is approved anew, because facts came since it was shown.
const ROUNDS_MAX: usize = 6;

pub(super) fn draw(plan: &mut Plan, dice: &mut Dice) {
    // What refunds do to a reward was promised when it was first booked: flat ones and shares do not change into each other.
    let is_share = |rule: &Rule| !matches!(rule.pay, Pay::Flat(..));
    let first_ms = plan.terms.rules.iter().map(|rule| rule.from_ms).min().unwrap_or(START_MS);
    if !plan.terms.rules.iter().all(is_share) || plan.has_errand("recompute") {
        return;
    }
    let to_ms = START_MS + dice.between(3, plan.days / 2) * DAY_MS + 13;
    let from_ms = (to_ms - dice.between(1, 12) * DAY_MS).max(first_ms + 7);
    if from_ms >= to_ms {
        return;
    }
    let at_ms = plan.burst_after(to_ms + dice.between(0, 5) * DAY_MS, dice);
    let (number, amount) = (plan.number(), dice.between(1, 8) * 100_000);
    plan.send("recompute", at_ms, Errand { number, amount, span: (from_ms, to_ms), ..Errand::new() });
}

pub(super) fn run(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    recompute(office, errand).boxed_local()
}

async fn recompute(office: Office, errand: Errand) -> Result<Told, String> {
    let Office { store, tenant, now, hold_days } = &office;
    let zone = store.get_settings(tenant).await.map_err(|error| error.to_string())?.ledger_zone;
    let desk = Desk { store, tenant, zone: &zone, now: *now };
    let (from_ms, to_ms) = errand.span;
    let rule = Rule::simple(from_ms, Pay::Rate(errand.amount.into()));
    let (program, id) = (program_id(), RecomputeId::from_ulid((7_000 + u128::from(errand.number)).into()));
    let proposal = Proposal {
        program: program.clone(),
        terms: terms_of(&rule, *hold_days).map_err(|error| error.to_string())?,
        from: instant(from_ms),
        to: Some(instant(to_ms)),
        reason: "because".to_owned(),
    };
    let proposed = propose(desk, &proposal, (&id, &person(Role::Admin, "admin"))).await;
    if let Err(unfit) = proposed.map_err(|error| error.to_string())? {
        return Ok(Told::plainly(unfit));
    }
    for _ in 0..ROUNDS_MAX {
        let stored = advance(desk, (&program, &id), &|| false).await.map_err(|error| error.to_string())?;
        let Some(stored) = stored else { return Ok(Told::plainly("gone")) };
        match stored.recompute.state {
            RecomputeState::Proposed => {
                let (who, seal) = (person(Role::Admin, "another admin"), stored.recompute.shown.seal);
                let decided = approve(desk, (&program, &id), (&who, seal)).await.map_err(|error| error.to_string())?;
                if let refused @ (Decided::Refused(_) | Decided::AnotherUnderWay | Decided::NotFound) = decided {
                    return Ok(Told::plainly(refused));
                }
            }
            RecomputeState::Applied { .. } => {
                let facts = vec![Fact::Repriced { from_ms, to_ms, rule }];
                return Ok(Told { facts, ..Told::plainly("applied") });
            }
            _ => {}
        }
    }
    Err("facts came in each round".to_owned())
}
