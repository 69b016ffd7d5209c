use std::fmt::Write;

use domain::fact::{Fact, SalePaid};
use domain::money::Money;
use serde_json::{Value, json};

use super::{Untranslatable, translate};

fn event(case: &str) -> Value {
    let path = format!("{}/../../events/webhook-ingest/stripe/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("an event file")).expect("JSON")
}

fn cases() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhook-ingest/stripe");
    let mut cases: Vec<String> = std::fs::read_dir(folder)
        .expect("the events folder")
        .filter_map(|entry| entry.expect("an entry").file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    cases.sort();
    cases
}

/// One fact, one line.
fn row(fact: &Fact) -> String {
    match fact {
        Fact::SalePaid(sale) => {
            let mut text = format!(
                "sale {} {} paid {} of {} tax {} shipping {} at {} by {:?}",
                sale.payment,
                sale.paid.currency(),
                sale.paid,
                sale.total,
                sale.tax,
                sale.shipping,
                sale.occurred_at,
                sale.customer
            );
            write!(text, " also {:?} {:?} token {:?}", sale.aliases, sale.event_type, sale.click_token)
                .expect("writes");
            let items: Vec<_> = sale.items.iter().map(|item| format!("{} {}", item.product, item.amount)).collect();
            write!(
                text,
                "\n    of {:?} from {:?} to {:?} {:?}",
                sale.subscription, sale.period_start, sale.period_end, items
            )
            .expect("writes");
            write!(text, "\n    {:?} fees {} email {}", sale.traits, sale.fees, sale.email.is_some()).expect("writes");
            text
        }
        Fact::CustomerSeen(seen) => {
            format!(
                "seen {} {} at {} token {:?} email {}",
                seen.event,
                seen.customer,
                seen.occurred_at,
                seen.click_token,
                seen.email.is_some()
            )
        }
        Fact::Dispute(_)
        | Fact::SignUp(_)
        | Fact::Lead(_)
        | Fact::SubscriptionChanged(_)
        | Fact::PaymentFailed(_)
        | Fact::PaidAgain(_)
        | Fact::ProviderObject(_) => format!("{fact:?}"),
        Fact::PaymentAlias(alias) => format!("alias {} is {}", alias.alias, alias.payment),
        Fact::Refund(refund) => {
            format!(
                "refund {} of {}: {} {} at {}",
                refund.refund,
                refund.payment,
                refund.amount.currency(),
                refund.amount,
                refund.occurred_at
            )
        }
    }
}

fn the_sale(event: &Value) -> SalePaid {
    match translate(event).expect("translates").as_slice() {
        [Fact::SalePaid(sale)] => sale.clone(),
        other => panic!("not one sale: {other:?}"),
    }
}

#[test]
fn every_event_file_states_its_facts() {
    let mut text = String::new();
    for case in cases() {
        writeln!(text, "{case}").expect("writes");
        for fact in translate(&event(&case)).expect("translates") {
            writeln!(text, "  {}", row(&fact)).expect("writes");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_types_acted_on_are_the_ones_that_ingest_hands_over() {
    for case in cases() {
        let event = event(&case);
        let kind = event["type"].as_str().expect("a type");
        let facts = translate(&event).expect("translates");
        assert!(facts.is_empty() || cases::raw_event::is_acted_on("stripe", kind), "{kind}");
    }
}

#[test]
fn the_base_of_a_discounted_taxed_invoice_is_its_total_without_tax() {
    let sale = the_sale(&event("invoice.paid.basil-taxed"));
    assert_eq!((sale.total.to_text(), sale.tax.to_text()), ("245.12".to_owned(), "18.05".to_owned()));
    assert_eq!(sale.total.try_sub(sale.tax).expect("one currency").to_text(), "227.07");
    assert_eq!(sale.paid, sale.total);
}

#[test]
fn an_old_account_without_total_excluding_tax_lists_its_taxes() {
    let mut event = event("invoice.paid.basil-taxed");
    let object = &mut event["data"]["object"];
    object["total_excluding_tax"] = Value::Null;
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
    event["data"]["object"]["total_taxes"] = Value::Null;
    event["data"]["object"]["total_tax_amounts"] = json!([{ "amount": 1000 }, { "amount": 805 }]);
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
    event["data"]["object"]["total_tax_amounts"] = json!([]);
    event["data"]["object"]["tax"] = json!(1805);
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
}

#[test]
fn shipping_is_counted_without_its_tax() {
    let mut event = event("invoice.paid.basil-taxed");
    event["data"]["object"]["shipping_cost"] = json!({ "amount_subtotal": 500, "amount_tax": 95, "amount_total": 595 });
    assert_eq!(the_sale(&event).shipping.to_text(), "5.00");
}

#[test]
fn both_api_shapes_of_one_invoice_are_one_sale() {
    let basil = event("invoice.paid.basil");
    let mut old = event("invoice.paid.acacia");
    let (new, object) = (&basil["data"]["object"], &mut old["data"]["object"]);
    for name in ["id", "customer", "customer_email", "customer_address", "amount_paid", "total", "total_excluding_tax"]
    {
        object[name] = new[name].clone();
    }
    object["subscription"] = new["parent"]["subscription_details"]["subscription"].clone();
    let details = &new["lines"]["data"][0]["pricing"]["price_details"];
    object["lines"]["data"][0]["price"]["id"] = details["price"].clone();
    object["lines"]["data"][0]["price"]["product"] = details["product"].clone();
    let old = SalePaid { aliases: Vec::new(), ..the_sale(&old) };
    assert_eq!(old, the_sale(&basil));
}

#[test]
fn several_products_are_an_item_each_and_what_was_paid_is_divided_as_the_lines_divide_the_total() {
    // COM-18
    let sale = the_sale(&event("invoice.paid.several-products"));
    let amounts: Vec<String> = sale.items.iter().map(|item| item.amount.to_text()).collect();
    assert_eq!(amounts, ["99.00", "49.00"]);
    assert_eq!((sale.traits.plan, sale.traits.product), (None, None));
    // Half of it paid, a discount on the second line, exclusive tax on the first.
    let mut event = event("invoice.paid.several-products");
    let object = &mut event["data"]["object"];
    object["amount_paid"] = json!(7_001);
    object["lines"]["data"][0]["taxes"] =
        json!([{"amount": 1_000, "tax_behavior": "exclusive"}, {"amount": 5, "tax_behavior": "inclusive"}]);
    object["lines"]["data"][1]["discount_amounts"] = json!([{"amount": 900}]);
    let amounts: Vec<i64> = the_sale(&event).items.iter().map(|item| item.amount.minor()).collect();
    // 109.00 and 40.00 of 149.00: 51.2154… and 18.7946…
    assert_eq!(amounts, [5_122, 1_879]);
}

#[test]
fn credits_one_product_and_a_cut_off_list_are_one_thing() {
    let upgrade = the_sale(&event("invoice.paid.proration"));
    assert_eq!((upgrade.paid.to_text(), upgrade.items.len()), ("35.00".to_owned(), 0));
    assert_eq!(upgrade.traits.product.as_deref(), Some("prod_TeamxmUl1ZRXi5Q"));
    let mut cut_off = event("invoice.paid.several-products");
    cut_off["data"]["object"]["lines"]["has_more"] = json!(true);
    assert_eq!(the_sale(&cut_off).items, Vec::new());
}

/// LED-11: what an upgrade costs and gives back for the days that are left, and the month that comes.
#[test]
fn lines_of_several_times_are_each_for_their_own() {
    let mut upgrade = event("invoice.paid.proration");
    assert_eq!(the_sale(&upgrade).services, Vec::new(), "all of one time");
    let object = &mut upgrade["data"]["object"];
    let (rest, next) = ((1_789_718_400, 1_791_014_400), (1_791_014_400, 1_793_692_800));
    let mut whole = object["lines"]["data"][1].clone();
    whole["amount"] = json!(29_000);
    whole["period"] = json!({ "start": next.0, "end": next.1 });
    object["lines"]["data"].as_array_mut().expect("lines").push(whole);
    for name in ["amount_paid", "total", "total_excluding_tax"] {
        object[name] = json!(32_500);
    }
    let parts = |event: &Value| {
        let services = the_sale(event).services.into_iter();
        services.map(|part| (part.weight, (part.from.as_second(), part.to.as_second()))).collect::<Vec<_>>()
    };
    // The credit of 49.50 and the charge of 84.50 are of the same days.
    assert_eq!(parts(&upgrade), [(3_500, rest), (29_000, next)]);
    let mut cut_off = upgrade.clone();
    cut_off["data"]["object"]["lines"]["has_more"] = json!(true);
    assert_eq!(parts(&cut_off), []);
    // The month that comes for nothing: what is paid is for the days that are left.
    let mut free = upgrade.clone();
    free["data"]["object"]["lines"]["data"][2]["amount"] = json!(0);
    assert_eq!(parts(&free), [(3_500, rest)]);
    let mut timeless = upgrade.clone();
    timeless["data"]["object"]["lines"]["data"][0]["period"] = Value::Null;
    assert_eq!(parts(&timeless), []);
    upgrade["data"]["object"]["lines"] = Value::Null;
    assert_eq!(parts(&upgrade), []);
}

#[test]
fn the_coupon_is_the_code_that_was_typed_else_the_nearest_id() {
    let mut event = event("invoice.paid.acacia-coupon");
    assert_eq!(the_sale(&event).traits.coupon.as_deref(), Some("promo_1SCouponAda20"));
    let rows = [
        (json!({"promotion_code": {"id": "promo_1", "code": "ADA"}, "coupon": {"id": "c"}}), Some("ADA")),
        (json!({"promotion_code": null, "coupon": {"id": "c"}}), Some("c")),
        (json!({"promotion_code": null, "source": {"type": "coupon", "coupon": "c2"}}), Some("c2")),
        (json!({"promotion_code": "promo_2", "source": {"type": "coupon", "coupon": "c2"}}), Some("promo_2")),
        (json!("di_1"), None),
    ];
    event["data"]["object"]["discount"] = Value::Null;
    for (discount, expected) in rows {
        event["data"]["object"]["discounts"] = json!([discount]);
        assert_eq!(the_sale(&event).traits.coupon.as_deref(), expected, "{discount}");
    }
}

#[test]
fn fees_are_what_an_expanded_charge_says_and_nothing_is_converted() {
    let mut event = event("invoice.paid.acacia");
    let charge = |currency: &str| json!({"id": "ch_1", "balance_transaction": {"currency": currency, "fee": 172}});
    event["data"]["object"]["charge"] = charge("usd");
    assert_eq!(the_sale(&event).fees.to_text(), "1.72");
    event["data"]["object"]["charge"] = charge("eur");
    assert_eq!(the_sale(&event).fees.to_text(), "0.00");
}

#[test]
fn a_dispute_is_as_far_as_its_status_says_and_an_unknown_one_is_a_persons() {
    // LED-5
    use domain::fact::DisputePhase::{Inquiry, Lost, Opened, Won};
    let rows = [
        ("warning_needs_response", Some(Inquiry)),
        ("warning_under_review", Some(Inquiry)),
        ("warning_closed", Some(Inquiry)),
        ("prevented", Some(Inquiry)),
        ("needs_response", Some(Opened)),
        ("under_review", Some(Opened)),
        ("won", Some(Won)),
        ("lost", Some(Lost)),
        ("charge_refunded", None),
    ];
    for (status, expected) in rows {
        let mut event = event("charge.dispute.created");
        event["data"]["object"]["status"] = json!(status);
        let phase = translate(&event).ok().map(|facts| match facts.as_slice() {
            [Fact::Dispute(dispute)] => dispute.phase,
            other => panic!("not one dispute: {other:?}"),
        });
        assert_eq!(phase, expected, "{status}");
    }
}

#[test]
fn a_subscription_that_is_paid_at_once_is_no_sign_up() {
    let mut event = event("customer.subscription.created.trialing");
    event["data"]["object"]["status"] = json!("active");
    let facts = translate(&event).expect("translates");
    assert!(matches!(facts.as_slice(), [Fact::SubscriptionChanged(_)]), "{facts:?}");
}

#[test]
fn an_expanded_customer_is_its_id() {
    let mut event = event("invoice.paid.basil");
    let plain = the_sale(&event);
    let customer = event["data"]["object"]["customer"].clone();
    event["data"]["object"]["customer"] = json!({ "id": customer, "object": "customer" });
    assert_eq!(the_sale(&event), plain);
}

#[test]
fn a_guest_check_out_of_a_subscription_binds_nobody() {
    let mut event = event("checkout.session.completed.subscription");
    event["data"]["object"]["customer"] = Value::Null;
    assert_eq!(translate(&event), Ok(Vec::new()));
}

#[test]
fn a_check_out_that_makes_an_invoice_is_no_sale_of_its_own() {
    // ING-4: invoice.paid tells the money; counted here too it would be two sales of one payment.
    let one_off = event("checkout.session.completed.one-off");
    for (name, value) in [("invoice", json!("in_1")), ("invoice_creation", json!({ "enabled": true }))] {
        let mut event = one_off.clone();
        event["data"]["object"][name] = value;
        let facts = translate(&event).expect("translates");
        assert!(matches!(facts.as_slice(), [Fact::CustomerSeen(_)]), "{name}: {facts:?}");
    }
    let mut event = one_off;
    event["data"]["object"]["invoice_creation"] = json!({ "enabled": false });
    the_sale(&event);
}

#[test]
fn what_failed_is_no_sale_and_what_is_paid_after_all_is_one() {
    let paid = event("invoice.paid.basil");
    let mut failed = paid.clone();
    failed["type"] = json!("invoice.payment_failed");
    let facts = translate(&failed).expect("translates");
    assert!(matches!(facts.as_slice(), [Fact::PaymentFailed(_)]), "no money came: {facts:?}");
    let mut recovered = paid.clone();
    recovered["id"] = json!("evt_of_the_second_try");
    recovered["data"]["object"]["attempt_count"] = json!(2);
    assert_eq!(the_sale(&recovered), the_sale(&paid));
}

#[test]
fn a_token_longer_than_stripe_allows_is_no_token() {
    let mut event = event("checkout.session.completed.one-off");
    event["data"]["object"]["client_reference_id"] = json!("a".repeat(201));
    assert_eq!(the_sale(&event).click_token, None);
    event["data"]["object"]["metadata"] = json!({ "trb": "from-metadata" });
    assert_eq!(the_sale(&event).click_token.as_deref(), Some("from-metadata"));
}

#[test]
fn what_cannot_be_read_is_named_by_its_pointer() {
    let at = |field: &str| format!("/data/object/{field}");
    let field = |name, expected| Untranslatable::Field { pointer: at(name), expected };
    let cases = [
        ("amount_paid", json!(99.5), field("amount_paid", "a whole number")),
        ("amount_paid", json!("9900"), field("amount_paid", "a whole number")),
        ("amount_paid", Value::Null, field("amount_paid", "a whole number")),
        ("amount_paid", json!(-1), Untranslatable::Amount { pointer: at("amount_paid") }),
        ("currency", json!("xyz"), Untranslatable::Currency { pointer: at("currency") }),
        ("currency", Value::Null, field("currency", "a text")),
        ("customer", json!(12), field("customer", "an id")),
        ("id", json!(7), field("id", "a text")),
    ];
    for (name, value, expected) in cases {
        let mut event = event("invoice.paid.basil");
        event["data"]["object"][name] = value;
        assert_eq!(translate(&event), Err(expected), "{name}");
    }
    let mut event = event("invoice.paid.basil");
    event["data"]["object"]["id"] = json!("in 1");
    assert!(matches!(translate(&event), Err(Untranslatable::Id { .. })));
    assert!(matches!(translate(&json!({})), Err(Untranslatable::Field { .. })));
}

#[test]
fn a_type_that_is_not_acted_on_states_nothing() {
    assert_eq!(translate(&event("checkout.session.expired")), Ok(Vec::new()));
    let unknown = json!({ "type": "moon.risen", "created": 1_788_422_400, "data": { "object": {} } });
    assert_eq!(translate(&unknown), Ok(Vec::new()));
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), out))
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), out)),
        _ => {}
    }
}

