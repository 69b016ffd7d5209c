//! `/v1/test_helpers/test_clocks`: customers that live in a time of their own.

use serde_json::{Value, json};

use super::{Request, Route, deleted, list, page, route};
use crate::life;
use crate::refusal::Refusal;
use crate::schema::{Kind, may, need};
use crate::state::number;
use crate::turn::Turn;

const KIND: &str = "test_helpers.test_clock";

pub(crate) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/v1/test_helpers/test_clocks",
        &[need("frozen_time", Kind::Second), may("name", Kind::Text)],
        create,
    ),
    list("/v1/test_helpers/test_clocks", &[], all),
    route("GET", "/v1/test_helpers/test_clocks/{id}", &[], read),
    route("POST", "/v1/test_helpers/test_clocks/{id}/advance", &[need("frozen_time", Kind::Second)], advance),
    route("DELETE", "/v1/test_helpers/test_clocks/{id}", &[], delete),
];

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let at = request.int("frozen_time").unwrap_or(turn.now);
    let fields = json!({
        "deletes_after": turn.now + 30 * 86_400, "frozen_time": at, "name": request.get("name"), "status": "ready",
        "status_details": {},
    });
    Ok(turn.create(KIND, ("clock_1", 23), fields))
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, KIND, |_| true)
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find(KIND, request.id(), "id").cloned()
}

/// All that falls due on the way happens, in its order; Stripe does it in the background, here it is done at once.
fn advance(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let clock = turn.state.find(KIND, request.id(), "id")?.clone();
    let to = request.int("frozen_time").unwrap_or_default();
    if to <= number(&clock, "frozen_time") {
        return Err(Refusal::bad("frozen_time", "The new time must be later than the clock's present one."));
    }
    life::run_due(turn, Some(request.id()), to);
    turn.now = to;
    turn.update(request.id(), "test_helpers.test_clock.ready", |clock| clock["frozen_time"] = json!(to));
    turn.state.find(KIND, request.id(), "id").cloned()
}

fn delete(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let clock = turn.state.find(KIND, request.id(), "id")?.clone();
    turn.state.due.retain(|due| due.clock.as_deref() != Some(request.id()));
    turn.state.objects.retain(|id, kept| id != request.id() && kept.object["test_clock"] != clock["id"]);
    Ok(deleted(&clock))
}
