//! What the night reads of accounts: the lines of open periods, their sales, rules, and what frozen periods left.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::{History, Occurrence, ProgramRules, Standing};
use domain::attribution::Source;
use domain::attribution::customer::Customer;
use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::ledger::Head;
use domain::line::{Account, Line, LineKind, Place};
use domain::month::Month;
use domain::rule::BandMode;
use domain::sale::Sale;
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, Zone};
use futures::{StreamExt, TryStreamExt, stream};
use store::counts::{Counted, CountedSale, CustomerCount, ProgramCount};
use store::listed::Listed;
use store::programs::Program;
use store::{Store, StoreError, TenantKey};

use super::count::SERIES;
use super::counts_in::{Counting, CountsIn, put};
use super::doubts::{self, Others};
use super::elsewhere;
use super::late::{self, LateBack};
use super::shares;
use crate::error::CaseError;

/// How many programmes' rules are read at once.
const PROGRAMS_AT_ONCE: usize = 8;
/// What the note of a line says whose run booked it.
pub(crate) const RUN_NOTE: &str = "run: ";
/// What the note of an entry's line says which period's earning it is of.
pub(crate) const OF_NOTE: &str = "of: ";
/// What the note of an entry's line says in which month it counts.
pub(crate) const PERIOD_NOTE: &str = "period: ";
/// How many days before its month a line may stand, because the ledger's zone is another than the programme's.
const SKEW_DAYS: i32 = 2;

/// After how many days a month of an unknown programme freezes.
const CLOSE_LAG_DAYS: u16 = 3;
/// How many sales one unit takes into memory: what bands, caps and order make of sales is computed over all of them at
/// once. An account with more in its open months is an error of its own, and no other's.
pub const SALES_MAX: usize = 50_000;

/// A programme as the night sees it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Zone and rules, for the engine.
    pub rules: ProgramRules,
    /// How many days after its end a month freezes.
    pub close_lag_days: u16,
}

impl Frame {
    /// The frame of a programme that is not known any more.
    #[must_use]
    pub fn unknown(ledger_zone: &Zone) -> Self {
        let rules = ProgramRules { zone: ledger_zone.clone(), versions: Vec::new() };
        Self { rules, close_lag_days: CLOSE_LAG_DAYS }
    }

    /// Does one cap span all partners? Then no account can be put in order alone.
    #[must_use]
    pub fn is_capped_as_a_whole(&self) -> bool {
        is_capped_as_a_whole(&self.rules)
    }

    /// COM-7, COM-14: may a sale add to its partner's month beside its own commission? By any of the rules: the volume of
    /// sales under one version counts for what another reaches.
    pub(super) fn adds_to_months(&self) -> bool {
        self.rules.versions.iter().map(|version| &version.terms).any(|terms| {
            let bands = terms.bands.as_ref();
            bands.is_some_and(|bands| bands.mode == BandMode::Retroactive) || !terms.milestones.is_empty()
        })
    }

    /// COM-3: does any of its rules hold for a number of sales of a customer only?
    pub(super) fn counts_occurrences(&self) -> bool {
        let mut clauses = self.rules.versions.iter().flat_map(|version| &version.terms.clauses);
        clauses.any(|clause| clause.limits.max_occurrences.is_some())
    }

    /// The last month whose sales come late from an instant on.
    pub(super) fn last_frozen(&self, from: Timestamp) -> Result<Month, CaseError> {
        let day = self.rules.zone.day_of(from).plus_days(-i32::from(self.close_lag_days))?;
        Ok(Month::of(Month::of(day).first_day()?.plus_days(-1)?))
    }
}

pub(crate) fn is_capped_as_a_whole(rules: &ProgramRules) -> bool {
    rules.versions.iter().any(|version| version.terms.caps.per_program_period.is_some())
}

/// The programmes of a tenant.
pub type Frames = BTreeMap<ProgramId, Frame>;

/// Reads the programmes of a tenant and their rules.
///
/// # Errors
/// The store does not answer.
pub async fn read_frames(store: &Store, tenant: &TenantKey) -> Result<Frames, CaseError> {
    let asking = store.list_programs(tenant).await?.into_iter().map(|program| frame_of(store, tenant, program));
    let asking: Vec<_> = asking.collect();
    Ok(stream::iter(asking).buffer_unordered(PROGRAMS_AT_ONCE).try_collect().await?)
}

/// One programme with all its rules.
pub(crate) async fn read_frame(
    store: &Store,
    tenant: &TenantKey,
    program: &ProgramId,
) -> Result<Option<Frame>, StoreError> {
    let Some(found) = store.get_program(tenant, program).await? else { return Ok(None) };
    Ok(Some(frame_of(store, tenant, found).await?.1))
}

