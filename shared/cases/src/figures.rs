//! What an account came to in a span of time: exactly, and without reading its history each time.
//!
//! What lies at or below `closed` is final: it is counted once, close by close, and kept. What is above it is read as it
//! is. A span that begins or ends within a day reads the lines of that day's closes again. So a figure is the sum of the
//! lines themselves at any moment, and costs what is open and not what there ever was.

use std::collections::{BTreeMap, BTreeSet};

use domain::figures::{Figures, Span, Taken, asks_for, groups};
use domain::id::SaleId;
use domain::ledger::{Close, Head};
use domain::line::{Account, Line};
use domain::sale::Sale;
use domain::time::Zone;
use futures::{StreamExt, TryStreamExt};
use store::commissions::LineSpot;
use store::figures::{Begin, Part, Until};
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// How many lines one part of a close has at most.
pub const PART_LINES: usize = 10_000;
/// How many open lines are read for one question.
pub const OPEN_LINES_MAX: usize = 200_000;
/// How many lines are read at once.
const READ_AT_ONCE: usize = 2_000;
/// How many sales are asked for at once.
const SALES_AT_ONCE: usize = 32;

/// Is the time of a request over? It is asked between parts.
pub type IsOver<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// Whose lines are counted.
#[derive(Clone, Copy)]
pub struct Books<'a> {
    /// The store.
    pub store: &'a Store,
    /// The tenant.
    pub tenant: &'a TenantKey,
    /// The account.
    pub account: &'a Account,
    /// The ledger's zone.
    pub zone: &'a Zone,
    /// How many lines one part has at most: [`PART_LINES`], fewer in tests.
    pub part_lines: usize,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The answer.
    Whole(Box<Figures>),
    /// What is closed is not counted whole yet; what is, is kept: ask again.
    Counting,
    /// More lines are open than are read for one question.
    TooManyOpen,
}

/// What an account came to in a span.
///
/// # Errors
/// The store does not answer, amounts are out of range, or a close that the head tells of is not there.
pub async fn of(books: Books<'_>, span: Span, is_over: IsOver<'_>) -> Result<Found, CaseError> {
    let head = books.store.get_head(books.tenant, books.account).await?;
    let Some(parts) = keep(books, &head, is_over).await? else { return Ok(Found::Counting) };
    let mut figures = Figures::default();
    for part in &parts {
        let is_paid = Some(part.to) <= head.paid;
        let mut cut = false;
        for (day, tally) in &part.days {
            match span.takes(*day, books.zone)? {
                Taken::Whole => figures.add(*day, *tally, is_paid)?,
                Taken::Part => cut = true,
                Taken::Nothing => {}
            }
        }
        if cut {
            again(books, part, &head, (span, &mut figures)).await?;
        }
    }
    let is_whole = open(books, &head, |group| {
        figures.take(group, books.zone, head.paid, |_, at| span.holds(at)).map_err(CaseError::from)
    });
    let is_whole = is_whole.await?;
    Ok(if is_whole { Found::Whole(Box::new(figures)) } else { Found::TooManyOpen })
}

/// The lines of a part again, for the days of which the span takes a part only.
async fn again(
    books: Books<'_>,
    part: &Part,
    head: &Head,
    (span, figures): (Span, &mut Figures),
) -> Result<(), CaseError> {
    let Some((first, last)) = part.lines.clone() else { return Ok(()) };
    let (mut begin, until) = (Begin::Line(first), Until::Line(last));
    let mut lines = Vec::new();
    loop {
        let (page, more) = books.page((&begin, &until), READ_AT_ONCE).await?;
        if let Some(last) = page.last() {
            begin = Begin::BehindLine(LineSpot::of(last));
        }
        lines.extend(page);
        if !more {
            break;
        }
    }
    let sales = books.sales(&lines).await?;
    for group in groups(&lines) {
        // A day that the span takes whole is in already; of one that it takes a part of, nothing is.
        let is_cut = |day| span.takes(day, books.zone).is_ok_and(|taken| taken == Taken::Part);
        figures
            .take((group, sale_of(group, &sales)), books.zone, head.paid, |day, at| is_cut(day) && span.holds(at))?;
    }
    Ok(())
}

