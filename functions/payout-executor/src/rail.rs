//! Stripe Connect as a rail: what it says of a transfer, in words that decide what becomes of a payout.

use domain::money::Money;
use domain::payout::Payout;
use domain::payout::attempt::{Attempt, destination_of};
use domain::payout::payment_reference;
use edge::telemetry::chain;
use store::TenantKey;
use stripe::{Key, NewTransfer, Refusal, Stripe, StripeError, Transfer, minor_of};

/// What the rail has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has carried the payout.
    Carried {
        /// `tr_…`
        reference: String,
        /// Has all of it come back already?
        is_back: bool,
    },
    /// No, for certain, and no for this payee.
    Refused(String),
    /// No, for certain, for a reason that is ours: another attempt may be made.
    NotNow(String),
    /// Nobody knows; it will be looked for.
    Unknown(String),
    /// Nobody knows, and looking will not tell.
    AskPeople(String),
    /// Nothing was asked; the message waits.
    Later(String),
}

/// What the rail knows of a payout, when it is read.
pub(crate) enum Known {
    /// Its transfer, or what reading it came to.
    Answer(Answer),
    /// Nothing.
    Nothing,
}

/// The amount as the rail is told it.
pub(crate) fn told_amount(amount: Money) -> Option<i64> {
    minor_of(amount).filter(|minor| *minor > 0)
}

fn told_currency(amount: Money) -> String {
    amount.currency().code().to_lowercase()
}

/// Reads whether the rail has a transfer of this payout, and whether it is the one that was asked for.
pub(crate) async fn look(stripe: &Stripe, attempt: &Attempt) -> Known {
    let page = match stripe.list_transfers(attempt.payout.as_str()).await {
        Ok(page) => page,
        Err(error) => return Known::Answer(Answer::Unknown(format!("the rail could not be read: {}", chain(&error)))),
    };
    match page.data.as_slice() {
        [] => Known::Nothing,
        [found] if is_of(found, attempt) => Known::Answer(carried(found)),
        [found] => {
            Known::Answer(Answer::AskPeople(format!("{} is not what was asked for: another amount or payee", found.id)))
        }
        several => Known::Answer(Answer::AskPeople(format!("the rail has {} transfers of this payout", several.len()))),
    }
}

/// Asks for the transfer, under the key of the attempt: the same request each time.
pub(crate) async fn ask(
    stripe: &Stripe,
    tenant: &TenantKey,
    (payout, attempt): (&Payout, &Attempt),
    account: &str,
) -> Answer {
    let Some(amount_minor) = told_amount(attempt.amount) else {
        return Answer::Refused("the rail cannot carry this amount of this currency".to_owned());
    };
    let no = attempt.no.to_string();
    let new = NewTransfer {
        amount_minor,
        currency: told_currency(attempt.amount),
        destination: account,
        group: payout.id.as_str(),
        description: &payment_reference(&payout.id, payout.requested_at),
        metadata: &[("payout_id", payout.id.as_str()), ("attempt", no.as_str())],
    };
    // PAY-7: of the payout and the attempt alone. Another key would be another payment.
    let step = no.clone();
    #[cfg(feature = "planted")]
    let step = if domain::planted::is(domain::planted::Bug::ResentUnderNewKey) {
        format!("{no}, try {}", attempt.tries)
    } else {
        step
    };
    let key = Key::of(tenant.tenant(), &format!("payout:{}", payout.id), &step);
    match stripe.create_transfer(&new, &key).await {
        Ok(made) if is_of(&made, attempt) => carried(&made),
        Ok(made) => Answer::AskPeople(format!("{} is not what was asked for: another amount or payee", made.id)),
        Err(StripeError::Refused { refusal, .. }) => refused(&refusal, attempt.tries == 1),
        // The first try was not let in; a later one says nothing about those before it.
        Err(error @ StripeError::Busy { .. }) if attempt.tries == 1 => Answer::Later(chain(&error)),
        Err(error) => Answer::Unknown(chain(&error)),
    }
}

