//! OPS-1: how the revenue of a tenant is doing, judged from what was read of it. Nothing here asks anybody.

mod night;
mod waiting;

use domain::id::PayoutId;
use domain::job::{Job, JobRecord};
use domain::payout::PayoutState;
use domain::payout::attempt::Attempt;
use domain::reconciliation::{Bucket, Compared};
use domain::time::{Timestamp, Zone};
use serde::Serialize;
use store::Page;
use store::parked::Waiting;
use store::proofs::{ProofRecord, SealsRecord};
use store::reconciliations::Reconciliation;
use store::runs::Run;
use utoipa::ToSchema;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// A proof is made each night: when two nights brought none, somebody must look.
const PROOF_AGE_S_MAX: i64 = 2 * DAY_S;

/// How something is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// As it should be.
    Ok,
    /// Something should be there by now, and is not.
    Late,
    /// Something is wrong, and stays so until a person acts.
    Broken,
}

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) standing: Standing,
    pub(crate) reason: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) count: u64,
}

/// What was read, of one tenant but for the jobs.
pub(crate) struct Readings {
    pub(crate) now: Timestamp,
    pub(crate) zone: Zone,
    /// The jobs that revenue lives on; `None` where one never ran.
    pub(crate) jobs: Vec<(Job, Option<JobRecord>)>,
    /// The last proof over the newest days, and over everything.
    pub(crate) proofs: [Option<ProofRecord>; 2],
    /// The last look at the seals of the audit's days.
    pub(crate) seals: Option<SealsRecord>,
    /// Since when there is something to prove and to close: where anything never ran, and a programme was made.
    pub(crate) live_since: Option<Timestamp>,
    /// The last nights, newest first, with what came of them as far as that is known.
    pub(crate) nights: Vec<Run>,
    pub(crate) events: Page<Waiting>,
    pub(crate) facts: Page<Waiting>,
    /// Attempts whose outcome is looked for.
    pub(crate) attempts: Page<Attempt>,
    /// The newest payouts.
    pub(crate) payouts: Page<(PayoutId, PayoutState)>,
    /// The last comparings with providers, newest first.
    pub(crate) comparings: Vec<Reconciliation>,
}

/// Every part, in the order in which somebody would look.
pub(crate) fn judge(read: &Readings) -> Vec<Part> {
    vec![
        ledger(read),
        night::nights(read),
        waiting::events(read),
        waiting::facts(read),
        waiting::payouts(read),
        comparings(read),
        jobs(read),
    ]
}

impl Part {
    fn new(name: &'static str, standing: Standing, reason: impl Into<String>) -> Self {
        Self { name, standing, reason: reason.into(), at: None, count: 0 }
    }

    fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }

    fn counting(self, count: u64) -> Self {
        Self { count, ..self }
    }
}

fn age_s(now: Timestamp, then: Timestamp) -> i64 {
    now.as_second().saturating_sub(then.as_second())
}

/// `1 fact`, `2 facts`; `100 facts or more` where a page was full.
fn counted(count: u64, (one, many): (&str, &str), is_more: bool) -> String {
    let noun = if count == 1 { one } else { many };
    let more = if is_more { " or more" } else { "" };
    format!("{count} {noun}{more}")
}

/// Has so much time gone by since there was something to look at that what never ran is missed?
fn is_missed(read: &Readings) -> bool {
    read.live_since.is_some_and(|since| age_s(read.now, since) > PROOF_AGE_S_MAX)
}

/// LED-8: is the ledger proved, and its audit as it was sealed?
fn ledger(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("ledger", standing, reason);
    if let Some(part) = breaches(read) {
        return part;
    }
    let Some(newest) = newest_proof(read) else {
        let next = Job::Verification.cadence().next_after(read.now);
        let standing = if is_missed(read) { Standing::Late } else { Standing::Ok };
        return of(standing, format!("no proof was made yet; the next is at {next}"));
    };
    let part = if age_s(read.now, newest.at) > PROOF_AGE_S_MAX {
        // None was made, or each met accounts that were written to all the while: such a one is not kept.
        of(
            Standing::Late,
            "two nights have brought no proof of all accounts; what was proved last held every law".to_owned(),
        )
    } else {
        of(Standing::Ok, "every law holds".to_owned())
    };
    part.at(newest.at).counting(newest.accounts)
}

fn newest_proof(read: &Readings) -> Option<&ProofRecord> {
    let [recent, whole] = &read.proofs;
    recent.iter().chain(whole).max_by_key(|proof| proof.at)
}

