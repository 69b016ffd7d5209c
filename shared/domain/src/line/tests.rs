use super::*;
use crate::currency::Currency;
use crate::entry::{Entry, EntryKind};

fn line() -> Line {
    let account = Account { partner: PartnerId::from_ulid(7_u128.into()), currency: Currency::USD };
    let amount = Money::from_minor(-470, Currency::USD);
    Entry::new("k".to_owned(), EntryKind::ManualAdjustment, account, amount, Place::Held, Timestamp::UNIX_EPOCH).line()
}

#[test]
fn an_origin_is_read_as_it_is_written() {
    let sale = SaleId::of(&PaymentKey::parse("stripe:in_1").expect("a name"));
    let of_sale = Origin::Sale(sale.clone());
    assert_eq!((of_sale.as_str(), of_sale.to_string(), of_sale.sale()), (sale.as_str(), sale.to_string(), Some(&sale)));
    assert_eq!(Origin::parse(sale.as_str()), Some(of_sale));
    let of_entry = line().origin;
    assert!(of_entry.as_str().starts_with("ent_"), "{of_entry}");
    assert_eq!((Origin::parse(&of_entry.to_string()), of_entry.sale()), (Some(of_entry.clone()), None));
    assert_eq!(Origin::parse("par_00000000000000000000000007"), None);
}

#[test]
fn the_chain_s_row_says_where_what_how_much_and_nobody_s_name() {
    let line = line();
    let expected = format!("held#{}#1#-470#{}\n", line.origin, line.kind.word());
    assert_eq!(line.chain_row(), expected);
}

#[test]
fn every_state_has_its_word_and_the_filter_its_own() {
    let told = |state: LineState| (state.word(), state.status());
    let expected = [
        (LineState::Pending, ("pending", "pending")),
        (LineState::Held, ("held", "pending")),
        (LineState::Approved, ("approved", "approved")),
        (LineState::InPayout, ("in_payout", "approved")),
        (LineState::Paid, ("paid", "paid")),
        (LineState::Reversed, ("reversed", "rejected")),
    ];
    for (state, words) in expected {
        assert_eq!(told(state), words);
        assert_eq!(serde_json::to_value(state).ok(), Some(words.0.into()), "it is stored as it is told");
    }
}

#[test]
fn a_trace_is_stored_without_what_goes_without_saying() {
    let plain = LineTrace::because(EarningReason::Percentage);
    let written = serde_json::to_value(&plain).expect("a trace");
    assert!(written.get("part").is_none(), "{written}");
    let second = LineTrace { part: Part { kind: PartKind::SecondTier, ..Part::default() }, ..plain };
    let written = serde_json::to_value(&second).expect("a trace");
    assert!(written.get("part").is_some(), "{written}");
    assert_eq!(serde_json::from_value::<LineTrace>(written).ok(), Some(second));
}