fn carried(transfer: &Transfer) -> Answer {
    Answer::Carried { reference: transfer.id.clone(), is_back: transfer.reversed }
}

fn is_of(transfer: &Transfer, attempt: &Attempt) -> bool {
    told_amount(attempt.amount) == Some(transfer.amount)
        && told_currency(attempt.amount) == transfer.currency
        && destination_of(attempt.payee.rail, &transfer.destination) == attempt.destination
}

/// What a refusal means. Where another try went before, only a refusal that its key stands for is about the payout; that
/// our own key is refused says nothing about what was carried out before.
fn refused(refusal: &Refusal, is_first: bool) -> Answer {
    let code = refusal.code.as_deref().unwrap_or(&refusal.kind).to_owned();
    match (refusal.status, refusal.kind.as_str(), code.as_str()) {
        // The key was used for another request: an attempt of ours that we do not know of.
        (_, "idempotency_error", _) => Answer::AskPeople("the rail knows the key from another request".to_owned()),
        (401 | 403, _, _) if is_first => Answer::NotNow(format!("the rail does not accept our key: {code}")),
        (401 | 403, _, _) => Answer::Unknown(format!("the rail does not accept our key: {code}")),
        (_, _, "balance_insufficient" | "insufficient_funds") => {
            Answer::NotNow("the platform's balance at the rail does not suffice".to_owned())
        }
        // PAY-7: the account of another key may not know whom the one before has paid.
        (
            400 | 402 | 404,
            "invalid_request_error" | "card_error",
            "resource_missing" | "account_invalid" | "no_account",
        ) if !is_first => Answer::AskPeople(format!("the rail does not know the payee at a later try: {code}")),
        (400 | 402 | 404, "invalid_request_error" | "card_error", _) => Answer::Refused(told(&code)),
        _ => Answer::Unknown(format!("the rail answered {} {code}", refusal.status)),
    }
}

/// The refusal as the partner reads it.
fn told(code: &str) -> String {
    match code {
        "resource_missing" | "account_invalid" | "no_account" => "the connected account does not exist".to_owned(),
        "insufficient_capabilities_for_transfer" | "transfers_not_allowed" => {
            "the connected account may not receive transfers yet".to_owned()
        }
        other => format!("the rail refused: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, kind: &str, code: Option<&str>) -> Refusal {
        Refusal { status, kind: kind.to_owned(), code: code.map(str::to_owned), ..Refusal::default() }
    }

    fn word(answer: &Answer) -> &'static str {
        match answer {
            Answer::Carried { .. } => "carried",
            Answer::Refused(_) => "refused",
            Answer::NotNow(_) => "not now",
            Answer::Unknown(_) => "unknown",
            Answer::AskPeople(_) => "ask people",
            Answer::Later(_) => "later",
        }
    }

    #[test]
    fn a_refusal_is_definite_only_where_it_is_about_the_payout() {
        let invalid = "invalid_request_error";
        let rows = [
            (400, invalid, Some("resource_missing"), "refused", "ask people"),
            (404, invalid, Some("account_invalid"), "refused", "ask people"),
            (400, invalid, Some("insufficient_capabilities_for_transfer"), "refused", "refused"),
            (400, invalid, None, "refused", "refused"),
            (400, invalid, Some("balance_insufficient"), "not now", "not now"),
            (401, invalid, None, "not now", "unknown"),
            (403, invalid, None, "not now", "unknown"),
            (400, "idempotency_error", None, "ask people", "ask people"),
            (400, "api_error", None, "unknown", "unknown"),
            (418, "", None, "unknown", "unknown"),
        ];
        for (status, kind, code, first, later) in rows {
            let refusal = refusal(status, kind, code);
            assert_eq!(word(&refused(&refusal, true)), first, "{status} {kind} {code:?}, first");
            assert_eq!(word(&refused(&refusal, false)), later, "{status} {kind} {code:?}, later");
        }
    }
}