async fn frame_of(store: &Store, tenant: &TenantKey, program: Program) -> Result<(ProgramId, Frame), StoreError> {
    let versions = store.list_rules(tenant, &program.id).await?;
    let rules = ProgramRules { zone: program.zone, versions };
    Ok((program.id, Frame { rules, close_lag_days: program.close_lag_days }))
}

/// What is booked for a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodBooked {
    /// In all, minor units.
    pub net: i64,
    /// By place.
    pub places: BTreeMap<Place, i64>,
    /// The programme.
    pub program: Option<ProgramId>,
}

/// What was read of accounts whose sales are assessed together.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The heads: of the accounts themselves, read before everything else, and of others that their sales reach.
    pub heads: BTreeMap<Account, Head>,
    /// The accounts themselves.
    pub visited: BTreeSet<Account>,
    /// Sales that count in open months.
    pub sales: BTreeMap<SaleId, Sale>,
    /// In which month each counts for each visited partner.
    pub counts_in: Counting,
    /// What is booked for open periods. By month, too: what moves to another must leave the first before that is counted.
    pub periods: BTreeMap<(Account, String, Month), PeriodBooked>,
    /// Up to which month no account's sales of the one programme that was read change, counted or not: a cap over all
    /// partners cannot be shared out anew where some of them are counted.
    pub closed: Option<Month>,
    /// What is known of customers.
    pub customers: BTreeMap<PaymentKey, Customer>,
    /// What is known of customers from before.
    pub histories: BTreeMap<PaymentKey, History>,
    /// The counts of customers as stored, by account.
    pub customer_counts: BTreeMap<(Account, PaymentKey), Counted<CustomerCount>>,
    /// What partners reached before.
    pub standings: BTreeMap<(ProgramId, PartnerId, Currency), Standing>,
    /// The counts of programmes as stored, by account.
    pub program_counts: BTreeMap<(Account, ProgramId), Counted<ProgramCount>>,
    /// Lines that this run booked before.
    pub own_lines: Vec<Line>,
    /// COM-22: what came back, in open months, of sales of counted ones.
    pub late_back: Vec<LateBack>,
    /// The sales of those.
    pub(super) late_sales: BTreeMap<SaleId, Sale>,
    /// Where the money of a programme's bands is, by the month that they are of.
    pub(super) bands_places: BTreeMap<(Account, ProgramId, Month), BTreeMap<Place, i64>>,
    /// What is listed with customers whom several partners have.
    pub(super) listed: BTreeMap<PaymentKey, Listed>,
    /// Sales of other programmes than the one that was read, where it matters how many there are.
    pub(super) aside: BTreeMap<SaleId, PaymentKey>,
    /// What is known of sales of all programmes, for what waits for a decision.
    pub(super) others: Others,
}

/// What to read.
pub struct Wanted<'a> {
    /// The accounts.
    pub accounts: &'a [Account],
    /// The programmes of the tenant.
    pub frames: &'a Frames,
    /// Only sales of these programmes; `None` for all.
    pub only: Option<&'a ProgramId>,
    /// From the first line on, and not only what is not counted yet.
    pub everything: bool,
    /// The note of the run, to find what it booked before.
    pub run_note: &'a str,
    /// The ledger's zone, for sales of no known programme.
    pub ledger_zone: &'a Zone,
    /// How many sales may be read: [`SALES_MAX`].
    pub sales_max: usize,
}

impl Wanted<'_> {
    /// Is it for the unit of a programme, which no account of it puts in order alone?
    fn is_of_a_unit(&self) -> bool {
        let frame = self.only.and_then(|program| self.frames.get(program));
        !self.everything && frame.is_some_and(Frame::is_capped_as_a_whole)
    }

    /// Where a line says that its sale counts, if it says so.
    fn counts(&self, line: &Line) -> Option<(SaleId, CountsIn)> {
        let frame = line.trace.program.as_ref().and_then(|program| self.frames.get(program));
        CountsIn::said(line, frame.map_or(self.ledger_zone, |frame| &frame.rules.zone))
    }
}

