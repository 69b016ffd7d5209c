//! V7 and V9: each line is of a fact, each fact's lines are there, and a sale's money is what its state asks for.

use std::collections::{BTreeMap, BTreeSet};

use domain::commission::EarningReason;
use domain::entry::{Entry, EntryKind};
use domain::id::{EntryId, PartnerId, SaleId};
use domain::line::{Account, Line, LineKind, Origin};
use domain::money::Money;
use domain::retarget::{Booking, Marks, booked, booked_targets, retarget};
use domain::sale::{Decision, Sale, SaleLine};
use domain::time::{BusinessDay, Zone};
use store::{Store, TenantKey};

use super::Found;
use super::account::Walk;
use super::prints::Print;
use super::trails;
use crate::error::CaseError;

/// The facts behind an account's lines, page by page.
pub(super) struct Facts<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    account: &'a Account,
    zone: &'a Zone,
    journal: Option<(BusinessDay, BusinessDay)>,
    /// The lines of sales, as the account has them.
    of_lines: Print,
    /// The same lines, as their sales have them.
    of_sales: Print,
    /// The lines of facts that the journal has on the days that are walked.
    pub(super) in_journal: Print,
    pub(super) sales: u64,
    pub(super) entries: u64,
    pub(super) audit_entries: u64,
}

impl<'a> Facts<'a> {
    pub(super) fn begin(walk: &Walk<'a>) -> Self {
        let Walk { store, tenant, account, zone, scope } = *walk;
        let (nothing, journal) = (Print::default(), scope.journal);
        let (of_lines, of_sales, in_journal) = (nothing, nothing, nothing);
        let (sales, entries, audit_entries) = (0, 0, 0);
        Self { store, tenant, account, zone, journal, of_lines, of_sales, in_journal, sales, entries, audit_entries }
    }

    fn is_in_journal(&self, day: BusinessDay) -> bool {
        self.journal.is_some_and(|(first, last)| first <= day && day <= last)
    }

    /// Takes in a page of lines.
    pub(super) async fn take(&mut self, lines: &[Line], found: &mut Found) -> Result<(), CaseError> {
        let sales = self.sales_of(lines).await?;
        let entries = self.entries_of(lines).await?;
        for line in lines {
            match &line.origin {
                Origin::Sale(id) => {
                    self.of_lines.add_line(line);
                    match sales.get(id) {
                        Some(sale) => {
                            if self.is_in_journal(sale.booked_day) {
                                self.in_journal.add_line(line);
                            }
                            self.line_of_sale(line, sale, found)?;
                            if is_first(sale, line.n) {
                                refunds(self.store, self.tenant, sale, found).await?;
                                self.audit_entries += trails::of_sale(self.store, self.tenant, sale, found).await?;
                            }
                        }
                        None => found.tell("V9", format!("line {}", line.id), "a sale".to_owned(), "none".to_owned()),
                    }
                }
                Origin::Entry(id) => {
                    if self.is_in_journal(self.zone.day_of(line.booked_at)) {
                        self.in_journal.add_line(line);
                    }
                    self.entries += 1;
                    let booked = entries.get(id).map(short);
                    let here = (&line.account(), line.place, line.amount, line.n);
                    found.expect("V9", || format!("line {}", line.id), booked, Some(here));
                    if let Some(entry) = entries.get(id) {
                        trails::of_entry(self.store, self.tenant, entry, found).await?;
                    }
                }
            }
        }
        self.exchanges(entries.values(), found).await
    }

    async fn sales_of(&self, lines: &[Line]) -> Result<BTreeMap<SaleId, Sale>, CaseError> {
        let ids: BTreeSet<&SaleId> = lines.iter().filter_map(|line| line.origin.sale()).collect();
        let ids: Vec<SaleId> = ids.into_iter().cloned().collect();
        Ok(self.store.list_sales_of(self.tenant, &ids).await?)
    }

    async fn entries_of(&self, lines: &[Line]) -> Result<BTreeMap<EntryId, Entry>, CaseError> {
        let ids = lines.iter().filter_map(|line| match &line.origin {
            Origin::Entry(id) => Some(id.clone()),
            Origin::Sale(_) => None,
        });
        let ids: Vec<EntryId> = ids.collect();
        let entries = self.store.list_entries(self.tenant, &ids).await?;
        Ok(entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect())
    }

