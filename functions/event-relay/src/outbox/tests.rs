use std::path::Path;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde_dynamo::AttributeValue;

use super::{Due, due};

/// The one record of an event file.
fn record(case: &str) -> EventRecord {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/event-relay/{case}.json"));
    let text = std::fs::read_to_string(&path).expect("an event file");
    let mut event: Event = serde_json::from_str(&text).expect("an event of a stream");
    event.records.pop().expect("a record")
}

/// What a case leads to, in one line.
fn told(case: &str) -> String {
    match due(&record(case)).expect("a readable record") {
        None => format!("{case}: nothing"),
        Some(Due::Notice(notice)) => {
            let with = notice.report.map(|report| format!(" with {report}")).unwrap_or_default();
            let about = notice.payout.map(|payout| payout.to_string());
            let about = about.or(notice.methods.map(|it| format!("{} version {}", it.partner, it.version)));
            let about = about.or(notice.news.map(|it| {
                let subject = it.partner.map(|id| id.to_string()).or(it.application.map(|id| id.to_string()));
                format!("{} version {}", subject.unwrap_or_default(), it.version)
            }));
            let about = about.or(notice.reminder.map(|it| format!("{} after {} days", it.payment, it.step)));
            format!("{case}: notice {} about {}{with} as {}", notice.kind, about.unwrap_or_default(), notice.notice)
        }
        Some(Due::Payout(due)) => format!("{case}: payout {} is due at its rail", due.payout),
        Some(Due::Report(report)) => {
            format!("{case}: report {} about {} as {}", report.kind, report.payout, report.report)
        }
    }
}

#[test]
fn each_step_of_a_payout_leads_to_its_message() {
    let cases = [
        "payout-requested",
        "first-of-two-approvals",
        "payout-approved",
        "payout-sent",
        "payout-paid",
        "receipt-made",
        "payout-rejected",
        "payout-failed",
        "payout-cancelled",
        "payout-returned",
    ];
    insta::assert_snapshot!(cases.map(told).join("\n"));
}

/// PAY-5: told once of each, though a payout that left a voided file is approved, and sent, a second time.
#[test]
fn a_payout_that_is_sent_again_behind_a_voided_file_is_told_of_under_the_same_notice() {
    let sent = record("payout-sent");
    let mut again = sent.clone();
    let mut image = again.change.new_image.clone().into_inner();
    image.insert("moved_at".into(), AttributeValue::S("2026-09-16T12:00:00Z".into()));
    again.change.new_image = image.into();
    let taken_out = {
        let mut record = record("payout-approved");
        record.change.old_image = sent.change.new_image.clone();
        record
    };
    assert!(due(&sent).expect("readable").is_some());
    assert_eq!(due(&again).expect("readable"), due(&sent).expect("readable"));
    assert_eq!(due(&taken_out).expect("readable"), due(&record("payout-approved")).expect("readable"));
}

/// PAY-7, PAY-9.
#[test]
fn what_concerns_a_rail_leads_to_a_message_each_time() {
    let payout = "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001";
    for case in ["payout-submitting", "payout-retried", "transfer-created", "transfer-reversed"] {
        assert_eq!(told(case), format!("{case}: payout {payout} is due at its rail"));
    }
    // A transfer of somebody else's, whatever they write into it.
    let mut record = record("transfer-reversed");
    let mut image = record.change.new_image.clone().into_inner();
    let Some(AttributeValue::S(text)) = image.get("told") else { panic!("a telling") };
    let text = text.replace("\"payout_id\":\"pay_", "\"payout_id\":\"theirs_");
    image.insert("told".into(), AttributeValue::S(text));
    record.change.new_image = image.into();
    assert_eq!(due(&record).expect("readable"), None);
}

/// OPS-4.
#[test]
fn a_receipt_that_is_to_name_nobody_is_wanted_again_once_and_no_mail_follows() {
    let mut wanted = record("receipt-made");
    let made = wanted.change.new_image.clone();
    let mut image = made.clone().into_inner();
    image.insert("nameless_since".into(), AttributeValue::S("2026-11-22T00:00:00.000Z".into()));
    wanted.change.old_image = made;
    wanted.change.new_image = image.clone().into();
    let Some(Due::Report(report)) = due(&wanted).expect("readable") else { panic!("no document") };
    assert_eq!(
        (report.kind.as_str(), report.report.as_str(), report.payout.as_str()),
        ("payout_receipt", "rpt_01ARZ3NDEKTSV4RRFFQ69G5FAV", "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001")
    );
    // That it was made anew is nobody's news.
    let mut made_anew = wanted.clone();
    made_anew.change.old_image = image.clone().into();
    image.insert("bytes".into(), AttributeValue::N("7".into()));
    made_anew.change.new_image = image.into();
    assert_eq!(due(&made_anew).expect("readable"), None);
}

