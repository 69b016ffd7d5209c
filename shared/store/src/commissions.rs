//! Lines as their partner looks at them: newest day first, a page at a time.

use domain::line::{Account, Line, Origin, Place};
use domain::slot::Slot;

use crate::accounts::read_line;
use crate::item::{self, Attributes};
use crate::request::unavailable;
use crate::{Page, Store, StoreError, TenantKey};

/// Which lines of an account, by the days on which they are available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// Only slots after this one.
    pub after: Option<Slot>,
    /// Only up to and with this slot; without it, held lines are among them.
    pub last: Option<Slot>,
}

/// Where a line stands in its account: the cursor of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSpot {
    /// Where it is counted.
    pub place: Place,
    /// What it comes from.
    pub origin: Origin,
    /// Its number there.
    pub n: u32,
}

impl LineSpot {
    /// The spot of a line.
    #[must_use]
    pub fn of(line: &Line) -> Self {
        Self { place: line.place, origin: line.origin.clone(), n: line.n }
    }

    /// The spot as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}#{}#{:04}", self.place.to_text(), self.origin, self.n)
    }

    /// Reads the text; `None` when it is no spot.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('#');
        let (place, origin, n) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self { place: Place::parse(place)?, origin: Origin::parse(origin)?, n: n.parse().ok()? })
    }
}

impl Store {
    /// A page of an account's lines, the latest available day first and held ones before all, older
    /// than `before`.
    ///
    /// # Errors
    /// The store does not answer, or a line cannot be read.
    pub async fn list_lines_newest(
        &self,
        tenant: &TenantKey,
        account: &Account,
        range: LineRange,
        before: Option<&LineSpot>,
        limit: usize,
    ) -> Result<Page<Line>, StoreError> {
        let prefix = format!("{}#line#", account.currency);
        // `~` sorts behind everything else that a key of a line can go on with.
        let from = range.after.map_or_else(|| prefix.clone(), |slot| format!("{prefix}{slot}#~"));
        let end = range.last.map_or_else(|| format!("{prefix}~"), |slot| format!("{prefix}{slot}#~"));
        let to = before.map_or_else(|| end.clone(), |spot| end.clone().min(format!("{prefix}{}", spot.to_text())));
        if from > to {
            return Ok(Page { items: Vec::new(), next: None });
        }
        // One for the line behind which the page begins, one to know whether another page follows.
        let (rows, more) = self.lines_backwards(tenant, account, (from, to), limit + 2).await?;
        let lines: Vec<Line> =
            rows.into_iter().map(|row| read_line(&account.partner, row)).collect::<Result<_, _>>()?;
        let mut lines: Vec<Line> = lines.into_iter().filter(|line| before != Some(&LineSpot::of(line))).collect();
        let has_next = lines.len() > limit || more;
        lines.truncate(limit);
        let next = lines.last().filter(|_| has_next).map(|line| LineSpot::of(line).to_text());
        Ok(Page { items: lines, next })
    }

    async fn lines_backwards(
        &self,
        tenant: &TenantKey,
        account: &Account,
        (from, to): (String, String),
        limit: usize,
    ) -> Result<(Vec<Attributes>, bool), StoreError> {
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(tenant.account(&account.partner)))
            .expression_attribute_values(":from", item::text(from))
            .expression_attribute_values(":to", item::text(to))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = request.send().await;
        let answer = answer.map_err(|error| unavailable("listing commissions", error))?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), more))
    }

    /// The lines of one origin in one place of an account: a line of a sale and what takes it back there.
    ///
    /// # Errors
    /// The store does not answer, or a line cannot be read.
    pub async fn list_lines_of(
        &self,
        tenant: &TenantKey,
        account: &Account,
        place: Place,
        origin: &Origin,
    ) -> Result<Vec<Line>, StoreError> {
        let prefix = format!("{}#line#{}#{origin}#", account.currency, place.to_text());
        let pk = tenant.account(&account.partner);
        let range = crate::request::Range::prefix(&pk, &prefix);
        let doing = "listing the lines of a sale";
        let rows = self.list_attributes(&self.tables.core, &range, doing).await?;
        rows.into_iter().map(|row| read_line(&account.partner, row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::id::SaleId;

    use super::*;

    #[test]
    fn a_spot_is_read_as_written_and_nothing_else_is() {
        let sale = Origin::Sale(SaleId::from_ulid(ulid::Ulid::from(7_u128)));
        for place in [Place::Held, Place::Slot(Slot::parse("261121.03").expect("slot"))] {
            let spot = LineSpot { place, origin: sale.clone(), n: 12 };
            assert_eq!(LineSpot::parse(&spot.to_text()), Some(spot));
        }
        for text in ["", "held", "held#x#1", "held#sal_x#0001#2", "261121.03##0001"] {
            assert_eq!(LineSpot::parse(text), None, "{text}");
        }
    }
}
