//! What is known of who paid, in a sale item: hashes as bytes, for as text they would be twice as long.

use std::fmt;

use domain::digest::Digest;
use domain::fact::Buyer;
use domain::sale::Sale;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const EMAIL: u8 = 1;
const PAID_FROM: u8 = 2;
const DISPOSABLE: u8 = 4;

/// One byte says what is there; then the hash of the address, then that of the card or account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BuyerInSale {
    pub(super) email: Option<Digest>,
    pub(super) buyer: Buyer,
}

impl BuyerInSale {
    /// What a sale knows of who paid; `None` when nothing.
    pub(super) fn of(sale: &Sale) -> Option<Self> {
        let known = Self { email: sale.email, buyer: sale.buyer.clone() };
        (known.email.is_some() || !known.buyer.is_unremarkable()).then_some(known)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&flags, mut rest) = bytes.split_first()?;
        let mut next = |flag: u8| -> Option<Option<Digest>> {
            if flags & flag == 0 {
                return Some(None);
            }
            let (head, tail) = rest.split_at_checked(32)?;
            rest = tail;
            Some(Some(Digest::from_bytes(head.try_into().ok()?)))
        };
        let (email, paid_from) = (next(EMAIL)?, next(PAID_FROM)?);
        rest.is_empty()
            .then_some(Self { email, buyer: Buyer { paid_from, has_disposable_email: flags & DISPOSABLE != 0 } })
    }
}

impl Serialize for BuyerInSale {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        let Buyer { paid_from, has_disposable_email } = &self.buyer;
        let mut bytes = vec![
            flag(self.email.is_some(), EMAIL)
                | flag(paid_from.is_some(), PAID_FROM)
                | flag(*has_disposable_email, DISPOSABLE),
        ];
        for digest in [self.email, *paid_from].into_iter().flatten() {
            bytes.extend_from_slice(digest.as_bytes());
        }
        to.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for BuyerInSale {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = BuyerInSale;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("what is known of who paid, as bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        BuyerInSale::read(bytes).ok_or_else(|| E::custom("not what is known of who paid"))
    }
}
