//! Tax forms of payees: what was given, and whether it holds on a day.

use std::collections::BTreeMap;

use super::{Tin, TinKind};
use crate::audit::{Actor, Deed};
use crate::digest::Digest;
use crate::id::PartnerId;
use crate::time::{BusinessDay, Timestamp};

/// What a person should look at of a form that comes after one which was withdrawn.
const AFTER_WITHDRAWN: &str = "the form before it was withdrawn";
/// What a person should look at of a W-8BEN whose address is in the United States.
const AT_HOME: &str = "a W-8BEN with an address in the United States";
/// What a person should look at of a W-8BEN with a number that Americans have.
const WITH_SSN: &str = "a W-8BEN with a social security number";
/// The country whose persons sign a W-9.
const HOME: &str = "US";

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormKind {
    /// Of an American person or company.
    W9,
    /// Of a foreign person.
    W8ben,
}

impl FormKind {
    /// The word used outside and in items.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::W9 => "w9",
            Self::W8ben => "w8ben",
        }
    }
}

/// Line 3a of a W-9: as what the payee is taxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// A person, or a company that is one person for the tax office.
    Individual,
    /// A C corporation, or a company taxed as one.
    CCorporation,
    /// An S corporation, or a company taxed as one.
    SCorporation,
    /// A partnership, or a company taxed as one.
    Partnership,
    /// A trust or an estate.
    TrustEstate,
    /// A body that is exempt from tax.
    TaxExempt,
}

impl Classification {
    /// TAX-3: payments to these are not reported, other than for medicine and law.
    #[must_use]
    pub fn is_exempt(self) -> bool {
        matches!(self, Self::CCorporation | Self::SCorporation | Self::TaxExempt)
    }
}

/// Whether anybody believes what was given.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Something about it is for a person to look at.
    Submitted,
    /// It holds.
    Valid,
    /// It holds no longer: a new one is needed.
    Changed {
        /// Why.
        reason: String,
    },
}

/// What a tax form is worth on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxStatus {
    /// There is none.
    None,
    /// It waits for a person.
    Submitted,
    /// It holds.
    Valid,
    /// Its time is over.
    Expired,
    /// A new one is needed.
    Changed,
}

impl TaxStatus {
    /// The word used outside.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Submitted => "submitted",
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Changed => "changed",
        }
    }
}

/// A tax form, without what is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxForm {
    /// How often the partner's form was changed.
    pub version: u32,
    /// Which.
    pub kind: FormKind,
    /// As what the payee is taxed, of a W-9.
    pub classification: Option<Classification>,
    /// What kind of number it carries.
    pub tin_kind: Option<TinKind>,
    /// The number as a copy shows it.
    pub tin_shown: Option<String>,
    /// By what the same number is known again, under the tenant's key.
    pub tin_fingerprint: Option<Digest>,
    /// By what the same names, number and address are known again, under the tenant's key.
    pub content_fingerprint: Option<Digest>,
    /// Where the payee lives or is at home: ISO 3166-1, two letters.
    pub country: String,
    /// The day of the signature.
    pub signed_on: BusinessDay,
    /// When it came.
    pub submitted_at: Timestamp,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// Whether it holds.
    pub standing: Standing,
    /// Names, address and number, sealed.
    pub sealed: String,
    /// The name of the request that it came by: sent twice, it is one form.
    pub under: String,
}

/// What was given, checked and sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which form.
    pub kind: FormKind,
    /// As what the payee is taxed, of a W-9.
    pub classification: Option<Classification>,
    /// The number; a foreign person may have none.
    pub tin: Option<Tin>,
    /// By what the same number is known again.
    pub tin_fingerprint: Option<Digest>,
    /// By what the same names, number and address are known again, under the tenant's key.
    pub content_fingerprint: Option<Digest>,
    /// Where the payee lives or is at home.
    pub country: String,
    /// The day of the signature.
    pub signed_on: BusinessDay,
    /// Names, address and number, sealed.
    pub sealed: String,
    /// The name of the request that it came by: sent twice, it is one form.
    pub under: String,
}

