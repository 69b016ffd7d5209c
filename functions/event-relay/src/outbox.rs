//! The outbox, pure: which message a change of an item gives rise to.
//!
//! Every id is derived from what happened, so a change that the stream shows twice gives the same message twice,
//! and whoever reads it tells the notice, or makes the document, once.

use aws_lambda_events::dynamodb::EventRecord;
use domain::id::{IdError, NoticeId, PayoutId, ReportId, TenantId};
use domain::subscription::ProviderObjectKind;
use queues::{
    AuthenticatorDue, MethodsDue, NewsDue, NoticeDue, PayoutDue, ReminderDue, ReportWanted, SignInDue, VERSION,
};
use serde_dynamo::{AttributeValue, Item};
use store::StoreError;
use store::authenticators::{AuthenticatorSeen, read_authenticator_image};
use store::dunning::{DunningSeen, read_dunning_image};
use store::partner_news::{PartnerNewsSeen, Told, read_partner_news_image};
use store::payees::{PayoutMethodsSeen, read_payout_methods_image};
use store::payout_instructions::{InstructionsAskedSeen, read_instructions_image};
use store::payouts::{PayoutSeen, read_payout_image};
use store::provider_objects::{ProviderObjectSeen, read_provider_object_image};
use store::reports::{ReportSeen, read_report_image};
use store::sign_in::{SignInSeen, read_sign_in_image};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The document that follows a payment.
const PAYOUT_RECEIPT: &str = "payout_receipt";
/// The document by which a payout is paid by hand.
const PAYOUT_INSTRUCTIONS: &str = "payout_instructions";
/// The notice of a payment that failed.
const PAYMENT_FAILED: &str = "payment_failed";
/// The notice that where a partner's money goes has changed.
const METHODS_CHANGED: &str = "payout_methods_changed";
/// The notice that an authenticator counts from now on.
const AUTHENTICATOR_CONFIRMED: &str = "authenticator_confirmed";
/// The notice with a link to sign in by.
const SIGN_IN: &str = "sign_in";
/// The notice that follows that document.
const RECEIPT_READY: &str = "receipt_ready";

/// A message that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Somebody is to be told.
    Notice(Box<NoticeDue>),
    /// A document is to be made.
    Report(ReportWanted),
    /// A rail is to be asked, or read.
    Payout(PayoutDue),
}

fn notice_due(notice: NoticeDue) -> Due {
    Due::Notice(Box::new(notice))
}

