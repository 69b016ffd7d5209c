//! Who takes part: partners and their customers, the same each time. Drawn from a seed, not from chance.

use super::WEEKS;

pub(super) const PARTNERS: u32 = 52;
/// Every so manieth partner is in the programme of euros.
const EUROS_EVERY: u32 = 5;
/// So many join each week until all are there.
const JOIN_A_WEEK: u32 = 6;
/// The last weeks bring no first purchase whose renewal could not be told.
const LAST_CLICK_WEEK: u32 = WEEKS - 2;

const FIRST: [&str; 13] =
    ["Ada", "Bela", "Chidi", "Dana", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kaya", "Lucia", "Mateo"];
const SECOND: [&str; 11] =
    ["Abel", "Brandt", "Costa", "Duarte", "Egger", "Fischer", "Grosz", "Haddad", "Ivanov", "Janssen", "Keller"];
/// Monthly prices, in cents.
const PRICES: [i64; 6] = [1_900, 2_900, 4_900, 9_900, 14_900, 29_900];
const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Mobile Safari/537.36",
];

/// A partner of the cast.
#[derive(Clone, Debug)]
pub(super) struct Partner {
    pub(super) n: u32,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) code: String,
    pub(super) currency: &'static str,
    /// Under which name its programme is noted.
    pub(super) program: &'static str,
    pub(super) tier: &'static str,
    /// The number of the partner who referred it.
    pub(super) referrer: Option<u32>,
    pub(super) joins_week: u32,
}

/// A customer of the cast.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) n: u32,
    pub(super) partner: u32,
    pub(super) currency: &'static str,
    /// The week of the click; the first purchase follows in the week after it.
    pub(super) clicks_week: u32,
    pub(super) hours_to_purchase: i64,
    pub(super) price_minor: i64,
    /// How many months are paid before the customer leaves.
    pub(super) months_max: u32,
    /// The month whose payment goes back, whole or half.
    pub(super) refund: Option<(u32, bool)>,
    pub(super) browser: String,
}

/// Everybody.
pub(super) struct Cast {
    pub(super) partners: Vec<Partner>,
    pub(super) customers: Vec<Customer>,
}

/// Numbers that look like chance and are the same each time (splitmix64).
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = (mixed ^ (mixed >> 31)) % u64::from(limit.max(1));
        u32::try_from(drawn).unwrap_or(0)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let index = self.below(u32::try_from(all.len()).unwrap_or(1));
        all.get(usize::try_from(index).ok()?).copied()
    }
}

impl Cast {
    pub(super) fn assemble() -> Self {
        let partners: Vec<Partner> = (0..PARTNERS).map(Partner::number).collect();
        let mut draw = Draw::new(2026);
        let mut customers = Vec::new();
        for partner in &partners {
            for _ in 0..2 + draw.below(4) {
                let n = u32::try_from(customers.len()).unwrap_or(0);
                customers.push(Customer::draw(n, partner, &mut draw));
            }
        }
        Self { partners, customers }
    }
}

impl Partner {
    fn number(n: u32) -> Self {
        let pick = |names: &[&str]| {
            let count = u32::try_from(names.len()).unwrap_or(1);
            names[usize::try_from(n % count).unwrap_or(0)].to_owned()
        };
        let (first, second) = (pick(&FIRST), pick(&SECOND));
        let plain = format!("{}-{}", first.to_lowercase(), second.to_lowercase());
        let currency = if n % EUROS_EVERY == EUROS_EVERY - 1 { "EUR" } else { "USD" };
        Self {
            n,
            email: format!("{plain}@partner.example"),
            code: plain,
            name: format!("{first} {second}"),
            currency,
            program: currency,
            tier: "tier1",
            referrer: None,
            joins_week: n / JOIN_A_WEEK,
        }
    }
}

impl Customer {
    fn draw(n: u32, partner: &Partner, draw: &mut Draw) -> Self {
        let weeks_left = LAST_CLICK_WEEK.saturating_sub(partner.joins_week);
        // Two draws, the smaller: more come early, so that there is something to mature and to be paid.
        let wait = draw.below(weeks_left).min(draw.below(weeks_left));
        Self {
            n,
            partner: partner.n,
            currency: partner.currency,
            clicks_week: partner.joins_week + wait,
            hours_to_purchase: i64::from(1 + draw.below(150)),
            price_minor: draw.one_of(&PRICES).unwrap_or(2_900),
            months_max: 1 + draw.below(6),
            refund: (draw.below(12) == 0).then(|| (draw.below(2), draw.below(2) == 0)),
            browser: format!("{} visitor/{n}", draw.one_of(&BROWSERS).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_cast_is_large_enough_and_the_same_each_time() {
        let (one, other) = (Cast::assemble(), Cast::assemble());
        assert_eq!(format!("{:?}", one.customers), format!("{:?}", other.customers));
        assert!(one.partners.len() >= 50);
        let codes: BTreeSet<_> = one.partners.iter().map(|partner| &partner.code).collect();
        assert_eq!(codes.len(), one.partners.len(), "each partner has a name of its own");
        assert!(one.customers.iter().any(|customer| customer.refund.is_some()));
        assert!(one.customers.iter().all(|customer| customer.clicks_week < LAST_CLICK_WEEK));
    }
}
