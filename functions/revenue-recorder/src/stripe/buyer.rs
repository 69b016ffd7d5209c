//! What an event tells of who pays, beside their name at the provider: digests, never the thing itself.

use domain::email;
use domain::fact::Buyer;
use domain::fraud::marks::fingerprint_digest;

use crate::fields::Fields;

/// Who pays: their address, and the card or account of the payment where its charge is expanded.
pub(super) fn of(address: Option<&str>, charge: Option<&Fields<'_>>) -> Buyer {
    let method = charge.and_then(|charge| charge.optional_object("payment_method_details"));
    // The object is named by its type: `card`, `us_bank_account`, `sepa_debit`.
    let details = method.and_then(|method| method.optional_object(method.optional_text("type")?));
    let fingerprint = details.as_ref().and_then(|details| details.optional_text("fingerprint"));
    Buyer {
        // FRD-1: by the same digest that a partner's own cards and accounts are known by.
        paid_from: fingerprint.map(fingerprint_digest),
        has_disposable_email: address.is_some_and(email::is_disposable),
    }
}

#[cfg(test)]
mod tests {
    use domain::fraud::marks::{Mark, MarkKind};
    use serde_json::{Value, json};

    use super::*;

    fn paid_from(charge: &Value) -> Option<domain::digest::Digest> {
        of(None, Some(&Fields::of(charge))).paid_from
    }

    #[test]
    fn a_card_or_account_is_known_by_the_digest_that_a_partners_own_has() {
        for kind in ["card", "us_bank_account", "sepa_debit"] {
            let charge = json!({"payment_method_details": {"type": kind, (kind): {"fingerprint": "Xt5EWLLDS7FJjR1c"}}});
            let own = Mark::of_fingerprint(MarkKind::Payout, "Xt5EWLLDS7FJjR1c");
            assert_eq!(paid_from(&charge), Some(own.digest), "FRD-1: {kind}");
        }
    }

    #[test]
    fn a_charge_without_a_fingerprint_says_nothing_of_who_paid() {
        for charge in [
            json!({}),
            json!({"payment_method_details": null}),
            json!({"payment_method_details": {"type": "card", "card": {}}}),
            json!({"payment_method_details": {"type": "paypal", "card": {"fingerprint": "Xt5EWLLDS7FJjR1c"}}}),
        ] {
            assert_eq!(paid_from(&charge), None, "{charge}");
        }
    }
}
