//! COM-22: what comes back of sales whose month is counted. It counts in the first open month: the bands of the counted
//! one give back their part of it, and the customer has earned, and bought, so much less.
//!
//! Nothing is assessed anew of a counted month. Its bands added so much to what its banded sales had earned, and of each
//! cent of that which comes back they give the same part: all of it, to the cent, once all has come back.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::Occurrence;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::{Account, Line, LineKind, Part, PartKind, Place};
use domain::money::Money;
use domain::month::Month;
use domain::retarget::{BANDED_NOTE, late_months};
use domain::sale::Sale;
use domain::slot::Slot;
use domain::time::Timestamp;
use store::counts::{BandsCounted, CustomerCount, ProgramCount};
use store::{Store, TenantKey};

use super::count::{SERIES, Standings, sales_of};
use super::load::{Frames, Loaded, RUN_NOTE, noted};
use super::plan::Choice;
use crate::error::CaseError;

/// How many counted months are kept with what their bands came to: what comes back of older ones takes nothing off them.
const MONTHS_MAX: usize = 36;

/// A line by which something of a counted month came back, or went again: a refund that failed, a sale that left and returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateBack {
    /// Whose.
    pub account: Account,
    /// Of which programme.
    pub program: ProgramId,
    /// Of which sale.
    pub sale: SaleId,
    /// Whose sale.
    pub customer: Option<PaymentKey>,
    /// In which month it counts.
    pub month: Month,
    /// In which the sale did.
    pub counted: Month,
    /// Signed as the line is: below zero where it came back.
    pub minor: i64,
    /// Is it of what volume bands gave a rate to?
    pub is_banded: bool,
    /// When it happened.
    pub occurred_at: Timestamp,
}

impl LateBack {
    /// Of a line that says so.
    pub(super) fn of(account: &Account, line: &Line, frames: &Frames) -> Option<Self> {
        let (counted, month) = late_months(line)?;
        // What other rules make of a counted month is carried by the recompute itself.
        if line.trace.part.kind == PartKind::SecondTier || noted(line, RUN_NOTE).is_some() {
            return None;
        }
        // A sale that was given to somebody else names no programme any more, but its rule is of one.
        let rule = line.trace.rule.as_ref();
        let of_rule = || {
            let mut frames = frames.iter();
            let own = frames.find(|(_, frame)| frame.rules.versions.iter().any(|version| Some(&version.id) == rule));
            own.map(|(program, _)| program.clone())
        };
        Some(Self {
            account: account.clone(),
            program: line.trace.program.clone().or_else(of_rule)?,
            sale: line.origin.sale()?.clone(),
            customer: line.trace.customer.clone(),
            month,
            counted,
            minor: line.amount.minor(),
            is_banded: is_commission(line.trace.part) && line.trace.notes.iter().any(|note| note == BANDED_NOTE),
            occurred_at: line.occurred_at,
        })
    }
}

/// Bands are of the commission, and not of what goes on top of it.
fn is_commission(part: Part) -> bool {
    part.kind == PartKind::Commission
}

/// Reads the sales of what came back late.
pub(super) async fn read(loaded: &mut Loaded, store: &Store, tenant: &TenantKey) -> Result<(), CaseError> {
    let ids: BTreeSet<SaleId> = loaded.late_back.iter().map(|back| back.sale.clone()).collect();
    let ids: Vec<SaleId> = ids.into_iter().collect();
    if !ids.is_empty() {
        loaded.late_sales = store.list_sales_of(tenant, &ids).await?;
    }
    Ok(())
}

/// COM-3, COM-10: what customers have bought and earned before, without what came back of it since it was counted.
pub(super) fn take_off(loaded: &mut Loaded) {
    let Loaded { histories, late_back, late_sales, .. } = loaded;
    for back in late_back {
        let Some(history) = back.customer.as_ref().and_then(|customer| histories.get_mut(customer)) else { continue };
        let Account { partner, currency } = &back.account;
        let key = (back.program.clone(), partner.clone(), *currency);
        let known = history.earned.get(&key).map_or(0, |money| money.minor());
        history.earned.insert(key, Money::from_minor(known.saturating_add(back.minor), *currency));
        let Some(sale) = late_sales.get(&back.sale).filter(|sale| Occurrence::of(sale).is_none()) else { continue };
        if let Some(paid) = history.paid.get_mut(Occurrence::series(sale)) {
            paid.retain(|occurrence| occurrence.payment != sale.payment);
        }
    }
}

