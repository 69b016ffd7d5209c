//! Makes a file: batches by class, entries in the order in which they were given.

use domain::currency::Currency;
use domain::money::Money;
use domain::time::{BusinessDay, Timestamp};
use jiff::tz::TimeZone;

use crate::calendar::plus_banking_days;
use crate::control::BankFile;
use crate::disbursement::{Disbursement, sum_of};
use crate::nacha::control::{AchTotals, TOTAL_MAX};
use crate::nacha::entry::{
    AchPayee, Deed, EntryClass, IDENTIFICATION_WIDTH, Prenote, SentEntry, Trace, transaction_code,
};
use crate::nacha::layout::{BLOCK, Record, WIDTH};
use crate::nacha::originator::{DescriptiveDate, Offset, Originator};
use crate::nacha::plan::{ADDENDA_WIDTH, ENTRY_MAX, NAME_WIDTH, Planned, plan, within};
use crate::refused::{Refused, Subject, Why};
use crate::text;

/// What seven digits of a trace hold.
const SEQUENCE_MAX: u64 = 9_999_999;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Tells the files of one day apart: A to Z, then 0 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileModifier(char);

impl FileModifier {
    /// Of the day's `nth` file, from 0 on; `None` for the 37th.
    #[must_use]
    pub fn of_nth(nth: u8) -> Option<Self> {
        let letter = match nth {
            0..=25 => b'A' + nth,
            26..=35 => b'0' + (nth - 26),
            _ => return None,
        };
        Some(Self(char::from(letter)))
    }
}

/// When and as which a file is made.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The instant that the file is dated.
    pub at: Timestamp,
    /// Which file of its day.
    pub modifier: FileModifier,
    /// The number of the first entry: 1 to 9,999,999. Whoever makes files counts on from [`MadeFile::next_sequence`],
    /// so that no number of the last months comes again; after the last it is 1.
    pub first_sequence: u32,
}

/// A file, and what to keep beside the payouts in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFile {
    /// The file; its totals count and add up the payments, without prenotes and offsets.
    pub file: BankFile,
    /// What its control record says: to be read to the bank over the phone.
    pub totals: AchTotals,
    /// When the money should move.
    pub effective: BusinessDay,
    /// How many batches.
    pub batches: usize,
    /// Its entries, in order.
    pub entries: Vec<SentEntry>,
    /// The number for the next file's first entry.
    pub next_sequence: u32,
}

/// Makes a file of payments and prenotes.
///
/// # Errors
/// See [`Why`]: the first payment or prenote that cannot be in it, or what is wrong with all of them together.
pub fn write(
    originator: &Originator,
    run: Run,
    payments: &[Disbursement<AchPayee>],
    prenotes: &[Prenote],
) -> Result<MadeFile, Refused> {
    let sum = if payments.is_empty() && !prenotes.is_empty() { Money::zero(Currency::USD) } else { sum_of(payments)? };
    if sum.currency() != Currency::USD {
        return Err(Why::Currency(sum.currency()).into());
    }
    within(sum, originator.settings.file_max, "a file of this originator")?;
    if !(1..=SEQUENCE_MAX).contains(&u64::from(run.first_sequence)) {
        return Err(Why::Setting { what: "the first trace number", expected: "must be 1 to 9,999,999" }.into());
    }
    let planned = plan(originator, payments, prenotes)?;
    let zoned = run.at.to_zoned(zone_of(originator)?);
    let day = originator.settings.zone.day_of(run.at);
    let effective = plus_banking_days(day, originator.settings.lead_days).map_err(|_| Why::DayOutOfRange)?;
    let mut writer = Writer {
        originator,
        effective,
        text: String::new(),
        sequence: u64::from(run.first_sequence),
        totals: AchTotals::default(),
        batches: 0,
        entries: Vec::new(),
    };
    let time = format!("{:02}{:02}", zoned.hour(), zoned.minute());
    writer.header(run, day, &time)?;
    for class in EntryClass::ALL {
        let of_class: Vec<&Planned<'_>> = planned.iter().filter(|entry| entry.class == class).collect();
        for batch in of_class.chunks(originator.settings.batch_entries_max) {
            writer.batch(class, batch)?;
        }
    }
    writer.control()?;
    let next_sequence = if writer.sequence > SEQUENCE_MAX { 1 } else { writer.sequence };
    let next_sequence = u32::try_from(next_sequence).map_err(|_| Why::SumOutOfRange)?;
    let name = format!("ach-{}-{}.ach", yymmdd(day), run.modifier.0);
    let count = u64::try_from(payments.len()).map_err(|_| Why::SumOutOfRange)?;
    Ok(MadeFile {
        file: BankFile::new(name, "text/plain; charset=us-ascii", writer.text.into_bytes(), count, sum),
        totals: writer.totals,
        effective,
        batches: writer.batches,
        entries: writer.entries,
        next_sequence,
    })
}