/// Reads it: heads first, then lines, then sales, so that what came between is noticed at the end.
///
/// # Errors
/// The store does not answer, or the calendar ends.
pub async fn load(store: &Store, tenant: &TenantKey, wanted: &Wanted<'_>) -> Result<Loaded, CaseError> {
    let mut loaded = Loaded::default();
    for account in wanted.accounts {
        let head = store.get_head(tenant, account).await?;
        let counted = if wanted.everything { None } else { head.counted };
        loaded.visited.insert(account.clone());
        loaded.heads.insert(account.clone(), head);
        let first = first_slot(counted)?;
        let mut start = None;
        loop {
            let (lines, next) = store.list_lines_from(tenant, account, first, start).await?;
            for line in &lines {
                loaded.take(wanted, account, counted, line);
            }
            if loaded.counts_in.len() > wanted.sales_max {
                let (partner, sales_max) = (account.partner.clone(), wanted.sales_max);
                return Err(CaseError::TooManySales { partner, sales_max });
            }
            if next.is_none() {
                break;
            }
            start = next;
        }
    }
    if let Some(program) = wanted.only
        && wanted.frames.get(program).is_some_and(Frame::is_capped_as_a_whole)
    {
        // Read behind the heads: an account is counted after its programme, so none of them is ahead of this.
        loaded.closed = store.get_program_closing(tenant, program).await?.counted;
    }
    let ids: BTreeSet<SaleId> = loaded.counts_in.keys().map(|(sale, _)| sale.clone()).collect();
    let ids: Vec<SaleId> = ids.into_iter().collect();
    loaded.sales = store.list_sales_of(tenant, &ids).await?;
    late::read(&mut loaded, store, tenant).await?;
    loaded.read_other_heads(store, tenant).await?;
    loaded.read_customers(store, tenant, wanted).await?;
    elsewhere::read(&mut loaded, store, tenant, wanted).await?;
    loaded.read_standings(store, tenant, wanted).await?;
    late::take_off(&mut loaded);
    shares::take_off(&mut loaded);
    Ok(loaded)
}

/// The first slot in which a line of the month after a counted one can stand.
pub(super) fn first_slot(counted: Option<Month>) -> Result<Slot, CaseError> {
    let first = match counted {
        Some(counted) => counted.successor()?.first_day()?.plus_days(-SKEW_DAYS)?,
        None => BusinessDay::new(2000, 1, 1)?,
    };
    Ok(Slot::of_day(first))
}

/// What a note says behind its word.
pub(crate) fn noted<'l>(line: &'l Line, word: &str) -> Option<&'l str> {
    line.trace.notes.iter().find_map(|note| note.strip_prefix(word))
}

impl Loaded {
    fn take(&mut self, wanted: &Wanted<'_>, account: &Account, counted: Option<Month>, line: &Line) {
        let is_aside = wanted.only.is_some() && line.trace.program.as_ref() != wanted.only;
        let counts = wanted.counts(line).filter(|(_, counts)| Some(counts.month) > counted);
        if let Some((sale, counts)) = counts {
            self.others.count(account, line);
            let position = (sale, account.partner.clone());
            if !is_aside {
                put(&mut self.counts_in, position, counts);
            } else if wanted.is_of_a_unit() && doubts::may_wait(wanted.frames, line) {
                put(&mut self.others.counts_in, position, counts);
            }
        }
        if is_aside {
            self.aside.extend(elsewhere::aside(wanted, line));
            return;
        }
        if line.trace.notes.iter().any(|note| note == wanted.run_note) {
            self.own_lines.push(line.clone());
        }
        if !wanted.everything {
            let back = LateBack::of(account, line, wanted.frames);
            self.late_back.extend(back.filter(|back| Some(back.month) > counted));
        }
        if line.kind == LineKind::Entry {
            self.take_entry(account, counted, line);
        }
    }

    fn take_entry(&mut self, account: &Account, counted: Option<Month>, line: &Line) {
        let month = noted(line, PERIOD_NOTE).and_then(|month| Month::parse(month).ok());
        let (Some(of), Some(month)) = (noted(line, OF_NOTE), month) else { return };
        late::take_place(self, account, (of, month), line);
        if Some(month) <= counted {
            return;
        }
        let booked = self.periods.entry((account.clone(), of.to_owned(), month)).or_default();
        booked.net = booked.net.saturating_add(line.amount.minor());
        let place = booked.places.entry(line.place).or_default();
        *place = place.saturating_add(line.amount.minor());
        booked.program.clone_from(&line.trace.program);
    }

    /// Does the month count for the account still?
    pub(crate) fn is_open(&self, account: &Account, month: Month) -> bool {
        // COM-10: what counted accounts have used of a cap over all is not read any more, and so not given again.
        Some(month) > self.closed && self.heads.get(account).is_none_or(|head| Some(month) > head.counted)
    }

