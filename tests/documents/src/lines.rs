//! `docs/state-machines.md`: the edges of a line of commission, as the ledger's own functions walk them.

use std::collections::BTreeSet;

use cases::desk::holds::{Command, decide};
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{DisputePhase, PaymentKey};
use domain::id::PartnerId;
use domain::ledger::Head;
use domain::line::{Line, LineKind, LineState, LineTrace, Part, Place};
use domain::money::Money;
use domain::payout::HeadMove;
use domain::retarget::{Booking, Marks, Target, booked_targets, retarget};
use domain::sale::{Clawback, HoldReason, Sale, SaleDispute};
use domain::slot::Slot;
use domain::time::BusinessDay;
use partner_api::shown::{amount_of, state_of};

use crate::{states, tree};

type Edge = (String, String, String);

const PAID: i64 = 9_900;
const EARNED: i64 = 2_970;
const SOLD_ON: &str = "2026-11-21";
const DUE_ON: &str = "2026-12-21";
/// How many steps a commission takes here at most: the third still finds something new.
const STEPS_MAX: usize = 4;

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// A commission of one sale, and the account that it is in.
#[derive(Clone, Debug)]
struct Scene {
    sale: Sale,
    lines: Vec<Line>,
    head: Head,
    today: BusinessDay,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug)]
enum Act {
    DayComes,
    Hold,
    Release,
    Reject,
    Refunded,
    RefundFailed,
    Dispute(DisputePhase),
    Request,
    PayoutEnds(HeadMove),
}

const ACTS: [Act; 12] = [
    Act::DayComes,
    Act::Hold,
    Act::Release,
    Act::Reject,
    Act::Refunded,
    Act::RefundFailed,
    Act::Dispute(DisputePhase::Opened),
    Act::Dispute(DisputePhase::Won),
    Act::Dispute(DisputePhase::Lost),
    Act::Request,
    Act::PayoutEnds(HeadMove::GiveBack),
    Act::PayoutEnds(HeadMove::Settle),
];

impl Act {
    /// The functions by which it happens.
    fn names(self) -> BTreeSet<&'static str> {
        let name = match self {
            Self::DayComes => "state_of",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Reject => "reject",
            Self::Refunded | Self::RefundFailed => "apply_refund",
            Self::Dispute(_) => "apply_dispute",
            Self::Request => "request",
            Self::PayoutEnds(moved) => return states::commands_that_move_the_head(moved),
        };
        BTreeSet::from([name])
    }
}

impl Scene {
    /// A sale as its first booking finds it.
    fn born(today: &str, change: impl Fn(&mut Sale)) -> Self {
        let payment = PaymentKey::parse("stripe:in_1").expect("a key");
        let mut sale = Sale::plain(payment, usd(PAID), states::now(), day(SOLD_ON));
        change(&mut sale);
        let (lines, head) = (Vec::new(), Head::new(Currency::USD));
        let mut scene = Self { sale, lines, head, today: day(today) };
        let target = Target {
            partner: PartnerId::from_ulid(7_u128.into()),
            part: Part::default(),
            amount: usd(EARNED),
            clawback: Clawback::Proportional,
            slot: Slot::of_day(day(DUE_ON)),
            volume: None,
            trace: LineTrace::because(EarningReason::Percentage),
        };
        scene.book(&[target], EarningReason::Percentage);
        scene
    }

    fn book(&mut self, targets: &[Target], cause: EarningReason) {
        let fence = self.head.fence;
        let booking = Booking {
            now: states::now(),
            today: self.today,
            occurred_at: states::now(),
            cause,
            fence_of: &|_| fence,
            marks_of: &|_| Marks::default(),
        };
        self.lines.extend(retarget(&mut self.sale, targets, &booking).expect("booked"));
    }

    fn book_anew(mut self, cause: EarningReason) -> Self {
        let targets = booked_targets(&self.sale);
        self.book(&targets, cause);
        self
    }