fn zone_of(originator: &Originator) -> Result<TimeZone, Why> {
    let unknown = Why::Setting { what: "the zone", expected: "is not known" };
    TimeZone::get(originator.settings.zone.name()).map_err(|_| unknown)
}

fn yymmdd(day: BusinessDay) -> String {
    let (year, month, of_month) = day.parts();
    format!("{:02}{month:02}{of_month:02}", year.rem_euclid(100))
}

/// What is written so far.
struct Writer<'a> {
    originator: &'a Originator,
    effective: BusinessDay,
    text: String,
    sequence: u64,
    totals: AchTotals,
    batches: usize,
    entries: Vec<SentEntry>,
}

impl Writer<'_> {
    fn header(&mut self, run: Run, day: BusinessDay, time: &str) -> Result<(), Why> {
        let settings = &self.originator.settings;
        let line = Record::of("101")
            .text("the destination", &format!(" {}", settings.destination.expose()), 10)?
            .text("the origin", &settings.origin, 10)?
            .text("the date", &yymmdd(day), 6)?
            .text("the time", time, 4)?
            .text("the modifier", &run.modifier.0.to_string(), 1)?
            .text("the format", "094101", 6)?
            .text("the destination's name", &settings.destination_name, 23)?
            .text("the origin's name", &settings.origin_name, 23)?
            .blank(8);
        self.text.push_str(&line.end()?);
        Ok(())
    }

    fn batch(&mut self, class: EntryClass, planned: &[&Planned<'_>]) -> Result<(), Refused> {
        let sum = planned
            .iter()
            .try_fold(0_u64, |sum, entry| sum.checked_add(entry.cents).filter(|sum| *sum <= TOTAL_MAX))
            .ok_or(Why::SumOutOfRange)?;
        let offset = self.originator.settings.offset.as_ref();
        // A batch of prenotes alone moves nothing, so nothing balances it.
        let offset = offset.filter(|offset| sum > 0 && offset.classes.contains(&class));
        let service = if offset.is_some() { "200" } else { "220" };
        self.batches += 1;
        self.batch_header(class, service)?;
        let mut totals = AchTotals::default();
        for entry in planned {
            let refused = |why| Refused { about: Some(entry.subject.clone()), why };
            totals = self.entry(entry, totals).map_err(refused)?;
        }
        if let Some(offset) = offset {
            totals = self.offset(offset, sum, totals)?;
        }
        self.batch_control(service, totals)?;
        self.totals = self.totals.and(totals).ok_or(Why::SumOutOfRange)?;
        Ok(())
    }

    fn batch_header(&mut self, class: EntryClass, service: &str) -> Result<(), Why> {
        let settings = &self.originator.settings;
        let (year, month, _) = self.effective.parts();
        let descriptive = match settings.descriptive_date {
            DescriptiveDate::Blank => String::new(),
            DescriptiveDate::Month => {
                let name = usize::from(month.unsigned_abs()).checked_sub(1).and_then(|at| MONTHS.get(at));
                format!("{} {:02}", name.ok_or(Why::DayOutOfRange)?, year.rem_euclid(100))
            }
        };
        let line = Record::of("5")
            .text("the service class", service, 3)?
            .text("the company's name", &settings.company_name, 16)?
            .text("the discretionary data", &settings.discretionary, 20)?
            .text("the company's number", &settings.company_id, 10)?
            .text("the class", class.as_str(), 3)?
            .text("the description", &settings.description, 10)?
            .text("the descriptive date", &descriptive, 6)?
            .text("the effective date", &yymmdd(self.effective), 6)?
            .blank(3)
            .text("the status", "1", 1)?
            .text("the originating bank", settings.originating.identification(), 8)?
            .number("the batches of a file", self.batches as u64, 7)?;
        self.text.push_str(&line.end()?);
        Ok(())
    }

    fn entry(&mut self, entry: &Planned<'_>, totals: AchTotals) -> Result<AchTotals, Why> {
        let trace = self.next_trace()?;
        let payee = entry.payee;
        let addenda = u64::from(entry.addenda.is_some());
        let line = Record::of("6")
            .text("the transaction code", transaction_code(payee.kind, entry.deed), 2)?
            .text("the routing number", payee.routing.expose(), 9)?
            .text("the account number", payee.account.expose(), 17)?
            .number("the amount", entry.cents, 10)?
            .text("the payee's number", &entry.identification, IDENTIFICATION_WIDTH)?
            .text("the payee's name", &entry.name, NAME_WIDTH)?
            .blank(2)
            .number("the addenda of an entry", addenda, 1)?
            .text("the trace number", trace.as_str(), 15)?;
        self.text.push_str(&line.end()?);
        if let Some(text) = &entry.addenda {
            let line = Record::of("705")
                .text("the memo", text, ADDENDA_WIDTH)?
                .number("the addenda of an entry", 1, 4)?
                .text("the trace number", trace.sequence(), 7)?;
            self.text.push_str(&line.end()?);
        }
        let receiving = payee.routing.identification();
        let totals = totals.with(number_of(receiving)?, addenda, 0, entry.cents).ok_or(Why::SumOutOfRange)?;
        self.entries.push(SentEntry {
            trace,
            subject: entry.subject.clone(),
            amount: entry.amount,
            receiving: receiving.to_owned(),
        });
        Ok(totals)
    }

    /// The originator's own side, so that debits and credits of the batch are equal.
    fn offset(&mut self, offset: &Offset, sum: u64, totals: AchTotals) -> Result<AchTotals, Why> {
        let trace = self.next_trace()?;
        let amount = Money::from_minor(i64::try_from(sum).map_err(|_| Why::SumOutOfRange)?, Currency::USD);
        within(amount, Some(Money::from_minor(ENTRY_MAX, Currency::USD)), "the offset of one batch")?;
        let line = Record::of("6")
            .text("the transaction code", transaction_code(offset.kind, Deed::Debit), 2)?
            .text("the routing number", offset.routing.expose(), 9)?
            .text("the account number", offset.account.expose(), 17)?
            .number("the amount", sum, 10)?
            .text("the payee's number", "OFFSET", IDENTIFICATION_WIDTH)?
            .text("the origin's name", text::cut(&self.originator.settings.origin_name, NAME_WIDTH), NAME_WIDTH)?
            .blank(2)
            .number("the addenda of an entry", 0, 1)?
            .text("the trace number", trace.as_str(), 15)?;
        self.text.push_str(&line.end()?);
        let receiving = offset.routing.identification().to_owned();
        let totals = totals.with(number_of(&receiving)?, 0, sum, 0).ok_or(Why::SumOutOfRange)?;
        self.entries.push(SentEntry { trace, subject: Subject::Offset, amount, receiving });
        Ok(totals)
    }

    fn batch_control(&mut self, service: &str, totals: AchTotals) -> Result<(), Why> {
        let settings = &self.originator.settings;
        let line = Record::of("8")
            .text("the service class", service, 3)?
            .number("the entries of a batch", totals.records, 6)?
            .number("the entry hash", totals.entry_hash, 10)?
            .number("the debits of a batch", totals.debit, 12)?
            .number("the credits of a batch", totals.credit, 12)?
            .text("the company's number", &settings.company_id, 10)?
            .blank(25)
            .text("the originating bank", settings.originating.identification(), 8)?
            .number("the batches of a file", self.batches as u64, 7)?;
        self.text.push_str(&line.end()?);
        Ok(())
    }

    fn control(&mut self) -> Result<(), Why> {
        let records = self.text.len() / (WIDTH + 1) + 1;
        let blocks = records.div_ceil(BLOCK);
        let line = Record::of("9")
            .number("the batches of a file", self.batches as u64, 6)?
            .number("the blocks of a file", blocks as u64, 6)?
            .number("the entries of a file", self.totals.records, 8)?
            .number("the entry hash", self.totals.entry_hash, 10)?
            .number("the debits of a file", self.totals.debit, 12)?
            .number("the credits of a file", self.totals.credit, 12)?
            .blank(39);
        self.text.push_str(&line.end()?);
        for _ in records..blocks * BLOCK {
            self.text.push_str(&"9".repeat(WIDTH));
            self.text.push('\n');
        }
        Ok(())
    }

    fn next_trace(&mut self) -> Result<Trace, Why> {
        if self.sequence > SEQUENCE_MAX {
            return Err(Why::Setting {
                what: "the trace numbers",
                expected: "run out within this file: begin it at 1",
            });
        }
        let sequence = u32::try_from(self.sequence).map_err(|_| Why::SumOutOfRange)?;
        self.sequence += 1;
        Ok(Trace::of(&self.originator.settings.originating, sequence))
    }
}

fn number_of(digits: &str) -> Result<u64, Why> {
    digits.parse().map_err(|_| Why::Missing("the receiving bank"))
}
