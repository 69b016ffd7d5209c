//! A person says whose a sale is.

use cases::desk::Desk;
use cases::desk::reattribution::{Reattributed, Who, reattribute};
use domain::role::Role;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use model::Fact;

use super::{Errand, Office, Told, person, sale_and_time};
use crate::dice::Dice;
use crate::plan::{Plan, partner_id};

pub(super) fn draw(plan: &mut Plan, dice: &mut Dice) {
    let Some((payment, at_ms)) = sale_and_time(plan, dice) else { return };
    let partner = dice.percent(85).then(|| dice.place(plan.partners.len()));
    plan.send("credit anew", at_ms, Errand { payment, partner, ..Errand::new() });
}

pub(super) fn run(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    credit(office, errand).boxed_local()
}

async fn credit(office: Office, errand: Errand) -> Result<Told, String> {
    let (sale, partner) = (errand.sale()?, errand.partner_id()?);
    let who = partner.map_or(Who::Nobody, |partner| Who::Partner { partner, program: None });
    let admin = person(Role::Admin, "admin");
    let desk = Desk::open(&office.store, &office.tenant, admin, office.now).await.map_err(|error| error.to_string())?;
    let done = reattribute(&desk, &sale, &who, "because").await.map_err(|error| error.to_string())?;
    let fact = Fact::Given { payment: errand.payment, partner: errand.partner.map(partner_id) };
    Ok(match done {
        Reattributed::Done(_) | Reattributed::Already(_) => Told { facts: vec![fact], ..Told::plainly("done") },
        other => Told::plainly(other),
    })
}
