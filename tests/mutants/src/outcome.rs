//! What became of each change, as cargo-mutants writes it down: one reader understands both.

use serde::Serialize;
use serde_json::{Value, json};

use crate::listed::Mutant;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Outcome {
    /// A test failed.
    #[serde(rename = "CaughtMutant")]
    Caught,
    /// No test ended differently.
    #[serde(rename = "MissedMutant")]
    Missed,
    /// The tests ran too long.
    Timeout,
    /// It does not compile.
    Unviable,
}

/// A change that was tried.
#[derive(Clone, Debug)]
pub struct Tried<'a> {
    /// The change.
    pub mutant: &'a Mutant,
    /// What became of it.
    pub outcome: Outcome,
    /// How long its tests took, ms.
    pub ms: u64,
}

/// Everything that was tried, as `outcomes.json` has it.
#[must_use]
pub fn written(tried: &[Tried<'_>]) -> Value {
    let one = |tried: &Tried<'_>| {
        let Tried { mutant, outcome, ms } = tried;
        // Seconds with three places, written without a float.
        let duration = format!("{}.{:03}", ms / 1_000, ms % 1_000);
        let duration: Value = serde_json::from_str(&duration).unwrap_or_default();
        json!({
            "scenario": { "Mutant": { "file": mutant.file, "name": mutant.name } },
            "summary": outcome,
            "phase_results": [{ "phase": "Test", "duration": duration }],
        })
    };
    json!({ "outcomes": tried.iter().map(one).collect::<Vec<_>>() })
}
