//! The head item and the close item.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::PayoutId;
use domain::ledger::{Close, Head};
use domain::line::{Account, Line, LineKind, PartKind, Place};
use domain::money::Money;
use domain::month::Month;
use domain::retarget::late_months;
use domain::slot::Slot;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent, number, text};
use crate::keys::Key;
use crate::request::UpdateBuilder;
use crate::{StoreError, TenantKey};

/// What the attribute of an open slot begins with.
const SLOT_PREFIX: &str = "p";

/// The attribute that holds the net of an open slot.
pub(crate) fn slot_attribute(slot: Slot) -> String {
    format!("{SLOT_PREFIX}{slot}")
}

/// Reads a head, whose open slots are attributes of their own.
pub(crate) fn read(key: &Key, attributes: &Attributes) -> Result<Head, StoreError> {
    let fields = Fields { key, attributes };
    let currency = key
        .sk
        .strip_prefix("head#")
        .and_then(|code| Currency::parse(code).ok())
        .ok_or_else(|| inconsistent(key, "no currency in the key"))?;
    Ok(Head {
        currency,
        version: fields.number("version")?.unsigned_abs(),
        open: fields.open_slots()?,
        available: fields.number("available")?,
        reserved: fields.number("reserved")?,
        held: fields.number("held")?,
        settled: fields.number("settled")?,
        fence: fields.slot("fence")?,
        closed: fields.slot("closed")?,
        covered: fields.slot("covered")?,
        paid: fields.slot("paid")?,
        close_no: fields.count("close_no")?,
        close_hash: fields.parsed("close_hash", Digest::parse_hex)?.unwrap_or(Digest::ZERO),
        payout_no: fields.count("payout_no")?,
        open_payout: fields.parsed("open_payout", |text| PayoutId::parse(text).ok())?,
        live: attributes.contains_key("live_pk"),
        frozen: fields.month("frozen")?,
        counted: fields.month("counted")?,
        bookings: fields.number("bookings")?.unsigned_abs(),
        adjust_no: fields.number("adjust_no")?.unsigned_abs(),
        adjusted: fields.number("adjusted")?.unsigned_abs(),
        open_period: fields.month("open_period")?,
    })
}

struct Fields<'a> {
    key: &'a Key,
    attributes: &'a Attributes,
}

impl Fields<'_> {
    fn number(&self, name: &str) -> Result<i64, StoreError> {
        let Some(value) = self.attributes.get(name) else { return Ok(0) };
        value
            .as_n()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| inconsistent(self.key, format!("{name} is no number")))
    }

    fn count(&self, name: &str) -> Result<u32, StoreError> {
        u32::try_from(self.number(name)?).map_err(|_| inconsistent(self.key, format!("{name} is no count")))
    }

    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let Some(value) = self.attributes.get(name) else { return Ok(None) };
        let parsed = value.as_s().ok().and_then(|text| parse(text));
        parsed.map(Some).ok_or_else(|| inconsistent(self.key, format!("{name} cannot be read")))
    }

    fn slot(&self, name: &str) -> Result<Option<Slot>, StoreError> {
        self.parsed(name, |text| Slot::parse(text).ok())
    }

    fn month(&self, name: &str) -> Result<Option<Month>, StoreError> {
        self.parsed(name, |text| Month::parse(text).ok())
    }

    fn open_slots(&self) -> Result<BTreeMap<Slot, i64>, StoreError> {
        let slots =
            self.attributes.keys().filter_map(|name| Some((name, Slot::parse(name.strip_prefix(SLOT_PREFIX)?).ok()?)));
        slots.map(|(name, slot)| Ok((slot, self.number(name)?))).collect()
    }
}

/// COM-10: the month in which a line has its sale begin to count for its partner: a first one, or one by which it comes
/// back. For whoever gets a share on top it counts in none.
pub(crate) fn counts_from(line: &Line) -> Option<Month> {
    let begins = matches!(line.kind, LineKind::Earned | LineKind::Adjustment);
    line.trace.period.filter(|_| begins && line.trace.part.kind != PartKind::SecondTier)
}

/// A booking, as a part of an update of the head, which may ask for more: `ADD p<slot> net`, the account is live, on
/// the condition that no slot used is final and that no period is frozen in which a new sale is to count.
pub(crate) fn booking_on<'a>(
    update: UpdateBuilder<'a>,
    tenant: &TenantKey,
    account: &Account,
    lines: &[&Line],
) -> Result<UpdateBuilder<'a>, StoreError> {
    let live = tenant.live(account);
    let mut nets: BTreeMap<Place, Money> = BTreeMap::new();
    for line in lines {
        let net = nets.get(&line.place).copied().unwrap_or(Money::zero(account.currency));
        let sum = net.try_add(line.amount).map_err(|error| inconsistent(&tenant.head(account), error))?;
        nets.insert(line.place, sum);
    }
    let mut update = update
        .set("entity", text("head"))
        .set("v", number(1))
        .set("live_pk", text(live.pk))
        .set("live_sk", text(live.sk))
        .set_if_absent("close_hash", text(Digest::ZERO.to_hex()))
        .add("bookings", 1)
        .add("version", 1);
    for name in ["available", "reserved", "settled", "close_no", "payout_no"] {
        update = update.set_if_absent(name, number(0));
    }
    let mut first: Option<Slot> = None;
    for (place, net) in &nets {
        match place {
            Place::Slot(slot) => {
                first = Some(first.map_or(*slot, |first| first.min(*slot)));
                update = update.add(&slot_attribute(*slot), net.minor());
            }
            Place::Held => update = update.add("held", net.minor()),
        }
    }
    if let Some(first) = first {
        update = update.require_below("fence", text(first.to_string()));
    }
    // A sale counts in a month only while the month is open; behind that it is late, and says so.
    if let Some(period) = lines.iter().filter_map(|line| counts_from(line)).min() {
        update = update.require_below("frozen", text(period.to_string()));
    }
    // COM-22: what is taken back of a month goes with that month until it is counted; behind that it is late, and says so.
    let own = lines.iter().filter(|line| line.kind == LineKind::Reversal && late_months(line).is_none());
    let own = own.filter_map(|line| line.trace.period).min();
    let late = lines.iter().filter_map(|line| late_months(line)).map(|(_, month)| month).min();
    for (mark, month) in [("counted", own), ("frozen", late)] {
        if let Some(month) = month {
            update = update.require_below(mark, text(month.to_string()));
        }
    }
    Ok(update)
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CloseItem {
    entity: String,
    v: u32,
    no: u32,
    from: Option<Slot>,
    to: Slot,
    count: u64,
    net_minor: i64,
    previous: Digest,
    hash: Digest,
}

impl From<&Close> for CloseItem {
    fn from(close: &Close) -> Self {
        Self {
            entity: "close".to_owned(),
            v: 1,
            no: close.no,
            from: close.from,
            to: close.to,
            count: close.count,
            net_minor: close.net.minor(),
            previous: close.previous,
            hash: close.hash,
        }
    }
}

/// Reads a close.
pub(crate) fn read_close(currency: Currency, attributes: Attributes) -> Result<Close, StoreError> {
    let found: CloseItem = item::read(attributes)?;
    Ok(Close {
        no: found.no,
        from: found.from,
        to: found.to,
        count: found.count,
        net: Money::from_minor(found.net_minor, currency),
        previous: found.previous,
        hash: found.hash,
    })
}
