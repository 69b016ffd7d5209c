//! TAX-3, TAX-5: what a year's payments come to for the tax office: on which form, told by whom, and why not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Classification, FormKind, TaxForm, TaxStatus, TinKind, UnknownYear, is_reported};
use crate::award::PaymentName;
use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::PartnerId;
use crate::money::{Money, MoneyError};
use crate::paid::payment_day;
use crate::payee::Rail;
use crate::payout::{Payout, PayoutState};
use crate::time::{BusinessDay, Zone};

/// A form on which payments are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum InformationReturn {
    /// Commissions: they are paid for services.
    #[serde(rename = "1099-nec")]
    Nec,
    /// Awards: they are prizes.
    #[serde(rename = "1099-misc")]
    Misc,
}

impl InformationReturn {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Nec, Self::Misc];

    /// The word used outside and in items.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Nec => "1099-nec",
            Self::Misc => "1099-misc",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }

    /// TAX-3: the form by what is paid: awards are prizes, everything else is earned.
    #[must_use]
    pub fn of(payout: &Payout) -> Self {
        if PaymentName::parse(&payout.asked_under).is_some() { Self::Misc } else { Self::Nec }
    }
}

/// Who tells the tax office what went through a rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Teller {
    /// Whoever pays: the tenant.
    Payer,
    /// The rail itself, on a form of its own.
    Rail,
    /// Nobody has decided: no file is made as long as anything went this way.
    Undecided,
}

/// TAX-5: who tells, rail by rail; what is not named is as shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tellers(pub BTreeMap<Rail, Teller>);

impl Tellers {
    /// Who tells of a rail.
    #[must_use]
    pub fn of(&self, rail: Rail) -> Teller {
        let shipped = match rail {
            Rail::StripeConnect | Rail::Ach | Rail::Wise | Rail::Csv | Rail::Check | Rail::Manual => Teller::Payer,
            // Tools differ on whether PayPal's own form covers it, and of another system nothing is known here.
            Rail::Paypal | Rail::External => Teller::Undecided,
        };
        self.0.get(&rail).copied().unwrap_or(shipped)
    }
}

/// What is known of a payee's tax form when the year is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFile {
    /// Which version of the form.
    pub version: u32,
    /// Which form.
    pub kind: FormKind,
    /// Does it hold?
    pub is_valid: bool,
    /// Of a W-9: is the payee one whose payments are not told?
    pub is_exempt: bool,
    /// Of a W-9: is the payee a person? Then a company's name is the trade name of that person.
    pub is_individual: bool,
    /// What kind of number.
    pub tin_kind: Option<TinKind>,
    /// By what the same number is known again.
    pub tin: Option<Digest>,
    /// By what the same names, number and address are known again; forms of before it was kept have none.
    #[serde(default)]
    pub content: Option<Digest>,
}

impl OnFile {
    /// Of a form, on a day.
    #[must_use]
    pub fn of(form: &TaxForm, on: BusinessDay) -> Self {
        Self {
            version: form.version,
            kind: form.kind,
            is_valid: form.status(on) == TaxStatus::Valid,
            is_exempt: form.classification.is_some_and(Classification::is_exempt),
            is_individual: form.classification == Some(Classification::Individual),
            tin_kind: form.tin_kind,
            tin: form.tin_fingerprint,
            content: form.content_fingerprint,
        }
    }

    /// Does it tell of the same payee in the same words? A form that was signed once more, or believed, is another version.
    #[must_use]
    pub fn tells_the_same(&self, other: &Self) -> bool {
        let how = |form: &Self| (form.tin_kind, form.is_individual);
        let is_same = match (self.content, other.content) {
            (Some(content), Some(others)) => content == others,
            _ => self.version == other.version,
        };
        is_same && how(self) == how(other)
    }
}

