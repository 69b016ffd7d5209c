//! Tax as Stripe Tax would find it, for a handful of places: enough to see that it is asked for and kept.

use serde_json::{Value, json};

use crate::billing::share;

/// Percent, in thousandths, by country; for the United States by state.
const RATES: [(&str, &str, i64, &str); 8] = [
    ("AT", "", 20_000, "vat"),
    ("CH", "", 8_100, "vat"),
    ("DE", "", 19_000, "vat"),
    ("ES", "", 21_000, "vat"),
    ("FR", "", 20_000, "vat"),
    ("GB", "", 20_000, "vat"),
    ("US", "NY", 8_875, "sales_tax"),
    ("US", "WA", 10_350, "sales_tax"),
];
const WHOLE: i64 = 100_000;

/// The tax of an amount.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taxed {
    /// What is added to it.
    pub(crate) on_top: i64,
    /// What is within it.
    pub(crate) inside: i64,
    /// Of what.
    pub(crate) base: i64,
    /// By what: country, state, percent in thousandths, kind; and why, where it is nothing.
    found: Option<(&'static str, &'static str, i64, &'static str)>,
    reason: &'static str,
}

impl Taxed {
    /// As rows of `taxes` or `total_taxes`.
    pub(crate) fn rows(&self) -> Value {
        if self.reason.is_empty() {
            return json!([]);
        }
        json!([self.row()])
    }

    fn row(&self) -> Value {
        let (behavior, amount) = if self.inside > 0 { ("inclusive", self.inside) } else { ("exclusive", self.on_top) };
        json!({
            "amount": amount, "tax_behavior": behavior, "taxability_reason": self.reason, "taxable_amount": self.base,
            "type": "tax_rate_details", "tax_rate_details": {"tax_rate": self.found.map(|found| format!("txr_{}{}", found.0, found.1))},
        })
    }

    /// As a row of a calculation's breakdown.
    pub(crate) fn breakdown(&self) -> Value {
        let (country, state, thousandths, kind) = self.found.unwrap_or(("", "", 0, "vat"));
        let percent = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
        let percent = percent.trim_end_matches('0').trim_end_matches('.').to_owned();
        json!({
            "amount": self.on_top + self.inside, "inclusive": self.inside > 0, "taxability_reason": self.reason,
            "taxable_amount": self.base,
            "tax_rate_details": {"country": country, "flat_amount": null, "percentage_decimal": percent,
                "rate_type": "percentage", "state": state, "tax_type": kind},
        })
    }
}

/// The tax of an amount at an address.
pub(crate) fn at(address: &Value, exempt: &str, amount: i64, behavior: &str) -> Taxed {
    let (country, state) =
        (address["country"].as_str().unwrap_or_default(), address["state"].as_str().unwrap_or_default());
    let found = RATES.into_iter().find(|rate| rate.0 == country && (rate.1.is_empty() || rate.1 == state));
    let Some(rate) = found else { return Taxed { base: amount, reason: "not_collecting", ..Taxed::default() } };
    match exempt {
        "exempt" => return Taxed { base: amount, reason: "customer_exempt", ..Taxed::default() },
        "reverse" => return Taxed { base: amount, found: Some(rate), reason: "reverse_charge", ..Taxed::default() },
        _ => {}
    }
    if behavior == "inclusive" {
        let inside = amount - share(amount, WHOLE, WHOLE + rate.2);
        return Taxed { on_top: 0, inside, base: amount - inside, found, reason: "standard_rated" };
    }
    Taxed { on_top: share(amount, rate.2, WHOLE), inside: 0, base: amount, found, reason: "standard_rated" }
}

/// The tax of a line of a customer's invoice; nothing where tax is not asked for.
pub(crate) fn of_line(customer: &Value, amount: i64, behavior: &str, is_asked: bool) -> Taxed {
    if !is_asked {
        return Taxed::default();
    }
    at(&customer["address"], customer["tax_exempt"].as_str().unwrap_or("none"), amount, behavior)
}

/// The taxes of all lines as one row.
pub(crate) fn merged(taxes: &[Taxed]) -> Value {
    let Some(first) = taxes.iter().find(|tax| !tax.reason.is_empty()) else { return json!([]) };
    let whole = taxes.iter().fold(Taxed { on_top: 0, inside: 0, base: 0, ..first.clone() }, |sum, tax| Taxed {
        on_top: sum.on_top + tax.on_top,
        inside: sum.inside + tax.inside,
        base: sum.base + tax.base,
        ..sum
    });
    json!([whole.row()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_on_top_or_within_and_nothing_where_the_charge_is_reversed() {
        let germany = json!({"country": "DE", "state": null});
        assert_eq!(at(&germany, "none", 10_000, "exclusive").on_top, 1_900);
        assert_eq!(at(&germany, "none", 11_900, "inclusive").inside, 1_900);
        assert_eq!(at(&germany, "reverse", 10_000, "exclusive").on_top, 0);
        assert_eq!(at(&json!({"country": "BR"}), "none", 10_000, "exclusive").reason, "not_collecting");
    }
}
