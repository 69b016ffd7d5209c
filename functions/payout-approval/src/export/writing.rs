//! From payments to the bytes of a file, by the rail that carries it. Pure: the same payments and numbers, the same bytes.

use domain::id::{PayoutFileId, PayoutId};
use domain::money::Money;
use domain::payee::{Destination, Rail};
use domain::payout::file::{FileRow, FileTrial, Made, NotInFile, Numbers};
use domain::time::{BusinessDay, Timestamp, Zone};
use rails::check::CheckPayee;
use rails::control::BankFile;
use rails::nacha::{AchPayee, FileModifier, Run};
use rails::paypal::PayPalPayee;
use rails::sheet::Details;
use rails::wise::WisePayee;
use rails::{Disbursement, MadeSheet, Memo, Refused, Subject, Why, check, nacha, paypal, reference, sheet, wise};

use super::settings::RailSettings;
use super::trying::Trial;

/// A payment that is to be in a file.
pub(super) struct Payment {
    /// Which payout.
    pub(super) payout: PayoutId,
    /// What leaves.
    pub(super) amount: Money,
    /// Where it goes, opened.
    pub(super) destination: Destination,
    /// What the payee reads beside it.
    pub(super) memo: String,
}

/// What a file is made by, beside its payments.
pub(super) struct Making<'a> {
    pub(super) id: &'a PayoutFileId,
    pub(super) rail: Rail,
    pub(super) at: Timestamp,
    /// The tenant's own zone: of the days of sheets and checks.
    pub(super) zone: &'a Zone,
    pub(super) settings: &'a RailSettings,
    pub(super) numbers: Numbers,
}

/// A file, and what goes beside it.
pub(super) struct Output {
    pub(super) made: Made,
    pub(super) rows: Vec<FileRow>,
    pub(super) trials: Vec<FileTrial>,
    pub(super) bytes: Vec<u8>,
    /// The number behind its last entry or check.
    pub(super) next_number: u64,
}

/// What can be in one file together.
pub(super) struct Fitting {
    pub(super) payments: Vec<Payment>,
    pub(super) trials: Vec<Trial>,
    /// Why the others cannot.
    pub(super) left_out: Vec<NotInFile>,
    /// The number behind the last entry or check.
    pub(super) next_number: u64,
}

const NO_SETTINGS: &str = "must be set first: PUT /v1/revenue/payouts/rails";

fn unset(what: &'static str) -> Why {
    Why::Setting { what, expected: NO_SETTINGS }
}

