//! OPS-4: what was written down beside the payouts of somebody who is erased. Receipts are books and stay; they name nobody
//! any more. What the desk noted is blanked.

use domain::id::{PartnerId, ReportId};
use domain::ledger::Head;
use domain::line::Account;
use domain::payee::Rail;
use domain::payout::{Payout, PayoutState};
use domain::time::Timestamp;
use store::reports::RECEIPT;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// Every payout that a payee ever asked for.
pub(super) async fn payouts_of(
    store: &Store,
    tenant: &TenantKey,
    (payee, heads): (&PartnerId, &[Head]),
) -> Result<Vec<Payout>, CaseError> {
    let mut payouts = Vec::new();
    // The number counts what was asked for, whatever came of it.
    for head in heads.iter().filter(|head| head.payout_no > 0) {
        let account = Account { partner: payee.clone(), currency: head.currency };
        let stored = store.list_account_payouts(tenant, &account).await?;
        payouts.extend(stored.into_iter().map(|stored| stored.payout));
    }
    Ok(payouts)
}

/// Was money paid by it, or may it have been? Tax law asks for whoever was paid, and for nobody else.
pub(super) fn may_have_paid(payout: &Payout) -> bool {
    match payout.state {
        PayoutState::Paid { .. }
        | PayoutState::Returned { .. }
        | PayoutState::Submitted { .. }
        | PayoutState::Submitting { .. }
        | PayoutState::OutcomeUnknown { .. } => true,
        // Called not paid, by a rail or by people: what was handed over may have been paid all the same.
        PayoutState::Failed { .. } => payout.net.is_some(),
        // Asked for and refused: nothing left.
        PayoutState::PendingApproval
        | PayoutState::Approved
        | PayoutState::Rejected { .. }
        | PayoutState::Cancelled { .. } => false,
    }
}

/// May a bank's file name its payee? One that failed may have been in a file, and so may one whose file was voided: what was
/// made is kept.
pub(super) fn may_be_in_file(payout: &Payout) -> bool {
    let by_file = |rail| matches!(rail, Rail::Ach | Rail::Paypal | Rail::Wise | Rail::Csv | Rail::Check);
    // Only what was approved gets into one, and that is not rejected or cancelled any more.
    let never_approved = matches!(
        payout.state,
        PayoutState::PendingApproval | PayoutState::Rejected { .. } | PayoutState::Cancelled { .. }
    );
    !never_approved && payout.terms.payee.as_ref().is_some_and(|payee| by_file(payee.rail))
}

/// Is there a receipt of it? What came back had one when it was paid.
pub(super) fn has_receipt(payout: &Payout) -> bool {
    matches!(payout.state, PayoutState::Paid { .. } | PayoutState::Returned { .. })
}

/// Takes the name off what is kept of these payouts. Behind the tombstone, so that nothing is read again; done again it does
/// what is left, so that an erasure which was broken off, or is older than this, is finished by asking for it once more.
pub(super) async fn unname(
    store: &Store,
    tenant: &TenantKey,
    payouts: &[Payout],
    since: Timestamp,
) -> Result<(), CaseError> {
    for payout in payouts {
        store.erase_payout_notes(tenant, &payout.id).await?;
        if has_receipt(payout) {
            let report = ReportId::of(tenant.tenant(), RECEIPT, payout.id.as_str());
            // The maker of documents makes it anew. One that is being made now is looked at by whoever makes it.
            let _: Written = store.record_report_nameless(tenant, &report, since).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::audit::Actor;
    use domain::currency::Currency;
    use domain::digest::Digest;
    use domain::id::{MethodId, PayoutId};
    use domain::money::Money;
    use domain::payee::Payee;
    use domain::payout::Terms;
    use domain::role::Role;
    use domain::slot::Slot;
    use domain::tax::Net;
    use domain::time::Zone;

    use super::*;

    fn payout(state: PayoutState, rail: Option<Rail>) -> Payout {
        let (at, partner) = (Timestamp::UNIX_EPOCH, PartnerId::from_ulid(1_u128.into()));
        let payee = rail.map(|rail| Payee { method: MethodId::from_ulid(1_u128.into()), rail });
        Payout {
            id: PayoutId::parse("pay_00000000000000000000000001USD000001").expect("an id"),
            partner,
            amount: Money::from_minor(100, Currency::USD),
            from: None,
            to: Slot::of_day(Zone::utc().day_of(at)),
            lines: 1,
            close_hash: Digest::ZERO,
            seal: Digest::ZERO,
            asked_under: "a request".to_owned(),
            requested_by: Actor::new(Role::Partner, "par_1"),
            requested_at: at,
            moved_at: at,
            state,
            approvals: Vec::new(),
            terms: Terms { payee, methods: None, approvers: None },
            net: None,
        }
    }

    fn parts() -> Net {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        Net { fee: usd(0), withheld: usd(0), net: usd(100) }
    }

    /// OPS-4: what is kept follows what may have become of the money.
    #[test]
    fn what_is_kept_of_a_payout_follows_how_far_it_came() {
        let (sent_at, completed_at) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let (reason, reference) = (String::new, String::new);
        let returned = PayoutState::Returned {
            sent_at,
            completed_at,
            reference: reference(),
            returned_at: sent_at,
            reason: reason(),
        };
        for (state, paid, filed, receipt) in [
            (PayoutState::PendingApproval, false, false, false),
            (PayoutState::Rejected { reason: reason() }, false, false, false),
            (PayoutState::Cancelled { reason: reason() }, false, false, false),
            (PayoutState::Approved, false, true, false),
            (PayoutState::Failed { reason: reason() }, false, true, false),
            (PayoutState::Submitting { attempt: 1, since: sent_at }, true, true, false),
            (PayoutState::OutcomeUnknown { attempt: 1, since: sent_at, why: reason(), said: None }, true, true, false),
            (PayoutState::Submitted { sent_at, expected_arrival: None, reference: reference() }, true, true, false),
            (PayoutState::Paid { sent_at, completed_at, reference: reference() }, true, true, true),
            (returned, true, true, true),
        ] {
            let by_file = payout(state.clone(), Some(Rail::Ach));
            let kept = (may_have_paid(&by_file), may_be_in_file(&by_file), has_receipt(&by_file));
            assert_eq!(kept, (paid, filed, receipt), "{state:?}");
            // What was handed over and called not paid may have been paid all the same.
            let handed_over = Payout { net: Some(parts()), ..by_file };
            let is_failed = matches!(state, PayoutState::Failed { .. });
            assert_eq!(may_have_paid(&handed_over), paid || is_failed, "{state:?}");
            for rail in [None, Some(Rail::StripeConnect), Some(Rail::Manual), Some(Rail::External)] {
                assert!(!may_be_in_file(&payout(state.clone(), rail)), "{rail:?}");
            }
        }
    }
}
