//! A person decides what signals of fraud have held.

use cases::risk::{Ruled, decide};
use domain::fraud::review::{Deciding, Subject, Verdict};
use domain::id::ReviewId;
use domain::role::Role;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use model::Fact;

use super::{Errand, Office, Told, person, sale_and_time};
use crate::dice::Dice;
use crate::plan::{DAY_MS, Plan, START_MS};

/// How many reviews a person looks through at once.
const REVIEWS_MAX: i32 = 20;

pub(super) fn draw(plan: &mut Plan, dice: &mut Dice) {
    if let Some((payment, at_ms)) = sale_and_time(plan, dice) {
        let name = if dice.percent(70) { "review released" } else { "review rejected" };
        plan.send(name, at_ms, Errand { payment, ..Errand::new() });
    }
}

pub(super) fn draw_partners(plan: &mut Plan, dice: &mut Dice) {
    let at_ms = plan.burst_after(START_MS + dice.between(plan.days / 4, plan.days) * DAY_MS, dice);
    plan.send("partners' reviews released", at_ms, Errand::new());
}

pub(super) fn release(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    of_sale(office, errand, Verdict::Release).boxed_local()
}

pub(super) fn reject(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    of_sale(office, errand, Verdict::Reject).boxed_local()
}

pub(super) fn release_partners(office: Office, _: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    of_partners(office).boxed_local()
}

fn deciding(office: &Office, verdict: Verdict) -> Deciding {
    let told_partner = (verdict == Verdict::Reject).then(|| "it was no sale".to_owned());
    let (by, at, reason) = (person(Role::Admin, "admin"), office.now, "because".to_owned());
    Deciding { verdict, suspends: false, reason, told_partner, by, at }
}

async fn of_sale(office: Office, errand: Errand, verdict: Verdict) -> Result<Told, String> {
    let id = ReviewId::of_sale(&errand.sale()?);
    let ruled = decide(&office.store, &office.tenant, &id, &deciding(&office, verdict)).await;
    let is_done = matches!(ruled, Ok(Ruled::Done(_) | Ruled::Already(_)));
    let facts = (is_done && verdict == Verdict::Reject).then_some(Fact::Rejected { payment: errand.payment });
    match ruled.map_err(|error| error.to_string())? {
        Ruled::Done(_) | Ruled::Already(_) => Ok(Told { facts: facts.into_iter().collect(), ..Told::plainly("done") }),
        // Another answer will come when it is asked again.
        Ruled::Overtaken => Err("overtaken".to_owned()),
        other => Ok(Told::plainly(other)),
    }
}

/// What habits have stopped goes on.
async fn of_partners(office: Office) -> Result<Told, String> {
    let open = office.store.list_reviews(&office.tenant, "open", REVIEWS_MAX, None).await;
    let open = open.map_err(|error| error.to_string())?.items;
    let mut released = 0;
    for stored in open.iter().filter(|stored| matches!(stored.review.subject, Subject::Partner { .. })) {
        let ruled =
            decide(&office.store, &office.tenant, &stored.review.id, &deciding(&office, Verdict::Release)).await;
        let _: Ruled = ruled.map_err(|error| error.to_string())?;
        released += 1;
    }
    Ok(Told::plainly(released))
}