#[test]
fn whatever_stands_in_a_field_no_event_panics_and_no_amount_is_below_zero() {
    let junk = [
        Value::Null,
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(1.5),
        json!(""),
        json!("x y"),
        json!([1]),
        json!({}),
        json!(true),
    ];
    for case in cases() {
        let event = event(&case);
        let mut all = Vec::new();
        places(&event, "", &mut all);
        for (place, value) in all.iter().flat_map(|place| junk.iter().map(move |value| (place, value))) {
            let mut spoilt = event.clone();
            *spoilt.pointer_mut(place).expect("a place") = value.clone();
            for fact in translate(&spoilt).unwrap_or_default() {
                let amounts = match fact {
                    Fact::SalePaid(sale) => {
                        let items = sale.items.iter().map(|item| item.amount);
                        let of_items = Money::try_sum(items.clone(), sale.paid.currency()).expect("in range");
                        assert!(sale.items.is_empty() || of_items == sale.paid, "{case} {place} = {value}");
                        [sale.paid, sale.total, sale.tax, sale.shipping, sale.fees].into_iter().chain(items).collect()
                    }
                    Fact::Refund(refund) => vec![refund.amount],
                    Fact::Dispute(dispute) => vec![dispute.amount],
                    Fact::PaymentFailed(failed) => vec![failed.amount],
                    Fact::SubscriptionChanged(told) => told.amount.into_iter().collect(),
                    _ => Vec::new(),
                };
                assert!(amounts.iter().all(|amount| !amount.is_negative()), "{case} {place} = {value}");
            }
        }
    }
}