/// A record of the stream that cannot be read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The item has not the shape of its entity.
    #[error("reading an item from the stream")]
    Item(#[from] StoreError),
    /// A receipt that is about no payout.
    #[error("reading what a receipt is about")]
    Subject(#[from] IdError),
}

/// What is due because of a change. Most changes concern nobody.
///
/// # Errors
/// The record cannot be read.
pub fn due(record: &EventRecord) -> Result<Option<Due>, Unreadable> {
    let (new, old) = (&record.change.new_image, &record.change.old_image);
    match entity(new) {
        Some("payout") => {
            let before = if old.is_empty() { None } else { Some(read_payout_image(old.clone().into())?) };
            Ok(payout_moved(read_payout_image(new.clone().into())?, before.as_ref()))
        }
        Some("dunning") => {
            let before = if old.is_empty() { None } else { read_dunning_image(old.clone().into())?.step };
            Ok(reminded(read_dunning_image(new.clone().into())?, before))
        }
        // News are written once and never change: what the stream shows again leads to the same notice.
        Some("partner_news") => Ok(Some(standing_told(read_partner_news_image(new.clone().into())?))),
        Some("sign_in_link") => Ok(link_asked_for(read_sign_in_image(new.clone().into())?)),
        Some("authenticator") => {
            let was_confirmed = !old.is_empty() && read_authenticator_image(old.clone().into())?.is_confirmed;
            Ok(authenticator_counts(read_authenticator_image(new.clone().into())?, was_confirmed))
        }
        Some("payout_methods") => Ok(Some(methods_changed(read_payout_methods_image(new.clone().into())?))),
        Some("provider_object") => Ok(transfer_told(read_provider_object_image(new.clone().into())?)),
        // PAY-10: asked for once, and never changed: what the stream shows again is the same document.
        Some("payout_instructions_asked") => {
            Ok(Some(instructions_wanted(read_instructions_image(new.clone().into())?)))
        }
        Some("report") => {
            let seen = read_report_image(new.clone().into())?;
            let before = if old.is_empty() { None } else { Some(read_report_image(old.clone().into())?) };
            match before {
                None => report_made(seen),
                Some(before) => unnamed(seen, &before),
            }
        }
        _ => Ok(None),
    }
}

fn entity(image: &Item) -> Option<&str> {
    match image.get("entity") {
        Some(AttributeValue::S(entity)) => Some(entity),
        _ => None,
    }
}

fn payout_moved(now: PayoutSeen, before: Option<&PayoutSeen>) -> Option<Due> {
    // PAY-7: handed to its rail, or to be looked at there again: each such step moves it, and each is one message.
    if now.state == "submitting" && before.is_none_or(|before| before.moved_at != now.moved_at) {
        return Some(Due::Payout(PayoutDue { v: VERSION, tenant: now.tenant, payout: now.id }));
    }
    // An approval that is not the last one changes the payout, and not where it stands.
    if before.is_some_and(|before| before.state == now.state) {
        return None;
    }
    let kind = match now.state.as_str() {
        "pending_approval" => "payout_requested",
        "approved" => "payout_approved",
        // Of one that leaves a voided file and is handed over again, both are the same notices: each is told once.
        "submitted" => "payout_sent",
        "rejected" => "payout_rejected",
        "cancelled" => "payout_cancelled",
        "failed" => "payout_failed",
        "returned" => "payout_returned",
        // The mail about the payment waits for its receipt.
        "paid" => return Some(Due::Report(receipt_wanted(now))),
        // PAY-7: that nobody knows yet whether a rail carried it is no news: the partner hears what became of it.
        _ => return None,
    };
    Some(notice_due(notice(now.tenant, kind, now.id, None)))
}

/// PAY-7, PAY-9: a transfer of ours is read at the rail whenever one is told: something may have gone back of it, or it was
/// made for a payout that people called not paid. Those of others are no business of ours.
fn transfer_told(seen: ProviderObjectSeen) -> Option<Due> {
    let ProviderObjectSeen { tenant, told } = seen;
    if told.kind != ProviderObjectKind::Transfer {
        return None;
    }
    let payout = PayoutId::parse(told.details.get("payout_id")?).ok()?;
    Some(Due::Payout(PayoutDue { v: VERSION, tenant, payout }))
}

/// REV-10: a step that was taken is one mail; that the days began to be counted is none.
fn reminded(now: DunningSeen, before: Option<u8>) -> Option<Due> {
    let step = now.step.filter(|step| before != Some(*step))?;
    let notice = NoticeId::of(&now.tenant, PAYMENT_FAILED, &format!("{}#{step}", now.payment));
    let (kind, reminder) = (PAYMENT_FAILED.to_owned(), Some(ReminderDue { payment: now.payment, step }));
    Some(notice_due(NoticeDue {
        v: VERSION,
        tenant: now.tenant,
        notice,
        kind,
        payout: None,
        report: None,
        reminder,
        methods: None,
        sign_in: None,
        news: None,
        authenticator: None,
    }))
}

/// PAY-12: each change is told at the address that is known, so that nobody's money is led elsewhere in silence.
fn methods_changed(now: PayoutMethodsSeen) -> Due {
    let PayoutMethodsSeen { tenant, partner, version } = now;
    let notice = NoticeId::of(&tenant, METHODS_CHANGED, &format!("{partner}#{version}"));
    let (kind, methods) = (METHODS_CHANGED.to_owned(), Some(MethodsDue { partner, version }));
    notice_due(NoticeDue {
        v: VERSION,
        tenant,
        notice,
        kind,
        payout: None,
        report: None,
        reminder: None,
        methods,
        sign_in: None,
        news: None,
        authenticator: None,
    })
}

/// POR-3: a link that was put down is one mail; that it was used is none.
fn link_asked_for(now: SignInSeen) -> Option<Due> {
    let SignInSeen { tenant, user, hash, is_open } = now;
    if !is_open {
        return None;
    }
    let notice = NoticeId::of(&tenant, SIGN_IN, &hash.to_string());
    let (kind, sign_in) = (SIGN_IN.to_owned(), Some(SignInDue { user, link: hash }));
    Some(notice_due(NoticeDue {
        v: VERSION,
        tenant,
        notice,
        kind,
        payout: None,
        report: None,
        reminder: None,
        methods: None,
        sign_in,
        news: None,
        authenticator: None,
    }))
}

/// POR-7: whoever enrols an authenticator in a session that is not theirs is told of at the address of whose it is. A code that
/// is taken later is nobody's news.
fn authenticator_counts(now: AuthenticatorSeen, was_confirmed: bool) -> Option<Due> {
    let AuthenticatorSeen { tenant, user, created_at, is_confirmed } = now;
    if was_confirmed || !is_confirmed {
        return None;
    }
    let subject = format!("{user}#{}", created_at.as_millisecond());
    let notice = NoticeId::of(&tenant, AUTHENTICATOR_CONFIRMED, &subject);
    Some(notice_due(NoticeDue {
        v: VERSION,
        tenant,
        notice,
        kind: AUTHENTICATOR_CONFIRMED.to_owned(),
        payout: None,
        report: None,
        reminder: None,
        methods: None,
        sign_in: None,
        news: None,
        authenticator: Some(AuthenticatorDue { user, created_at }),
    }))
}

/// Where a partner or an applicant stands is told by one mail for each change.
fn standing_told(seen: PartnerNewsSeen) -> Due {
    let PartnerNewsSeen { tenant, told, version, news } = seen;
    let (subject, partner, application) = match told {
        Told::Partner(partner) => (partner.to_string(), Some(partner), None),
        Told::Applicant(application) => (application.to_string(), None, Some(application)),
    };
    let kind = news.kind.word();
    notice_due(NoticeDue {
        v: VERSION,
        notice: NoticeId::of(&tenant, kind, &format!("{subject}#{version}")),
        tenant,
        kind: kind.to_owned(),
        payout: None,
        report: None,
        reminder: None,
        methods: None,
        sign_in: None,
        news: Some(NewsDue { partner, application, version }),
        authenticator: None,
    })
}

fn receipt_wanted(paid: PayoutSeen) -> ReportWanted {
    let report = ReportId::of(&paid.tenant, PAYOUT_RECEIPT, paid.id.as_str());
    ReportWanted { v: VERSION, tenant: paid.tenant, report, kind: PAYOUT_RECEIPT.to_owned(), payout: paid.id }
}

/// PAY-10: the message says which payout, and nothing of where its money goes: that stays sealed where it lies.
fn instructions_wanted(asked: InstructionsAskedSeen) -> Due {
    let InstructionsAskedSeen { tenant, report, payout } = asked;
    Due::Report(ReportWanted { v: VERSION, tenant, report, kind: PAYOUT_INSTRUCTIONS.to_owned(), payout })
}

fn report_made(report: ReportSeen) -> Result<Option<Due>, Unreadable> {
    if report.kind != PAYOUT_RECEIPT {
        return Ok(None);
    }
    let payout = PayoutId::parse(&report.subject)?;
    Ok(Some(notice_due(notice(report.tenant, RECEIPT_READY, payout, Some(report.id)))))
}

/// OPS-4: a receipt that is to name nobody from now on is made anew, under its own name: made twice, it is one file.
fn unnamed(report: ReportSeen, before: &ReportSeen) -> Result<Option<Due>, Unreadable> {
    if report.kind != PAYOUT_RECEIPT || before.is_nameless || !report.is_nameless {
        return Ok(None);
    }
    let payout = PayoutId::parse(&report.subject)?;
    let ReportSeen { tenant, id, kind, .. } = report;
    Ok(Some(Due::Report(ReportWanted { v: VERSION, tenant, report: id, kind, payout })))
}

fn notice(tenant: TenantId, kind: &str, payout: PayoutId, report: Option<ReportId>) -> NoticeDue {
    let notice = NoticeId::of(&tenant, kind, payout.as_str());
    NoticeDue {
        v: VERSION,
        tenant,
        notice,
        kind: kind.to_owned(),
        payout: Some(payout),
        report,
        reminder: None,
        methods: None,
        sign_in: None,
        news: None,
        authenticator: None,
    }
}