impl Making<'_> {
    /// Makes the file.
    ///
    /// # Errors
    /// The first payment that cannot be in it, or what is wrong with all of them together.
    pub(super) fn write(&self, payments: &[Payment], trials: &[Trial]) -> Result<Output, Refused> {
        let day = self.zone.day_of(self.at);
        let stem = self.id.as_str();
        match self.rail {
            Rail::Ach => self.nacha(payments, trials),
            Rail::Paypal => {
                let rows = each(payments, |destination| PayPalPayee::try_from(destination), Memo::parse)?;
                Ok(of_sheet(paypal::write(stem, &rows)?, None))
            }
            Rail::Wise => {
                let own = self.settings.wise.as_ref().ok_or_else(|| unset("the template of Wise"))?;
                let payee = |destination: &Destination| WisePayee::of(destination, own.receivers);
                let mut rows = each(payments, payee, Memo::parse)?;
                for row in &mut rows {
                    // A route carries few characters: the payout's short name fits any.
                    row.memo = Memo::parse(&reference::short(&row.payout, own.reference_chars)).ok();
                }
                Ok(of_sheet(wise::write(&own.template()?, stem, &rows)?, None))
            }
            Rail::Csv => {
                let own = self.settings.csv.as_ref().ok_or_else(|| unset("the columns of the bank"))?;
                let rows = each(payments, |destination| Details::try_from(destination), Memo::parse)?;
                Ok(of_sheet(sheet::write(&own.layout()?, stem, day, &rows)?, Some(day)))
            }
            Rail::Check => {
                // PAY-8: without a register checks are written by hand, and a payout is paid in one way alone.
                self.settings.check.as_ref().ok_or_else(|| unset("the register of checks"))?;
                let rows = each(payments, |destination| CheckPayee::try_from(destination), Memo::parse)?;
                Ok(of_checks(check::register(stem, day, self.numbers.first, &rows)?))
            }
            Rail::StripeConnect | Rail::Manual | Rail::External => Err(Why::OtherRail(self.rail).into()),
        }
    }

    fn nacha(&self, payments: &[Payment], trials: &[Trial]) -> Result<Output, Refused> {
        let own = self.settings.ach.as_ref().ok_or_else(|| unset("the originator of ACH files"))?;
        let modifier = FileModifier::of_nth(self.numbers.nth);
        let modifier = modifier.ok_or(Why::TooMany { what: "files of a day", count: 37, limit: 36 })?;
        let first_sequence = u32::try_from(self.numbers.first).map_err(|_| Why::SumOutOfRange)?;
        let run = Run { at: self.at, modifier, first_sequence };
        let rows = each(payments, |destination| AchPayee::try_from(destination), Memo::parse)?;
        let prenotes = trials.iter().map(Trial::prenote).collect::<Result<Vec<_>, _>>()?;
        let made = nacha::write(&own.originator()?, run, &rows, &prenotes)?;
        let (mut rows, mut tried) = (Vec::new(), Vec::new());
        for entry in made.entries {
            let (reference, receiving) = (entry.trace.as_str().to_owned(), Some(entry.receiving));
            match entry.subject {
                Subject::Payout(payout) => rows.push(FileRow { payout, amount: entry.amount, reference, receiving }),
                Subject::Prenote(method) => {
                    let trial = trials.iter().find(|trial| trial.method == method).map(Trial::planned);
                    tried.extend(trial.map(|trial| FileTrial { reference: Some(reference), receiving, ..trial }));
                }
                Subject::Offset => {}
            }
        }
        let output = output(made.file, rows, Some(made.effective), u64::from(made.next_sequence));
        Ok(Output { trials: tried, ..output })
    }

    /// The payments that can be in one file together, and why the others cannot.
    ///
    /// # Errors
    /// What is wrong with all of them together.
    pub(super) fn fitting(&self, mut payments: Vec<Payment>, mut trials: Vec<Trial>) -> Result<Fitting, Refused> {
        let mut left_out = Vec::new();
        loop {
            if payments.is_empty() && trials.is_empty() {
                return Ok(Fitting { payments, trials, left_out, next_number: self.numbers.first });
            }
            match self.write(&payments, &trials) {
                Ok(Output { next_number, .. }) => return Ok(Fitting { payments, trials, left_out, next_number }),
                Err(Refused { about: Some(Subject::Prenote(method)), why }) => {
                    let Some(at) = trials.iter().position(|trial| trial.method == method) else {
                        return Err(why.of_all());
                    };
                    let payout = trials.remove(at).payout;
                    left_out.extend(payout.map(|payout| NotInFile { payout, why: why.to_string() }));
                }
                Err(Refused { about: Some(Subject::Payout(payout)), why }) => {
                    let before = payments.len();
                    payments.retain(|payment| payment.payout != payout);
                    left_out.push(NotInFile { payout, why: why.to_string() });
                    if payments.len() == before {
                        return Err(why.of_all());
                    }
                }
                Err(refused) => return Err(refused),
            }
        }
    }
}

/// The payments, each with its payee as the rail knows payees.
fn each<P>(
    payments: &[Payment],
    payee: impl Fn(&Destination) -> Result<P, Why>,
    memo: impl Fn(&str) -> Result<Memo, Why>,
) -> Result<Vec<Disbursement<P>>, Refused> {
    let one = |payment: &Payment| {
        let payout = payment.payout.clone();
        let payee = payee(&payment.destination).map_err(|why| why.of(&payout))?;
        let memo = memo(&payment.memo).map_err(|why| why.of(&payout))?;
        Ok(Disbursement { payout, payee, amount: payment.amount, memo: Some(memo) })
    };
    payments.iter().map(one).collect()
}

fn of_sheet(made: MadeSheet, effective: Option<BusinessDay>) -> Output {
    let rows = made.rows.into_iter().map(|row| FileRow {
        payout: row.payout,
        amount: row.amount,
        reference: row.reference,
        receiving: None,
    });
    output(made.file, rows.collect(), effective, 0)
}

fn of_checks(made: check::MadeChecks) -> Output {
    let rows = made.checks.into_iter().map(|check| FileRow {
        payout: check.payout,
        amount: check.amount,
        reference: check.number.to_string(),
        receiving: None,
    });
    output(made.file, rows.collect(), None, made.next_number)
}

fn output(file: BankFile, rows: Vec<FileRow>, effective: Option<BusinessDay>, next_number: u64) -> Output {
    let made = Made {
        name: file.name.clone(),
        media_type: file.media_type.to_owned(),
        count: file.totals.count,
        sum: file.totals.sum,
        sha256: file.totals.sha256,
        effective: effective.map(|day| day.to_string()),
    };
    Output { made, rows, trials: Vec::new(), bytes: file.into_bytes(), next_number }
}