    /// The state of the commission: of the first of its rows that stands for money.
    fn word(&self) -> &'static str {
        let beside = |line: &Line| -> Vec<Line> {
            self.lines.iter().filter(|other| other.place == line.place).cloned().collect()
        };
        let is_money = |line: &&Line| {
            let shown = amount_of(line, &beside(line)).is_some_and(|amount| amount.minor() > 0);
            shown && matches!(line.kind, LineKind::Earned | LineKind::HoldMove)
        };
        let line = self.lines.iter().find(is_money).expect("a row");
        state_of(line, &beside(line), &self.head, self.today).word()
    }

    /// What it is after an act; none where that cannot be now.
    fn after(&self, act: Act) -> Option<Self> {
        let mut next = self.clone();
        match act {
            Act::DayComes if self.today < day(DUE_ON) => next.today = day(DUE_ON),
            Act::DayComes => return None,
            Act::Hold => return self.commanded(&Command::Hold { reason: "why".to_owned() }, EarningReason::Held),
            Act::Release => {
                return self.commanded(&Command::Release { reason: "why".to_owned() }, EarningReason::Released);
            }
            Act::Reject => {
                return self.commanded(&Command::Reject { reason: "why".to_owned() }, EarningReason::Rejected);
            }
            Act::Refunded if self.sale.refunded.is_zero() => {
                next.sale.refunded = usd(PAID);
                next = next.book_anew(EarningReason::Refund);
            }
            Act::RefundFailed if !self.sale.refunded.is_zero() => {
                next.sale.refunded = usd(0);
                next = next.book_anew(EarningReason::Refund);
            }
            Act::Refunded | Act::RefundFailed => return None,
            Act::Dispute(phase) => return self.disputed(phase),
            Act::Request => {
                let last = Some(Slot::last_of_day(self.today));
                let due = self.lines.iter().filter_map(|line| match line.place {
                    Place::Slot(slot) if Some(slot) <= last && Some(slot) > self.head.covered => Some(slot),
                    Place::Slot(_) | Place::Held => None,
                });
                let to = due.max()?;
                if self.head.covered != self.head.paid {
                    return None;
                }
                (next.head.fence, next.head.closed, next.head.covered) = (Some(to), Some(to), Some(to));
            }
            Act::PayoutEnds(_) if self.head.covered == self.head.paid => return None,
            Act::PayoutEnds(HeadMove::GiveBack) => next.head.covered = self.head.paid,
            Act::PayoutEnds(HeadMove::Settle) => next.head.paid = self.head.covered,
            Act::PayoutEnds(HeadMove::None) => return None,
        }
        Some(next)
    }

    fn commanded(&self, command: &Command, cause: EarningReason) -> Option<Self> {
        let mut next = self.clone();
        let is_taken = decide(&mut next.sale, command).is_ok_and(|changed| changed);
        is_taken.then(|| next.book_anew(cause))
    }

    fn disputed(&self, phase: DisputePhase) -> Option<Self> {
        let key = PaymentKey::parse("stripe:dp_1").expect("a key");
        if self.sale.disputes.get(&key).is_some_and(|known| known.phase >= phase) {
            return None;
        }
        let mut next = self.clone();
        let dispute = SaleDispute { amount: usd(PAID), phase, evidence_due: None, occurred_at: states::now() };
        next.sale.disputes.insert(key, dispute);
        Some(next.book_anew(EarningReason::Dispute))
    }
}

/// What is possible from every first booking on, within so many steps.
fn edges_in_code() -> BTreeSet<Edge> {
    let disputed = |sale: &mut Sale| {
        let key = PaymentKey::parse("stripe:dp_1").expect("a key");
        let phase = DisputePhase::Opened;
        let dispute = SaleDispute { amount: usd(PAID), phase, evidence_due: None, occurred_at: states::now() };
        sale.disputes.insert(key, dispute);
    };
    let mut open = vec![
        Scene::born(SOLD_ON, |_| {}),
        Scene::born(DUE_ON, |_| {}),
        Scene::born(SOLD_ON, |sale| sale.hold = Some(HoldReason::Risk)),
        Scene::born(SOLD_ON, disputed),
        Scene::born(SOLD_ON, |sale| sale.refunded = usd(PAID)),
    ];
    let births: BTreeSet<&str> = open.iter().map(Scene::word).collect();
    // From where, by which act, to where.
    let mut taken: BTreeSet<(&str, usize, &str)> = BTreeSet::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for _ in 0..STEPS_MAX {
        let mut next = Vec::new();
        for scene in &open {
            for (n, act) in ACTS.into_iter().enumerate() {
                let Some(after) = scene.after(act) else { continue };
                taken.insert((scene.word(), n, after.word()));
                if seen.insert(format!("{after:?}")) {
                    next.push(after);
                }
            }
        }
        open = next;
    }
    let names = ACTS.map(Act::names);
    let moves = taken.into_iter().filter(|(from, _, to)| from != to);
    let moves = moves.flat_map(|(from, n, to)| names[n].iter().map(move |by| (from, *by, to)));
    let births = births.into_iter().map(|to| ("[*]", "retarget", to));
    births.chain(moves).map(|(from, by, to)| (from.to_owned(), by.to_owned(), to.to_owned())).collect()
}

#[test]
fn the_diagram_of_lines_has_exactly_the_edges_that_the_ledger_walks() {
    let text = tree::read("docs/state-machines.md");
    let part = text.split("## Line of commission").nth(1).expect("a section about lines");
    let diagram = part.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).expect("a diagram");
    let lines = diagram.lines().filter_map(|line| line.trim().split_once(" --> "));
    let drawn: BTreeSet<Edge> = lines
        .map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))))
        .map(|(from, (to, by))| (from.to_owned(), by.to_owned(), to.to_owned()))
        .collect();
    let mut code = edges_in_code();
    let words = states::every_line_state().map(LineState::word);
    for word in words {
        assert!(code.iter().any(|(_, _, to)| to == word), "{word} is never reached");
    }
    let ends: Vec<&str> = words.into_iter().filter(|word| !code.iter().any(|(from, _, _)| from == word)).collect();
    code.extend(ends.into_iter().map(|word| (word.to_owned(), String::new(), "[*]".to_owned())));
    let missing: Vec<_> = code.difference(&drawn).collect();
    let wrong: Vec<_> = drawn.difference(&code).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "not drawn: {missing:?}\ndrawn and not so: {wrong:?}");
}
