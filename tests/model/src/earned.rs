//! What sales earn, one after the other in the order in which they happened: bands, bonuses, caps, milestones.

use std::collections::{BTreeMap, BTreeSet};

use crate::share::{Amount, MILLION, half_away};
use crate::terms::{Count, Pay, Rule, Terms};
use crate::{Credit, Nets, Paid};

/// A sale as the order of all sales sees it.
pub(crate) struct Placed<'a> {
    pub(crate) sale: &'a Paid,
    /// Whose it is, or a part of it.
    pub(crate) credit: &'a Credit,
    /// What went back of it, or is gone; all of it where it was rejected. As its month was counted.
    pub(crate) back: Amount,
    /// The same by now: what came back behind the count takes of what was counted, and is counted nowhere else.
    pub(crate) by_now: Amount,
    /// The first paid sale of its customer?
    pub(crate) is_first: bool,
}

impl<'a> Placed<'a> {
    fn partner(&self) -> &'a str {
        &self.credit.partner
    }

    fn is_gone(&self) -> bool {
        self.sale.paid > 0 && self.back >= self.sale.paid
    }

    /// What is left of an amount that shrinks with what went back.
    fn left_of(&self, amount: Amount) -> Amount {
        if self.sale.paid == 0 {
            return amount;
        }
        amount - half_away(amount * self.back.min(self.sale.paid), self.sale.paid)
    }

    /// The same sale, as it is by now.
    pub(crate) fn now(&self) -> Self {
        Placed { back: self.by_now, ..*self }
    }

    /// What is left by now of what was counted, that was so much before anything went back. What a cap had cut is known
    /// while nothing more comes back, or all: the product says what is left of a part of it.
    fn left_by_now(&self, is_flat: bool, (whole, counted): (Amount, Amount)) -> Amount {
        if self.by_now == self.back { counted } else { left_of(&self.now(), is_flat, whole) }
    }

    /// The sale's share of the base, times a rate in parts.
    fn share(&self, rate: Amount, parts: Amount) -> Amount {
        let net = self.sale.total - self.sale.tax - self.sale.shipping;
        if self.sale.total <= 0 { 0 } else { half_away(self.sale.paid * net * rate, self.sale.total * parts) }
    }
}

/// Everything that was earned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    /// By payment, partner, currency.
    pub sales: Nets,
    /// By partner, currency and name: what milestones add, and no single sale; months have no name.
    pub periods: BTreeMap<(String, String, String), Amount>,
}

impl Earned {
    /// What months and milestones add to an account: by partner and currency.
    #[must_use]
    pub fn beside(&self) -> BTreeMap<(String, String), Amount> {
        let mut beside = BTreeMap::new();
        for ((partner, currency, _), amount) in &self.periods {
            *beside.entry((partner.clone(), currency.clone())).or_default() += amount;
        }
        beside
    }

    /// Of each month and milestone the less of two.
    pub(crate) fn at_most(mut self, other: &Self) -> Self {
        for (name, amount) in &mut self.periods {
            *amount = (*amount).min(other.periods.get(name).copied().unwrap_or(0));
        }
        self
    }
}

/// A partner's month in a currency.
#[derive(Default)]
struct Month<'a> {
    volume: Amount,
    /// Its sales by bands that hold for the whole of it, in order.
    retroactive: Vec<Banded<'a>>,
    sales: u64,
    customers: u64,
    reached: BTreeSet<&'a str>,
    /// Used up of the partner's cap.
    used: Amount,
}

/// A sale by bands that hold for the whole month; of every amount what is left.
struct Banded<'a> {
    rule: &'a Rule,
    customer: Option<&'a str>,
    volume: Amount,
    /// What of the volume came back behind the count.
    late: Amount,
    /// What it has already.
    has: Amount,
    /// The most that it may have.
    most: Option<Amount>,
}

/// The walk through all sales.
pub(crate) struct Walk<'a> {
    terms: &'a Terms,
    earned: Earned,
    months: BTreeMap<(&'a str, &'a str), Month<'a>>,
    /// Used up of a customer's cap, by customer and partner.
    customers: BTreeMap<(&'a str, &'a str), Amount>,
    /// How many sales of a customer's subscription, or for none, came before that did not go back.
    occurrences: BTreeMap<(&'a str, Option<&'a str>), u32>,
    /// Used up of the programme's cap.
    program: Amount,
}

