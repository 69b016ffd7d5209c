//! COM-22: what comes back of sales whose month is counted. It counts in the first open month: the bands of the counted
//! one give back their part of it, and the customer has earned, and bought, so much less.
//!
//! Nothing is assessed anew of a counted month. Its bands added so much for the volume of its banded sales, and of each
//! cent of that which comes back they give the same part: all of it, to the cent, once all has come back. Where sales do
//! not say their volume, what they had earned beside the bands is the measure.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::Occurrence;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::{Account, Line, LineKind, Part, PartKind, Place};
use domain::money::Money;
use domain::month::Month;
use domain::retarget::{BANDED_NOTE, late_months};
use domain::sale::{Sale, SaleLine};
use domain::slot::Slot;
use domain::time::Timestamp;
use store::counts::{BandsCounted, BandsRecomputed, CustomerCount, ProgramCount};
use store::{Store, TenantKey};

use super::count::{SERIES, Standings, sales_of};
use super::load::{Frames, Loaded, RUN_NOTE, noted};
use super::plan::Choice;
use crate::error::CaseError;

/// How the keys of what bands add to a month begin.
const BANDS: &str = "bands/";
/// How many counted months are kept with what their bands came to: what comes back of older ones takes nothing off them.
pub(super) const MONTHS_MAX: usize = 36;

