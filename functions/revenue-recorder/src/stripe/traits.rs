//! What rules may look at beside amounts: the coupon and the country, of an invoice or a check-out.

use domain::fact::SaleTraits;

use crate::fields::Fields;

/// The longest text that is kept of a field that merchants write.
const CHARS_MAX: usize = 200;

/// The traits that an invoice and a check-out tell alike.
pub(super) fn of(object: &Fields<'_>, country: Option<&str>) -> SaleTraits {
    SaleTraits { country: country.and_then(kept), coupon: coupon(object).and_then(kept), ..SaleTraits::default() }
}

fn kept(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= CHARS_MAX).then(|| text.to_owned())
}

/// The code that the customer typed where the event tells it, else the id of the promotion code, else the coupon's.
///
/// A discount is an id when it is not expanded: such a one names no coupon.
fn coupon<'a>(object: &Fields<'a>) -> Option<&'a str> {
    let old = object.optional_object("discount");
    let discounts = object.list("discounts");
    old.iter().chain(&discounts).find_map(|discount| {
        let promotion = discount.optional_object("promotion_code");
        let code = promotion.as_ref().and_then(|promotion| promotion.optional_text("code"));
        let coupon = discount.optional_object("coupon").or_else(|| {
            // The newest shape keeps it beside where it came from.
            discount.optional_object("source").and_then(|source| source.optional_object("coupon"))
        });
        code.or_else(|| discount.optional_text("promotion_code"))
            .or_else(|| coupon.as_ref().and_then(|coupon| coupon.optional_text("id")))
            .or_else(|| discount.optional_text("coupon"))
            .or_else(|| discount.optional_object("source").and_then(|source| source.optional_text("coupon")))
    })
}
