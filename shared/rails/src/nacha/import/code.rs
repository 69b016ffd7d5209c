//! Why an entry came back, what that means for a payment to somebody, and what becomes of the payment method.

use std::fmt;

use MethodAction::{Close, Keep, Verify};

/// What to do with the payment method that an entry went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodAction {
    /// Nothing is wrong with it: the fault is ours, or passes.
    Keep,
    /// The payee must look at it and say it anew before it is paid to again.
    Verify,
    /// It is not paid to again.
    Close,
}

struct Meaning {
    code: &'static str,
    words: &'static str,
    is_final: bool,
    action: MethodAction,
}

const fn meaning(code: &'static str, words: &'static str, is_final: bool, action: MethodAction) -> Meaning {
    Meaning { code, words, is_final, action }
}

/// Every code that a receiving bank can send, and those that banks send each other, which are kept for a person to
/// read. Codes that are about debits alone should not come to who only pays; when one does, a person looks at it.
const MEANINGS: [Meaning; 71] = [
    meaning("R01", "there was not enough money in the account", false, Keep),
    meaning("R02", "the account is closed", true, Close),
    meaning("R03", "there is no such account, or it is somebody else's", true, Verify),
    meaning("R04", "the account number is not one that the bank has", true, Verify),
    meaning("R05", "a debit for businesses went to a person's account", true, Verify),
    meaning("R06", "our bank asked for it back", false, Keep),
    meaning("R07", "the payee took the permission back", true, Close),
    meaning("R08", "the payee stopped the payment", true, Verify),
    meaning("R09", "the money in the account was not there to be used yet", false, Keep),
    meaning("R10", "the payee does not know the sender, or gave no permission", true, Close),
    meaning("R11", "the payee says that it is not what was agreed", true, Verify),
    meaning("R12", "the branch was sold to another bank", true, Verify),
    meaning("R13", "the bank does not take such payments, or the routing number is nobody's", true, Verify),
    meaning("R14", "the person who held the account for the payee has died or gave it up", true, Close),
    meaning("R15", "the payee or the account's holder has died", true, Close),
    meaning("R16", "the account is frozen", true, Close),
    meaning("R17", "the bank could not read a field, or finds the account number suspicious", true, Verify),
    meaning("R18", "the effective date was wrong", false, Keep),
    meaning("R19", "the amount was written wrongly", false, Keep),
    meaning("R20", "the account does not take such payments", true, Close),
    meaning("R21", "the company's number is not valid", false, Keep),
    meaning("R22", "the payee's number is not valid", true, Verify),
    meaning("R23", "the payee refused the payment", true, Verify),
    meaning("R24", "the bank has had this payment already", true, Keep),
    meaning("R25", "the addenda record was wrong", false, Keep),
    meaning("R26", "a field that must be there was wrong", false, Keep),
    meaning("R27", "the trace number was wrong", false, Keep),
    meaning("R28", "the routing number's check digit does not fit", true, Verify),
    meaning("R29", "the business did not permit it", true, Close),
    meaning("R30", "the bank does not take part in check truncation", false, Keep),
    meaning("R31", "our bank agreed to take it back", false, Keep),
    meaning("R32", "the bank could not settle it", false, Keep),
    meaning("R33", "the entry for a destroyed check was returned", false, Keep),
    meaning("R34", "the bank may take part only in a limited way", true, Verify),
    meaning("R35", "a debit of this class is not allowed", false, Keep),
    meaning("R36", "a credit of this class is not allowed", false, Keep),
    meaning("R37", "the source document was presented for payment", false, Keep),
    meaning("R38", "the source document was stopped", false, Keep),
    meaning("R39", "the source document was improper", false, Keep),
    meaning("R40", "a federal agency returned the enrolment", false, Keep),
    meaning("R41", "the enrolment's transaction code was wrong", false, Keep),
    meaning("R42", "the enrolment's routing number was wrong", true, Verify),
    meaning("R43", "the enrolment's account number was wrong", true, Verify),
    meaning("R44", "the enrolment's identification was wrong", true, Verify),
    meaning("R45", "the enrolment's name was wrong", true, Verify),
    meaning("R46", "the enrolment's mark for a representative was wrong", false, Keep),
    meaning("R47", "the enrolment was there twice", false, Keep),
    meaning("R50", "a state's law keeps the bank from taking a re-presented check", false, Keep),
    meaning("R51", "the re-presented check was not eligible", false, Keep),
    meaning("R52", "the re-presented check was stopped", false, Keep),
    meaning("R53", "both the check and its entry were presented", false, Keep),
    meaning("R61", "between banks: the return went to the wrong one", false, Keep),
    meaning("R62", "between banks: a reversal was returned or was wrong", false, Keep),
    meaning("R67", "between banks: it was returned twice", false, Keep),
    meaning("R68", "between banks: it was returned too late", false, Keep),
    meaning("R69", "between banks: a field of the return was wrong", false, Keep),
    meaning("R70", "between banks: the return was not agreed on", false, Keep),
    meaning("R71", "between banks: the refusal of a return went to the wrong one", false, Keep),
    meaning("R72", "between banks: the refusal of a return came too late", false, Keep),
    meaning("R73", "between banks: the return was in time", false, Keep),
    meaning("R74", "between banks: the return was put right", false, Keep),
    meaning("R75", "between banks: it was not returned twice", false, Keep),
    meaning("R76", "between banks: no fault was found", false, Keep),
    meaning("R77", "between banks: the refused return is not accepted", false, Keep),
    meaning("R80", "the international entry was coded wrongly", false, Keep),
    meaning("R81", "the bank takes no international entries", true, Verify),
    meaning("R82", "the foreign bank's number is not valid", true, Verify),
    meaning("R83", "the foreign bank could not settle it", false, Keep),
    meaning("R84", "the gateway did not send it on", false, Keep),
    meaning("R85", "an international entry was sent as a domestic one", true, Verify),
    meaning("R90", "the bank is not ready to say why", false, Keep),
];

/// Why an entry came back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReturnCode(usize);

impl ReturnCode {
    /// Reads a code such as `R03`; `None` for one that is not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        MEANINGS.iter().position(|meaning| meaning.code == text).map(Self)
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..MEANINGS.len()).map(Self)
    }

    /// The code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.meaning_of().code
    }

    /// What it means, as a clause.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.meaning_of().words
    }

    /// Would the same payment to the same account come back again?
    #[must_use]
    pub fn is_final(self) -> bool {
        self.meaning_of().is_final
    }

    /// What to do with the payment method.
    #[must_use]
    pub fn action(self) -> MethodAction {
        self.meaning_of().action
    }

    fn meaning_of(self) -> &'static Meaning {
        // Cannot be out of range: made by `parse` and `all` alone.
        &MEANINGS[self.0]
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for ReturnCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
