//! What goes into a file, entry by entry, with every text checked before the first byte is written.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::money::Money;

use crate::disbursement::Disbursement;
use crate::nacha::entry::{AchPayee, Deed, EntryClass, IDENTIFICATION_WIDTH, Prenote};
use crate::nacha::originator::Originator;
use crate::reference;
use crate::refused::{Refused, Subject, Why};
use crate::text;

/// What ten digits of cents hold.
pub(crate) const ENTRY_MAX: i64 = 9_999_999_999;
pub(crate) const NAME_WIDTH: usize = 22;
pub(crate) const ADDENDA_WIDTH: usize = 80;

/// An entry before it has a number: all its texts are checked.
pub(crate) struct Planned<'a> {
    pub(crate) class: EntryClass,
    pub(crate) subject: Subject,
    pub(crate) payee: &'a AchPayee,
    pub(crate) deed: Deed,
    pub(crate) cents: u64,
    pub(crate) amount: Money,
    pub(crate) name: String,
    pub(crate) identification: String,
    pub(crate) addenda: Option<String>,
}

/// Checks payments and prenotes.
///
/// # Errors
/// The first that cannot be in a file.
pub(crate) fn plan<'a>(
    originator: &Originator,
    payments: &'a [Disbursement<AchPayee>],
    prenotes: &'a [Prenote],
) -> Result<Vec<Planned<'a>>, Refused> {
    let mut planned = Vec::with_capacity(payments.len().saturating_add(prenotes.len()));
    for payment in payments {
        planned.push(plan_payment(originator, payment).map_err(|why| why.of(&payment.payout))?);
    }
    let mut methods = BTreeSet::new();
    for prenote in prenotes {
        let subject = Subject::Prenote(prenote.method.clone());
        let refused = |why| Refused { about: Some(subject.clone()), why };
        if !methods.insert(&prenote.method) {
            return Err(refused(Why::Twice("this prenote")));
        }
        planned.push(plan_prenote(prenote).map_err(refused)?);
    }
    Ok(planned)
}

fn plan_payment<'a>(originator: &Originator, payment: &'a Disbursement<AchPayee>) -> Result<Planned<'a>, Why> {
    within(payment.amount, originator.settings.entry_max, "an entry of this originator")?;
    within(payment.amount, Some(Money::from_minor(ENTRY_MAX, Currency::USD)), "an ACH entry")?;
    let class = EntryClass::of(payment.payee.holder);
    let wants_addenda = originator.settings.addenda.includes(class);
    let identification = match &payment.payee.identification {
        Some(identification) => identification.as_str().to_owned(),
        None => reference::short(&payment.payout, IDENTIFICATION_WIDTH),
    };
    let addenda = match payment.memo.as_ref().filter(|_| wants_addenda) {
        Some(memo) => Some(remittance(memo.as_str(), payment.amount)?),
        None => None,
    };
    Ok(Planned {
        class,
        subject: Subject::Payout(payment.payout.clone()),
        payee: &payment.payee,
        deed: Deed::Credit,
        cents: u64::try_from(payment.amount.minor()).map_err(|_| Why::NotPositive(payment.amount))?,
        amount: payment.amount,
        name: name_of(&payment.payee)?,
        identification,
        addenda,
    })
}

fn plan_prenote(prenote: &Prenote) -> Result<Planned<'_>, Why> {
    let identification = prenote.payee.identification.as_ref().map_or("PRENOTE", |own| own.as_str());
    Ok(Planned {
        class: EntryClass::of(prenote.payee.holder),
        subject: Subject::Prenote(prenote.method.clone()),
        payee: &prenote.payee,
        deed: Deed::PrenoteOfCredit,
        cents: 0,
        amount: Money::zero(Currency::USD),
        name: name_of(&prenote.payee)?,
        identification: identification.to_owned(),
        addenda: None,
    })
}

/// Is the amount within a limit, where there is one?
///
/// # Errors
/// It is not.
pub(crate) fn within(amount: Money, limit: Option<Money>, what: &'static str) -> Result<(), Why> {
    match limit {
        Some(limit) if amount.minor() > limit.minor() => {
            Err(Why::AmountTooLarge { amount, limit: format!("{limit:?}"), what })
        }
        _ => Ok(()),
    }
}

/// A name that is wider than its field is cut, as banks do: they pay by the number.
fn name_of(payee: &AchPayee) -> Result<String, Why> {
    let plain = text::plain(&payee.name).map_err(|fault| Why::NotPlain { what: "the payee's name", fault })?;
    Ok(text::cut(&plain, NAME_WIDTH).to_owned())
}

/// The memo as a remittance segment of ANSI X12, which is what banks know how to show.
fn remittance(memo: &str, amount: Money) -> Result<String, Why> {
    let what = "the memo";
    let plain = text::plain(memo).map_err(|fault| Why::NotPlain { what, fault })?;
    // The segment's own marks: within a memo they would make other fields of it.
    if let Some(found) = plain.chars().find(|c| matches!(c, '*' | '\\' | '~')) {
        return Err(Why::Character { what, found });
    }
    let segment = format!("RMR*IV*{plain}**{}\\", amount.to_text());
    if segment.len() > ADDENDA_WIDTH {
        let limit = ADDENDA_WIDTH.saturating_sub(segment.len() - plain.len());
        return Err(Why::TooLong { what, count: plain.len(), limit });
    }
    Ok(segment)
}