impl Given {
    /// TAX-1: what a person should look at before it is believed. From who says to be foreign nothing is withheld, so what
    /// speaks against it is looked at first.
    fn warnings(&self) -> Vec<String> {
        let is_foreign = self.kind == FormKind::W8ben;
        let is_at_home = is_foreign && self.country.trim().eq_ignore_ascii_case(HOME);
        let has_ssn = is_foreign && self.tin.as_ref().is_some_and(|tin| tin.kind() == TinKind::Ssn);
        let of_number = self.tin.as_ref().and_then(Tin::warning);
        let all = [of_number, is_at_home.then_some(AT_HOME), has_ssn.then_some(WITH_SSN)];
        all.into_iter().flatten().map(str::to_owned).collect()
    }
}

/// A step of a form: what it becomes and what the audit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormStep {
    /// The form after.
    pub form: TaxForm,
    /// The audit's part.
    pub deed: Deed,
}

impl TaxForm {
    /// TAX-1: a form is given, in the stead of the one before. Where a person should look at something it waits for them.
    #[must_use]
    pub fn submit(before: Option<&Self>, given: Given, by: Actor, at: Timestamp) -> FormStep {
        let mut warnings = given.warnings();
        // TAX-1: what a person withdrew is not made good by sending it again, nor by sending it twice.
        if before.is_some_and(Self::is_doubted) {
            warnings.push(AFTER_WITHDRAWN.to_owned());
        }
        let form = Self {
            version: before.map_or(0, |before| before.version) + 1,
            kind: given.kind,
            classification: given.classification,
            tin_kind: given.tin.as_ref().map(Tin::kind),
            tin_shown: given.tin.as_ref().map(Tin::masked),
            tin_fingerprint: given.tin_fingerprint,
            content_fingerprint: given.content_fingerprint,
            country: given.country,
            signed_on: given.signed_on,
            submitted_at: at,
            standing: if warnings.is_empty() { Standing::Valid } else { Standing::Submitted },
            warnings,
            sealed: given.sealed,
            under: given.under,
        };
        let old = before.map(Self::told).unwrap_or_default();
        let deed = Deed { at, actor: by, action: "tax_form.submitted", old, new: form.told() };
        FormStep { form, deed }
    }

    /// A person believes what waits for them; `None` when nothing waits.
    #[must_use]
    pub fn accept(&self, by: Actor, at: Timestamp) -> Option<FormStep> {
        (self.standing == Standing::Submitted).then(|| self.moved(Standing::Valid, "tax_form.accepted", by, at))
    }

    /// TAX-1: it holds no longer: the tax office says so, or the payee's circumstances have changed; `None` when it does
    /// not hold already.
    #[must_use]
    pub fn withdraw(&self, reason: String, by: Actor, at: Timestamp) -> Option<FormStep> {
        let holds = !matches!(self.standing, Standing::Changed { .. });
        holds.then(|| self.moved(Standing::Changed { reason }, "tax_form.withdrawn", by, at))
    }

    /// Was it withdrawn, or does it wait for a person because the one before was?
    fn is_doubted(&self) -> bool {
        match &self.standing {
            Standing::Changed { .. } => true,
            Standing::Submitted => self.warnings.iter().any(|warning| warning == AFTER_WITHDRAWN),
            Standing::Valid => false,
        }
    }

    fn moved(&self, standing: Standing, action: &'static str, by: Actor, at: Timestamp) -> FormStep {
        let form = Self { version: self.version + 1, standing, ..self.clone() };
        let deed = Deed { at, actor: by, action, old: self.told(), new: form.told() };
        FormStep { form, deed }
    }

    /// The last day on which it holds: of a W-8BEN the end of the third year after the one it was signed in.
    #[must_use]
    pub fn valid_through(&self) -> Option<BusinessDay> {
        let (year, _, _) = self.signed_on.parts();
        match self.kind {
            FormKind::W9 => None,
            FormKind::W8ben => BusinessDay::new(year.saturating_add(3), 12, 31).ok(),
        }
    }