impl<'a> Month<'a> {
    /// What is due at the rate that the month reached, by customer, and what they brought of that already. A sale is due
    /// what it adds to the rounded worth of all before it under its version, and no more than one line may be.
    fn due(&self, currency: &str) -> BTreeMap<Option<&'a str>, (Amount, Amount)> {
        let mut volumes: BTreeMap<i64, Amount> = BTreeMap::new();
        let mut due: BTreeMap<Option<&str>, (Amount, Amount)> = BTreeMap::new();
        for sale in &self.retroactive {
            let Pay::Bands(bands) = &sale.rule.pay else { continue };
            let rate = bands.reached(self.volume, currency);
            let before = *volumes.entry(sale.rule.from_ms).or_default();
            volumes.insert(sale.rule.from_ms, before + sale.volume);
            let worth = half_away((before + sale.volume) * rate, MILLION) - half_away(before * rate, MILLION);
            let own = due.entry(sale.customer).or_default();
            own.0 += sale.most.map_or(worth, |most| worth.min(most));
            own.1 += sale.has;
        }
        due
    }
}

/// What a sale is worth before caps.
struct Worth {
    commission: Amount,
    /// What must be left of it, where bands say so.
    exactly: Option<Amount>,
    bonus: Amount,
    is_flat: bool,
    is_retroactive: bool,
}