/// A line by which something of a counted month came back, or went again: a refund that failed, a sale that left and returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateBack {
    /// Whose.
    pub account: Account,
    /// Of which programme.
    pub program: ProgramId,
    /// Of which sale.
    pub sale: SaleId,
    /// The number of the line there.
    pub n: u32,
    /// Whose sale.
    pub customer: Option<PaymentKey>,
    /// In which month it counts.
    pub month: Month,
    /// In which the sale did.
    pub counted: Month,
    /// Signed as the line is: below zero where it came back.
    pub minor: i64,
    /// Of the volume that bands count, signed alike.
    pub volume: i64,
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
            n: line.n,
            customer: line.trace.customer.clone(),
            month,
            counted,
            minor: line.amount.minor(),
            volume: 0,
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
    let Loaded { late_back, late_sales, .. } = loaded;
    for back in late_back {
        // A sale says with each of its lines how the volume changed.
        let line = late_sales.get(&back.sale).and_then(|sale| sale.lines.iter().find(|line| line.n == back.n));
        back.volume = line.and_then(|line| line.volume).unwrap_or(0);
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
    #[cfg(feature = "planted")]
    if domain::planted::is(domain::planted::Bug::BandsStay) {
        return Ok(all);
    }
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
            for back in own().filter(|back| back.month == month) {
                take_back(&mut bands, back);
            }
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

pub(super) fn banded(loaded: &Loaded) -> impl Iterator<Item = &LateBack> {
    loaded.late_back.iter().filter(|back| back.is_banded)
}

/// A line by which something came back of a month, or went again.
pub(super) fn take_back(bands: &mut BandsCounted, line: &LateBack) {
    bands.back = bands.back.saturating_sub(line.minor);
    bands.volume_back = bands.volume_back.saturating_sub(line.volume);
}

/// What the bands of a month have to give back of what they added, for what came back so far. Never more than that.
pub(super) fn part_of(bands: &BandsCounted) -> i64 {
    // Bands are of the volume: at a first rate of 0 % the sales have earned nothing to measure by.
    let volume = bands.volume.filter(|volume| *volume > 0);
    let (whole, back) = volume.map_or((bands.earned, bands.back), |volume| (volume, bands.volume_back));
    let own = share_of(bands.added, (whole, back));
    bands.recomputed.iter().fold(own, |sum, more| {
        // It was added for what was left then, and goes with that.
        let gone = if volume.is_some() { more.volume_back } else { more.back };
        sum.saturating_add(share_of(more.added, (whole.saturating_sub(gone), back.saturating_sub(gone))))
    })
}

fn share_of(added: i64, (whole, back): (i64, i64)) -> i64 {
    let came_back = i128::from(back.clamp(0, whole.max(0)));
    let (exact, whole) = (i128::from(added) * came_back, i128::from(whole.max(1)));
    // Half away from zero: of little that came back never less than its part by more than half a cent.
    let rounded = (exact.abs() * 2 + whole) / (whole * 2);
    i64::try_from(rounded * exact.signum()).unwrap_or(added)
}

/// A recompute has changed what is left of a counted month's volume. What had come back by then keeps its part of what was
/// added, and the rest goes with what is left.
pub(crate) fn measure_anew(bands: &mut BandsCounted, came_back: &BandsCounted, left: i64) {
    let Some(before) = bands.volume else { return };
    let now = bands.with(came_back);
    let gone = now.volume_back;
    let after = left.saturating_add(gone);
    bands.volume = Some(after);
    if gone <= 0 || after == before {
        return;
    }
    // A line of another slope: up to here it runs as it did, and from here on its rest makes it end where it ended.
    let mut rest = 0_i64;
    let mut turn = |added: &mut i64, from: i64| {
        let turned = scaled(*added, (after.saturating_sub(from), before.saturating_sub(from)));
        rest = rest.saturating_add(added.saturating_sub(turned));
        *added = turned;
    };
    turn(&mut bands.added, 0);
    for more in &mut bands.recomputed {
        turn(&mut more.added, more.volume_back);
    }
    bands.recomputed.push(BandsRecomputed { added: rest, back: now.back, volume_back: gone });
}

fn scaled(added: i64, (to, from): (i64, i64)) -> i64 {
    if from <= 0 {
        return added;
    }
    let (exact, from) = (i128::from(added) * i128::from(to), i128::from(from));
    let rounded = (exact.abs() * 2 + from) / (from * 2);
    i64::try_from(rounded * exact.signum()).unwrap_or(added)
}

/// What is left of the volume of a counted month; `None` where one of its sales does not say its own. The account was read
/// from its first line on.
pub(crate) fn volume_left(whole: &Loaded, (account, program): (&Account, &ProgramId), month: Month) -> Option<i64> {
    volume_of(sales_in(whole, account, program, month), &account.partner)
}

/// What came back in open months of the banded sales of a counted one.
pub(crate) fn came_back(loaded: &Loaded, (account, program): (&Account, &ProgramId), counted: Month) -> BandsCounted {
    let mut bands = BandsCounted::default();
    let own = banded(loaded).filter(|back| back.account == *account && back.program == *program);
    for back in own.filter(|back| back.counted == counted) {
        take_back(&mut bands, back);
    }
    bands
}

/// What is kept of a counted month whose bands had added nothing, as it was before that came back; none where nothing
/// would be heard of its sales. The account was read from its first line on.
pub(crate) fn without_bands(
    whole: &Loaded,
    (account, program): (&Account, &ProgramId),
    (month, came_back): (Month, &BandsCounted),
) -> Option<BandsCounted> {
    let sales = || sales_in(whole, account, program, month);
    let is_heard_of = sales().all(|sale| sale.month_of(&account.partner).is_some());
    let (earned, volume) = (banded_of(sales(), &account.partner), volume_of(sales(), &account.partner));
    is_heard_of.then(|| BandsCounted {
        earned: earned.saturating_add(came_back.back),
        volume: volume.map(|volume| volume.saturating_add(came_back.volume_back)),
        ..BandsCounted::default()
    })
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
    // Events of a name of one's own have bands, and nothing that is reached by them: the months say so.
    let own = loaded.periods.iter().filter(|((of, key, _), _)| of == account && key.starts_with(BANDS));
    let banded_in = own.filter_map(|(_, booked)| booked.program.clone());
    let programs: BTreeSet<ProgramId> = known.chain(standings.keys().cloned()).chain(banded_in).collect();
    for program in programs {
        let mut bands = bands_counted(loaded, (account, &program), counted);
        let came_back = banded(loaded).filter(|back| back.account == *account && back.program == program);
        for back in came_back.filter(|back| back.month <= last) {
            if let Some(bands) = bands.get_mut(&back.counted) {
                take_back(bands, back);
            }
        }
        for ((of, key, month), booked) in &loaded.periods {
            let is_own = of == account && booked.program.as_ref() == Some(&program) && *month <= last;
            if !is_own || !key.starts_with(BANDS) || booked.net == 0 {
                continue;
            }
            let sales = || sales_in(loaded, account, &program, *month);
            // Of sales that do not say their month nothing would be heard when they come back.
            if sales().all(|sale| sale.month_of(&account.partner).is_some()) {
                let (earned, volume) = (banded_of(sales(), &account.partner), volume_of(sales(), &account.partner));
                let of_month = BandsCounted { added: booked.net, earned, volume, ..BandsCounted::default() };
                bands.insert(*month, of_month);
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
pub(super) fn sales_in<'l>(
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
pub(super) fn banded_of<'l>(sales: impl Iterator<Item = &'l Sale>, partner: &PartnerId) -> i64 {
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

/// What the banded sales of a partner add to the volume of their month, net; `None` where one was booked before that was
/// kept.
pub(super) fn volume_of<'l>(sales: impl Iterator<Item = &'l Sale>, partner: &PartnerId) -> Option<i64> {
    let mut volume = 0_i64;
    for sale in sales {
        let own = || sale.lines.iter().filter(|line| line.partner == *partner && is_commission(line.part));
        let is_said = |banded: &SaleLine| own().any(|line| line.part == banded.part && line.volume.is_some());
        if own().any(|line| line.is_banded && !is_said(line)) {
            return None;
        }
        volume = own().fold(volume, |sum, line| sum.saturating_add(line.volume.unwrap_or(0)));
    }
    Some(volume)
}