/// What was found broken and was not proved whole since: of the laws, and of the audit's seals, at which the night alone
/// looks.
fn breaches(read: &Readings) -> Option<Part> {
    let is_broken = |proof: &&ProofRecord| proof.broken > 0;
    // A breach that only the whole journal shows stays one until the whole journal was proved again.
    let [_, whole] = &read.proofs;
    let proof = newest_proof(read).filter(is_broken).or_else(|| whole.as_ref().filter(is_broken));
    let laws = proof.map(|proof| {
        let count = counted(proof.broken, ("breach", "breaches"), false);
        let law = proof.law.as_deref().unwrap_or_default();
        let reason = format!("{count}, of law {law} first: POST /v1/revenue/verify tells both figures of each");
        (proof.at, proof.broken, reason)
    });
    let seals = read.seals.as_ref().filter(|seals| seals.unsealed > 0).map(|seals| {
        let days = counted(seals.unsealed, ("day", "days"), false);
        let reason = format!("{days} of the audit not as sealed: GET /v1/audit/verify names the place");
        (seals.at, seals.unsealed, reason)
    });
    let found: Vec<(Timestamp, u64, String)> = laws.into_iter().chain(seals).collect();
    let since = found.iter().map(|(at, _, _)| *at).min()?;
    let count: u64 = found.iter().map(|(_, count, _)| *count).fold(0, u64::saturating_add);
    let reasons: Vec<&str> = found.iter().map(|(_, _, reason)| reason.as_str()).collect();
    Some(Part::new("ledger", Standing::Broken, reasons.join("; ")).at(since).counting(count))
}

/// Does what providers list match? Of each provider the newest comparing counts.
fn comparings(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("reconciliation", standing, reason);
    let Some(newest) = read.comparings.first() else {
        return of(Standing::Ok, "no provider was compared yet: `tributary backfill` does".to_owned());
    };
    let mut seen = Vec::new();
    let mut worst = of(Standing::Ok, "what providers listed matches".to_owned());
    for record in &read.comparings {
        if seen.contains(&record.provider.word()) {
            continue;
        }
        seen.push(record.provider.word());
        let part = compared(record);
        if part.standing > worst.standing {
            worst = part;
        }
    }
    let at = worst.at.unwrap_or(newest.at);
    worst.at(at)
}

fn compared(record: &Reconciliation) -> Part {
    let provider = record.provider.word();
    let of =
        |standing, reason: String, count| Part::new("reconciliation", standing, reason).at(record.at).counting(count);
    let listed = "GET /v1/revenue/reconciliation lists them";
    if record.not_taken > 0 {
        let reason = format!("events of {provider} were refused when they were sent in: {listed}");
        return of(Standing::Broken, reason, record.not_taken);
    }
    let differs = |compared: &&Compared| compared.bucket != Bucket::MissingInLedger;
    let differing = record.exceptions.iter().filter(differs).count() as u64;
    match (differing, record.unmatched) {
        (0, 0) => of(Standing::Ok, format!("what {provider} listed matches"), record.matched),
        // What was missing was sent in: only the next comparing says whether it came to be there.
        (0, missing) => {
            let reason = format!("payments of {provider} were missing and were sent in; compare once more: {listed}");
            of(Standing::Late, reason, missing)
        }
        (differing, _) => {
            of(Standing::Broken, format!("payments of {provider} differ from the ledger's: {listed}"), differing)
        }
    }
}

/// OPS-12: the jobs that revenue lives on.
fn jobs(read: &Readings) -> Part {
    let is_late =
        |record: Option<&JobRecord>| record.map_or_else(|| is_missed(read), |record| record.is_late(read.now));
    let late: Vec<&(Job, Option<JobRecord>)> =
        read.jobs.iter().filter(|(_, record)| is_late(record.as_ref())).collect();
    if late.is_empty() {
        return Part::new("jobs", Standing::Ok, "none has missed two of its runs");
    }
    let names: Vec<&str> = late.iter().map(|(job, _)| job.name()).collect();
    let reason = format!("{} have not ended well for two runs: GET /v1/jobs", names.join(", "));
    let since = late.iter().filter_map(|(_, record)| record.as_ref()?.last_good_at).min();
    let part = Part::new("jobs", Standing::Late, reason).counting(late.len() as u64);
    Part { at: since, ..part }
}

#[cfg(test)]
mod tests;
