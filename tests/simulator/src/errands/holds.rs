//! Commission is held, released or rejected by hand.

use cases::desk::Desk;
use cases::desk::holds::{Changed, Command, command};
use domain::role::Role;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use model::Fact;

use super::{Errand, Office, Told, person, sale_and_time};
use crate::dice::Dice;
use crate::plan::{HOUR_MS, Plan};

/// A hold, and mostly its end.
pub(super) fn draw(plan: &mut Plan, dice: &mut Dice) {
    let Some((payment, at_ms)) = sale_and_time(plan, dice) else { return };
    let errand = Errand { payment, ..Errand::new() };
    plan.send("hold", at_ms, errand.clone());
    let after_ms = at_ms + if dice.percent(40) { dice.between(0, 60_000) } else { dice.between(0, 15 * 24) * HOUR_MS };
    match dice.below(5) {
        0 => {}
        1 => plan.send("reject", after_ms, errand),
        _ => plan.send("release", after_ms, errand),
    }
}

pub(super) fn draw_rejection(plan: &mut Plan, dice: &mut Dice) {
    if let Some((payment, at_ms)) = sale_and_time(plan, dice) {
        plan.send("reject", at_ms, Errand { payment, ..Errand::new() });
    }
}

pub(super) fn hold(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    run(office, errand, Command::Hold { reason: "because".to_owned() }).boxed_local()
}

pub(super) fn release(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    run(office, errand, Command::Release { reason: "because".to_owned() }).boxed_local()
}

pub(super) fn reject(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    run(office, errand, Command::Reject { reason: "because".to_owned() }).boxed_local()
}

async fn run(office: Office, errand: Errand, wanted: Command) -> Result<Told, String> {
    let (sale, who) = (errand.sale()?, person(Role::Admin, "admin"));
    let desk = Desk::open(&office.store, &office.tenant, who, office.now).await.map_err(|error| error.to_string())?;
    let changed = command(&desk, &sale, &wanted).await.map_err(|error| error.to_string())?;
    let is_rejected =
        matches!(wanted, Command::Reject { .. }) && matches!(changed, Changed::Done(_) | Changed::Already(_));
    let facts = is_rejected.then_some(Fact::Rejected { payment: errand.payment });
    let answer = match changed {
        Changed::Done(_) => Told::plainly("done"),
        Changed::Already(_) => Told::plainly("so already"),
        other => Told::plainly(other),
    };
    Ok(Told { facts: facts.into_iter().collect(), ..answer })
}
