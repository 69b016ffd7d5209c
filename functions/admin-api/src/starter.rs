//! Beginning a job by hand: the function that does it is invoked as its schedule would, and nobody waits for its end.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use domain::job::Job;
use domain::time::Timestamp;
use serde_json::json;

/// Why a job did not begin.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// Begins jobs.
#[derive(Clone, Debug)]
pub struct Starter {
    lambda: Client,
    prefix: String,
}

impl Starter {
    /// A starter of the functions whose names begin so.
    #[must_use]
    pub fn connect(config: &SdkConfig, prefix: impl Into<String>) -> Self {
        Self { lambda: Client::new(config), prefix: prefix.into() }
    }

    /// Begins a job for an instant. Taken, it runs; what becomes of it its record says.
    pub(crate) async fn start(&self, job: Job, scheduled_for: Timestamp) -> Result<(), Wrong> {
        let name = format!("{}{}", self.prefix, job.function());
        let payload = Blob::new(event(job, scheduled_for));
        let call = self.lambda.invoke().function_name(name).invocation_type(InvocationType::Event).payload(payload);
        call.send().await.map(|_| ()).map_err(|error| -> Wrong { Box::new(error) })
    }
}

/// The event of the job's schedule, as template.yaml has it.
fn event(job: Job, scheduled_for: Timestamp) -> String {
    let mut event = json!({ "scheduled_for": scheduled_for.to_string() });
    if let Some(round) = job.round() {
        event["round"] = json!(round);
    }
    event.to_string()
}
