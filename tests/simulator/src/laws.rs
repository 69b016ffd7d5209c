//! The laws, read off the raw rows: nothing here asks the product what its rows mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::database::{AttributeValue, Database, Item, Place, TABLES};

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub law: &'static str,
    /// Where, and the two figures.
    pub found: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.law, self.found)
    }
}

/// The laws that a simulation must have checked on something: a law over nothing holds by itself.
pub const LAWS: &[&str] = &[
    "E1 open slots",
    "E2 all lines",
    "E3 lines paid",
    "E4 lines in a payout",
    "V1",
    "V2",
    "V3",
    "V4",
    "V5",
    "V6",
    "V7",
    "V8",
    "V9",
    "V9 journal",
    "V10",
    "V11",
    "V11 with a form",
    "V12",
    "V13",
    "V14",
    "model",
    "periods",
    "doubts decided",
    "behind the count",
    "bands given back",
    "decisions",
    "shares",
    "bindings",
    "holds",
    "live",
    "seal",
    "own approval",
    "export",
    "transfers",
    "outcomes",
    "poison",
    "tenant",
    "liveness",
];

/// How often each law was checked on something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked(BTreeMap<&'static str, u64>);

impl Checked {
    /// A law was checked so many times.
    pub fn add(&mut self, law: &'static str, times: u64) {
        *self.0.entry(law).or_default() += times;
    }

    /// Everything that another count has, too.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(law, times)| self.add(law, *times));
    }

    /// How often a law was checked.
    #[must_use]
    pub fn of(&self, law: &str) -> u64 {
        self.0.get(law).copied().unwrap_or(0)
    }
}

