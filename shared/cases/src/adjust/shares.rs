//! COM-10: what the bands of counted months paid for customers. It uses up a customer's cap as what their sales were paid
//! does, and leaves room again in the measure in which those come back.

use std::collections::BTreeMap;

use domain::assess::PeriodKind;
use domain::fact::PaymentKey;
use domain::id::ProgramId;
use domain::line::Account;
use domain::money::Money;
use domain::month::Month;
use domain::rule::BandMode;
use store::counts::{BandsCounted, BandsOfCustomer, CustomerCount};

use super::late::{MONTHS_MAX, banded, banded_of, part_of, sales_in, take_back, volume_of};
use super::load::{Frame, Frames, Loaded};
use super::plan::{Choice, assessed_as_it_stands};
use crate::error::CaseError;

/// By how much what bands paid for a customer changes with the months that are counted now.
pub(super) struct Share {
    customer: PaymentKey,
    program: ProgramId,
    month: Month,
    /// What it changes by.
    minor: i64,
    /// What is kept to measure what comes back; none where nothing would be heard of it.
    bands: Option<BandsCounted>,
}

impl Share {
    /// Adds it to what the months count of its customer.
    fn add_to(self, customers: &mut BTreeMap<PaymentKey, CustomerCount>) {
        let Self { customer, program, month, minor, bands } = self;
        let count = customers.entry(customer).or_default();
        let earned = count.earned.entry(program.clone()).or_default();
        *earned = earned.saturating_add(minor);
        if let Some(bands) = bands {
            let kept = count.bands.entry(program).or_default().entry(month).or_default();
            *kept = kept.with(&bands);
        }
    }
}

/// What the bands of an account's months up to one paid for customers, and what came back in them of what those of counted
/// months had, is counted with what their sales earned.
pub(super) fn count(
    customers: &mut BTreeMap<PaymentKey, CustomerCount>,
    loaded: &Loaded,
    frames: &Frames,
    (account, last): (&Account, Month),
) -> Result<(), CaseError> {
    let shares = paid(loaded, frames, account, last)?;
    for share in shares.into_iter().chain(given_back(loaded, account, Some(last))) {
        share.add_to(customers);
    }
    Ok(())
}

/// What came back in open months of what bands of counted ones had paid for customers is there for them again.
pub(super) fn take_off(loaded: &mut Loaded) {
    let mut given = Vec::new();
    for account in &loaded.visited {
        given.extend(given_back(loaded, account, None).into_iter().map(|share| (account.clone(), share)));
    }
    for (Account { partner, currency }, Share { customer, program, minor, .. }) in given {
        let Some(history) = loaded.histories.get_mut(&customer) else { continue };
        let earned = history.earned.entry((program, partner, currency)).or_insert(Money::zero(currency));
        *earned = Money::from_minor(earned.minor().saturating_add(minor), currency);
    }
}

/// One count behind another: what is kept of a month, and what came of it since.
pub(super) fn follow(kept: &mut BandsOfCustomer, more: &BandsOfCustomer) {
    for (program, months) in more {
        let known = kept.entry(program.clone()).or_default();
        for (month, bands) in months {
            let of_month = known.entry(*month).or_default();
            *of_month = of_month.with(bands);
        }
        while known.len() > MONTHS_MAX {
            known.pop_first();
        }
    }
}

/// Does a month's difference count for what is paid for a customer?
fn limits_customers(frame: &Frame) -> bool {
    let versions = &frame.rules.versions;
    let mut bands = versions.iter().filter_map(|version| version.terms.bands.as_ref());
    bands.any(|bands| bands.mode == BandMode::Retroactive)
        && versions.iter().any(|version| version.terms.caps.per_customer.is_some())
}

fn paid(loaded: &Loaded, frames: &Frames, account: &Account, last: Month) -> Result<Vec<Share>, CaseError> {
    let mut shares = Vec::new();
    if !frames.values().any(limits_customers) {
        return Ok(shares);
    }
    let counted = loaded.heads.get(account).and_then(|head| head.counted);
    for earning in assessed_as_it_stands(loaded, &Choice { frames, includes: &|_| true })?.periods {
        let is_own = earning.partner == account.partner && earning.currency == account.currency;
        let is_due = Some(earning.month) > counted && earning.month <= last;
        if !is_own || !is_due || earning.kind != PeriodKind::Bands {
            continue;
        }
        let booked = loaded.periods.get(&(account.clone(), earning.key(), earning.month));
        let booked = booked.map_or(0, |booked| booked.net);
        for (customer, share) in &earning.customers {
            let minor = part_of_booked(*share, booked, earning.amount.minor());
            if minor == 0 {
                continue;
            }
            let own = || {
                sales_in(loaded, account, &earning.program, earning.month)
                    .filter(move |sale| sale.customer.as_ref() == Some(customer))
            };
            let is_heard_of = own().all(|sale| sale.month_of(&account.partner).is_some());
            let bands = is_heard_of.then(|| BandsCounted {
                added: minor,
                earned: banded_of(own(), &account.partner),
                volume: volume_of(own(), &account.partner),
                ..BandsCounted::default()
            });
            shares.push(Share {
                customer: customer.clone(),
                program: earning.program.clone(),
                month: earning.month,
                minor,
                bands,
            });
        }
    }
    Ok(shares)
}

/// A customer's part of what is booked. A cap over all partners may have left less than the account comes to alone: then
/// each has their part of that.
fn part_of_booked(share: i64, booked: i64, alone: i64) -> i64 {
    if booked == alone {
        return share;
    }
    let exact = i128::from(share) * i128::from(booked);
    exact.checked_div(i128::from(alone)).and_then(|part| i64::try_from(part).ok()).unwrap_or(0)
}

/// What bands of counted months pay less for customers, of whose sales something came back in months up to one.
fn given_back(loaded: &Loaded, account: &Account, last: Option<Month>) -> Vec<Share> {
    let mut came_back: BTreeMap<(&PaymentKey, &ProgramId, Month), BandsCounted> = BTreeMap::new();
    let own = banded(loaded).filter(|back| back.account == *account && last.is_none_or(|last| back.month <= last));
    for back in own {
        let Some(customer) = &back.customer else { continue };
        take_back(came_back.entry((customer, &back.program, back.counted)).or_default(), back);
    }
    let mut shares = Vec::new();
    for ((customer, program, month), back) in came_back {
        let known = kept(loaded, account, customer);
        let Some(bands) = known.get(program).and_then(|months| months.get(&month)) else { continue };
        shares.push(Share {
            customer: customer.clone(),
            program: program.clone(),
            month,
            minor: part_of(bands).saturating_sub(part_of(&bands.with(&back))),
            bands: Some(back),
        });
    }
    shares
}

/// What is kept of a customer, of the months that are counted.
fn kept(loaded: &Loaded, account: &Account, customer: &PaymentKey) -> BandsOfCustomer {
    let counted = loaded.heads.get(account).and_then(|head| head.counted);
    let Some(known) = loaded.customer_counts.get(&(account.clone(), customer.clone())) else {
        return BandsOfCustomer::new();
    };
    let mut kept = known.before.bands.clone();
    if known.month <= counted {
        follow(&mut kept, &known.within.bands);
    }
    kept
}
