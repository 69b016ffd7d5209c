//! The keys of accounts: heads, lines, closes, payouts and entries.

use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{EntryId, PartnerId, PayoutId};
use domain::line::{Account, Origin, Place};
use domain::slot::Slot;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn account(&self, partner: &PartnerId) -> String {
        self.pk(&format!("account#{partner}"))
    }

    pub(crate) fn head(&self, account: &Account) -> Key {
        Key::new(self.account(&account.partner), format!("head#{}", account.currency))
    }

    pub(crate) fn line(&self, account: &Account, place: Place, origin: &Origin, n: u32) -> Key {
        Key::new(
            self.account(&account.partner),
            format!("{}#line#{}#{origin}#{n:04}", account.currency, place.to_text()),
        )
    }

    /// The sort keys of the lines in slots after one, up to and with another.
    pub(crate) fn lines_between(account: &Account, after: Option<Slot>, last: Slot) -> (String, String) {
        let prefix = format!("{}#line#", account.currency);
        // `~` sorts behind every character of a sale's id, so the slot itself is left out below and taken in above.
        let from = after.map_or_else(|| prefix.clone(), |slot| format!("{prefix}{slot}#~"));
        (from, format!("{prefix}{last}#~"))
    }

    pub(crate) fn close(&self, account: &Account, no: u32) -> Key {
        Key::new(self.account(&account.partner), format!("{}#close#{no:08}", account.currency))
    }

    pub(crate) fn recount(&self, account: &Account, close_no: u32) -> Key {
        Key::new(self.pk(&format!("recount#{}", account.partner)), format!("{}#{close_no:08}", account.currency))
    }

    pub(crate) fn payout(&self, payout: &PayoutId) -> Key {
        let (partner, currency, no) = payout.account_and_number();
        Key::new(self.account(&partner), format!("{currency}#payout#{no:08}"))
    }

    pub(crate) fn payouts_prefix(currency: Currency) -> String {
        format!("{currency}#payout#")
    }

    pub(crate) fn reference(&self, name: &Digest) -> Key {
        Key::new(self.pk(&format!("reference#{name}")), "payout")
    }

    pub(crate) fn entry(&self, entry: &EntryId) -> Key {
        Key::new(self.pk(&format!("entry#{entry}")), "entry")
    }
}