    fn line_of_sale(&mut self, line: &Line, sale: &Sale, found: &mut Found) -> Result<(), CaseError> {
        let kept = sale.lines.iter().find(|kept| kept.n == line.n);
        let kept = kept.map(|kept| (&kept.partner, kept.place, kept.amount, kept.kind, kept.part, kept.rule.as_ref()));
        let trace = &line.trace;
        let here = (&line.partner, line.place, line.amount, line.kind, trace.part, trace.rule.as_ref());
        found.expect("V7", || format!("line {}", line.id), kept, Some(here));
        // V9: a line is explained: what earned something says by which rule.
        if line.kind == LineKind::Earned && !line.amount.is_zero() && trace.rule.is_none() {
            found.tell(
                "V9",
                format!("line {}", line.id),
                "the rule that it was earned by".to_owned(),
                "none".to_owned(),
            );
        }
        let is_own = |of: &&SaleLine| of.partner == self.account.partner;
        // The first of the account's lines speaks for all of them, the first of all for the sale.
        if sale.lines.iter().find(is_own).is_some_and(|first| first.n == line.n) {
            self.of_sales.add_sale(sale, &self.account.partner);
        }
        if is_first(sale, line.n) {
            self.sales += 1;
            sale_by_itself(sale, found)?;
        }
        Ok(())
    }

    /// LED-6: what leaves one currency comes into another, in one transaction.
    async fn exchanges(&self, entries: impl Iterator<Item = &Entry>, found: &mut Found) -> Result<(), CaseError> {
        for entry in entries {
            let (own, other) = match entry.kind {
                EntryKind::FxOut => (EntryKind::FxOut, EntryKind::FxIn),
                EntryKind::FxIn => (EntryKind::FxIn, EntryKind::FxOut),
                _ => continue,
            };
            let Some(rest) = entry.key.strip_prefix(own.word()) else { continue };
            let pair = EntryId::of(&format!("{}{rest}", other.word()));
            let pair = self.store.get_entry(self.tenant, &pair).await?;
            let is_opposite = |pair: &Entry| {
                pair.account.partner == entry.account.partner
                    && pair.account.currency != entry.account.currency
                    && pair.amount.is_negative() != entry.amount.is_negative()
            };
            let is_whole = pair.as_ref().is_some_and(is_opposite);
            found.expect("V1", || format!("the other half of {}", entry.id), true, is_whole);
        }
        Ok(())
    }

    /// All lines are in: the sales must know the same. If they do not, each line is looked for.
    pub(super) async fn end(&self, found: &mut Found) -> Result<(), CaseError> {
        if self.of_lines == self.of_sales {
            return Ok(());
        }
        let mut start = None;
        loop {
            let (lines, next) = self.store.list_account_page(self.tenant, self.account, start, None).await?;
            for sale in self.sales_of(&lines).await?.values() {
                look_for_lines(self.store, self.tenant, sale, Some(&self.account.partner), found).await?;
            }
            match next {
                Some(next) => start = Some(next),
                None => break,
            }
        }
        // A line that was told of already makes the sets differ; if none was, they differ by what nobody looks for.
        if !found.breaches.iter().any(|breach| matches!(breach.law, "V7" | "V9")) {
            found.expect("V7", || "the lines of all sales".to_owned(), self.of_sales, self.of_lines);
        }
        Ok(())
    }
}

fn is_first(sale: &Sale, n: u32) -> bool {
    sale.lines.first().is_some_and(|first| first.n == n)
}

fn short(entry: &Entry) -> (&Account, domain::line::Place, Money, u32) {
    (&entry.account, entry.place, entry.amount, 1)
}

/// Each line that a sale says it has is there, as it says.
pub(super) async fn look_for_lines(
    store: &Store,
    tenant: &TenantKey,
    sale: &Sale,
    partner: Option<&PartnerId>,
    found: &mut Found,
) -> Result<(), CaseError> {
    for kept in sale.lines.iter().filter(|line| partner.is_none_or(|partner| line.partner == *partner)) {
        let account = Account { partner: kept.partner.clone(), currency: kept.amount.currency() };
        let origin = Origin::Sale(sale.id.clone());
        let line = store.get_line(tenant, &account, kept.place, &origin, kept.n).await?;
        let line = line.map(|line| (line.amount, line.kind));
        let entry = || format!("line {} of {} at {}", kept.n, sale.id, kept.place.to_text());
        found.at(&account, |found| found.expect("V7", entry, Some((kept.amount, kept.kind)), line));
    }
    Ok(())
}