#[test]
fn a_subscription_is_told_whole_in_both_shapes() {
    let standing = |case: &str| {
        let facts = translate(&event(case)).expect("translates");
        facts.into_iter().find_map(|fact| match fact {
            Fact::SubscriptionChanged(told) => Some(told),
            _ => None,
        })
    };
    let new = standing("customer.subscription.created").expect("a subscription");
    let old = standing("customer.subscription.updated.acacia").expect("a subscription");
    let shown = |told: &domain::subscription::Subscription| {
        let every = told.every.map(|every| (every.count, every.interval.word()));
        let period = (told.period_start.map(|at| at.to_string()), told.period_end.map(|at| at.to_string()));
        (told.plan.clone(), told.amount.map(Money::to_text), every, period)
    };
    assert_eq!(shown(&new), shown(&old));
    assert_eq!(new.amount.map(Money::to_text).as_deref(), Some("99.00"));
    assert_eq!(
        standing("customer.subscription.updated").and_then(|told| told.amount).map(Money::to_text).as_deref(),
        Some("297.00")
    );
}

#[test]
fn what_a_period_comes_to_is_not_guessed() {
    let amount = |change: &dyn Fn(&mut Value)| {
        let mut event = event("customer.subscription.created");
        change(&mut event["data"]["object"]["items"]["data"]);
        let facts = translate(&event).expect("translates");
        facts.into_iter().find_map(|fact| match fact {
            Fact::SubscriptionChanged(told) => Some(told.amount.map(Money::to_text)),
            _ => None,
        })
    };
    let two = |items: &mut Value| {
        let one = items[0].clone();
        items.as_array_mut().expect("a list").push(one);
    };
    assert_eq!(amount(&two), Some(Some("198.00".to_owned())));
    assert_eq!(amount(&|items| items[0]["price"]["unit_amount"] = Value::Null), Some(None), "by tiers");
    assert_eq!(
        amount(&|items| {
            two(items);
            items[1]["price"]["currency"] = json!("eur");
        }),
        Some(None)
    );
    assert_eq!(
        amount(&|items| {
            two(items);
            items[1]["price"]["recurring"]["interval"] = json!("year");
        }),
        Some(None)
    );
}

#[test]
fn a_customer_with_a_click_token_is_met_and_no_address_is_kept() {
    let facts = translate(&event("customer.updated.with-token")).expect("translates");
    assert!(matches!(facts.as_slice(), [Fact::CustomerSeen(_), Fact::ProviderObject(_)]), "{facts:?}");
    let facts = translate(&event("customer.created")).expect("translates");
    assert!(matches!(facts.as_slice(), [Fact::ProviderObject(_)]), "{facts:?}");
    for case in ["customer.updated.with-token", "payment_method.attached", "account.updated"] {
        let text = serde_json::to_string(&translate(&event(case)).expect("translates")).expect("JSON");
        assert!(!text.contains('@') && !text.contains("Casey"), "{text}");
    }
}

#[test]
fn every_type_that_is_handed_over_has_an_event_file() {
    let told: std::collections::BTreeSet<String> =
        cases().iter().map(|case| event(case)["type"].as_str().expect("a type").to_owned()).collect();
    for kind in cases::raw_event::STRIPE_TYPES {
        assert!(told.contains(*kind), "{kind}");
    }
}