/// A whole number of an item; 0 where it has none.
pub(crate) fn number(item: &Item, name: &str) -> i128 {
    match item.get(name) {
        Some(AttributeValue::N(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

/// A text of an item; empty where it has none, which sorts before every slot.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// The lines of an account by place: how many, and their net.
type Lines<'a> = BTreeMap<&'a str, (u64, i128)>;

/// Checks the four equalities of every account that was written to, and that every key was this tenant's.
///
/// # Errors
/// The first law that does not hold.
pub fn after_write(
    database: &Database,
    tenant: &str,
    places: &[Place],
    today: &str,
    checked: &mut Checked,
) -> Result<(), Breach> {
    let mut accounts = BTreeSet::new();
    for place in places {
        if !place.pk.starts_with(tenant) && !place.pk.starts_with("code#") {
            return Err(Breach { law: "tenant", found: format!("{} / {} is not of {tenant}", place.pk, place.sk) });
        }
        indexed(database, tenant, place)?;
        checked.add("tenant", 1);
        if place.pk.contains("#account#") {
            accounts.insert((&place.table, &place.pk));
        }
    }
    for (table, pk) in accounts {
        let mut heads: BTreeMap<&str, &Arc<Item>> = BTreeMap::new();
        let mut lines: BTreeMap<&str, Lines<'_>> = BTreeMap::new();
        for (sk, item) in database.committed_partition(table, pk) {
            if let Some(currency) = sk.strip_prefix("head#") {
                heads.insert(currency, item);
            } else if let Some((currency, rest)) = sk.split_once("#line#") {
                let slot = rest.split('#').next().unwrap_or_default();
                let (count, net) = lines.entry(currency).or_default().entry(slot).or_default();
                *count += 1;
                *net += number(item, "amount_minor");
            }
        }
        let currencies: BTreeSet<&str> = heads.keys().chain(lines.keys()).copied().collect();
        for currency in currencies {
            let Some(head) = heads.get(currency) else {
                return Err(Breach { law: "E2 all lines", found: format!("{pk} {currency}: lines without a head") });
            };
            let lines = lines.remove(currency).unwrap_or_default();
            account(head, &lines, today, checked)
                .map_err(|(law, found)| Breach { law, found: format!("{pk} {currency}: {found}") })?;
        }
    }
    Ok(())
}

/// In every index, too, an item stands under its tenant.
fn indexed(database: &Database, tenant: &str, place: &Place) -> Result<(), Breach> {
    let (_, Some(item)) = database.last_two(place) else { return Ok(()) };
    for index in TABLES.iter().flat_map(|table| table.indexes) {
        let (name, _) = index.keys;
        let Some(AttributeValue::S(key)) = item.get(name) else { continue };
        if !key.starts_with(tenant) {
            let found = format!("{} / {}: {name} {key} is not of {tenant}", place.pk, place.sk);
            return Err(Breach { law: "tenant", found });
        }
    }
    Ok(())
}

type Broken = (&'static str, String);

fn expect(law: &'static str, what: impl fmt::Display, expected: i128, found: i128) -> Result<(), Broken> {
    if expected == found { Ok(()) } else { Err((law, format!("{what}: the lines say {expected}, the head {found}"))) }
}

fn account(head: &Item, lines: &Lines<'_>, today: &str, checked: &mut Checked) -> Result<(), Broken> {
    let (fence, closed) = (text(head, "fence"), text(head, "closed"));
    let (covered, paid) = (text(head, "covered"), text(head, "paid"));
    if !(paid <= covered && covered <= closed && closed <= fence) {
        return Err(("V14", format!("paid {paid:?}, covered {covered:?}, closed {closed:?}, fence {fence:?}")));
    }
    let open: BTreeMap<&str, i128> =
        head.keys().filter_map(|name| Some((is_slot(name.strip_prefix('p')?)?, number(head, name)))).collect();
    let net = |place: &str| lines.get(place).map_or(0, |(_, net)| *net);
    let slots: BTreeSet<&str> = lines.keys().copied().filter(|place| *place != "held" && *place > closed).collect();
    for slot in slots.iter().chain(open.keys()) {
        if *slot <= closed {
            return Err(("E1 open slots", format!("{slot} is open and closed")));
        }
        expect("E1 open slots", slot, net(slot), open.get(slot).copied().unwrap_or(0))?;
        checked.add("E1 open slots", 1);
        // Of a slot that is still to come, nothing can be owed: a clock that is a day wrong is borne.
        if *slot > today && open.get(slot).is_some_and(|net| *net < 0) {
            return Err(("V6", format!("{slot} is to come, and below zero")));
        }
    }
    let sum = |wanted: &dyn Fn(&str) -> bool| {
        lines
            .iter()
            .filter(|(place, _)| wanted(place))
            .fold((0, 0), |(count, net), (_, line)| (count + line.0, net + line.1))
    };
    let is_up_to = |place: &str, limit: &str| place != "held" && place <= limit;
    let [available, reserved, settled, held] =
        ["available", "reserved", "settled", "held"].map(|name| number(head, name));
    let kept = open.values().fold(available + reserved + settled + held, |sum, net| sum + net);
    expect("E2 all lines", "all lines", sum(&|_| true).1, kept)?;
    checked.add("E2 all lines", u64::from(!lines.is_empty()));
    let (count, net_paid) = sum(&|place| is_up_to(place, paid));
    expect("E3 lines paid", "lines paid", net_paid, settled)?;
    checked.add("E3 lines paid", u64::from(count > 0));
    let (count, net_covered) = sum(&|place| is_up_to(place, covered) && !is_up_to(place, paid));
    expect("E4 lines in a payout", "lines in a payout", net_covered, reserved)?;
    checked.add("E4 lines in a payout", u64::from(count > 0));
    expect("V6", "held", net("held"), held)?;
    if held < 0 || reserved < 0 {
        return Err(("V6", format!("held {held}, reserved {reserved}")));
    }
    let is_at_rest = open.is_empty() && available == 0 && held == 0 && reserved == 0;
    if !is_at_rest && !head.contains_key("live_pk") {
        return Err(("live", "something is left, and no night will come".to_owned()));
    }
    checked.add("live", u64::from(!is_at_rest));
    checked.add("V6", u64::from(!lines.is_empty()));
    checked.add("V14", u64::from(!lines.is_empty()));
    Ok(())
}

/// The text, if it is `yymmdd.cut`.
fn is_slot(text: &str) -> Option<&str> {
    let is_slot = text.len() == 9
        && text.bytes().enumerate().all(|(at, byte)| if at == 6 { byte == b'.' } else { byte.is_ascii_digit() });
    is_slot.then_some(text)
}

/// What each sale has come to, by its id, partner and currency, added up from the lines of a tenant.
#[must_use]
pub fn nets(rows: &BTreeMap<Place, Arc<Item>>) -> BTreeMap<(String, String, String), i128> {
    let mut nets = BTreeMap::new();
    for (partner, currency, origin, minor) in lines(rows).filter(|line| line.2.starts_with("sal_")) {
        *nets.entry((origin.to_owned(), partner.to_owned(), currency.to_owned())).or_default() += minor;
    }
    nets
}

/// What is booked beside all sales, by partner and currency.
#[must_use]
pub fn entries(rows: &BTreeMap<Place, Arc<Item>>) -> BTreeMap<(String, String), i128> {
    let mut entries = BTreeMap::new();
    for (partner, currency, _, minor) in lines(rows).filter(|line| !line.2.starts_with("sal_")) {
        *entries.entry((partner.to_owned(), currency.to_owned())).or_default() += minor;
    }
    entries
}

/// Every line: whose, in which currency, of what, how much.
fn lines(rows: &BTreeMap<Place, Arc<Item>>) -> impl Iterator<Item = (&str, &str, &str, i128)> {
    rows.iter().filter_map(|(place, item)| {
        let (_, partner) = place.pk.split_once("#account#")?;
        let (currency, rest) = place.sk.split_once("#line#")?;
        Some((partner, currency, rest.split('#').nth(1)?, number(item, "amount_minor")))
    })
}
