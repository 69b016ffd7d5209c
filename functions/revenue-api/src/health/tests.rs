//! Each part, judged by rows of (what was read, what is told).

use domain::currency::Currency;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{MethodId, PartnerId, RunId, TenantId};
use domain::money::Money;
use domain::payee::{Payee, Rail};
use domain::provider::Provider;
use domain::reconciliation::Amounts;
use domain::time::BusinessDay;
use store::parked::WaitingFor;
use store::runs::{RunReport, RunStatus, UnitError};

use super::*;

/// Late in the morning of a day behind a night.
const NOW: &str = "2026-09-03T10:00:00Z";
/// While that night's units still answer.
const UNDER_WAY: &str = "2026-09-03T02:40:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn ago(hours: i64) -> Timestamp {
    Timestamp::from_second(at(NOW).as_second() - hours * HOUR_S).expect("an instant")
}

/// A tenant of whom nothing is kept.
fn empty() -> Readings {
    let page = || Page { items: Vec::new(), next: None };
    Readings {
        now: at(NOW),
        zone: Zone::utc(),
        jobs: vec![(Job::Night, None), (Job::Verification, None)],
        proofs: [None, None],
        seals: None,
        live_since: None,
        nights: Vec::new(),
        events: page(),
        facts: page(),
        attempts: Page { items: Vec::new(), next: None },
        payouts: Page { items: Vec::new(), next: None },
        comparings: Vec::new(),
    }
}

fn part(read: &Readings, name: &str) -> Part {
    judge(read).into_iter().find(|part| part.name == name).expect("a part")
}

/// How a part is doing, and whether its reason has these words.
fn check(read: &Readings, name: &str, (standing, words): (Standing, &str), case: &str) {
    let part = part(read, name);
    assert_eq!(part.standing, standing, "{case}: {part:?}");
    assert!(part.reason.contains(words), "{case}: {part:?}");
}

#[test]
fn of_a_tenant_with_nothing_every_part_is_fine_and_says_so() {
    let parts = judge(&empty());
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    assert_eq!(names, ["ledger", "nights", "events", "facts", "payouts", "reconciliation", "jobs"]);
    for part in parts {
        assert_eq!((part.standing, part.at, part.count), (Standing::Ok, None, 0), "{part:?}");
        assert!(!part.reason.is_empty());
    }
    assert!(part(&empty(), "ledger").reason.ends_with("the next is at 2026-09-04T04:00:00Z"));
    assert!(part(&empty(), "nights").reason.ends_with("the next is at 2026-09-04T02:00:00Z"));
}

#[test]
fn what_never_ran_is_late_once_there_has_been_a_programme_for_two_days() {
    for (live_since, standing) in [(None, Standing::Ok), (Some(47), Standing::Ok), (Some(49), Standing::Late)] {
        let read = Readings { live_since: live_since.map(ago), ..empty() };
        for (name, words) in [("ledger", "no proof was made yet"), ("nights", "no night has closed a date yet")] {
            check(&read, name, (standing, words), &format!("{live_since:?}"));
        }
        let jobs = part(&read, "jobs");
        let missed = if standing == Standing::Late { 2 } else { 0 };
        assert_eq!((jobs.standing, jobs.count, jobs.at), (standing, missed, None), "{live_since:?}");
    }
}

fn proof(hours: i64, broken: u64) -> Option<ProofRecord> {
    let law = (broken > 0).then(|| "V3".to_owned());
    Some(ProofRecord { at: ago(hours), accounts: 5, lines: 9, moving: 0, broken, law })
}

#[test]
fn the_ledger_is_as_its_newest_proof_and_a_breach_of_the_whole_stays_until_the_whole_is_proved_again() {
    use Standing::{Broken, Late, Ok};
    for (case, recent, whole, expected) in [
        ("proved tonight", proof(6, 0), None, (Ok, "every law holds")),
        ("the whole alone", None, proof(6, 0), (Ok, "every law holds")),
        ("broken tonight", proof(6, 1), proof(60, 0), (Broken, "1 breach, of law V3 first")),
        ("several", proof(6, 2), None, (Broken, "2 breaches")),
        ("broken in the whole", proof(6, 0), proof(60, 3), (Broken, "3 breaches")),
        ("mended in the whole since", proof(60, 1), proof(6, 0), (Ok, "every law holds")),
        ("two nights without", proof(49, 0), None, (Late, "no proof")),
        ("a night without", proof(47, 0), None, (Ok, "every law holds")),
    ] {
        check(&Readings { proofs: [recent, whole], ..empty() }, "ledger", expected, case);
    }
}