/// What becomes of a payee's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is told.
    Reported,
    /// It is below what is told for the year.
    BelowThreshold,
    /// The payee is one whose payments are not told.
    Exempt,
    /// The payee is foreign, with a form that says so.
    Foreign,
    /// Nothing is left to tell: it came back, or the rail tells it.
    Nothing,
    /// It would be told, and there is no form to tell it by: a person has to get one.
    MissingForm,
    /// Tax was withheld from a payee who is foreign by now: another form, and a person's.
    ForeignWithheld,
}

impl Verdict {
    /// The word used outside.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::BelowThreshold => "below_threshold",
            Self::Exempt => "exempt",
            Self::Foreign => "foreign",
            Self::Nothing => "nothing",
            Self::MissingForm => "missing_form",
            Self::ForeignWithheld => "foreign_withheld",
        }
    }
}

/// What one payee was paid in a year, as far as one form goes. In dollars; what was paid in other currencies stands apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearRow {
    /// Whom.
    pub partner: PartnerId,
    /// The form.
    pub form: InformationReturn,
    /// How many payouts.
    pub payouts: u32,
    /// V8: what was paid by the date of payment, gross, before anything is left out.
    pub paid: Money,
    /// What of it came back.
    pub back: Money,
    /// What the rail tells.
    pub by_rail: Money,
    /// What went through rails of which nobody has decided who tells.
    pub undecided: Money,
    /// What is left to tell.
    pub told: Money,
    /// What was withheld.
    pub withheld: Money,
    /// The same by month: deposits are told so.
    pub withheld_by_month: Vec<Money>,
    /// What was paid in other currencies, which no form takes as it is.
    pub elsewhere: BTreeMap<String, Money>,
    /// The payee's form.
    pub on_file: Option<OnFile>,
}

impl YearRow {
    /// A row of nothing.
    #[must_use]
    pub fn new(partner: PartnerId, form: InformationReturn, on_file: Option<OnFile>) -> Self {
        let zero = Money::zero(Currency::USD);
        Self {
            partner,
            form,
            payouts: 0,
            paid: zero,
            back: zero,
            by_rail: zero,
            undecided: zero,
            told: zero,
            withheld: zero,
            withheld_by_month: vec![zero; 12],
            elsewhere: BTreeMap::new(),
            on_file,
        }
    }

    /// Takes a payout in that was paid in the year.
    ///
    /// # Errors
    /// Out of range.
    fn take(&mut self, payout: &Payout, month: i8, tellers: &Tellers) -> Result<(), MoneyError> {
        self.payouts = self.payouts.saturating_add(1);
        let amount = payout.amount;
        if amount.currency() != Currency::USD {
            let code = amount.currency().code().to_owned();
            let sum = self.elsewhere.get(&code).map_or(Ok(amount), |sum| sum.try_add(amount))?;
            self.elsewhere.insert(code, sum);
            return Ok(());
        }
        let withheld = payout.net.map_or(Money::zero(Currency::USD), |net| net.withheld);
        // PAY-9: of what came back only fee and tax stayed away from the payee's account.
        let back = match payout.state {
            PayoutState::Returned { .. } => payout.net.map_or(amount, |net| net.net),
            _ => Money::zero(Currency::USD),
        };
        let left = amount.try_sub(back)?;
        self.paid = self.paid.try_add(amount)?;
        self.back = self.back.try_add(back)?;
        self.withheld = self.withheld.try_add(withheld)?;
        let at = usize::try_from(i32::from(month) - 1).unwrap_or_default();
        if let Some(of_month) = self.withheld_by_month.get_mut(at) {
            *of_month = of_month.try_add(withheld)?;
        }
        let rail = payout.terms.payee.as_ref().map_or(Rail::Manual, |payee| payee.rail);
        // TAX-2: whoever withheld tells, whatever the rail tells besides: nobody else can name the tax.
        let teller = if withheld.is_zero() { tellers.of(rail) } else { Teller::Payer };
        let part = match teller {
            Teller::Payer => &mut self.told,
            Teller::Rail => &mut self.by_rail,
            Teller::Undecided => &mut self.undecided,
        };
        *part = part.try_add(left)?;
        Ok(())
    }

