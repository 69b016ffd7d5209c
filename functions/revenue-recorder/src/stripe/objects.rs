//! Objects that are kept as they stand: customers, what they pay with, transfers, payouts, connected accounts. Never
//! personal data: of an address a digest, of a card its fingerprint's.

use std::collections::BTreeMap;

use domain::fact::{Buyer, CustomerSeen, Fact};
use domain::fraud::marks::fingerprint_digest;
use domain::subscription::{ProviderObject, ProviderObjectKind};
use domain::time::Timestamp;

use super::{Untranslatable, amount, key, optional_key, required_key, time_or, token_in_metadata};
use crate::fields::Fields;

/// The longest text of Stripe's that is kept as a detail.
const CHARS_MAX: usize = 200;

/// What else is known, by name.
#[derive(Default)]
struct Details(BTreeMap<String, String>);

impl Details {
    fn text(mut self, name: &str, text: Option<&str>) -> Self {
        if let Some(text) = text.filter(|text| !text.is_empty() && text.len() <= CHARS_MAX) {
            self.0.insert(name.to_owned(), text.to_owned());
        }
        self
    }

    fn flag(self, name: &str, fields: &Fields<'_>) -> Self {
        let told = if fields.is_true(name) { "true" } else { "false" };
        self.text(name, Some(told))
    }
}

fn object(
    kind: ProviderObjectKind,
    fields: &Fields<'_>,
    (state, at): (&str, Timestamp),
) -> Result<ProviderObject, Untranslatable> {
    Ok(ProviderObject {
        kind,
        object: key(fields, "id", fields.text("id")?)?,
        state: state.to_owned(),
        amount: None,
        returned: None,
        of: None,
        details: BTreeMap::new(),
        told_at: at,
    })
}

/// A customer; with a click token in their metadata they are met, as at a check-out.
pub(super) fn customer(customer: &Fields<'_>, is_deleted: bool, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let is_gone = is_deleted || customer.is_true("deleted");
    let email = customer.optional_text("email").and_then(domain::email::digest);
    let digest = email.map(|email| email.to_hex());
    let details = Details::default().text("email_digest", digest.as_deref());
    let kept = ProviderObject {
        details: details.0,
        ..object(ProviderObjectKind::Customer, customer, (if is_gone { "deleted" } else { "active" }, at))?
    };
    let mut facts = Vec::new();
    if let (Some(token), false) = (token_in_metadata(customer), is_gone) {
        facts.push(Fact::CustomerSeen(CustomerSeen {
            event: kept.object.clone(),
            customer: kept.object.clone(),
            occurred_at: time_or(customer, "created", at)?,
            click_token: Some(token),
            coupon: None,
            email,
            buyer: Buyer::default(),
        }));
    }
    facts.push(Fact::ProviderObject(kept));
    Ok(facts)
}

/// What a customer pays with.
pub(super) fn payment_method(method: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let kind = method.text("type")?;
    // The object is named by its type: `card`, `us_bank_account`, `sepa_debit`.
    let of_kind = method.optional_object(kind);
    let told = |name: &str| of_kind.as_ref().and_then(|of_kind| of_kind.optional_text(name));
    let number = |name: &str| of_kind.as_ref().map_or(Ok(None), |of_kind| of_kind.optional_integer(name));
    let (month, year) = (number("exp_month")?, number("exp_year")?);
    let expires = month.zip(year).map(|(month, year)| format!("{year:04}-{month:02}"));
    let fingerprint = told("fingerprint").map(|text| fingerprint_digest(text).to_hex());
    let details = Details::default()
        .text("type", Some(kind))
        .text("brand", told("brand"))
        .text("last4", told("last4"))
        .text("expires", expires.as_deref())
        .text("fingerprint_digest", fingerprint.as_deref());
    let kept = ProviderObject {
        of: optional_key(method, "customer")?,
        details: details.0,
        ..object(ProviderObjectKind::PaymentMethod, method, ("attached", at))?
    };
    Ok(vec![Fact::ProviderObject(kept)])
}

