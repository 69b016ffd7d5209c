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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MethodId;
    use crate::payee::Rail;

    #[test]
    fn a_seal_binds_each_of_the_terms_and_nothing_where_there_are_none() {
        let method = MethodId::from_ulid(1_u128.into());
        let payee = Some(Payee { method: method.clone(), rail: Rail::Ach });
        let rows = [
            (Terms::default(), None),
            (Terms { payee, ..Terms::default() }, Some(format!("payee={method} ach methods= approvers="))),
            (Terms { methods: Some(3), ..Terms::default() }, Some("payee= methods=3 approvers=".to_owned())),
            (Terms { approvers: Some(2), ..Terms::default() }, Some("payee= methods= approvers=2".to_owned())),
        ];
        for (terms, expected) in rows {
            assert_eq!(terms.sealed_text(), expected, "{terms:?}");
        }
    }
}