/// COM-3: a counted sale that wholly came back by a month is no occurrence any more once that month is counted.
pub(super) fn forget(
    before: &mut CustomerCount,
    loaded: &Loaded,
    (account, customer): (&Account, &PaymentKey),
    last: Month,
) {
    let own = loaded.late_back.iter().filter(|back| back.account == *account && back.month <= last);
    for back in own.filter(|back| back.customer.as_ref() == Some(customer)) {
        let sale = loaded.late_sales.get(&back.sale).filter(|sale| Occurrence::of(sale).is_none());
        let Some(sale) = sale else { continue };
        if let Some(paid) = before.paid.get_mut(&format!("{SERIES}{}", Occurrence::series(sale))) {
            paid.retain(|counted| counted.2 != sale.payment);
        }
    }
}

/// What the bands of a counted month give back in an open one, in all.
pub(super) struct BandsBack {
    pub(super) account: Account,
    pub(super) key: String,
    pub(super) counted: Month,
    pub(super) month: Month,
    pub(super) program: ProgramId,
    pub(super) minor: i64,
    pub(super) occurred_at: Timestamp,
    /// Where the money of that month's bands is, as far as it can be taken from there.
    pub(super) places: BTreeMap<Place, i64>,
}

/// What the bands of counted months give back, by account, programme, counted month and open month.
pub(super) fn bands(loaded: &Loaded, choice: &Choice<'_>) -> Result<Vec<BandsBack>, CaseError> {
    let mut all = Vec::new();
    let groups: BTreeSet<(&Account, &ProgramId, Month)> =
        banded(loaded).map(|back| (&back.account, &back.program, back.counted)).collect();
    for (account, program, counted) in groups.into_iter().filter(|(_, program, _)| (choice.includes)(program)) {
        let until = loaded.heads.get(account).and_then(|head| head.counted);
        let Some(mut bands) = bands_counted(loaded, (account, program), until).remove(&counted) else { continue };
        let own = || {
            banded(loaded)
                .filter(|back| back.account == *account && back.program == *program && back.counted == counted)
        };
        let months: BTreeSet<Month> = own().map(|back| back.month).collect();
        for month in months {
            let before = part_of(&bands);
            let came_back = own().filter(|back| back.month == month);
            let minor = came_back.fold(0_i64, |sum, back| sum.saturating_add(back.minor));
            bands.back = bands.back.saturating_sub(minor);
            if !loaded.is_open(account, month) {
                continue;
            }
            let from = Place::Slot(Slot::of_day(month.first_day()?));
            let places = loaded.bands_places.get(&(account.clone(), program.clone(), counted));
            let places = places.into_iter().flatten().filter(|(place, _)| **place >= from);
            all.push(BandsBack {
                account: account.clone(),
                key: key_of(program, account, (counted, month)),
                counted,
                month,
                program: program.clone(),
                minor: before.saturating_sub(part_of(&bands)),
                occurred_at: own().map(|back| back.occurred_at).max().unwrap_or_default(),
                places: places.map(|(place, net)| (*place, *net)).collect(),
            });
        }
    }
    Ok(all)
}

/// What stands before the rest in the key of what bands give back.
const BACK: &str = "bands_back/";

fn key_of(program: &ProgramId, account: &Account, (counted, month): (Month, Month)) -> String {
    format!("{BACK}{program}/{}/{}/{counted}/{month}", account.partner, account.currency)
}

/// Takes note of where money of bands is, of counted months, too.
pub(super) fn take_place(loaded: &mut Loaded, account: &Account, (of, month): (&str, Month), line: &Line) {
    let counted = match of.strip_prefix(BACK) {
        Some(rest) => rest.split('/').nth(3).and_then(|month| Month::parse(month).ok()),
        None => of.starts_with("bands/").then_some(month),
    };
    if let (Some(counted), Some(program)) = (counted, &line.trace.program) {
        let places = loaded.bands_places.entry((account.clone(), program.clone(), counted)).or_default();
        let net = places.entry(line.place).or_default();
        *net = net.saturating_add(line.amount.minor());
    }
}