    /// The accounts that a sale is booked to or may be.
    fn accounts_of(sale: &Sale) -> impl Iterator<Item = Account> + '_ {
        let currency = sale.paid.currency();
        let booked = sale.lines.iter().map(|line| line.partner.clone());
        let credited = sale.decision.credits().iter().map(|credit| credit.partner.clone());
        let referrers = sale.decision.credits().iter().filter_map(|credit| credit.terms.referrer.clone());
        booked.chain(credited).chain(referrers).map(move |partner| Account { partner, currency })
    }

    /// Fences of accounts that the sales reach beside those visited.
    async fn read_other_heads(&mut self, store: &Store, tenant: &TenantKey) -> Result<(), CaseError> {
        let reached: BTreeSet<Account> = self.sales.values().flat_map(Self::accounts_of).collect();
        let others: Vec<Account> = reached.into_iter().filter(|account| !self.heads.contains_key(account)).collect();
        for account in others {
            let head = store.get_head(tenant, &account).await?;
            self.heads.insert(account, head);
        }
        Ok(())
    }

    async fn read_customers(
        &mut self,
        store: &Store,
        tenant: &TenantKey,
        wanted: &Wanted<'_>,
    ) -> Result<(), CaseError> {
        let all: BTreeSet<PaymentKey> = self.sales.values().filter_map(kept_as).collect();
        self.customers = store.list_customers_of(tenant, &all).await?;
        for (key, customer) in &self.customers {
            let history = self.histories.entry(key.clone()).or_default();
            history.first_paid.clone_from(&customer.first_paid);
            history.signed_up.clone_from(&customer.signed_up);
        }
        for account in &self.visited {
            let of_account = self.sales.values().filter(|sale| {
                sale.paid.currency() == account.currency
                    && self.counts_in.contains_key(&(sale.id.clone(), account.partner.clone()))
            });
            let came_back = self.late_back.iter().filter(|back| back.account == *account);
            let came_back = came_back.filter_map(|back| back.customer.as_ref());
            let customers: BTreeSet<&PaymentKey> =
                of_account.filter_map(|sale| sale.customer.as_ref()).chain(came_back).collect();
            let counted = self.heads.get(account).and_then(|head| head.counted);
            for count in store.list_customer_counts(tenant, account, customers).await? {
                let Ok(customer) = PaymentKey::parse(&count.key) else { continue };
                if !wanted.everything {
                    let history = self.histories.entry(customer.clone()).or_default();
                    add_history(history, account, &count.before);
                    if count.month <= counted {
                        add_history(history, account, &count.within);
                    }
                }
                self.customer_counts.insert((account.clone(), customer), count);
            }
        }
        Ok(())
    }

    async fn read_standings(
        &mut self,
        store: &Store,
        tenant: &TenantKey,
        wanted: &Wanted<'_>,
    ) -> Result<(), CaseError> {
        let all: Vec<&ProgramId> = wanted.frames.keys().collect();
        for account in &self.visited {
            let counted = self.heads.get(account).and_then(|head| head.counted);
            for count in store.list_program_counts(tenant, account, all.iter().copied()).await? {
                let Ok(program) = ProgramId::parse(&count.key) else { continue };
                if !wanted.everything {
                    let key = (program.clone(), account.partner.clone(), account.currency);
                    let known = if count.month <= counted { &count.within } else { &count.before };
                    self.standings.insert(key, standing_of(known));
                }
                self.program_counts.insert((account.clone(), program), count);
            }
        }
        Ok(())
    }
}

/// Under which name whoever paid a sale may be kept: of guests, those whom leads have brought.
fn kept_as(sale: &Sale) -> Option<PaymentKey> {
    let by_lead = sale.decision.credits().iter().any(|credit| credit.source == Source::LeadEmail);
    if sale.customer.is_some() || by_lead { Customer::key_of(sale) } else { None }
}

fn add_history(history: &mut History, account: &Account, count: &CustomerCount) {
    let earlier = |known: &mut Option<(Timestamp, SaleId)>, found: &Option<(Timestamp, SaleId)>| {
        if let Some(found) = found
            && known.as_ref().is_none_or(|known| found < known)
        {
            *known = Some(found.clone());
        }
    };
    earlier(&mut history.first_paid, &count.first_paid);
    earlier(&mut history.signed_up, &count.signed_up);
    add_occurrences(history, count);
    for (program, minor) in &count.earned {
        let key = (program.clone(), account.partner.clone(), account.currency);
        let known = history.earned.get(&key).map_or(0, |money| money.minor());
        let earned = domain::money::Money::from_minor(known.saturating_add(*minor), account.currency);
        history.earned.insert(key, earned);
    }
}

/// COM-3: the occurrences of a count, whosever account it is of.
pub(super) fn add_occurrences(history: &mut History, count: &CustomerCount) {
    for (series, occurrences) in &count.occurrences {
        let known = history.occurrences.entry(subscription_of(series)).or_default();
        *known = known.saturating_add(*occurrences);
    }
    for (series, paid) in &count.paid {
        let known = history.paid.entry(subscription_of(series)).or_default();
        known.extend(paid.iter().cloned().map(|CountedSale(period_ms, at_ms, payment)| Occurrence {
            period_ms,
            at_ms,
            payment,
        }));
    }
}

fn subscription_of(series: &str) -> String {
    series.strip_prefix(SERIES).unwrap_or(series).to_owned()
}

/// A count as the engine begins with it.
pub(crate) fn standing_of(count: &ProgramCount) -> Standing {
    let ProgramCount { sales, customers, revenue, achieved, .. } = count.clone();
    Standing { sales, customers, revenue, achieved }
}