#[test]
fn a_day_of_the_audit_that_is_not_as_sealed_is_told_whatever_a_later_proof_of_the_laws_found() {
    let seals = |unsealed| Some(SealsRecord { at: ago(6), unsealed });
    let read = |unsealed, broken| Readings { proofs: [proof(1, broken), None], seals: seals(unsealed), ..empty() };
    check(&read(0, 0), "ledger", (Standing::Ok, "every law holds"), "as sealed");
    check(&read(1, 0), "ledger", (Standing::Broken, "1 day of the audit not as sealed: GET /v1/audit"), "a seal alone");
    for words in ["2 breaches, of law V3 first: POST /v1/revenue/verify", "; 1 day of the audit not as sealed"] {
        check(&read(1, 2), "ledger", (Standing::Broken, words), "both");
    }
    let both = part(&read(1, 2), "ledger");
    assert_eq!((both.at, both.count), (Some(ago(6)), 3));
}

fn night(day: &str, report: Option<(RunStatus, usize)>) -> Run {
    let business_date = BusinessDay::parse(day).expect("a day");
    let error = || UnitError { unit: "a unit".to_owned(), partner: None, reason: "a reason".to_owned() };
    let report = report.map(|(status, errors)| RunReport {
        status,
        done: 4,
        unanswered: if status == RunStatus::Processing { 2 } else { 0 },
        sales: 0,
        lines: 0,
        totals: Vec::new(),
        inputs: Digest::ZERO,
        outputs: Digest::ZERO,
        errors: (0..errors).map(|_| error()).collect(),
    });
    let id = RunId::of(&TenantId::default_tenant(), business_date);
    Run { id, business_date, accounts: 4, completed_at: ago(8), report }
}

#[test]
fn a_date_that_should_be_closed_by_now_is_missed_and_a_unit_with_an_error_needs_a_person() {
    use RunStatus::{Completed, CompletedWithErrors, Processing};
    use Standing::{Broken, Late, Ok};
    let well = Some((Completed, 0));
    for (case, now, nights, expected) in [
        ("closed", NOW, vec![night("2026-09-02", well)], (Ok, "closed through 2026-09-02")),
        ("the night has just begun", "2026-09-03T02:30:00Z", vec![night("2026-09-01", well)], (Ok, "2026-09-01")),
        ("it should be over", "2026-09-03T03:30:00Z", vec![night("2026-09-01", well)], (Late, "1 date behind")),
        ("three nights", NOW, vec![night("2026-08-30", well)], (Late, "3 dates behind 2026-08-30")),
        ("errors", NOW, vec![night("2026-09-02", Some((CompletedWithErrors, 2)))], (Broken, "2 units of 2026-09-02")),
        ("under way", UNDER_WAY, vec![night("2026-09-02", Some((Processing, 0)))], (Ok, "not answered yet")),
        ("a unit died", NOW, vec![night("2026-09-02", Some((Processing, 0)))], (Late, "2 units of 2026-09-02 did not")),
        ("not counted", NOW, vec![night("2026-09-02", None), night("2026-09-01", well)], (Ok, "not answered yet")),
        (
            "not counted, with errors before",
            NOW,
            vec![night("2026-09-02", None), night("2026-09-01", Some((CompletedWithErrors, 1)))],
            (Broken, "1 unit of 2026-09-01"),
        ),
    ] {
        check(&Readings { now: at(now), nights, ..empty() }, "nights", expected, case);
    }
}

