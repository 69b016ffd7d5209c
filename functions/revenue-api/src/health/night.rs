//! Which business dates the nights have closed.

use domain::job::Job;
use domain::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};
use store::runs::RunStatus;

use super::{DAY_S, HOUR_S, Part, Readings, Standing, counted, is_missed};

/// How long a night may take until what it closes is missed, and its units until they are late.
const NIGHT_S_MAX: i64 = HOUR_S;
/// A count of missed dates ends somewhere.
const MISSED_MAX: u64 = 400;

/// The last night, and whether one is late.
pub(super) fn nights(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("nights", standing, reason);
    let Some(last) = read.nights.first() else {
        let next = Job::Night.cadence().next_after(read.now);
        let standing = if is_missed(read) { Standing::Late } else { Standing::Ok };
        return of(standing, format!("no night has closed a date yet; the next is at {next}"));
    };
    let part = |standing, reason: String| of(standing, reason).at(last.completed_at);
    let closed = last.business_date;
    let missed = expected(read.now, &read.zone).and_then(|expected| missed(closed, expected));
    // A calendar that ends has no night to miss.
    let missed = missed.unwrap_or(0);
    if missed > 0 {
        let dates = counted(missed, ("date", "dates"), false);
        let reason = format!("{dates} behind {closed} not closed: POST /v1/revenue/commission/process");
        return part(Standing::Late, reason).counting(missed);
    }
    let told = read.nights.iter().find_map(|night| Some((night, night.report.as_ref()?)));
    match told {
        Some((night, report)) if !report.errors.is_empty() => {
            let errors = report.errors.len() as u64;
            let (units, id) = (counted(errors, ("unit", "units"), false), &night.id);
            let reason = format!(
                "closed through {closed}; {units} of {} ended with an error: GET /v1/revenue/commission/batches/{id}",
                night.business_date
            );
            part(Standing::Broken, reason).counting(errors)
        }
        Some((night, report))
            if report.status == RunStatus::Processing && is_long_ago(read.now, night.completed_at) =>
        {
            let (units, id) = (counted(report.unanswered, ("unit", "units"), false), &night.id);
            let reason = format!(
                "closed through {closed}; {units} of {} did not answer within an hour: see the alarms of dead letters, \
                 and GET /v1/revenue/commission/batches/{id}",
                night.business_date
            );
            part(Standing::Late, reason).counting(report.unanswered)
        }
        Some((night, report)) if night.business_date == closed && report.status != RunStatus::Processing => {
            part(Standing::Ok, format!("closed through {closed}")).counting(report.done)
        }
        _ => part(Standing::Ok, format!("closed through {closed}; some of its accounts have not answered yet")),
    }
}

/// The last date that must be closed by now: the one before the last night that had its time.
fn expected(now: Timestamp, zone: &Zone) -> Result<BusinessDay, DateOutOfRange> {
    let before = Timestamp::from_second(now.as_second() - NIGHT_S_MAX - DAY_S).unwrap_or(now);
    zone.day_of(Job::Night.cadence().next_after(before)).plus_days(-1)
}

fn is_long_ago(now: Timestamp, at: Timestamp) -> bool {
    now.as_second() - at.as_second() > NIGHT_S_MAX
}

fn missed(closed: BusinessDay, expected: BusinessDay) -> Result<u64, DateOutOfRange> {
    let (mut day, mut missed) = (closed, 0);
    while day < expected && missed < MISSED_MAX {
        day = day.plus_days(1)?;
        missed += 1;
    }
    Ok(missed)
}