    /// By what rows of one payee are known: a number that two partners have is one payee's.
    #[must_use]
    pub fn payee(&self) -> (InformationReturn, String) {
        let tin = self.on_file.as_ref().and_then(|form| form.tin).map(|tin| tin.to_hex());
        (self.form, tin.unwrap_or_else(|| self.partner.to_string()))
    }

    /// TAX-3: what becomes of it, where all rows of its payee come to these sums.
    ///
    /// # Errors
    /// The year is not in the table.
    pub fn verdict(&self, year: i16, (told, withheld): (Money, Money)) -> Result<Verdict, UnknownYear> {
        let over = is_reported(year, told, withheld)?;
        let is_withheld = !withheld.is_zero();
        if self.told.is_zero() && self.withheld.is_zero() {
            return Ok(Verdict::Nothing);
        }
        Ok(match &self.on_file {
            Some(form) if form.kind == FormKind::W8ben && form.is_valid => {
                if is_withheld {
                    Verdict::ForeignWithheld
                } else {
                    Verdict::Foreign
                }
            }
            _ if !over => Verdict::BelowThreshold,
            Some(form) if form.kind == FormKind::W9 => {
                if form.is_exempt && form.is_valid && !is_withheld {
                    Verdict::Exempt
                } else {
                    Verdict::Reported
                }
            }
            // A W-8BEN whose time is over says nothing of who the payee is.
            _ => Verdict::MissingForm,
        })
    }
}

/// TAX-3: the rows of one payee: one a form, of what was paid in the year by the days of a zone.
///
/// # Errors
/// Out of range.
pub fn rows_of<'a>(
    partner: &PartnerId,
    payouts: impl IntoIterator<Item = &'a Payout>,
    (year, zone): (i16, &Zone),
    tellers: &Tellers,
    on_file: Option<&OnFile>,
) -> Result<Vec<YearRow>, MoneyError> {
    let mut rows: BTreeMap<InformationReturn, YearRow> = BTreeMap::new();
    for payout in payouts {
        // V8: the day of payment decides.
        let Some((paid_in, month, _)) = payment_day(payout, zone).map(BusinessDay::parts) else { continue };
        if paid_in != year {
            continue;
        }
        let form = InformationReturn::of(payout);
        let row = rows.entry(form).or_insert_with(|| YearRow::new(partner.clone(), form, on_file.cloned()));
        row.take(payout, month, tellers)?;
    }
    Ok(rows.into_values().collect())
}

/// Rows with what becomes of each, in the order of form and partner.
///
/// # Errors
/// Out of range, or the year is not in the table.
pub fn judged(year: i16, rows: Vec<YearRow>) -> Result<Vec<(YearRow, Verdict)>, NotCounted> {
    let zero = Money::zero(Currency::USD);
    let mut sums: BTreeMap<(InformationReturn, String), (Money, Money)> = BTreeMap::new();
    for row in &rows {
        let (told, withheld) = sums.get(&row.payee()).copied().unwrap_or((zero, zero));
        sums.insert(row.payee(), (told.try_add(row.told)?, withheld.try_add(row.withheld)?));
    }
    let mut judged = Vec::with_capacity(rows.len());
    for row in rows {
        let verdict = row.verdict(year, sums.get(&row.payee()).copied().unwrap_or((zero, zero)))?;
        judged.push((row, verdict));
    }
    judged.sort_by(|(a, _), (b, _)| (a.form, &a.partner).cmp(&(b.form, &b.partner)));
    Ok(judged)
}

