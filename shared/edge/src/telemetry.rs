//! Telemetry: one flat JSON object a line on stdout, and the type that keeps secrets out of it.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::config::{Reader, variables};
use zeroize::Zeroize;

/// A value that must never be shown: Debug and Display print `[redacted]`, and its memory is wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself: only where it is used, never in a message.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de, T: Zeroize + serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Reads `LOG_LEVEL`; info when unset.
pub fn level(reader: &mut Reader) -> LevelFilter {
    let level = reader.parsed(&variables::LOG_LEVEL).unwrap_or(LevelFilter::INFO);
    if level == LevelFilter::TRACE {
        // The libraries trace whole events: keys, bodies, addresses.
        reader.fault(&variables::LOG_LEVEL, "trace would log secrets; debug is the most");
    }
    level
}

/// Starts logging for this process: `function` is on every line. A second call does nothing.
pub fn start(function: &'static str, level: LevelFilter) {
    let layer = JsonLines { function, to: std::io::stdout }.with_filter(quiet_libraries(level));
    // Only a test process calls it twice; the first subscriber stays.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// Our own lines at the chosen level; the libraries' below it, unless tracing everything.
fn quiet_libraries(level: LevelFilter) -> tracing_subscriber::filter::Targets {
    let targets = tracing_subscriber::filter::Targets::new().with_default(level);
    if level == LevelFilter::TRACE {
        return targets;
    }
    ["aws_smithy", "aws_runtime", "aws_sdk", "hyper", "hyper_util", "rustls"]
        .into_iter()
        .fold(targets, |targets, noisy| targets.with_target(noisy, level.min(LevelFilter::WARN)))
}

/// A layer that writes events as flat JSON lines, with the fields of all open spans.
pub struct JsonLines<W> {
    function: &'static str,
    to: W,
}

impl<W, O> JsonLines<W>
where
    W: Fn() -> O,
    O: Write,
{
    /// Lines for `function`, each written to what `to` returns.
    pub fn new(function: &'static str, to: W) -> Self {
        Self { function, to }
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, chain(value).into());
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        // The Lambda runtime's span spells its fields its own way.
        let name = match field.name() {
            "requestId" => "request_id",
            "xrayTraceId" => "xray_trace_id",
            name => name,
        };
        self.0.insert(name.to_owned(), value);
    }
}

/// An error and everything beneath it on one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        text.push_str(": ");
        text.push_str(&source.to_string());
        below = source.source();
    }
    text
}

impl<S, W, O> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields(Map::new());
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields(Map::new());
        line.0.insert("at".to_owned(), Clock::system(0).now().to_string().into());
        line.0.insert("level".to_owned(), event.metadata().level().as_str().to_ascii_lowercase().into());
        line.0.insert("function".to_owned(), self.function.into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.0.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        line.0.insert("target".to_owned(), event.metadata().target().into());
        event.record(&mut line);
        let mut bytes = Value::Object(line.0).to_string().into_bytes();
        bytes.push(b'\n');
        // A log that can't be written has nowhere to be reported.
        let _ = (self.to)().write_all(&bytes);
    }
}

#[cfg(test)]
mod tests;
