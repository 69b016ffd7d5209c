//! `expand[]`: ids become the objects that they name.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::state::State;

/// How deep a path may go.
const DEPTH_MAX: usize = 4;

/// Expands an answer by the paths that were asked for.
pub(crate) fn expand(state: &State, answer: &mut Value, paths: &Value) -> Result<(), Refusal> {
    for path in paths.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let steps: Vec<&str> = path.split('.').collect();
        // A list is expanded within its data.
        let depth = steps.len() - usize::from(steps.first() == Some(&"data"));
        if depth > DEPTH_MAX {
            let message = format!("You cannot expand more than {DEPTH_MAX} levels of a property");
            return Err(Refusal::bad("expand", message));
        }
        if !at(state, answer, &steps) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(Refusal::bad("expand", message));
        }
    }
    Ok(())
}

fn at(state: &State, value: &mut Value, steps: &[&str]) -> bool {
    if let Value::Array(values) = value {
        return values.iter_mut().all(|value| at(state, value, steps));
    }
    let Some((step, rest)) = steps.split_first() else {
        return match value {
            Value::String(id) => match state.objects.get(id.as_str()) {
                Some(kept) => {
                    *value = kept.object.clone();
                    true
                }
                None => false,
            },
            // What is expanded already, and what is not there, stay as they are.
            _ => true,
        };
    };
    if let Value::String(id) = value {
        match state.objects.get(id.as_str()) {
            Some(kept) => *value = kept.object.clone(),
            None => return false,
        }
    }
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.get_mut(*step).is_some_and(|below| at(state, below, rest)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_become_objects_as_deep_as_asked_and_what_is_no_id_is_refused() {
        let mut state = State::new("test");
        state.create("customer", json!({"id": "cus_1", "object": "customer"}));
        state.create("invoice", json!({"id": "in_1", "object": "invoice", "customer": "cus_1", "total": 5}));
        let mut answer = json!({"latest_invoice": "in_1", "nothing": null});
        assert!(expand(&state, &mut answer, &json!(["latest_invoice.customer", "nothing"])).is_ok());
        assert_eq!(answer["latest_invoice"]["customer"]["id"], "cus_1");
        let mut list = json!({"data": [{"customer": "cus_1"}, {"customer": null}]});
        assert!(expand(&state, &mut list, &json!(["data.customer"])).is_ok());
        assert_eq!(list["data"][0]["customer"]["object"], "customer");
        for path in ["colour", "latest_invoice.total.more", "a.b.c.d.e"] {
            assert!(expand(&state, &mut answer, &json!([path])).is_err(), "{path}");
        }
    }
}