/// PAY-10.
#[test]
fn instructions_that_are_wanted_are_one_document_and_the_message_names_no_detail() {
    let case = "instructions-asked";
    assert_eq!(
        told(case),
        "instructions-asked: report payout_instructions about pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001 as rpt_01ARZ3NDEKTSV4RRFFQ69G5FAX"
    );
    let twice = [record(case), record(case)].map(|record| due(&record).expect("a readable record"));
    assert_eq!(twice[0], twice[1]);
    let Some(Due::Report(wanted)) = &twice[0] else { panic!("no report") };
    let text = serde_json::to_string(wanted).expect("JSON");
    assert!(!text.contains("c2VhbGVk"), "what is sealed stays where it is: {text}");
    let mut record = record(case);
    let mut image = record.change.new_image.clone().into_inner();
    image.insert("entity".into(), AttributeValue::S("payout_instructions_made".into()));
    record.change.new_image = image.into();
    assert_eq!(due(&record).expect("readable"), None, "what was made is nobody's news");
}

/// PAY-12.
#[test]
fn where_money_goes_leads_to_a_notice_at_each_change() {
    assert_eq!(
        told("payout-methods-changed"),
        "payout-methods-changed: notice payout_methods_changed about par_01ARZ3NDEKTSV4RRFFQ69G5FAV version 2 as ntc_0ZA72AXYAXXY75P370JND1KW0M"
    );
}

#[test]
fn where_a_partner_or_an_applicant_stands_leads_to_one_notice_each() {
    let lines = ["partner-suspended", "application-declined"].map(told);
    for (line, about) in lines.iter().zip([
        "partner_suspended about par_01ARZ3NDEKTSV4RRFFQ69G5FAV version 3",
        "application_declined about apl_01ARZ3NDEKTSV4RRFFQ69G5FAV version 2",
    ]) {
        assert!(line.contains(about), "{line}");
    }
    assert_eq!(due(&record("partner-suspended")).expect("read"), due(&record("partner-suspended")).expect("read"));
}

#[test]
fn a_change_seen_twice_leads_to_the_same_message() {
    let twice = [record("payout-paid"), record("payout-paid")].map(|record| due(&record).expect("a readable record"));
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn two_steps_of_one_payout_are_two_notices() {
    let ids = ["payout-requested", "payout-approved"].map(|case| match due(&record(case)).expect("readable") {
        Some(Due::Notice(notice)) => notice.notice,
        other => panic!("{other:?}"),
    });
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_payout_that_does_not_parse_is_an_error_and_not_silence() {
    let mut record = record("payout-paid");
    let mut image = record.change.new_image.clone().into_inner();
    image.insert("id".into(), AttributeValue::S("pay_nonsense".into()));
    record.change.new_image = image.into();
    assert!(due(&record).is_err());
}

#[test]
fn an_item_that_was_deleted_leads_to_nothing() {
    let mut record = record("payout-paid");
    record.change.old_image = std::mem::take(&mut record.change.new_image);
    assert_eq!(due(&record).expect("readable"), None);
}

#[test]
fn items_of_other_kinds_lead_to_nothing() {
    let mut record = record("payout-paid");
    let mut image = record.change.new_image.clone().into_inner();
    image.insert("entity".into(), AttributeValue::S("sale".into()));
    record.change.new_image = image.into();
    assert_eq!(due(&record).expect("readable"), None);
}

#[test]
fn a_reminder_is_one_notice_and_that_the_days_begin_is_none() {
    let cases = ["reminders-begun", "reminder-due", "reminder-again-seen"].map(told);
    assert_eq!(cases[0], "reminders-begun: nothing");
    assert!(
        cases[1].starts_with("reminder-due: notice payment_failed about stripe:in_1 after 1 days as ntc_"),
        "{}",
        cases[1]
    );
    assert_eq!(cases[2], "reminder-again-seen: nothing");
}

/// POR-3.
#[test]
fn a_sign_in_link_leads_to_one_notice_that_names_it_by_its_hash_and_its_use_to_none() {
    let Some(Due::Notice(notice)) = due(&record("sign-in-asked")).expect("a readable record") else {
        panic!("no notice");
    };
    assert_eq!(notice.kind, "sign_in");
    let asked = notice.sign_in.as_ref().expect("who");
    assert_eq!(asked.user.as_str(), "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let text = serde_json::to_string(&notice).expect("JSON");
    assert!(!text.contains("c2VhbGVk"), "what is sealed stays where it is: {text}");
    assert_eq!(due(&record("sign-in-used")).expect("a readable record"), None);
}

/// POR-7.
#[test]
fn an_authenticator_that_begins_to_count_is_one_notice_and_its_later_codes_are_none() {
    let Some(Due::Notice(notice)) = due(&record("authenticator-confirmed")).expect("a readable record") else {
        panic!("no notice");
    };
    assert_eq!(notice.kind, "authenticator_confirmed");
    let told = notice.authenticator.as_ref().expect("who");
    assert_eq!(told.user.as_str(), "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let text = serde_json::to_string(&notice).expect("JSON");
    assert!(!text.contains("c2VhbGVk"), "what is sealed stays where it is: {text}");
    for case in ["authenticator-begun", "authenticator-used"] {
        assert_eq!(due(&record(case)).expect("a readable record"), None, "{case}");
    }
}
