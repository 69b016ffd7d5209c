//! What goes wrong. Each fault strikes the first thing that it fits, from a planned step on.
//!
//! To add one: a line in [`FAULTS`], with where it strikes and what it does there.

use crate::cloud::Refusal;
use crate::plan::{DAY_MS, HOUR_MS, RAIL_FREEZE_MS};
use crate::rail::Strain;

/// A request that is about to go on, as far as a fault looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The operation of the cloud.
    pub operation: &'a str,
    /// Does it write?
    pub is_write: bool,
    /// How many items it writes, at least.
    pub is_transaction: bool,
    /// Does it take an account out of the index of those that the night visits?
    pub ends_live: bool,
}

/// What a fault does to a request that it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// It is not carried out.
    Refuse(Refusal),
    /// It is carried out, and the answer is lost.
    LoseAnswer,
    /// It is carried out, the answer is lost, and ten minutes pass before it is tried again.
    LoseAnswerForLong,
    /// Whoever sent it ends before it is carried out.
    CrashBefore,
    /// Whoever sent it ends once it is carried out.
    CrashAfter,
    /// Whoever sent it stands still for so long, and then goes on as if nothing were.
    Freeze {
        /// How long, ms.
        ms: i64,
    },
    /// Its items become visible one by one.
    Tear,
    /// It reads what was, so many writes ago.
    ReadStale {
        /// How many.
        writes: u64,
    },
    /// The rail hears it, and something is wrong there.
    Rail(Strain),
    /// It reads an index that has not seen so many writes.
    LagIndex {
        /// How many.
        writes: u64,
    },
}

/// Where a fault strikes.
#[derive(Clone, Copy)]
pub enum Strikes {
    /// A request that it fits.
    Call(fn(&Seen<'_>) -> bool, Blow),
    /// A request to the rail that it fits.
    Rail(fn(&Seen<'_>) -> bool, Blow),
    /// Whoever is set going next: their clock is wrong by so much, ms.
    Clock(i64),
    /// Everybody, for a number of steps: pages of queries hold so few items.
    Pages(usize),
    /// The next message that comes out of the queue does not arrive; the queue gives it out again later.
    LoseMessage,
    /// The next batch has a record in it that no one can read.
    PoisonRecord,
}

/// A fault.
pub struct Fault {
    /// Its name in the totals.
    pub name: &'static str,
    /// Where it strikes, and what it does.
    pub strikes: Strikes,
}

const fn on_call(name: &'static str, fits: fn(&Seen<'_>) -> bool, blow: Blow) -> Fault {
    Fault { name, strikes: Strikes::Call(fits, blow) }
}

fn any(_: &Seen<'_>) -> bool {
    true
}

fn write(seen: &Seen<'_>) -> bool {
    seen.is_write
}

fn transaction(seen: &Seen<'_>) -> bool {
    seen.is_transaction
}

fn read(seen: &Seen<'_>) -> bool {
    matches!(seen.operation, "GetItem" | "Query" | "BatchGetItem")
}

fn query(seen: &Seen<'_>) -> bool {
    seen.operation == "Query"
}

fn end_of_live(seen: &Seen<'_>) -> bool {
    seen.ends_live
}

fn queue(seen: &Seen<'_>) -> bool {
    seen.operation == "SendMessage"
}

fn rail(seen: &Seen<'_>) -> bool {
    asked_of_rail(seen) || read_at_rail(seen)
}

fn asked_of_rail(seen: &Seen<'_>) -> bool {
    seen.operation == "AskRail"
}

fn read_at_rail(seen: &Seen<'_>) -> bool {
    seen.operation == "ReadRail"
}

const fn of_rail(name: &'static str, fits: fn(&Seen<'_>) -> bool, blow: Blow) -> Fault {
    Fault { name, strikes: Strikes::Rail(fits, blow) }
}

impl Fault {
    /// Does it strike the rail, or on the way there?
    #[must_use]
    pub fn is_of_rail(&self) -> bool {
        matches!(self.strikes, Strikes::Rail(..))
    }
}

/// Every fault.
pub const FAULTS: &[Fault] = &[
    on_call("connection broken", any, Blow::Refuse(Refusal::Broken)),
    on_call("server error", any, Blow::Refuse(Refusal::ServerError)),
    on_call("throttled", any, Blow::Refuse(Refusal::Throttled)),
    on_call("transaction conflict", write, Blow::Refuse(Refusal::Conflict)),
    on_call("committed, answer lost", write, Blow::LoseAnswer),
    on_call("token reused after ten minutes", transaction, Blow::LoseAnswerForLong),
    on_call("crash before a write", write, Blow::CrashBefore),
    on_call("crash after a write", write, Blow::CrashAfter),
    on_call("crash at a read", read, Blow::CrashBefore),
    on_call("freeze at a read", read, Blow::Freeze { ms: 5 * HOUR_MS }),
    on_call("freeze before a write", write, Blow::Freeze { ms: 9 * HOUR_MS }),
    on_call("freeze for days", write, Blow::Freeze { ms: 4 * DAY_MS }),
    // Meanwhile something is sold: the account must stay in the index.
    on_call("freeze before the index is left", end_of_live, Blow::Freeze { ms: 2 * DAY_MS }),
    on_call("torn transaction", transaction, Blow::Tear),
    on_call("stale read", read, Blow::ReadStale { writes: 4 }),
    on_call("index lag", query, Blow::LagIndex { writes: 12 }),
    on_call("queue away", queue, Blow::Refuse(Refusal::Broken)),
    on_call("sent, answer lost", queue, Blow::LoseAnswer),
    Fault { name: "clock a day ahead", strikes: Strikes::Clock(DAY_MS) },
    Fault { name: "clock a day behind", strikes: Strikes::Clock(-DAY_MS) },
    Fault { name: "one item a page", strikes: Strikes::Pages(1) },
    Fault { name: "three items a page", strikes: Strikes::Pages(3) },
    Fault { name: "message lost", strikes: Strikes::LoseMessage },
    Fault { name: "poison record", strikes: Strikes::PoisonRecord },
    of_rail("rail: call unheard", rail, Blow::Refuse(Refusal::Broken)),
    of_rail("rail: answer lost", asked_of_rail, Blow::LoseAnswer),
    of_rail("rail: failure kept under its key", asked_of_rail, Blow::Rail(Strain::Fails { executes: false })),
    of_rail("rail: carried out, failure kept", asked_of_rail, Blow::Rail(Strain::Fails { executes: true })),
    of_rail("rail: too much at once", rail, Blow::Rail(Strain::Busy)),
    of_rail("rail: key at work", asked_of_rail, Blow::Rail(Strain::AtWork)),
    of_rail("rail: no money there", asked_of_rail, Blow::Rail(Strain::Poor)),
    of_rail("rail: list lags", read_at_rail, Blow::Rail(Strain::Lags)),
    of_rail("rail: crash before it hears", rail, Blow::CrashBefore),
    of_rail("rail: crash behind its answer", asked_of_rail, Blow::CrashAfter),
    of_rail("rail: freeze before it hears", rail, Blow::Freeze { ms: RAIL_FREEZE_MS }),
];
