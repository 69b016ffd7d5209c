//! What a form says of somebody who leaves their address.

use std::collections::BTreeSet;

use domain::email::Email;
use domain::id::ProgramId;
use domain::lead::address::Address;
use domain::lead::person::PersonField;
use domain::lead::score::{Behaviour, Profile, Score};
use domain::lead::{Capture, Consent, LeadSource, SOURCE_CHARS_MAX};
use domain::time::Timestamp;
use edge::problem::Problem;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const TEXT_CHARS_MAX: usize = 200;
const TOKEN_CHARS_MAX: usize = 400;
/// How far ahead of our clock theirs may be.
const AHEAD_S: i64 = 300;

fn plain(text: &str, (): &()) -> garde::Result {
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must not hold control characters"));
    }
    Ok(())
}

fn optional_plain(text: &Option<String>, (): &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| plain(text, &()))
}

/// An address that is left, and by whom.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLead {
    /// The address; kept sealed.
    #[garde(skip)]
    #[schema(format = Email)]
    pub(super) email: String,
    /// With which programme; a publishable key says it by itself.
    #[garde(skip)]
    pub(super) program_id: Option<String>,
    /// Where it comes from, a word that leads are counted by: letters, digits, `.`, `_` and `-`.
    #[garde(skip)]
    #[schema(example = "pricing-page")]
    pub(super) source: String,
    /// By which campaign.
    #[garde(length(chars, max = TEXT_CHARS_MAX), custom(optional_plain))]
    pub(super) campaign: Option<String>,
    /// What the person agreed to. Nobody is kept who did not.
    #[garde(dive)]
    pub(super) consent: GivenConsent,
    /// The signed token of the visit's click, from the snippet.
    #[garde(length(chars, max = TOKEN_CHARS_MAX))]
    pub(super) click_token: Option<String>,
    /// Their name; kept sealed.
    #[garde(length(chars, max = TEXT_CHARS_MAX), custom(optional_plain))]
    pub(super) name: Option<String>,
    /// Their company; kept sealed.
    #[garde(length(chars, max = TEXT_CHARS_MAX), custom(optional_plain))]
    pub(super) company: Option<String>,
    /// What they do there; kept sealed.
    #[garde(length(chars, max = TEXT_CHARS_MAX), custom(optional_plain))]
    pub(super) job_title: Option<String>,
    /// Their telephone number; kept sealed.
    #[garde(length(chars, max = TEXT_CHARS_MAX), custom(optional_plain))]
    pub(super) phone: Option<String>,
    /// What they did, for the score.
    #[garde(skip)]
    #[serde(default)]
    pub(super) behavior: ToldBehaviour,
}

/// That the person agreed, where and when.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenConsent {
    /// Must be true.
    #[garde(skip)]
    given: bool,
    /// Where: the form, the page, the text's version.
    #[garde(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain))]
    #[schema(example = "pricing form, terms of 2026-09")]
    source: String,
    /// When; now when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// What somebody did before they left their address, as the page counted it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ToldBehaviour {
    /// How many pages they looked at.
    pages_viewed: u16,
    /// On how many visits.
    visits: u16,
    /// How long they stayed, in seconds.
    seconds_on_site: u32,
    /// Was the one about prices among them?
    viewed_pricing: bool,
    /// Did they ask to be shown it?
    asked_for_demo: bool,
}

/// What is personal of a lead, in the form in which it is sealed.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    email: &'a str,
    name: Option<&'a str>,
    company: Option<&'a str>,
    job_title: Option<&'a str>,
    phone: Option<&'a str>,
}

impl Person<'_> {
    /// Which fields it says.
    pub(super) fn says(&self) -> BTreeSet<PersonField> {
        let said = [
            (PersonField::Email, Some(self.email)),
            (PersonField::Name, self.name),
            (PersonField::Company, self.company),
            (PersonField::JobTitle, self.job_title),
            (PersonField::Phone, self.phone),
        ];
        said.into_iter().filter_map(|(field, text)| text.map(|_| field)).collect()
    }
}

impl NewLead {
    /// The address, looked at.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(super) fn address(&self) -> Result<(Email, Address), Problem> {
        let wrong = || Problem::bad_request("/email", "not an e-mail address");
        let email = Email::parse(&self.email).map_err(|_| wrong())?;
        let address = Address::of(&email).ok_or_else(wrong)?;
        Ok((email, address))
    }

    /// What is to be captured.
    ///
    /// # Errors
    /// 400 for each field that does not fit.
    pub(super) fn capture(&self, program: ProgramId, address: Address, now: Timestamp) -> Result<Capture, Problem> {
        let source = LeadSource::parse(&self.source).ok_or_else(|| {
            let detail = format!("1 to {SOURCE_CHARS_MAX} letters, digits, dots, dashes and underscores");
            Problem::bad_request("/source", detail)
        })?;
        if !self.consent.given {
            return Err(Problem::impossible("/consent/given", "nobody is kept who did not agree"));
        }
        let agreed_at = self.consent.at.unwrap_or(now);
        if agreed_at.as_second() > now.as_second().saturating_add(AHEAD_S) {
            return Err(Problem::impossible("/consent/at", "lies in the future"));
        }
        Ok(Capture {
            program,
            address,
            takes_mail: None,
            source,
            campaign: said(&self.campaign).map(str::to_owned),
            consent: Consent { source: self.consent.source.clone(), at: agreed_at },
            score: Score::of(&address, &self.profile(), &self.behaviour()),
            at: now,
        })
    }

    /// What is personal.
    pub(super) fn person(&self) -> Person<'_> {
        Person {
            email: self.email.trim(),
            name: said(&self.name),
            company: said(&self.company),
            job_title: said(&self.job_title),
            phone: said(&self.phone),
        }
    }

    fn profile(&self) -> Profile<'_> {
        let text = |text| said(text).unwrap_or_default();
        Profile {
            name: text(&self.name),
            company: text(&self.company),
            job_title: text(&self.job_title),
            phone: text(&self.phone),
        }
    }

    fn behaviour(&self) -> Behaviour {
        let told = &self.behavior;
        Behaviour {
            followed_a_link: self.click_token.as_deref().is_some_and(|token| !token.is_empty()),
            pages_viewed: told.pages_viewed,
            visits: told.visits,
            seconds_on_site: told.seconds_on_site,
            viewed_pricing: told.viewed_pricing,
            asked_for_demo: told.asked_for_demo,
        }
    }
}

fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