#[test]
fn a_date_is_missed_by_the_zone_of_the_ledger() {
    // At 03:30 UTC the night of 02:00 UTC is over: in Auckland it closed the 2nd, in Los Angeles the 1st.
    for (zone, closed, standing) in [
        ("Pacific/Auckland", "2026-09-02", Standing::Ok),
        ("Pacific/Auckland", "2026-09-01", Standing::Late),
        ("America/Los_Angeles", "2026-09-01", Standing::Ok),
        ("America/Los_Angeles", "2026-08-31", Standing::Late),
    ] {
        let nights = vec![night(closed, Some((RunStatus::Completed, 0)))];
        let read =
            Readings { now: at("2026-09-03T03:30:00Z"), zone: Zone::parse(zone).expect("a zone"), nights, ..empty() };
        assert_eq!(part(&read, "nights").standing, standing, "{zone} {closed}");
    }
}

fn fact(hours: i64) -> Waiting {
    Waiting { since: ago(hours), what: WaitingFor::Payment(payment("in_1")) }
}

fn payment(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("a payment")
}

fn event(hours: i64) -> Waiting {
    let text = || "a word".to_owned();
    let what =
        WaitingFor::Person { provider: text(), day: text(), event_id: text(), reason: text(), correlation_id: text() };
    Waiting { since: ago(hours), what }
}

#[test]
fn a_fact_is_late_after_a_day_and_an_event_for_a_person_is_broken_at_once() {
    use Standing::{Broken, Late, Ok};
    let page = |items: Vec<Waiting>, next: Option<&str>| Page { items, next: next.map(str::to_owned) };
    for (case, facts, expected) in [
        ("for an hour", page(vec![fact(1)], None), (Ok, "1 fact without a payment")),
        ("for a day", page(vec![fact(24), fact(1)], None), (Late, "2 facts without")),
        ("very many", page(vec![fact(1)], Some("more")), (Ok, "1 fact or more")),
    ] {
        check(&Readings { facts, ..empty() }, "facts", expected, case);
    }
    // The list of events goes on with facts: those are none.
    for (case, events, expected) in [
        ("an event", page(vec![event(1), fact(1)], Some("more")), (Broken, "1 event not")),
        ("events alone", page(vec![event(1), event(2)], Some("more")), (Broken, "2 events or more")),
        ("facts alone", page(vec![fact(30)], None), (Ok, "no event")),
    ] {
        check(&Readings { events, ..empty() }, "events", expected, case);
    }
    let oldest = part(&Readings { events: page(vec![event(1), event(7)], None), ..empty() }, "events");
    assert_eq!((oldest.at, oldest.count), (Some(ago(7)), 2));
}

fn payout() -> PayoutId {
    PayoutId::of(&PartnerId::from_ulid(7_u128.into()), Currency::USD, 1)
}

fn attempt(called: i64) -> Attempt {
    Attempt {
        payout: payout(),
        no: 1,
        amount: Money::from_minor(25_050, Currency::USD),
        payee: Payee { method: MethodId::from_ulid(1_u128.into()), rail: Rail::StripeConnect },
        destination: Digest::ZERO,
        seal: Digest::ZERO,
        begun_at: ago(called),
        called_at: ago(called),
        tries: 1,
        is_looked_for: true,
        ended: None,
    }
}