/// Money sent to a connected account. `transfer.paid` and `transfer.failed` are events of the past: whether it arrived in a
/// bank, the account's payouts say.
pub(super) fn transfer(transfer: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let currency = amount::currency(transfer)?;
    let back = transfer.optional_integer("amount_reversed")?.unwrap_or(0);
    let state = if transfer.is_true("reversed") {
        "reversed"
    } else if back > 0 {
        "partly_reversed"
    } else {
        "created"
    };
    let metadata = transfer.optional_object("metadata");
    let ours = metadata.as_ref().and_then(|metadata| metadata.optional_text("payout_id"));
    let details = Details::default()
        .text("transfer_group", transfer.optional_text("transfer_group"))
        .text("source_transaction", transfer.reference("source_transaction")?)
        .text("destination_payment", transfer.reference("destination_payment")?)
        .text("balance_transaction", transfer.reference("balance_transaction")?)
        .text("payout_id", ours);
    let kept = ProviderObject {
        amount: Some(amount::required(transfer, "amount", currency)?),
        returned: Some(amount::checked(transfer, "amount_reversed", back, currency)?),
        of: Some(required_key(transfer, "destination")?),
        details: details.0,
        ..object(ProviderObjectKind::Transfer, transfer, (state, at))?
    };
    Ok(vec![Fact::ProviderObject(kept)])
}

/// Money sent to a bank. One that is paid may fail later: the newer word holds.
pub(super) fn payout(payout: &Fields<'_>, account: Option<&str>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let currency = amount::currency(payout)?;
    let trace = payout.optional_object("trace_id");
    let arrival = payout.optional_time("arrival_date")?.map(|arrival| arrival.to_string());
    let details = Details::default()
        .text("arrives_at", arrival.as_deref())
        .text("method", payout.optional_text("method"))
        .text("failure_code", payout.optional_text("failure_code"))
        .text("failure_balance_transaction", payout.reference("failure_balance_transaction")?)
        .text("balance_transaction", payout.reference("balance_transaction")?)
        .text("destination", payout.reference("destination")?)
        .text("reconciliation_status", payout.optional_text("reconciliation_status"))
        .text("trace", trace.as_ref().and_then(|trace| trace.optional_text("value")));
    let kept = ProviderObject {
        // One that takes money back from the bank is below zero.
        amount: amount::money(payout.integer("amount")?, currency),
        of: account.map(|account| key(payout, "account", account)).transpose()?,
        details: details.0,
        ..object(ProviderObjectKind::Payout, payout, (payout.text("status")?, at))?
    };
    Ok(vec![Fact::ProviderObject(kept)])
}

/// A connected account: may it be paid?
pub(super) fn account(account: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let capabilities = account.optional_object("capabilities");
    let transfers = capabilities.as_ref().and_then(|told| told.optional_text("transfers")).unwrap_or("none");
    let requirements = account.optional_object("requirements");
    let disabled = requirements.as_ref().and_then(|told| told.optional_text("disabled_reason"));
    let count = |name: &str| requirements.as_ref().map_or(0, |told| told.count(name)).to_string();
    let details = Details::default()
        .flag("charges_enabled", account)
        .flag("payouts_enabled", account)
        .flag("details_submitted", account)
        .text("country", account.optional_text("country"))
        .text("default_currency", account.optional_text("default_currency"))
        .text("disabled_reason", disabled)
        .text("currently_due", Some(&count("currently_due")))
        .text("past_due", Some(&count("past_due")));
    let kept = ProviderObject { details: details.0, ..object(ProviderObjectKind::Account, account, (transfers, at))? };
    Ok(vec![Fact::ProviderObject(kept)])
}

/// AWD-6: a session in which somebody is verified: how it stands, and nothing of what was shown in it.
pub(super) fn identity(session: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let error = session.optional_object("last_error");
    let code = error.as_ref().and_then(|error| error.optional_text("code"));
    let details = Details::default().text("type", session.optional_text("type")).text("last_error", code);
    let state = session.text("status")?;
    let kept = ProviderObject { details: details.0, ..object(ProviderObjectKind::Identity, session, (state, at))? };
    Ok(vec![Fact::ProviderObject(kept)])
}
