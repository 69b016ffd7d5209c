//! Events of a provider's test mode: nobody paid anything and nobody was verified, so nothing may come of them where real
//! money is paid out.

use domain::provider::Provider;
use serde_json::Value;

/// What becomes of events that say they are of their provider's test mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestEvents {
    /// They are kept, and nothing is booked: wherever real money is paid out.
    KeptOnly,
    /// They are booked as live ones are: where the product is tried out.
    Booked,
}

/// ING-19: does an event say that it is of its provider's test mode? One that says nothing is live.
pub(crate) fn says_test_mode(provider: &str, event: &Value) -> bool {
    let says = |pointer: &str, told: bool| event.pointer(pointer).and_then(Value::as_bool) == Some(told);
    match Provider::parse(provider) {
        Some(Provider::Stripe) => says("/livemode", false) || says("/data/object/livemode", false),
        // What a list of its API told has no `meta` of the provider's own: there the object alone says it.
        Some(Provider::LemonSqueezy) => says("/meta/test_mode", true) || says("/data/attributes/test_mode", true),
        Some(Provider::Standard | Provider::Track) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_of_test_mode_where_it_says_so_and_live_where_it_says_nothing() {
        // ING-19
        for (provider, event, expected) in [
            ("stripe", json!({"livemode": false}), true),
            ("stripe", json!({"livemode": true, "data": {"object": {"livemode": false}}}), true),
            ("stripe", json!({"livemode": true, "data": {"object": {"livemode": true}}}), false),
            ("stripe", json!({"livemode": null, "data": {"object": {"id": "in_1"}}}), false),
            ("stripe", json!({"meta": {"test_mode": true}}), false),
            ("lemon_squeezy", json!({"meta": {"test_mode": true}}), true),
            ("lemon_squeezy", json!({"meta": {}, "data": {"attributes": {"test_mode": true}}}), true),
            (
                "lemon_squeezy",
                json!({"meta": {"test_mode": false}, "data": {"attributes": {"test_mode": false}}}),
                false,
            ),
            ("lemon_squeezy", json!({"meta": {"event_name": "order_created"}}), false),
            ("lemon_squeezy", json!({"livemode": false}), false),
            // Our own words know no test mode, whatever else stands in them.
            ("track", json!({"livemode": false, "meta": {"test_mode": true}}), false),
            ("standard", json!({"livemode": false, "meta": {"test_mode": true}}), false),
        ] {
            assert_eq!(says_test_mode(provider, &event), expected, "{provider} {event}");
        }
    }
}