/// Why a year could not be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// Nobody knows its threshold.
    #[error(transparent)]
    Year(#[from] UnknownYear),
    /// The amounts do not add up in 64 bits.
    #[error("adding up a year")]
    Money(#[from] MoneyError),
}

/// What a year comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Rows: a payee and a form each.
    pub rows: u64,
    /// Payouts in them.
    pub payouts: u64,
    /// What was paid, gross, in dollars.
    pub paid: Money,
    /// What of it came back.
    pub back: Money,
    /// What rails tell.
    pub by_rail: Money,
    /// What nobody has decided about.
    pub undecided: Money,
    /// What is left, by what becomes of it.
    pub by_verdict: BTreeMap<Verdict, Money>,
    /// How many rows of each.
    pub rows_by_verdict: BTreeMap<Verdict, u64>,
    /// What was withheld.
    pub withheld: Money,
    /// The same by what becomes of the rows it was withheld from.
    #[serde(default)]
    pub withheld_by_verdict: BTreeMap<Verdict, Money>,
    /// The same by month.
    pub withheld_by_month: Vec<Money>,
    /// What was paid in other currencies.
    pub elsewhere: BTreeMap<String, Money>,
}

impl Totals {
    /// The totals of judged rows.
    ///
    /// # Errors
    /// Out of range.
    pub fn of(judged: &[(YearRow, Verdict)]) -> Result<Self, MoneyError> {
        let zero = Money::zero(Currency::USD);
        let mut totals = Self {
            rows: 0,
            payouts: 0,
            paid: zero,
            back: zero,
            by_rail: zero,
            undecided: zero,
            by_verdict: BTreeMap::new(),
            rows_by_verdict: BTreeMap::new(),
            withheld: zero,
            withheld_by_verdict: BTreeMap::new(),
            withheld_by_month: vec![zero; 12],
            elsewhere: BTreeMap::new(),
        };
        for (row, verdict) in judged {
            totals.rows += 1;
            totals.payouts += u64::from(row.payouts);
            totals.paid = totals.paid.try_add(row.paid)?;
            totals.back = totals.back.try_add(row.back)?;
            totals.by_rail = totals.by_rail.try_add(row.by_rail)?;
            totals.undecided = totals.undecided.try_add(row.undecided)?;
            totals.withheld = totals.withheld.try_add(row.withheld)?;
            for (sum, of_month) in totals.withheld_by_month.iter_mut().zip(&row.withheld_by_month) {
                *sum = sum.try_add(*of_month)?;
            }
            if !row.withheld.is_zero() {
                let kept = totals.withheld_by_verdict.get(verdict).copied().unwrap_or(zero);
                totals.withheld_by_verdict.insert(*verdict, kept.try_add(row.withheld)?);
            }
            let told = totals.by_verdict.get(verdict).copied().unwrap_or(zero);
            totals.by_verdict.insert(*verdict, told.try_add(row.told)?);
            *totals.rows_by_verdict.entry(*verdict).or_default() += 1;
            for (code, amount) in &row.elsewhere {
                let sum = totals.elsewhere.get(code).map_or(Ok(*amount), |sum| sum.try_add(*amount))?;
                totals.elsewhere.insert(code.clone(), sum);
            }
        }
        Ok(totals)
    }

    /// The control total: what was paid is what came back, what rails tell, what nobody decided, and what is left.
    ///
    /// # Errors
    /// Out of range.
    pub fn is_whole(&self) -> Result<bool, MoneyError> {
        let parts = [self.back, self.by_rail, self.undecided];
        let sum = Money::try_sum(parts.into_iter().chain(self.by_verdict.values().copied()), Currency::USD)?;
        Ok(sum == self.paid)
    }

    /// TAX-5: what was withheld from payees of whom no file tells: no form says who they are, or they are foreign by now.
    ///
    /// # Errors
    /// Out of range.
    pub fn untold(&self) -> Result<Money, MoneyError> {
        let told = self.withheld_by_verdict.get(&Verdict::Reported).copied();
        self.withheld.try_sub(told.unwrap_or(Money::zero(Currency::USD)))
    }

    /// What is told to the tax office.
    #[must_use]
    pub fn reported(&self) -> Money {
        self.by_verdict.get(&Verdict::Reported).copied().unwrap_or(Money::zero(Currency::USD))
    }
}

#[cfg(test)]
mod tests;