/// Counts the closes that are not counted yet, part by part, and keeps each. Answers all parts; `None` when the time was
/// over before.
///
/// # Errors
/// As [`of`].
pub async fn keep(books: Books<'_>, head: &Head, is_over: IsOver<'_>) -> Result<Option<Vec<Part>>, CaseError> {
    let mut parts = books.store.list_figures(books.tenant, books.account).await?;
    // Another may have counted a close that came after this head was read: it is read as open.
    parts.retain(|part| part.close <= head.close_no);
    let begun = parts.last().filter(|part| !part.is_last).map(|part| part.close);
    let next = begun.or_else(|| parts.last().map(|part| part.close + 1)).unwrap_or(1);
    if next > head.close_no {
        return Ok(Some(parts));
    }
    let closes = books.store.list_closes_from(books.tenant, books.account, next).await?;
    for close in closes.iter().filter(|close| close.no <= head.close_no) {
        loop {
            let before = parts.last().filter(|part| part.close == close.no);
            if before.is_some_and(|part| part.is_last) {
                break;
            }
            if is_over() {
                return Ok(None);
            }
            let part = count(books, close, before).await?;
            // Refused when another counted it at the same time: what both found is the same.
            let _: Written = books.store.record_figures(books.tenant, books.account, &part).await?;
            parts.push(part);
        }
    }
    // A close that the head tells of and nobody finds would leave a hole in every figure.
    let is_whole = parts.last().is_some_and(|part| part.close == head.close_no && part.is_last);
    if is_whole { Ok(Some(parts)) } else { Err(CaseError::Busy) }
}

/// The next part of a close.
async fn count(books: Books<'_>, close: &Close, before: Option<&Part>) -> Result<Part, CaseError> {
    let mut begin = match before.and_then(|part| part.lines.clone()) {
        Some((_, last)) => Begin::BehindLine(last),
        None => Begin::Behind(close.from),
    };
    let until = Until::Slot(close.to);
    let mut lines: Vec<Line> = Vec::new();
    let is_last = loop {
        // One more than a part has, to see where its last sale ends.
        let room = (books.part_lines + 1).saturating_sub(lines.len()).clamp(1, READ_AT_ONCE);
        let (page, more) = books.page((&begin, &until), room).await?;
        if let Some(last) = page.last() {
            begin = Begin::BehindLine(LineSpot::of(last));
        }
        lines.extend(page);
        if !more {
            break true;
        }
        // A part ends between two sales: the lines of one stand together. One sale alone is never cut, however long.
        if lines.len() > books.part_lines && groups(&lines).nth(1).is_some() {
            let whole = lines.len() - groups(&lines).last().map_or(0, <[Line]>::len);
            lines.truncate(whole);
            break false;
        }
    };
    let mut figures = Figures::default();
    let sales = books.sales(&lines).await?;
    for group in groups(&lines) {
        figures.take((group, sale_of(group, &sales)), books.zone, None, |_, _| true)?;
    }
    let ends = lines.first().zip(lines.last());
    Ok(Part {
        close: close.no,
        no: before.map_or(1, |part| part.no + 1),
        to: close.to,
        lines: ends.map(|(first, last)| (LineSpot::of(first), LineSpot::of(last))),
        is_last,
        days: figures.days,
    })
}

/// Every group of lines above what is closed, with what is held. `false` when there are too many.
async fn open(
    books: Books<'_>,
    head: &Head,
    mut take: impl FnMut((&[Line], Option<&Sale>)) -> Result<(), CaseError>,
) -> Result<bool, CaseError> {
    let (mut begin, mut seen) = (Begin::Behind(head.closed), 0);
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let (page, more) = books.page((&begin, &Until::End), READ_AT_ONCE).await?;
        seen += page.len();
        if seen > OPEN_LINES_MAX {
            return Ok(false);
        }
        if let Some(last) = page.last() {
            begin = Begin::BehindLine(LineSpot::of(last));
        }
        lines.extend(page);
        // The last group may go on with the next page.
        let whole = if more { lines.len() - groups(&lines).last().map_or(0, <[Line]>::len) } else { lines.len() };
        let sales = books.sales(&lines[..whole]).await?;
        for group in groups(&lines[..whole]) {
            take((group, sale_of(group, &sales)))?;
        }
        lines.drain(..whole);
        if !more {
            return Ok(true);
        }
    }
}

/// The sale that a group asks for.
fn sale_of<'a>(group: &[Line], sales: &'a BTreeMap<SaleId, Sale>) -> Option<&'a Sale> {
    asks_for(group).and_then(|sale| sales.get(sale))
}

impl Books<'_> {
    /// The sales that groups of lines ask for: of money that is held, or was released into another slot.
    async fn sales(&self, lines: &[Line]) -> Result<BTreeMap<SaleId, Sale>, CaseError> {
        let asked: BTreeSet<SaleId> = groups(lines).filter_map(asks_for).cloned().collect();
        let read = |id: SaleId| async move {
            let sale = self.store.get_sale(self.tenant, &id).await?;
            // A line whose sale nobody finds would count on another day.
            sale.map(|sale| (id, sale)).ok_or(CaseError::Busy)
        };
        futures::stream::iter(asked).map(read).buffer_unordered(SALES_AT_ONCE).try_collect().await
    }

    async fn page(&self, between: (&Begin, &Until), limit: usize) -> Result<(Vec<Line>, bool), CaseError> {
        Ok(self.store.list_lines_within(self.tenant, self.account, between, limit).await?)
    }
}