    /// What it is worth on a day.
    #[must_use]
    pub fn status(&self, on: BusinessDay) -> TaxStatus {
        let is_over = self.kind == FormKind::W8ben && self.valid_through().is_none_or(|last| on > last);
        match &self.standing {
            Standing::Changed { .. } => TaxStatus::Changed,
            // TAX-1: a W-8BEN ends with the third year after its signature, whoever believed it.
            _ if is_over => TaxStatus::Expired,
            Standing::Submitted => TaxStatus::Submitted,
            Standing::Valid => TaxStatus::Valid,
        }
    }

    /// Does a form that holds on a day say that the payee is foreign? One that does not hold says nothing of who they are.
    #[must_use]
    pub fn is_foreign(&self, on: BusinessDay) -> bool {
        self.kind == FormKind::W8ben && self.status(on) == TaxStatus::Valid
    }

    /// What the audit says: the number as a copy shows it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let standing = match &self.standing {
            Standing::Submitted => "submitted".to_owned(),
            Standing::Valid => "valid".to_owned(),
            Standing::Changed { reason } => format!("changed: {reason}"),
        };
        let mut told = BTreeMap::from([
            ("version".to_owned(), self.version.to_string()),
            ("form".to_owned(), self.kind.word().to_owned()),
            ("signed_on".to_owned(), self.signed_on.to_string()),
            ("standing".to_owned(), standing),
        ]);
        if let Some(shown) = &self.tin_shown {
            told.insert("tin".to_owned(), shown.clone());
        }
        told
    }

    /// The name under which the audit trail of a partner's form stands.
    #[must_use]
    pub fn aggregate(partner: &PartnerId) -> String {
        format!("tax_form#{partner}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::tax::withholding_of;

    fn by() -> Actor {
        Actor::new(Role::Partner, "par_1")
    }

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    fn now() -> Timestamp {
        "2026-02-01T00:00:00Z".parse().expect("instant")
    }

    fn given(kind: FormKind, tin: Option<(TinKind, &str)>, signed_on: &str) -> TaxForm {
        given_after(None, kind, tin, signed_on)
    }

    fn given_after(before: Option<&TaxForm>, kind: FormKind, tin: Option<(TinKind, &str)>, signed_on: &str) -> TaxForm {
        let country = if kind == FormKind::W9 { "US" } else { "DE" };
        given_from(country, before, kind, tin, signed_on)
    }

    fn given_from(
        country: &str,
        before: Option<&TaxForm>,
        kind: FormKind,
        tin: Option<(TinKind, &str)>,
        signed_on: &str,
    ) -> TaxForm {
        let tin = tin.map(|(kind, text)| Tin::parse(kind, text).expect("a number"));
        let given = Given {
            kind,
            classification: None,
            tin,
            tin_fingerprint: None,
            content_fingerprint: None,
            country: country.to_owned(),
            signed_on: day(signed_on),
            sealed: "sealed".to_owned(),
            under: "a request".to_owned(),
        };
        TaxForm::submit(before, given, by(), now()).form
    }

    #[test]
    fn a_form_holds_until_its_time_is_over_or_somebody_says_so() {
        let w9 = given(FormKind::W9, Some((TinKind::Ssn, "400-11-1222")), "2026-02-01");
        let w8 = given(FormKind::W8ben, None, "2023-01-01");
        let doubtful = given(FormKind::W9, Some((TinKind::Ein, "07-1234567")), "2026-02-01");
        let withdrawn = w9.withdraw("the tax office does not know the number".to_owned(), by(), now());
        let withdrawn = withdrawn.expect("it held").form;
        for (form, on, expected) in [
            (&w9, "2099-12-31", TaxStatus::Valid),
            (&w8, "2026-12-31", TaxStatus::Valid),
            (&w8, "2027-01-01", TaxStatus::Expired),
            (&doubtful, "2026-02-01", TaxStatus::Submitted),
            (&withdrawn, "2026-02-01", TaxStatus::Changed),
        ] {
            assert_eq!(form.status(day(on)), expected, "{on}");
            // TAX-2: nothing is withheld exactly where a form holds.
            let rate = withholding_of(Some(form), day(on));
            assert_eq!(rate == crate::rate::Rate::ZERO, expected == TaxStatus::Valid, "{on}");
            // What is over, doubted or withdrawn says of nobody that they are foreign.
            let is_foreign = form.kind == FormKind::W8ben && expected == TaxStatus::Valid;
            assert_eq!(form.is_foreign(day(on)), is_foreign, "{on}");
        }
        assert_eq!(withholding_of(None, day("2026-02-01")).to_string(), "0.24");
    }

    #[test]
    fn what_waits_is_accepted_once_and_what_is_withdrawn_stays_so() {
        let doubtful = given(FormKind::W9, Some((TinKind::Ein, "07-1234567")), "2026-02-01");
        let accepted = doubtful.accept(by(), now()).expect("it waited").form;
        assert_eq!((accepted.status(day("2026-02-01")), accepted.version), (TaxStatus::Valid, 2));
        assert_eq!(accepted.accept(by(), now()), None);
        let withdrawn = accepted.withdraw("moved".to_owned(), by(), now()).expect("it held").form;
        assert_eq!((withdrawn.accept(by(), now()), withdrawn.withdraw("again".to_owned(), by(), now())), (None, None));
    }

    #[test]
    fn a_form_after_a_withdrawn_one_waits_for_a_person_however_often_it_is_sent() {
        let today = day("2026-02-01");
        let w9 = |before: Option<&TaxForm>| {
            given_after(before, FormKind::W9, Some((TinKind::Ssn, "400-11-1222")), "2026-02-01")
        };
        let first = w9(None);
        assert_eq!(w9(Some(&first)).status(today), TaxStatus::Valid);
        let withdrawn = first.withdraw("the number is wrong".to_owned(), by(), now()).expect("it held").form;
        let again = w9(Some(&withdrawn));
        let twice = w9(Some(&again));
        let other_kind = given_after(Some(&twice), FormKind::W8ben, None, "2026-02-01");
        for form in [&again, &twice, &other_kind] {
            assert_eq!((form.status(today), form.warnings.len()), (TaxStatus::Submitted, 1));
        }
        let withdrawn_anew = again.withdraw("no".to_owned(), by(), now()).expect("it waited").form;
        assert_eq!(w9(Some(&withdrawn_anew)).status(today), TaxStatus::Submitted);
        // A person believes it: the doubt is over.
        let accepted = twice.accept(by(), now()).expect("it waited").form;
        assert_eq!(accepted.status(today), TaxStatus::Valid);
        assert_eq!(w9(Some(&accepted)).status(today), TaxStatus::Valid);
    }

    #[test]
    fn a_w8ben_that_speaks_of_the_united_states_waits_for_a_person() {
        let today = day("2026-02-01");
        let (ssn, itin) = (Some((TinKind::Ssn, "400-11-1222")), Some((TinKind::Itin, "912-70-1234")));
        let rows = [
            (FormKind::W8ben, "DE", None, 0),
            (FormKind::W8ben, "DE", itin, 0),
            (FormKind::W8ben, "US", None, 1),
            (FormKind::W8ben, "us ", itin, 1),
            (FormKind::W8ben, "DE", ssn, 1),
            (FormKind::W8ben, "US", ssn, 2),
            // An American who lives abroad signs a W-9, and has a number.
            (FormKind::W9, "DE", ssn, 0),
            (FormKind::W9, "US", ssn, 0),
        ];
        for (kind, country, tin, warnings) in rows {
            let case = format!("{} {country} {tin:?}", kind.word());
            let form = given_from(country, None, kind, tin, "2026-02-01");
            let status = if warnings == 0 { TaxStatus::Valid } else { TaxStatus::Submitted };
            assert_eq!((form.status(today), form.warnings.len()), (status, warnings), "{case}");
            // TAX-2: until a person has looked, tax is withheld as from whoever has given nothing.
            assert_eq!(withholding_of(Some(&form), today) == crate::rate::Rate::ZERO, warnings == 0, "{case}");
            if warnings > 0 {
                assert!(form.accept(by(), now()).expect("it waited").form.is_foreign(today), "{case}");
            }
        }
    }

    #[test]
    fn the_audit_says_the_end_of_the_number_alone() {
        let told = given(FormKind::W9, Some((TinKind::Ssn, "400-11-1222")), "2026-02-01").told();
        assert_eq!(told["tin"], "XXX-XX-1222");
        assert!(!format!("{told:?}").contains("400"));
    }
}
