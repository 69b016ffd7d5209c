//! Schedules, by the settable clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::queues::Queues;
use crate::runtime::{Functions, Outcome};
use crate::template::SchedulePlan;

const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A clock moved by years does not fire for ever.
const FIRED_MAX: usize = 10_000;

/// All schedules, and how far they have fired.
#[derive(Debug, Clone)]
pub(crate) struct Timers {
    plans: Arc<Vec<SchedulePlan>>,
    functions: Functions,
    clock: Clock,
    queues: Queues,
    seen: Arc<Mutex<Timestamp>>,
}

impl Timers {
    pub(crate) fn new(plans: Vec<SchedulePlan>, functions: Functions, clock: Clock, queues: Queues) -> Self {
        let seen = Arc::new(Mutex::new(clock.now()));
        Self { plans: Arc::new(plans), functions, clock, queues, seen }
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
        let unattended = self.functions.get(&plan.function).map(|function| function.plan.unattended.clone());
        let attempts = unattended.as_ref().map_or(0, |one| one.retries) + 1;
        let mut outcome = self.fire(plan, at).await;
        for _ in 1..attempts {
            if let Outcome::Answered(_) = outcome {
                break;
            }
            outcome = self.fire(plan, at).await;
        }
        if let (Outcome::Failed { .. }, Some(on_failure)) = (&outcome, unattended.and_then(|one| one.on_failure)) {
            self.tell(plan, at, attempts, &outcome, &on_failure.queue);
        }
        outcome
    }

    /// Tells a queue of an event that failed to the end, in Lambda's words.
    fn tell(&self, plan: &SchedulePlan, at: Timestamp, attempts: u32, outcome: &Outcome, queue: &str) {
        let payload: Value = serde_json::from_str(&event(plan, at)).unwrap_or_default();
        let told = json!({
            "version": "1.0",
            "timestamp": self.clock.now().to_string(),
            "requestContext": {"functionArn": plan.function, "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts},
            "requestPayload": payload,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": outcome.as_json(),
        });
        if let Err(e) = self.queues.send(queue, &told.to_string(), &BTreeMap::new(), None) {
            tracing::error!(error = %e, "a failed event was not told");
        }
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