fn banded(loaded: &Loaded) -> impl Iterator<Item = &LateBack> {
    loaded.late_back.iter().filter(|back| back.is_banded)
}

/// What the bands of a month have to give back of what they added, for what came back so far. Never more than that.
fn part_of(bands: &BandsCounted) -> i64 {
    let BandsCounted { added, earned, back } = *bands;
    let came_back = i128::from(back.clamp(0, earned.max(0)));
    let (exact, whole) = (i128::from(added) * came_back, i128::from(earned.max(1)));
    // Half away from zero: of little that came back never less than its part by more than half a cent.
    let rounded = (exact.abs() * 2 + whole) / (whole * 2);
    i64::try_from(rounded * exact.signum()).unwrap_or(added)
}

/// What is kept of a programme's counted months, as it is before the months behind `counted`.
fn bands_counted(
    loaded: &Loaded,
    (account, program): (&Account, &ProgramId),
    counted: Option<Month>,
) -> BTreeMap<Month, BandsCounted> {
    reached(loaded, (account, program), counted).bands
}

/// COM-22: what the bands of the months up to one came to is kept with what is counted of a programme.
pub(super) fn count_bands(standings: &mut Standings, loaded: &Loaded, account: &Account, last: Month) {
    let counted = loaded.heads.get(account).and_then(|head| head.counted);
    let known = loaded.program_counts.keys().filter(|(of, _)| of == account).map(|(_, program)| program.clone());
    let programs: BTreeSet<ProgramId> = known.chain(standings.keys().cloned()).collect();
    for program in programs {
        let mut bands = bands_counted(loaded, (account, &program), counted);
        let came_back = banded(loaded).filter(|back| back.account == *account && back.program == program);
        for back in came_back.filter(|back| back.month <= last) {
            if let Some(bands) = bands.get_mut(&back.counted) {
                bands.back = bands.back.saturating_sub(back.minor);
            }
        }
        for ((of, key, month), booked) in &loaded.periods {
            let is_own = of == account && booked.program.as_ref() == Some(&program) && *month <= last;
            if !is_own || !key.starts_with("bands/") || booked.net == 0 {
                continue;
            }
            let sales = || sales_in(loaded, account, &program, *month);
            // Of sales that do not say their month nothing would be heard when they come back.
            if sales().all(|sale| sale.month_of(&account.partner).is_some()) {
                let earned = banded_of(sales(), &account.partner);
                bands.insert(*month, BandsCounted { added: booked.net, earned, back: 0 });
            }
        }
        while bands.len() > MONTHS_MAX {
            bands.pop_first();
        }
        if bands.is_empty() && !standings.contains_key(&program) {
            continue;
        }
        let standing =
            standings.entry(program.clone()).or_insert_with(|| reached(loaded, (account, &program), counted));
        standing.bands = bands;
    }
}

/// Where an account stood in a programme when its last month was counted.
fn reached(loaded: &Loaded, (account, program): (&Account, &ProgramId), counted: Option<Month>) -> ProgramCount {
    let known = loaded.program_counts.get(&(account.clone(), program.clone()));
    let half = known.map(|known| if known.month <= counted { &known.within } else { &known.before });
    half.cloned().unwrap_or_default()
}

/// The sales of a programme that count for an account in a month.
fn sales_in<'l>(
    loaded: &'l Loaded,
    account: &'l Account,
    program: &'l ProgramId,
    month: Month,
) -> impl Iterator<Item = &'l Sale> + 'l {
    sales_of(loaded, account, month).filter(move |sale| {
        let counts = loaded.counts_in.get(&(sale.id.clone(), account.partner.clone()));
        counts.is_some_and(|counts| counts.month == month && counts.program.as_ref() == Some(program))
    })
}

/// What volume bands gave a partner of sales, net.
fn banded_of<'l>(sales: impl Iterator<Item = &'l Sale>, partner: &PartnerId) -> i64 {
    sales
        .flat_map(|sale| sale.lines.iter().map(move |line| (sale, line)))
        .filter(|(sale, line)| {
            line.partner == *partner
                && line.kind != LineKind::HoldMove
                && is_commission(line.part)
                && sale.is_banded(partner, line.part)
        })
        .fold(0_i64, |sum, (_, line)| sum.saturating_add(line.amount.minor()))
}
