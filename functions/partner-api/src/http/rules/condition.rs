//! Conditions as they are sent and shown.

use domain::currency::Currency;
use domain::money::Money;
use domain::rule::condition::{DEPTH_MAX, Given};
use domain::rule::{Condition, Field, Operand, Operator, Test};
use edge::faults::Faults;
use serde_json::{Value, json};

use super::body::ConditionBody;

/// Deeper than this nobody looks: the rule is refused at three levels anyhow.
const LEVELS_MAX: usize = DEPTH_MAX + 1;

/// The condition; faults are noted under `at`.
pub(super) fn read(body: ConditionBody, at: &str, currency: Currency, faults: &mut Faults) -> Option<Condition> {
    read_level(body, at, (currency, 0), faults)
}

fn read_level(
    body: ConditionBody,
    at: &str,
    (currency, level): (Currency, usize),
    faults: &mut Faults,
) -> Option<Condition> {
    if level > LEVELS_MAX {
        faults.clash(at, format!("at most {DEPTH_MAX} levels of all and any"));
        return None;
    }
    let several = |parts: Vec<ConditionBody>, word: &str, faults: &mut Faults| {
        let read = parts
            .into_iter()
            .enumerate()
            .map(|(place, part)| read_level(part, &format!("{at}/{word}/{place}"), (currency, level + 1), faults));
        // Each is read, so that all faults are told at once.
        let read: Vec<Option<Condition>> = read.collect();
        read.into_iter().collect::<Option<Vec<Condition>>>()
    };
    match body {
        ConditionBody { all: Some(parts), any: None, field: None, operator: None, value: None } => {
            several(parts, "all", faults).map(Condition::All)
        }
        ConditionBody { all: None, any: Some(parts), field: None, operator: None, value: None } => {
            several(parts, "any", faults).map(Condition::Any)
        }
        ConditionBody { all: None, any: None, field: Some(field), operator: Some(operator), value: Some(value) } => {
            let field = faults.fit(&format!("{at}/field"), Field::parse(&field).ok_or(UNKNOWN_FIELD));
            let operator = faults.check(&format!("{at}/operator"), Operator::parse(&operator).ok_or(UNKNOWN_OPERATOR));
            let given = faults.fit(&format!("{at}/value"), given(value));
            let test = Test::try_new(field?, operator?, given?, currency);
            faults.fit(&format!("{at}/value"), test).map(Condition::Test)
        }
        _ => {
            faults.clash(at, "either all, or any, or field with operator and value");
            None
        }
    }
}

const UNKNOWN_FIELD: &str =
    "unknown field; use product, plan, country, coupon, currency, amount, event, tier, group, link or custom.<key>";
const UNKNOWN_OPERATOR: &str = "unknown operator; use equals, not_equals, in, not_in, greater_than, at_least, less_than, \
                                at_most, starts_with, ends_with, contains or exists";

fn given(value: Value) -> Result<Given, &'static str> {
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(_) => Err("numbers and amounts are decimal strings, such as \"12.50\""),
        _ => Err("a text, a list of texts, or true or false"),
    };
    match value {
        Value::Bool(flag) => Ok(Given::Flag(flag)),
        Value::Array(values) => values.into_iter().map(text).collect::<Result<_, _>>().map(Given::Many),
        one => text(one).map(Given::One),
    }
}

/// The condition as it was sent.
pub(super) fn shown(condition: &Condition) -> ConditionBody {
    let several = |parts: &[Condition]| Some(parts.iter().map(shown).collect());
    match condition {
        Condition::All(parts) => ConditionBody { all: several(parts), ..ConditionBody::default() },
        Condition::Any(parts) => ConditionBody { any: several(parts), ..ConditionBody::default() },
        Condition::Test(test) => ConditionBody {
            field: Some(test.field.to_string()),
            operator: Some(test.operator.word().to_owned()),
            value: Some(value(&test.operand)),
            ..ConditionBody::default()
        },
    }
}

fn value(operand: &Operand) -> Value {
    match operand {
        Operand::Text(text) => json!(text),
        Operand::Texts(texts) => json!(texts),
        Operand::Money(money) => json!(money.to_text()),
        Operand::Amounts(amounts) => json!(amounts.iter().copied().map(Money::to_text).collect::<Vec<_>>()),
        Operand::Tier(tier) => json!(tier.word()),
        Operand::Tiers(tiers) => json!(tiers.iter().map(|tier| tier.word()).collect::<Vec<_>>()),
        Operand::Number(number) => json!(number.to_string()),
        Operand::There(there) => json!(there),
    }
}
