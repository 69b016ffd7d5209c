//! What calls a function besides the HTTP API: queues, streams and schedules.

use serde_json::{Map, Value};

use super::{Reading, Resource, names};
use crate::filter;
use crate::schedule::Schedule;
use crate::template::properties::Properties;
use crate::template::{OnFailure, Plan, QueueSource, SchedulePlan, StreamSource, Unattended};

const QUEUE_CONCURRENCY_DEFAULT: u32 = 2;
/// Lambda's own lower bound of MaximumConcurrency.
const QUEUE_CONCURRENCY_MIN: u32 = 2;

impl Reading<'_> {
    pub(super) fn events(&mut self, resource: &Resource, plan: &mut Plan) {
        let events = resource.properties.get("Events").and_then(Value::as_object);
        let schedules = events
            .into_iter()
            .flat_map(Map::values)
            .filter(|event| event.get("Type").and_then(Value::as_str) == Some("ScheduleV2"));
        let only_schedule = schedules.count() == 1;
        for (name, event) in events.into_iter().flatten() {
            let mut path = resource.path();
            path.extend(["Events".to_owned(), name.clone()]);
            let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
            let Some(row) = Self::event_row(kind) else {
                let why = format!("the small cloud does not understand events of type {kind:?}");
                self.faults.push(self.template.fault_at(&path, why));
                continue;
            };
            path.push("Properties".to_owned());
            let empty = Map::new();
            let written = event.get("Properties").and_then(Value::as_object).unwrap_or(&empty);
            let properties = Properties::read(self.template, self.scope, path, written, row, &mut self.faults);
            let function = names::kebab(&resource.id);
            match kind {
                "SQS" => self.queue_source(function, &properties, plan),
                "DynamoDB" => self.stream_source(function, &properties, plan),
                _ => {
                    let called =
                        if only_schedule { function.clone() } else { format!("{function}/{}", names::kebab(name)) };
                    self.schedule(called, function, &properties, plan);
                }
            }
        }
    }

    fn queue_source(&mut self, function: String, properties: &Properties<'_>, plan: &mut Plan) {
        let arn = properties.text_or("Queue", "");
        let Some(queue) = plan.queues.values().find(|queue| queue.arn == arn) else {
            self.faults.push(properties.fault("Queue", format!("{arn:?} is the ARN of no queue here")));
            return;
        };
        let timeout = plan.functions.get(&function).map_or(3, |function| function.timeout_seconds);
        if queue.visibility_seconds < timeout {
            let why = format!(
                "the queue hides a message for {} s, less than the function's timeout of {timeout} s",
                queue.visibility_seconds
            );
            self.faults.push(properties.fault("Queue", why));
        }
        let faults = &mut self.faults;
        let batch_size = properties.number("BatchSize", 10, 1..=10_000, faults);
        let window_seconds = properties.number("MaximumBatchingWindowInSeconds", 0, 0..=300, faults);
        let concurrency = concurrency(properties, faults);
        let source = QueueSource {
            function,
            queue: queue.name.clone(),
            batch_size: batch_size as usize,
            window_seconds,
            partial: partial(properties, faults),
            concurrency: concurrency as usize,
        };
        if properties.flag("Enabled", true) {
            plan.queue_sources.push(source);
        }
    }

    fn stream_source(&mut self, function: String, properties: &Properties<'_>, plan: &mut Plan) {
        let arn = properties.text_or("Stream", "");
        let table = plan.tables.values().find(|table| {
            table.has_stream
                && arn.split("/stream/").next().is_some_and(|head| head.ends_with(&format!("table/{}", table.name)))
        });
        let Some(table) = table.map(|table| table.name.clone()) else {
            self.faults.push(properties.fault("Stream", format!("{arn:?} is the stream of no table here")));
            return;
        };
        let start = properties.text_or("StartingPosition", "");
        if !matches!(start.as_str(), "LATEST" | "TRIM_HORIZON") {
            self.faults.push(properties.fault("StartingPosition", "is LATEST or TRIM_HORIZON"));
        }
        let filters = self.filters(properties);
        let on_failure = self.on_failure(properties, plan);
        let retries = properties.get("MaximumRetryAttempts").map(Value::to_string);
        let max_retries = retries.and_then(|text| text.parse::<i64>().ok());
        let source = StreamSource {
            function,
            table,
            arn,
            batch_size: properties.number("BatchSize", 100, 1..=10_000, &mut self.faults) as usize,
            from_oldest: start == "TRIM_HORIZON",
            filters,
            max_retries: max_retries.and_then(|count| u32::try_from(count).ok()),
            bisect: properties.flag("BisectBatchOnFunctionError", false),
            partial: partial(properties, &mut self.faults),
            on_failure,
        };
        if properties.flag("Enabled", true) {
            plan.stream_sources.push(source);
        }
    }

    fn filters(&mut self, properties: &Properties<'_>) -> Vec<Value> {
        let mut out = Vec::new();
        let filters = properties.get("FilterCriteria").and_then(|criteria| criteria.get("Filters"));
        for filter in filters.and_then(Value::as_array).into_iter().flatten() {
            let pattern = filter.get("Pattern").and_then(Value::as_str).unwrap_or_default();
            let read = serde_json::from_str(pattern).map_err(|e| e.to_string());
            match read.and_then(|pattern| filter::check(&pattern).map(|()| pattern)) {
                Ok(pattern) => out.push(pattern),
                Err(why) => self.faults.push(properties.fault("FilterCriteria", why)),
            }
        }
        out
    }

    /// What the function's EventInvokeConfig says; its queue can be found only now.
    pub(super) fn unattended(&mut self, resource: &Resource, plan: &mut Plan) {
        let Some(written) = resource.properties.get("EventInvokeConfig") else { return };
        let mut path = resource.path();
        path.push("EventInvokeConfig".to_owned());
        let Some(Value::Object(written)) = self.scope.resolve(written).ok().flatten() else { return };
        let Some(row) = Self::event_row("EventInvokeConfig") else { return };
        let properties = Properties::read(self.template, self.scope, path, &written, row, &mut self.faults);
        let retries = properties.number("MaximumRetryAttempts", 2, 0..=2, &mut self.faults);
        let on_failure = self.on_failure(&properties, plan);
        if let Some(function) = plan.functions.get_mut(&names::kebab(&resource.id)) {
            function.unattended = Unattended { retries, on_failure };
        }
    }

    fn on_failure(&mut self, properties: &Properties<'_>, plan: &Plan) -> Option<OnFailure> {
        let written = properties.get("DestinationConfig")?;
        let arn = written.pointer("/OnFailure/Destination").and_then(Value::as_str).unwrap_or_default();
        let queue = plan.queues.values().find(|queue| queue.arn == arn);
        if queue.is_none() {
            let why = format!("OnFailure.Destination {arn:?} is the ARN of no queue here");
            self.faults.push(properties.fault("DestinationConfig", why));
        }
        queue.map(|queue| OnFailure { queue: queue.name.clone() })
    }

    fn schedule(&mut self, name: String, function: String, properties: &Properties<'_>, plan: &mut Plan) {
        let expression = properties.text_or("ScheduleExpression", "");
        let zone = properties.text("ScheduleExpressionTimezone");
        let schedule = match Schedule::parse(&expression, zone.as_deref()) {
            Ok(schedule) => schedule,
            Err(why) => {
                self.faults.push(properties.fault("ScheduleExpression", why));
                return;
            }
        };
        let state = properties.text_or("State", "ENABLED");
        if !matches!(state.as_str(), "ENABLED" | "DISABLED") {
            self.faults.push(properties.fault("State", "is ENABLED or DISABLED"));
        }
        let input = properties.text("Input");
        let enabled = state == "ENABLED";
        plan.schedules.push(SchedulePlan { name, function, schedule, input, enabled });
    }
}

fn concurrency(properties: &Properties<'_>, faults: &mut Vec<crate::template::Fault>) -> u32 {
    let Some(scaling) = properties.get("ScalingConfig") else { return QUEUE_CONCURRENCY_DEFAULT };
    let written = scaling.get("MaximumConcurrency").map(Value::to_string);
    let read = written.and_then(|text| text.trim_matches('"').parse::<u32>().ok());
    match read.filter(|count| (QUEUE_CONCURRENCY_MIN..=1_000).contains(count)) {
        Some(count) => count,
        None => {
            faults.push(properties.fault("ScalingConfig", "MaximumConcurrency is 2 to 1000"));
            QUEUE_CONCURRENCY_DEFAULT
        }
    }
}

fn partial(properties: &Properties<'_>, faults: &mut Vec<crate::template::Fault>) -> bool {
    let types = properties.texts("FunctionResponseTypes");
    for other in types.iter().filter(|one| *one != "ReportBatchItemFailures") {
        let why = format!("{other:?} is none; ReportBatchItemFailures is");
        faults.push(properties.fault("FunctionResponseTypes", why));
    }
    types.iter().any(|one| one == "ReportBatchItemFailures")
}
