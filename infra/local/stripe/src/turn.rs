//! One turn at the state: a request, or a task whose time has come. Objects are made and changed here, with their events.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::state::{Delivery, State, number, shown, text};

/// The version of the API whose shapes are told.
pub(crate) const SHAPES: &str = "2025-03-31.basil";
/// The account.
pub(crate) const ACCOUNT: &str = "acct_1StandIn0000000";

/// Who asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// `req_…`
    pub(crate) id: Option<String>,
    /// The idempotency key.
    pub(crate) key: Option<String>,
}

/// One turn.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut State,
    /// The second of the wall.
    pub(crate) wall: i64,
    /// The second by which what is made now is told: the wall's, or a test clock's.
    pub(crate) now: i64,
    pub(crate) asked: Asked,
}

impl Turn<'_> {
    /// A new object with its common fields, and the event of it.
    pub(crate) fn create(&mut self, kind: &str, (prefix, length): (&str, usize), fields: Value) -> Value {
        let object = self.create_silently(kind, (prefix, length), fields);
        self.emit(&format!("{kind}.created"), &object, None);
        object
    }

    /// A new object without an event.
    pub(crate) fn create_silently(&mut self, kind: &str, (prefix, length): (&str, usize), fields: Value) -> Value {
        let id = self.state.mint(prefix, length);
        let mut object = json!({"id": id, "object": kind, "created": self.now, "livemode": false});
        merge(&mut object, fields);
        self.state.create(kind, object)
    }

    /// Changes an object, and tells what differs by an event.
    pub(crate) fn update(&mut self, id: &str, event: &str, change: impl FnOnce(&mut Value)) -> Value {
        let (after, previous) = self.state.change(id, change);
        if !previous.is_empty() {
            self.emit(event, &after, Some(previous));
        }
        after
    }

    /// Changes an object without an event.
    pub(crate) fn set(&mut self, id: &str, change: impl FnOnce(&mut Value)) -> Value {
        self.state.change(id, change).0
    }

    /// An event, kept and sent to every endpoint that wants it.
    pub(crate) fn emit(&mut self, kind: &str, object: &Value, previous: Option<Map<String, Value>>) {
        let id = self.state.mint("evt_1", 23);
        let mut data = json!({"object": shown(object)});
        if let Some(previous) = previous {
            data["previous_attributes"] = Value::Object(previous);
        }
        let endpoints: Vec<String> = self
            .state
            .list("webhook_endpoint")
            .into_iter()
            .filter(|kept| wants(&kept.object, kind))
            .map(|kept| text(&kept.object, "id").to_owned())
            .collect();
        let event = json!({
            "id": id, "object": "event", "api_version": SHAPES, "created": self.now, "livemode": false,
            "type": kind, "data": data, "pending_webhooks": endpoints.len(),
            "request": {"id": self.asked.id, "idempotency_key": self.asked.key}, "_told": self.wall,
        });
        self.state.create("event", event);
        for endpoint in endpoints {
            let n = self.state.next();
            self.state.deliveries.push(Delivery { event: id.clone(), endpoint, attempts: 0, at: self.wall, n });
        }
    }

    /// The test clock of a customer, if it has one; the turn's time becomes that clock's.
    pub(crate) fn by_clock_of(&mut self, customer: &Value) -> Option<String> {
        let clock = customer["test_clock"].as_str().map(str::to_owned);
        if let Some(found) = clock.as_deref().and_then(|id| self.state.get("test_helpers.test_clock", id)) {
            self.now = number(found, "frozen_time");
        }
        clock
    }

    /// The customer that a parameter names, if it is not deleted; the turn goes by its clock.
    pub(crate) fn customer(&mut self, id: &str, param: &str) -> Result<Value, Refusal> {
        let found = self.state.find("customer", id, param)?.clone();
        if found["deleted"] == true {
            return Err(Refusal::no_such("customer", id, param));
        }
        let _ = self.by_clock_of(&found);
        Ok(found)
    }
}

fn wants(endpoint: &Value, kind: &str) -> bool {
    let wanted = endpoint["enabled_events"].as_array().into_iter().flatten().filter_map(Value::as_str);
    text(endpoint, "status") == "enabled" && wanted.into_iter().any(|name| name == "*" || name == kind)
}

/// Puts fields over those that are there.
pub(crate) fn merge(into: &mut Value, fields: Value) {
    if let (Value::Object(into), Value::Object(fields)) = (into, fields) {
        into.extend(fields);
    }
}

/// Metadata after a change: a null removes a name, null as a whole removes all.
pub(crate) fn metadata(before: &Value, change: Option<&Value>) -> Value {
    let mut after = before.as_object().cloned().unwrap_or_default();
    match change {
        None => {}
        Some(Value::Object(rows)) => {
            for (name, value) in rows {
                if value.is_null() {
                    after.remove(name);
                } else {
                    after.insert(name.clone(), value.clone());
                }
            }
        }
        Some(_) => after.clear(),
    }
    Value::Object(after)
}

/// Copies the parameters of these names over an object's fields.
pub(crate) fn copy(object: &mut Value, params: &Value, names: &[&str]) {
    for name in names {
        if let Some(value) = params.get(*name) {
            object[*name] = value.clone();
        }
    }
}

/// So many intervals after a second, from an anchor: the 31st of January and a month is the 28th of February.
pub(crate) fn after(anchor: i64, (interval, count): (&str, i64), times: i64) -> i64 {
    let n = count.saturating_mul(times);
    let span = match interval {
        "day" => Span::new().try_days(n),
        "week" => Span::new().try_weeks(n),
        "year" => Span::new().try_years(n),
        _ => Span::new().try_months(n),
    };
    let at = Timestamp::from_second(anchor).map(|at| at.to_zoned(TimeZone::UTC));
    let moved = at.and_then(|at| span.and_then(|span| at.checked_add(span)));
    moved.map_or(i64::MAX, |at| at.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_from_the_31st_ends_on_the_last_day_and_the_next_on_the_31st_again() {
        let of = |text: &str| text.parse::<Timestamp>().expect("an instant").as_second();
        let anchor = of("2026-01-31T10:00:00Z");
        let ends = [1, 2, 3].map(|n| after(anchor, ("month", 1), n));
        assert_eq!(ends, [of("2026-02-28T10:00:00Z"), of("2026-03-31T10:00:00Z"), of("2026-04-30T10:00:00Z")]);
        assert_eq!(after(anchor, ("week", 2), 1), of("2026-02-14T10:00:00Z"));
    }

    #[test]
    fn an_empty_value_removes_a_name_and_an_empty_whole_removes_all() {
        let before = json!({"a": "1", "b": "2"});
        assert_eq!(metadata(&before, Some(&json!({"a": null, "c": "3"}))), json!({"b": "2", "c": "3"}));
        assert_eq!(metadata(&before, Some(&Value::Null)), json!({}));
        assert_eq!(metadata(&before, None), before);
    }
}