#[test]
fn a_payout_of_which_nobody_knows_is_late_while_it_is_looked_for_and_a_persons_afterwards() {
    use Standing::{Broken, Late, Ok};
    let unknown = || PayoutState::OutcomeUnknown { attempt: 1, since: ago(3), why: "no answer".to_owned(), said: None };
    let submitting = |hours| PayoutState::Submitting { attempt: 1, since: ago(hours) };
    for (case, attempts, states, expected) in [
        ("approved", vec![], vec![PayoutState::Approved], (Ok, "no outcome is unknown")),
        ("looked for", vec![attempt(0)], vec![unknown()], (Late, "1 outcome unknown, and looked for")),
        ("overdue", vec![attempt(3)], vec![unknown()], (Late, "overdue")),
        ("a person's", vec![], vec![unknown()], (Broken, "1 payout of which only a person")),
        ("on its way", vec![], vec![submitting(0)], (Ok, "no outcome is unknown")),
        ("on its way for long", vec![], vec![submitting(2)], (Broken, "1 payout")),
    ] {
        let payouts = Page { items: states.into_iter().map(|state| (payout(), state)).collect(), next: None };
        let read = Readings { attempts: Page { items: attempts, next: None }, payouts, ..empty() };
        check(&read, "payouts", expected, case);
    }
    // Behind a full page of attempts another may be looked for.
    let attempts = Page { items: vec![attempt(0)], next: Some("more".to_owned()) };
    let other = PayoutId::of(&PartnerId::from_ulid(8_u128.into()), Currency::USD, 1);
    let read = Readings { attempts, payouts: Page { items: vec![(other, unknown())], next: None }, ..empty() };
    check(&read, "payouts", (Late, "1 outcome or more unknown"), "a full page");
    // Behind the newest payouts may be others: of them nothing is said.
    for (state, expected) in [
        (PayoutState::Approved, (Ok, "of the newest 1 payouts no outcome is unknown")),
        (unknown(), (Broken, "1 payout or more of which only a person")),
    ] {
        let payouts = Page { items: vec![(payout(), state)], next: Some("more".to_owned()) };
        check(&Readings { payouts, ..empty() }, "payouts", expected, "more payouts");
    }
}

fn comparing(provider: Provider, hours: i64, exceptions: &[(i64, Option<i64>)], not_taken: u64) -> Reconciliation {
    let usd = |minor| Amounts { paid: Money::from_minor(minor, Currency::USD), refunded: None };
    let exceptions: Vec<Compared> =
        exceptions.iter().map(|(there, here)| Compared::of(payment("in_1"), usd(*there), here.map(usd))).collect();
    Reconciliation {
        provider,
        at: ago(hours),
        since: ago(hours),
        looked_at: 3,
        sent_in: 0,
        not_taken,
        matched: 2,
        unmatched: exceptions.len() as u64,
        exceptions,
    }
}

#[test]
fn of_each_provider_the_newest_comparing_counts_and_the_worst_of_them_is_told() {
    use Provider::{LemonSqueezy, Stripe};
    use Standing::{Broken, Late, Ok};
    let (missing, other) = (&[(9_900, None)][..], &[(9_900, Some(9_800))][..]);
    for (case, comparings, expected) in [
        ("matched", vec![comparing(Stripe, 1, &[], 0)], (Ok, "matches")),
        ("missing", vec![comparing(Stripe, 1, missing, 0)], (Late, "stripe were missing")),
        ("another amount", vec![comparing(Stripe, 1, other, 0)], (Broken, "differ")),
        ("refused", vec![comparing(Stripe, 1, &[], 1)], (Broken, "refused")),
        ("matched since", vec![comparing(Stripe, 1, &[], 0), comparing(Stripe, 2, other, 0)], (Ok, "matches")),
        ("the other", vec![comparing(Stripe, 1, &[], 0), comparing(LemonSqueezy, 2, missing, 0)], (Late, "lemon")),
    ] {
        check(&Readings { comparings, ..empty() }, "reconciliation", expected, case);
    }
    let matched = Readings { comparings: vec![comparing(Stripe, 5, &[], 0)], ..empty() };
    assert_eq!(part(&matched, "reconciliation").at, Some(ago(5)));
}

#[test]
fn a_job_that_missed_two_runs_is_named() {
    let record = |job, hours| {
        let (scheduled_for, started_at) = (ago(hours), ago(hours));
        Some(JobRecord { job, scheduled_for, started_at, ended: None, last_good_at: Some(ago(hours)) })
    };
    let jobs = vec![(Job::Night, record(Job::Night, 8)), (Job::PayoutOutcomes, record(Job::PayoutOutcomes, 8))];
    let part = part(&Readings { jobs, ..empty() }, "jobs");
    assert_eq!((part.standing, part.count, part.at), (Standing::Late, 1, Some(ago(8))));
    assert!(part.reason.starts_with("payout-outcomes have not"), "{}", part.reason);
}
