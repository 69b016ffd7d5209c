//! What a single read or write takes in the handler besides the store, and how often it asks the store.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

mod asked;
mod deployment;
mod operation;

use std::time::Duration;

use crate::asking::{HANDLER_MAX, MEMORY_KB_MAX, key, median_and_p99};
use crate::closes::memory_kb;
use asked::{Things, operations};
use deployment::{Deployment, LINES};
use operation::Operation;

/// How often each is asked at most: a change reads before it writes, and a person has a thousand calls within the quarter of
/// an hour that these clocks stand still in.
const CALLS_MAX: u64 = 450;

/// One operation, asked again and again.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub what: &'static str,
    /// How often.
    pub calls: u64,
    /// The median and the slowest of a hundred, in the handler besides the store.
    pub handler: (Duration, Duration),
    /// The same while the store was asked.
    pub store: (Duration, Duration),
    /// Requests to the store of a call: the median, and the most.
    pub requests: (usize, usize),
}

/// What was found in one run.
#[derive(Debug)]
pub struct Found {
    /// The operations.
    pub rows: Vec<Measured>,
    /// The most memory that this process had, which runs the code of five functions.
    pub memory_kb: u64,
}

impl Found {
    /// What the figures ask for and this does not keep.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        let slow = self.rows.iter().filter(|row| row.handler.1 > HANDLER_MAX);
        let slow =
            slow.map(|row| format!("{}: {:?} in the handler, p99; {HANDLER_MAX:?} allowed", row.what, row.handler.1));
        let large = (self.memory_kb > MEMORY_KB_MAX)
            .then(|| format!("{} kB of memory, {MEMORY_KB_MAX} kB allowed", self.memory_kb));
        slow.chain(large).collect()
    }

    /// The section of `docs/BENCHMARKS.md`.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "From `make bench-api`: each operation through the real routes, one call after the other, by a process that knows the\n\
             caller's key. The time is the handler's, without what the store took (the embedded database in a process of its own),\n\
             which is told beside it; what the key service took, in this process, is in the handler's. {} ms of the handler are\n\
             allowed at p99. Requests to the store are those of a call, the median and the most, with the count of calls and with\n\
             what is kept under an idempotency key. Figures of a partner are of an account of {LINES} lines. What is made is\n\
             another thing with each call, and what is changed was read before.\n\n\
             | Operation | calls | handler p50 | p99 | store p50 | p99 | requests to the store |\n\
             |---|---:|---:|---:|---:|---:|---:|\n",
            HANDLER_MAX.as_millis()
        );
        for row in &self.rows {
            let (usual, most) = row.requests;
            let requests = if usual == most { usual.to_string() } else { format!("{usual}, at most {most}") };
            text.push_str(&format!(
                "| {} | {} | {} µs | {} µs | {} µs | {} µs | {requests} |\n",
                row.what,
                row.calls,
                row.handler.0.as_micros(),
                row.handler.1.as_micros(),
                row.store.0.as_micros(),
                row.store.1.as_micros(),
            ));
        }
        text.push_str(&format!(
            "\nThe most memory that the process had, which runs the code of partner-api, revenue-api, payout-approval, admin-api and\n\
             webhook-ingest: {} MB; {} MB is allowed for each.\n",
            self.memory_kb / 1_024,
            MEMORY_KB_MAX / 1_024
        ));
        text
    }
}

/// Asks each operation so often, one call after the other; no more than the callers are allowed.
pub async fn measure(calls: u64) -> Found {
    let calls = calls.clamp(1, CALLS_MAX);
    // One more: the first call of each is not counted.
    let deployment = Deployment::start(calls + 1).await;
    let things = Things::made(&deployment).await;
    let mut rows = Vec::new();
    for operation in operations(&deployment, &things) {
        rows.push(measured(&deployment, &operation, calls).await);
    }
    Found { rows, memory_kb: memory_kb() }
}

async fn measured(deployment: &Deployment, operation: &Operation<'_>, calls: u64) -> Measured {
    // A person of its own for each: who asks so much in a moment is held back.
    let bearer = match &operation.session {
        Some(session) => session.clone(),
        None => key(&deployment.store, (operation.role, operation.what), deployment.clock).await,
    };
    // The first call looks up whose key it is, and what this process remembers from then on.
    operation.done(deployment, &bearer, 0).await;
    let (mut handler, mut store, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for n in 1..=calls {
        let answer = operation.done(deployment, &bearer, n).await;
        handler.push(answer.handler);
        store.push(answer.store);
        requests.push(answer.requests);
    }
    requests.sort_unstable();
    let usual = requests.get(requests.len() / 2).copied().unwrap_or_default();
    let most = requests.last().copied().unwrap_or_default();
    let (handler, store) = (median_and_p99(handler), median_and_p99(store));
    Measured { what: operation.what, calls, handler, store, requests: (usual, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(handler_ms: u64, memory_kb: u64) -> Found {
        let (handler, store) = (Duration::from_millis(handler_ms), Duration::from_millis(90));
        let (handler, store) = ((handler / 2, handler), (store / 2, store));
        Found { rows: vec![Measured { what: "a link", calls: 300, handler, store, requests: (3, 5) }], memory_kb }
    }

    #[test]
    fn what_is_slow_besides_the_store_and_what_is_too_large_is_missed_and_nothing_else() {
        assert_eq!(found(10, MEMORY_KB_MAX).misses(), Vec::<String>::new());
        assert_eq!(found(11, MEMORY_KB_MAX).misses(), ["a link: 11ms in the handler, p99; 10ms allowed"]);
        assert_eq!(found(10, MEMORY_KB_MAX + 1).misses(), ["131073 kB of memory, 131072 kB allowed"]);
    }

    #[test]
    fn the_page_tells_the_handlers_time_beside_the_stores() {
        let page = found(10, 2_048).table();
        assert!(
            page.contains("| a link | 300 | 5000 µs | 10000 µs | 45000 µs | 90000 µs | 3, at most 5 |\n"),
            "{page}"
        );
        assert!(page.contains("webhook-ingest: 2 MB; 128 MB is allowed for each.\n"), "{page}");
    }
}
