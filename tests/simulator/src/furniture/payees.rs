//! Where partners' money goes: to connected accounts of the rail, of which one may not receive any; and who of them has
//! given a tax form.

use cases::payees::forms::{FormCommand, Taken, take};
use domain::audit::{ChainEnd, append};
use domain::digest::Digest;
use domain::id::{MethodId, PartnerId};
use domain::payee::{Destination, PayoutMethod, PayoutMethods, Rail, Wish};
use domain::role::Role;
use domain::tax::{Classification, FormKind, Given, Tin, TinKind};
use domain::time::Zone;
use edge::sealing::Belongs;
use store::TenantKey;

use super::{Clients, Unfurnished, instant};
use crate::plan::{DAY_MS, Plan, START_MS, partner_id};

/// V11: one in so many partners has given a form before anything happens; from the others tax is withheld.
const FORM_EACH: u64 = 3;

/// Has this partner given a form that holds?
pub(crate) fn has_form(plan: &Plan, number: usize) -> bool {
    // By the seed, and not by its dice: the events of a seed are the same with forms and without.
    plan.seed.wrapping_add(number as u64).is_multiple_of(FORM_EACH)
}

/// Every planned method, ranked as planned, and every form; set long before anything happens, so that none cools off.
pub(super) async fn furnish(clients: &Clients, tenant: &TenantKey, plan: &Plan) -> Result<(), Unfurnished> {
    for number in (0..plan.partners.len()).filter(|number| has_form(plan, *number)) {
        let id = PartnerId::parse(&partner_id(number)).map_err(Unfurnished::because)?;
        furnish_form(clients, tenant, &id).await?;
    }
    for (number, partner) in plan.partners.iter().enumerate().filter(|(_, partner)| !partner.methods.is_empty()) {
        let id = PartnerId::parse(&partner_id(number)).map_err(Unfurnished::because)?;
        let mut wishes = Vec::new();
        for (rank, is_able) in partner.methods.iter().enumerate() {
            wishes.push(Wish::New(Box::new(method(clients, tenant, &id, (number, rank, *is_able)).await?)));
        }
        let by = crate::errands::person(Role::Partner, id.as_str());
        let changed = PayoutMethods::default().change(wishes, by, instant(0)).map_err(Unfurnished::because)?;
        let changed = changed.ok_or_else(|| Unfurnished::because("no methods"))?;
        let entry = append(ChainEnd::START, &PayoutMethods::aggregate(&id), changed.deed);
        let written = clients.store.replace_payout_methods(tenant, &id, &changed.methods, &entry).await;
        written.map_err(Unfurnished::because)?;
    }
    Ok(())
}

async fn furnish_form(clients: &Clients, tenant: &TenantKey, partner: &PartnerId) -> Result<(), Unfurnished> {
    let at = instant(START_MS - DAY_MS);
    let given = Given {
        kind: FormKind::W9,
        classification: Some(Classification::Individual),
        tin: Some(Tin::parse(TinKind::Ssn, "400-11-1222").map_err(Unfurnished::because)?),
        tin_fingerprint: None,
        content_fingerprint: None,
        country: "US".to_owned(),
        signed_on: Zone::utc().day_of(at),
        sealed: String::new(),
        under: "a request".to_owned(),
    };
    let by = crate::errands::person(Role::Partner, partner.as_str());
    let command = FormCommand::Submit(Box::new(given));
    match take(&clients.store, (tenant, partner), None, command, (&by, at)).await.map_err(Unfurnished::because)? {
        Taken::Done(_) => Ok(()),
        refused => Err(Unfurnished::because(format!("a form is not taken: {refused:?}"))),
    }
}

async fn method(
    clients: &Clients,
    tenant: &TenantKey,
    partner: &PartnerId,
    (number, rank, is_able): (usize, usize, bool),
) -> Result<PayoutMethod, Unfurnished> {
    let [able, unable] = &clients.accounts;
    let account_id = if is_able { able } else { unable }.clone();
    let id = MethodId::from_ulid((7_000 + 10 * number as u128 + rank as u128).into());
    let field = format!("payout_method:{id}");
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: partner.as_str(), field: &field };
    let plain = serde_json::to_string(&Destination::StripeConnect { account_id }).map_err(Unfurnished::because)?;
    let sealed = clients.sealer.seal_text(&belongs, &plain).await.map_err(Unfurnished::because)?;
    Ok(PayoutMethod {
        fingerprint: Digest::of_bytes(id.as_str().as_bytes()),
        id,
        rail: Rail::StripeConnect,
        currency: None,
        last_four: "0001".to_owned(),
        since: instant(0),
        set_by: partner.to_string(),
        sealed: sealed.to_string(),
    })
}
