//! What of a gross amount leaves: less the retention fee, less what is withheld.

use rust_decimal::Decimal;

use super::{TaxForm, TaxStatus};
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rate, Rounding};
use crate::time::BusinessDay;

/// TAX-2: the rate of backup withholding (26 U.S.C. 3406), in percent.
pub const WITHHELD: i64 = 24;

/// Of what tax is withheld.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithholdingBase {
    /// Of the gross: the fee does not make the payment smaller.
    #[default]
    Gross,
    /// Of what is left after the fee.
    NetOfFee,
}

/// PAY-13: a gross amount taken apart. The parts are always the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// What is kept.
    pub fee: Money,
    /// What is withheld for the tax office.
    pub withheld: Money,
    /// What leaves.
    pub net: Money,
}

/// Fee and tax would leave nothing.
#[derive(Debug, thiserror::Error)]
pub enum NothingLeft {
    /// They reach the gross amount.
    #[error("fee and withholding leave nothing to pay")]
    Nothing,
    /// The amounts do not go together.
    #[error("taking an amount apart")]
    Money(#[from] MoneyError),
}

/// TAX-2: what is withheld from a payee on a day, by the form that is valid then.
#[must_use]
pub fn withholding_of(form: Option<&TaxForm>, on: BusinessDay) -> Rate {
    let valid = form.is_some_and(|form| form.status(on) == TaxStatus::Valid);
    // A decimal of 0.24 is always a rate.
    let rate = Rate::parse(&Decimal::new(WITHHELD, 2).to_string()).unwrap_or(Rate::ONE);
    if valid { Rate::ZERO } else { rate }
}

/// PAY-13: takes a gross amount apart; the withheld part is rounded once, half away from zero.
///
/// # Errors
/// Nothing would be left, or the fee is in another currency.
pub fn net_of(gross: Money, fee: Money, withheld: Rate, base: WithholdingBase) -> Result<Net, NothingLeft> {
    let after_fee = gross.try_sub(fee)?;
    let of = match base {
        WithholdingBase::Gross => gross,
        WithholdingBase::NetOfFee => after_fee,
    };
    let withheld = withheld.of(&Base::of(of), Rounding::HalfAwayFromZero)?;
    let net = after_fee.try_sub(withheld)?;
    if net.minor() <= 0 || fee.is_negative() {
        return Err(NothingLeft::Nothing);
    }
    Ok(Net { fee, withheld, net })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).expect("amount")
    }

    fn rate(text: &str) -> Rate {
        Rate::parse(text).expect("rate")
    }

    #[test]
    fn the_worked_values_of_an_award_and_of_withholding() {
        let rows = [
            ("100000.00", "300.00", "0.24", WithholdingBase::Gross, "24000.00", "75700.00"),
            ("100000.00", "300.00", "0.24", WithholdingBase::NetOfFee, "23928.00", "75772.00"),
            ("100000.00", "300.00", "0", WithholdingBase::Gross, "0.00", "99700.00"),
            ("5000.00", "0.00", "0.24", WithholdingBase::Gross, "1200.00", "3800.00"),
            ("1234.57", "0.00", "0.24", WithholdingBase::Gross, "296.30", "938.27"),
        ];
        for (gross, fee, withheld, base, tax, net) in rows {
            let got = net_of(usd(gross), usd(fee), rate(withheld), base).expect("something is left");
            assert_eq!((got.withheld, got.net), (usd(tax), usd(net)), "{gross} {base:?}");
        }
    }

    #[test]
    fn where_nothing_is_left_nothing_is_paid() {
        for (gross, fee) in [("300.00", "300.00"), ("10.00", "8.00"), ("0.00", "0.00"), ("5.00", "-1.00")] {
            let got = net_of(usd(gross), usd(fee), rate("0.24"), WithholdingBase::Gross);
            assert!(matches!(got, Err(NothingLeft::Nothing)), "{gross} {fee}");
        }
        let euro = Money::parse("1.00", Currency::EUR).expect("amount");
        assert!(matches!(net_of(usd("5.00"), euro, Rate::ZERO, WithholdingBase::Gross), Err(NothingLeft::Money(_))));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(gross in 1_i64..1_000_000_000_000, fee in 0_i64..1_000_000, on_net in any::<bool>()) {
            let (gross, fee) = (Money::from_minor(gross, Currency::USD), Money::from_minor(fee, Currency::USD));
            let base = if on_net { WithholdingBase::NetOfFee } else { WithholdingBase::Gross };
            if let Ok(Net { fee, withheld, net }) = net_of(gross, fee, rate("0.24"), base) {
                prop_assert_eq!(Money::try_sum([fee, withheld, net], Currency::USD).expect("sum"), gross);
                prop_assert!(net.minor() > 0 && withheld.minor() >= 0);
            }
        }
    }
}
