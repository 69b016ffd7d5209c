//! What the lines of closes come to, day by day, and the lines behind it.
//!
//! A closed slot is final, so what its lines come to is counted once and kept in `ops`. It may be forgotten: then it is
//! counted again, and comes out the same.

use std::collections::BTreeMap;

use domain::figures::{Days, Tally};
use domain::ledger::Close;
use domain::line::{Account, Line};
use domain::slot::Slot;
use domain::time::BusinessDay;
use serde::{Deserialize, Serialize};

use crate::accounts::{read_close, read_line};
use crate::commissions::LineSpot;
use crate::item::inconsistent;
use crate::keys::Key;
use crate::request::Range;
use crate::{Store, StoreError, TenantKey, Written};

/// What some lines of one close come to. They follow each other in the order of the account, and those of one sale in one
/// slot are in one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the close.
    pub close: u32,
    /// The number of the part in the close, from 1.
    pub no: u32,
    /// The last slot of the close.
    pub to: Slot,
    /// The first and the last line; none where the close has no line.
    pub lines: Option<(LineSpot, LineSpot)>,
    /// Is it the last part of its close?
    pub is_last: bool,
    /// What the lines come to.
    pub days: Days,
}

#[derive(Serialize, Deserialize)]
struct PartItem {
    entity: String,
    v: u32,
    to: Slot,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    ends: bool,
    /// By day: net and earned in minor units, and how many lines.
    days: BTreeMap<BusinessDay, (i64, i64, u64)>,
}

/// From where lines are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The first slot behind this one; the first of all where there is none.
    Behind(Option<Slot>),
    /// The line behind this one.
    BehindLine(LineSpot),
    /// This line.
    Line(LineSpot),
}

/// To where lines are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The last line of this slot.
    Slot(Slot),
    /// This line.
    Line(LineSpot),
    /// The end of the account, with what is held.
    End,
}

impl Store {
    /// Everything that is kept of what the closes of an account come to, in order; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_figures(&self, tenant: &TenantKey, account: &Account) -> Result<Vec<Part>, StoreError> {
        let pk = tenant.figures(account);
        let range = Range::prefix(&pk, &format!("{}#", account.currency));
        let rows = self.list_attributes(&self.tables.ops, &range, "reading what closes come to").await?;
        rows.into_iter().map(read_part).collect()
    }

    /// Keeps what a part of a close comes to; one that is there already is the same.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_figures(
        &self,
        tenant: &TenantKey,
        account: &Account,
        part: &Part,
    ) -> Result<Written, StoreError> {
        let key = tenant.figures_part(account, part.close, part.no);
        let spot = |at: &LineSpot| at.to_text();
        let item = PartItem {
            entity: "figures".to_owned(),
            v: 1,
            to: part.to,
            first: part.lines.as_ref().map(|(first, _)| spot(first)),
            last: part.lines.as_ref().map(|(_, last)| spot(last)),
            ends: part.is_last,
            days: part.days.iter().map(|(day, tally)| (*day, (tally.net, tally.earned, tally.count))).collect(),
        };
        self.put_new(&self.tables.ops, &key, &item, "keeping what a close comes to").await
    }

    /// The closes of an account from a number on, in order.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_closes_from(
        &self,
        tenant: &TenantKey,
        account: &Account,
        no: u32,
    ) -> Result<Vec<Close>, StoreError> {
        let (from, last) = (tenant.close(account, no), tenant.close(account, 99_999_999));
        let range = Range { pk: &from.pk, from: from.sk.clone(), to: last.sk, consistent: true };
        let rows = self.list_attributes(&self.tables.core, &range, "listing the latest closes of an account").await?;
        rows.into_iter().map(|attributes| read_close(account.currency, attributes)).collect()
    }

    /// Lines of an account in its order, at most as many as the limit; and whether there may be more. Strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or a line cannot be read.
    pub async fn list_lines_within(
        &self,
        tenant: &TenantKey,
        account: &Account,
        (from, to): (&Begin, &Until),
        limit: usize,
    ) -> Result<(Vec<Line>, bool), StoreError> {
        let prefix = format!("{}#line#", account.currency);
        let from = match from {
            Begin::Behind(None) => prefix.clone(),
            // `~` sorts behind everything that the key of a line in the slot goes on with.
            Begin::Behind(Some(slot)) => format!("{prefix}{slot}#~"),
            // `!` sorts before every digit that the number of another line could go on with.
            Begin::BehindLine(spot) => format!("{prefix}{}!", spot.to_text()),
            Begin::Line(spot) => format!("{prefix}{}", spot.to_text()),
        };
        let to = match to {
            Until::Slot(slot) => format!("{prefix}{slot}#~"),
            Until::Line(spot) => format!("{prefix}{}", spot.to_text()),
            Until::End => format!("{prefix}~"),
        };
        if from > to {
            return Ok((Vec::new(), false));
        }
        let pk = tenant.account(&account.partner);
        let range = Range { pk: &pk, from, to, consistent: true };
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let doing = "reading lines for figures";
        let (rows, next) = self.query_page(&self.tables.core, &range, None, Some(limit), doing).await?;
        let lines: Result<Vec<Line>, StoreError> =
            rows.into_iter().map(|attributes| read_line(&account.partner, attributes)).collect();
        Ok((lines?, next.is_some()))
    }
}

fn read_part(attributes: crate::item::Attributes) -> Result<Part, StoreError> {
    let (pk, sk) = crate::item::place_of(&attributes);
    let key = Key { pk, sk };
    let item: PartItem = crate::item::read(attributes)?;
    let mut numbers = key.sk.split('#').skip(1).map(str::parse::<u32>);
    let (Some(Ok(close)), Some(Ok(no))) = (numbers.next(), numbers.next()) else {
        return Err(inconsistent(&key, "no number of a close and a part"));
    };
    let spot = |text: &str| LineSpot::parse(text).ok_or_else(|| inconsistent(&key, "no line"));
    let lines = match (&item.first, &item.last) {
        (Some(first), Some(last)) => Some((spot(first)?, spot(last)?)),
        _ => None,
    };
    let tally = |(net, earned, count)| Tally { net, earned, count };
    let days = item.days.into_iter().map(|(day, kept)| (day, tally(kept))).collect();
    Ok(Part { close, no, to: item.to, lines, is_last: item.ends, days })
}
