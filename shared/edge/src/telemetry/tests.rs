use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("page").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lines(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
    let page = Page::default();
    let to = page.clone();
    let layer = JsonLines::new("click-tracker", move || to.clone()).with_filter(quiet_libraries(level));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    let bytes = page.0.lock().expect("page").clone();
    String::from_utf8(bytes).expect("text").lines().map(|l| serde_json::from_str(l).expect("json")).collect()
}

#[test]
fn a_line_is_flat_and_carries_function_and_the_fields_of_its_spans() {
    let lines = lines(LevelFilter::INFO, || {
        let span = tracing::info_span!("record", correlation_id = "c-1", requestId = "r-1");
        let _entered = span.enter();
        tracing::info!(click.id = "clk_1", count = 2, "click recorded");
        tracing::debug!("not shown at info");
    });
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    for (field, value) in [
        ("message", Value::from("click recorded")),
        ("level", "info".into()),
        ("function", "click-tracker".into()),
        ("correlation_id", "c-1".into()),
        ("request_id", "r-1".into()),
        ("click.id", "clk_1".into()),
        ("count", 2.into()),
    ] {
        assert_eq!(line[field], value, "{field} in {line}");
    }
}

#[test]
fn a_line_break_in_a_field_does_not_make_a_second_line() {
    let lines = lines(LevelFilter::INFO, || tracing::info!(agent = "a\n{\"level\":\"error\"}", "seen"));
    assert_eq!(lines.len(), 1);
}

#[test]
fn libraries_speak_only_when_something_is_wrong() {
    let lines = lines(LevelFilter::DEBUG, || {
        tracing::debug!(target: "aws_smithy_runtime::client", "request body");
        tracing::warn!(target: "aws_smithy_runtime::client", "slow");
    });
    assert_eq!(lines.len(), 1);
}

#[test]
fn a_secret_is_redacted_in_debug_and_display() {
    let secret = Secret::new("hunter2".to_owned());
    assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "[redacted] [redacted] Some([redacted])");
}
