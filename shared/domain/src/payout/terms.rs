//! What a payout was born with beside its amount.

use crate::payee::Payee;

/// Where a payout goes, and how many must approve it. Approvals bind to both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// By which method of the partner; by hand, as finance knows how, where there is none.
    pub payee: Option<Payee>,
    /// The version of the partner's methods when it was asked for; none before they had any.
    pub methods: Option<u32>,
    /// How many distinct people must approve it; by the shipped bands where it is not said.
    pub approvers: Option<u8>,
}

impl Terms {
    /// What the seal binds of them; `None` where there is nothing.
    #[must_use]
    pub fn sealed_text(&self) -> Option<String> {
        let payee = self.payee.as_ref().map(Payee::to_text);
        let approvers = self.approvers.map(|approvers| approvers.to_string());
        let methods = self.methods.map(|version| version.to_string());
        let texts = [payee, methods, approvers];
        let said = texts.iter().any(Option::is_some);
        let [payee, methods, approvers] = texts.map(Option::unwrap_or_default);
        said.then(|| format!("payee={payee} methods={methods} approvers={approvers}"))
    }
}