/// V7: what a sale says went back is what its refunds come to, for each item and for the payment as a whole.
pub(super) async fn refunds(
    store: &Store,
    tenant: &TenantKey,
    sale: &Sale,
    found: &mut Found,
) -> Result<(), CaseError> {
    if sale.refunded.is_zero() && sale.item_refunds.is_empty() {
        return Ok(());
    }
    let nothing = Money::zero(sale.paid.currency());
    let (mut told, mut of_items) = (nothing, BTreeMap::new());
    for refund in store.list_refunds(tenant, &sale.id).await? {
        let sum = refund.item.map_or(&mut told, |item| of_items.entry(item).or_insert(nothing));
        *sum = sum.try_add(refund.amount)?;
    }
    // A refund that failed comes to nothing, whether or not its item is still named.
    let is_some = |_: &u16, money: &mut Money| !money.is_zero();
    let mut items_told = sale.item_refunds.clone();
    items_told.retain(is_some);
    of_items.retain(is_some);
    let differs = (told, &of_items) != (sale.refunded, &items_told);
    // A refund may have come between the two reads; then the sale is another by now.
    if differs && store.get_sale(tenant, &sale.id).await?.is_some_and(|now| now.version == sale.version) {
        let refunds = || format!("refunds of {}", sale.id);
        found.expect("V7", refunds, (told, of_items), (sale.refunded, items_told));
    }
    Ok(())
}

/// What a sale must be by itself.
pub(super) fn sale_by_itself(sale: &Sale, found: &mut Found) -> Result<(), CaseError> {
    for ((partner, part), position) in booked(sale) {
        let entry = || format!("{partner} {part:?} of {}", sale.id);
        // V7: 0 ≤ reversed ≤ earned.
        let in_order = 0 <= position.reversed && position.reversed <= position.earned;
        found.expect("V7", entry, true, in_order);
        found.expect("V6", || format!("held for {}", entry()), true, position.held() >= 0);
    }
    // V7: refunds, disputes and holds have taken and held exactly what they should: nothing is left to book.
    let mut copy = sale.clone();
    let booking = Booking {
        now: sale.booked_at,
        today: sale.booked_day,
        occurred_at: sale.occurred_at,
        cause: EarningReason::Refund,
        fence_of: &|_| None,
        marks_of: &|_| Marks::default(),
    };
    match retarget(&mut copy, &booked_targets(sale), &booking) {
        Ok(lines) => {
            let left = lines.iter().map(|line| (line.partner.clone(), line.kind, line.amount));
            let left: Vec<_> = left.collect();
            found.expect("V7", || format!("what is left to book of {}", sale.id), Vec::new(), left);
        }
        Err(error) => found.tell("V7", format!("sale {}", sale.id), "a target".to_owned(), error.to_string()),
    }
    decision(sale, found)
}

/// V9: one decision; an attributed sale has at least one explained line a partner, any other keeps nothing.
fn decision(sale: &Sale, found: &mut Found) -> Result<(), CaseError> {
    let mut may_earn: BTreeSet<&PartnerId> = BTreeSet::new();
    if let Decision::Partners { credits, .. } = &sale.decision {
        found.expect("V9", || format!("credits of {}", sale.id), false, credits.is_empty());
        for credit in credits {
            may_earn.insert(&credit.partner);
            may_earn.extend(&credit.terms.referrer);
            let lines = sale.lines.iter().filter(|line| line.partner == credit.partner).count();
            found.expect("V9", || format!("lines of {} for {}", credit.partner, sale.id), true, lines > 0);
        }
    }
    let mut others: BTreeMap<&PartnerId, Money> = BTreeMap::new();
    for line in sale.lines.iter().filter(|line| !may_earn.contains(&line.partner)) {
        let net = others.get(&line.partner).copied().unwrap_or(Money::zero(sale.paid.currency()));
        others.insert(&line.partner, net.try_add(line.amount)?);
    }
    for (partner, net) in others {
        found.expect("V9", || format!("what {partner} keeps of {}", sale.id), 0, net.minor());
    }
    Ok(())
}
