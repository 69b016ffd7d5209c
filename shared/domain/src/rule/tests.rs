use super::*;
use crate::currency::Currency;

fn cap() -> Option<Money> {
    Some(Money::from_minor(100, Currency::USD))
}

#[test]
fn a_cap_on_a_line_is_one_but_no_other_sale_uses_it_up() {
    let rows = [
        (Caps::default(), true, false),
        (Caps { per_line: cap(), ..Caps::default() }, false, false),
        (Caps { per_customer: cap(), ..Caps::default() }, false, true),
        (Caps { per_partner_period: cap(), ..Caps::default() }, false, true),
        (Caps { per_program_period: cap(), per_line: cap(), ..Caps::default() }, false, true),
    ];
    for (caps, is_empty, is_cumulative) in rows {
        assert_eq!((caps.is_empty(), caps.is_cumulative()), (is_empty, is_cumulative), "{caps:?}");
    }
}

#[test]
fn every_event_is_read_as_it_is_written() {
    for event in clause::Event::ALL {
        assert_eq!(clause::Event::parse(event.word()), Some(event));
    }
    assert_eq!(clause::Event::parse("no event"), None);
}
