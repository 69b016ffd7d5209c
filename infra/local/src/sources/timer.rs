//! Schedules, by the settable clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::runtime::{Functions, Outcome};
use crate::template::SchedulePlan;

const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Lambda retries an asynchronous event twice.
const ATTEMPTS: u32 = 3;
/// A clock moved by years does not fire for ever.
const FIRED_MAX: usize = 10_000;

/// All schedules, and how far they have fired.
#[derive(Debug, Clone)]
pub(crate) struct Timers {
    plans: Arc<Vec<SchedulePlan>>,
    functions: Functions,
    clock: Clock,
    seen: Arc<Mutex<Timestamp>>,
}

impl Timers {
    pub(crate) fn new(plans: Vec<SchedulePlan>, functions: Functions, clock: Clock) -> Self {
        let seen = Arc::new(Mutex::new(clock.now()));
        Self { plans: Arc::new(plans), functions, clock, seen }
    }

    pub(crate) fn plans(&self) -> &[SchedulePlan] {
        &self.plans
    }

    /// Fires what falls due, for as long as the cloud runs.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            for (at, plan) in self.take_due() {
                self.fire_with_retries(&plan, at).await;
            }
        }
    }

    /// What falls due between the last look and now; it will not be due again.
    fn take_due(&self) -> Vec<(Timestamp, SchedulePlan)> {
        let now = self.clock.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.due_between(*seen, now);
        *seen = now;
        due
    }

    fn due_between(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, SchedulePlan)> {
        let mut due = Vec::new();
        for plan in self.plans.iter().filter(|plan| plan.enabled) {
            let mut at = from;
            while let Some(next) = plan.schedule.next_after(at).filter(|next| *next <= to) {
                due.push((next, plan.clone()));
                at = next;
                if due.len() >= FIRED_MAX {
                    break;
                }
            }
        }
        due.sort_by_key(|(at, _)| *at);
        due
    }

    /// After the clock was moved: nothing before now is due any more.
    pub(crate) fn skip(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
    }

    /// Fires in order what fell due while the clock moved; what was fired is the answer.
    pub(crate) async fn fire_between(&self, from: Timestamp, to: Timestamp) -> Vec<Value> {
        let mut fired = Vec::new();
        for (at, plan) in self.due_between(from, to) {
            let outcome = self.fire_with_retries(&plan, at).await;
            fired.push(json!({"name": plan.name, "scheduled_for": at.to_string(),
                "failed": matches!(outcome, Outcome::Failed { .. })}));
        }
        fired
    }

    /// Fires one schedule now, once.
    pub(crate) async fn tick(&self, name: &str, at: Option<Timestamp>) -> Option<Outcome> {
        let plan = self.plans.iter().find(|plan| plan.name == name || plan.function == name)?;
        let now = Timestamp::from_second(self.clock.now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(self.fire(plan, at.unwrap_or(now)).await)
    }

    async fn fire_with_retries(&self, plan: &SchedulePlan, at: Timestamp) -> Outcome {
        let mut outcome = self.fire(plan, at).await;
        for _ in 1..ATTEMPTS {
            if let Outcome::Answered(_) = outcome {
                break;
            }
            outcome = self.fire(plan, at).await;
        }
        outcome
    }

    async fn fire(&self, plan: &SchedulePlan, at: Timestamp) -> Outcome {
        let Some(function) = self.functions.get(&plan.function) else {
            return Outcome::Failed { kind: "NotFound".to_owned(), message: plan.function.clone() };
        };
        function.invoke(event(plan, at)).await
    }
}

/// The event, with the scheduler's context attributes filled in.
fn event(plan: &SchedulePlan, at: Timestamp) -> String {
    let input = plan.input.clone().unwrap_or_else(|| "{}".to_owned());
    input
        .replace("<aws.scheduler.scheduled-time>", &at.to_string())
        .replace("<aws.scheduler.schedule-arn>", &format!("arn:aws:scheduler:::schedule/{}", plan.name))
        .replace("<aws.scheduler.execution-id>", &crate::ids::uuid())
        .replace("<aws.scheduler.attempt-number>", "1")
}