impl Worth {
    /// What is booked: as much that exactly so much is left of it, where bands say what is left.
    fn booked(&self, placed: &Placed<'_>) -> Amount {
        let Some(exactly) = self.exactly else { return self.commission };
        // What is left grows by nothing or by one, so the nearest amount of which it is right is not far.
        let far = placed.sale.paid + exactly + self.commission;
        let near = (0..=far).flat_map(|far| [self.commission - far, self.commission + far]);
        near.into_iter().find(|amount| placed.left_of(*amount) == exactly).unwrap_or(self.commission)
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn new(terms: &'a Terms) -> Self {
        let (months, customers, occurrences) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { terms, earned: Earned::default(), months, customers, occurrences, program: 0 }
    }

    /// The next sale in order.
    pub(crate) fn take(&mut self, placed: &Placed<'a>) {
        let sale = placed.sale;
        let Some(rule) = self.terms.in_force(sale.at_ms) else { return };
        let volume = if sale.paid > 0 { placed.share(1, 1).max(0) } else { 0 };
        let net_volume = placed.left_of(volume);
        let index = self.occurrence(sale, placed.back);
        let before = self.month(placed).volume;
        let worth = worth(rule, placed, index, (before, volume, net_volume));
        let booked = line_cap(rule, sale, worth.booked(placed));
        let commission = self.cap(rule, placed, left_of(placed, worth.is_flat, booked), true);
        let more = line_cap(rule, sale, worth.bonus);
        let bonus = self.cap(rule, placed, placed.left_of(more), true);
        let by_now = placed.left_by_now(worth.is_flat, (booked, commission)) + placed.left_by_now(false, (more, bonus));
        self.add(placed.partner(), sale, by_now);
        self.second_tier(rule, placed, &worth);
        let month = self.month(placed);
        month.volume += net_volume;
        if worth.is_retroactive {
            let most = rule.caps.line.filter(|_| sale.currency == "USD").map(|cap| placed.left_of(cap));
            let customer = sale.customer.as_deref();
            let late = net_volume - placed.now().left_of(volume);
            month.retroactive.push(Banded { rule, customer, volume: net_volume, late, has: commission, most });
        }
        if sale.paid > 0 && !placed.is_gone() {
            self.reach(rule, placed);
        }
    }

    /// The next sale in order, which is nobody's: it is one of its customer's all the same.
    pub(crate) fn pass(&mut self, sale: &'a Paid, back: Amount) {
        self.occurrence(sale, back);
    }

    /// How many sales of its customer came before a sale, those that went back left out; it is one for those after it.
    fn occurrence(&mut self, sale: &'a Paid, back: Amount) -> u32 {
        let Some(customer) = sale.customer.as_deref() else { return 0 };
        let count = self.occurrences.entry((customer, sale.series.as_deref())).or_default();
        let index = *count;
        *count += u32::from(sale.paid > 0 && back < sale.paid);
        index
    }

    /// The next sale in order, of several partners. What each would earn alone is by its own rate or the rule's; the
    /// parts of what is the same to all are exact, the others each rounded. No month is touched: `Terms::shares` says why.
    pub(crate) fn take_shared(&mut self, several: &[Placed<'a>]) {
        let Some(sale) = several.first().map(|placed| placed.sale) else { return };
        let Some(rule) = self.terms.in_force(sale.at_ms) else { return };
        let worths: Vec<Worth> = several.iter().map(|placed| worth(rule, placed, 0, (0, 0, 0))).collect();
        let alone: Vec<Amount> = worths.iter().map(|worth| worth.commission).collect();
        let weights: Vec<Amount> = several.iter().map(|placed| placed.credit.weight).collect();
        // Two partners of one referrer make one share of theirs, and what goes back goes back of that.
        let mut above: BTreeMap<&str, (Amount, bool, &Placed<'a>)> = BTreeMap::new();
        for ((placed, worth), part) in several.iter().zip(&worths).zip(parts_of(&alone, &weights)) {
            let own = line_cap(rule, sale, part);
            self.add(placed.partner(), sale, left_of(placed, worth.is_flat, own));
            let referrer = self.terms.referrers.get(placed.partner()).filter(|other| *other != placed.partner());
            if let (Some(rate), Some(referrer)) = (rule.second_tier, referrer) {
                let share = line_cap(rule, sale, half_away(own * rate, MILLION));
                above.entry(referrer).or_insert((0, worth.is_flat, placed)).0 += share;
            }
        }
        for (referrer, (share, is_flat, placed)) in above {
            self.add(referrer, sale, left_of(placed, is_flat, share));
        }
    }

    /// What months earn, once every sale is known.
    pub(crate) fn end(mut self) -> Earned {
        for ((partner, currency), month) in std::mem::take(&mut self.months) {
            let Some(newest) = month.retroactive.last().map(|sale| sale.rule) else { continue };
            let mut difference = 0;
            for (customer, (due, has)) in month.due(currency) {
                // A customer brings no more than the cap, what they brought by other sales and bonuses included.
                let cap = newest.caps.customer.filter(|_| currency == "USD");
                let most = customer.zip(cap).map(|(customer, cap)| {
                    let used = self.customers.get(&(customer, partner)).copied().unwrap_or(0);
                    has + (cap - used).max(0)
                });
                difference += most.map_or(due, |most| due.min(most)) - has;
            }
            if currency == "USD" {
                let own = newest.caps.partner.map(|cap| (cap - month.used).max(0));
                let all = newest.caps.program.map(|cap| (cap - self.program).max(0));
                difference = own.into_iter().chain(all).fold(difference, Amount::min);
                self.program += difference;
            }
            // Of what comes back behind the count, bands give back their part of what they added.
            let sum = |of: fn(&Banded<'_>) -> Amount| month.retroactive.iter().fold(0, |sum, sale| sum + of(sale));
            let (volume, late) = (sum(|sale| sale.volume), sum(|sale| sale.late));
            if volume > 0 {
                difference -= half_away(difference * late, volume);
            }
            *self.earned.periods.entry((partner.to_owned(), currency.to_owned(), String::new())).or_default() +=
                difference;
        }
        self.earned
    }

    fn month(&mut self, placed: &Placed<'a>) -> &mut Month<'a> {
        self.months.entry((placed.partner(), &placed.sale.currency)).or_default()
    }

    fn add(&mut self, partner: &str, sale: &Paid, amount: Amount) {
        let key = (sale.payment.clone(), partner.to_owned(), sale.currency.clone());
        *self.earned.sales.entry(key).or_default() += amount;
    }

    /// What the caps leave of what is left; it uses them up.
    fn cap(&mut self, rule: &Rule, placed: &Placed<'a>, left: Amount, is_own: bool) -> Amount {
        if placed.sale.currency != "USD" {
            return left;
        }
        let customer = placed.sale.customer.as_deref().filter(|_| is_own);
        let used = customer.map_or(0, |customer| *self.customers.entry((customer, placed.partner())).or_default());
        let of_partner = self.month(placed).used;
        let room = |cap: Option<Amount>, used: Amount| cap.map(|cap| (cap - used).max(0));
        let rooms = [
            customer.and_then(|_| room(rule.caps.customer, used)),
            room(rule.caps.partner, of_partner).filter(|_| is_own),
            room(rule.caps.program, self.program),
        ];
        let paid = rooms.into_iter().flatten().fold(left, Amount::min);
        if let Some(customer) = customer {
            *self.customers.entry((customer, placed.partner())).or_default() += paid;
        }
        if is_own {
            self.month(placed).used += paid;
        }
        self.program += paid;
        paid
    }

    /// A share of the commission as it was earned, on top.
    fn second_tier(&mut self, rule: &Rule, placed: &Placed<'a>, worth: &Worth) {
        let referrer = self.terms.referrers.get(placed.partner()).filter(|referrer| *referrer != placed.partner());
        let (Some(rate), Some(referrer)) = (rule.second_tier, referrer) else { return };
        let share = half_away(line_cap(rule, placed.sale, worth.booked(placed)) * rate, MILLION);
        if share != 0 {
            let booked = line_cap(rule, placed.sale, share);
            let left = left_of(placed, worth.is_flat, booked);
            let paid = self.cap(rule, placed, left, false);
            self.add(referrer, placed.sale, placed.left_by_now(worth.is_flat, (booked, paid)));
        }
    }

    fn reach(&mut self, rule: &'a Rule, placed: &Placed<'a>) {
        let month = self.month(placed);
        month.sales += 1;
        month.customers += u64::from(placed.is_first);
        let mut reached = Vec::new();
        for milestone in rule.milestones.iter().filter(|_| placed.sale.currency == "USD") {
            let is_reached = match milestone.count {
                Count::Sales(count) => month.sales >= count,
                Count::Customers(count) => month.customers >= count,
                Count::Revenue(amount) => month.volume >= amount,
            };
            if is_reached && month.reached.insert(&milestone.name) {
                reached.push(milestone);
            }
        }
        for milestone in reached.into_iter().filter(|milestone| milestone.bonus != 0) {
            let key = (placed.partner().to_owned(), placed.sale.currency.clone(), milestone.name.clone());
            *self.earned.periods.entry(key).or_default() += milestone.bonus;
        }
    }
}

/// What is left after refunds: flat rewards stand until everything went back.
fn left_of(placed: &Placed<'_>, is_flat: bool, amount: Amount) -> Amount {
    match is_flat {
        true if placed.is_gone() => 0,
        true => amount,
        false => placed.left_of(amount),
    }
}

/// What each gets of what it would have alone, by weights.
fn parts_of(alone: &[Amount], weights: &[Amount]) -> Vec<Amount> {
    let all = weights.iter().fold(0, |all: Amount, weight| all.saturating_add(*weight));
    let is_same = alone.windows(2).all(|pair| pair[0] == pair[1]);
    if !is_same {
        return alone.iter().zip(weights).map(|(alone, weight)| half_away(alone * weight, all)).collect();
    }
    let whole = alone.first().copied().unwrap_or(0);
    let mut parts: Vec<Amount> = weights.iter().map(|weight| whole * weight / all).collect();
    let mut by_rest: Vec<usize> = (0..parts.len()).collect();
    // The greatest rest first; of the same the earlier.
    by_rest.sort_by_key(|place| std::cmp::Reverse(whole * weights[*place] % all));
    let left = parts.iter().fold(whole, |left, part| left - part);
    for place in by_rest.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[place] += 1;
    }
    parts
}

fn line_cap(rule: &Rule, sale: &Paid, amount: Amount) -> Amount {
    let cap = rule.caps.line.filter(|_| sale.currency == "USD");
    cap.map_or(amount, |cap| amount.min(cap))
}

fn worth(
    rule: &Rule,
    placed: &Placed<'_>,
    index: u32,
    (before, volume, net_volume): (Amount, Amount, Amount),
) -> Worth {
    let nothing = Worth { commission: 0, exactly: None, bonus: 0, is_flat: false, is_retroactive: false };
    let sale = placed.sale;
    let first = rule.first.filter(|_| placed.is_first);
    if sale.paid <= 0 || (first.is_none() && rule.occurrences.is_some_and(|max| index >= max)) {
        return nothing;
    }
    let has_bonus = |(from, _): &(Amount, Amount)| sale.currency == "USD" && before + net_volume >= *from;
    let more = rule.bonus.filter(has_bonus).map_or(0, |(_, more)| more);
    let by_rate = |rate: Amount| Worth {
        commission: placed.share(rate, MILLION),
        bonus: placed.share(rate * (MILLION + more), MILLION * MILLION) - placed.share(rate, MILLION),
        ..nothing
    };
    let bands_bonus =
        |exact: Amount| half_away(exact * (MILLION + more), MILLION * MILLION) - half_away(exact, MILLION);
    match (placed.credit.own_rate.or(first), &rule.pay) {
        (Some(rate), _) => by_rate(rate),
        (None, Pay::Rate(rate)) => by_rate(*rate),
        (None, Pay::Flat(amount, currency)) if *currency == sale.currency => {
            Worth { commission: *amount, is_flat: true, ..nothing }
        }
        (None, Pay::Flat(..)) => nothing,
        (None, Pay::Bands(bands)) if bands.is_retroactive => {
            let exact = volume * bands.reached(0, &sale.currency);
            let (commission, bonus) = (half_away(exact, MILLION), bands_bonus(exact));
            Worth { commission, bonus, is_retroactive: true, ..nothing }
        }
        (None, Pay::Bands(bands)) => {
            let slices = |volume: Amount| bands.slices(volume, &sale.currency);
            let marginal = |volume: Amount| {
                bands.marginal(before + volume, &sale.currency) - bands.marginal(before, &sale.currency)
            };
            let bonus = bands_bonus(slices(before + volume) - slices(before));
            Worth { commission: marginal(volume), exactly: Some(marginal(net_volume)), bonus, ..nothing }
        }
    }
}
