//! How promising a lead is: points with their reasons, by what they are and by what they did.

use serde::{Deserialize, Serialize};

use super::address::Address;

/// The most points.
pub const POINTS_MAX: u8 = 100;
/// Each page that was looked at counts, up to this many.
const PAGES_MAX: u16 = 10;
/// Who stays so long on the site reads.
const READING_SECONDS: u32 = 120;

/// What gives points, or takes some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadReason {
    /// The address is of a company's own domain.
    BusinessAddress,
    /// The address stands for a desk and for no person.
    RoleAddress,
    /// They gave their name.
    Named,
    /// They named their company.
    CompanyNamed,
    /// They decide there.
    Decides,
    /// They said what they do there.
    JobTitled,
    /// They gave a telephone number.
    PhoneGiven,
    /// A partner's link brought them.
    FollowedALink,
    /// They looked at pages.
    LookedAtPages,
    /// They stayed and read.
    StayedAndRead,
    /// They came on several visits.
    CameSeveralTimes,
    /// They looked at what it costs.
    LookedAtPricing,
    /// They asked to be shown it.
    AskedForADemo,
    /// They left their address again.
    CameBack,
}

impl LeadReason {
    /// Every reason, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::BusinessAddress,
        Self::RoleAddress,
        Self::Named,
        Self::CompanyNamed,
        Self::Decides,
        Self::JobTitled,
        Self::PhoneGiven,
        Self::FollowedALink,
        Self::LookedAtPages,
        Self::StayedAndRead,
        Self::CameSeveralTimes,
        Self::LookedAtPricing,
        Self::AskedForADemo,
        Self::CameBack,
    ];

    /// The code in answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BusinessAddress => "business_address",
            Self::RoleAddress => "role_address",
            Self::Named => "named",
            Self::CompanyNamed => "company_named",
            Self::Decides => "decides",
            Self::JobTitled => "job_titled",
            Self::PhoneGiven => "phone_given",
            Self::FollowedALink => "followed_a_link",
            Self::LookedAtPages => "looked_at_pages",
            Self::StayedAndRead => "stayed_and_read",
            Self::CameSeveralTimes => "came_several_times",
            Self::LookedAtPricing => "looked_at_pricing",
            Self::AskedForADemo => "asked_for_a_demo",
            Self::CameBack => "came_back",
        }
    }

    /// What they are, or what they did?
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::BusinessAddress
            | Self::RoleAddress
            | Self::Named
            | Self::CompanyNamed
            | Self::Decides
            | Self::JobTitled
            | Self::PhoneGiven => "demographic",
            _ => "behavioural",
        }
    }

    /// What it weighs; of pages each one.
    fn points(self) -> i16 {
        match self {
            Self::BusinessAddress => 20,
            Self::RoleAddress => -15,
            Self::Named | Self::JobTitled | Self::PhoneGiven | Self::StayedAndRead => 5,
            Self::CompanyNamed | Self::CameSeveralTimes | Self::CameBack => 10,
            Self::Decides | Self::LookedAtPricing | Self::FollowedALink => 15,
            Self::AskedForADemo => 20,
            Self::LookedAtPages => 1,
        }
    }
}

/// A reason and its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scored {
    /// Why.
    pub code: LeadReason,
    /// How much.
    pub points: i16,
}

/// Points with their reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(Vec<Scored>);

/// What somebody says of themselves; empty where they say nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their company.
    pub company: &'a str,
    /// What they do there.
    pub job_title: &'a str,
    /// Their telephone number.
    pub phone: &'a str,
}

/// What somebody did, as the page tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Behaviour {
    /// Did a partner's link bring them?
    pub followed_a_link: bool,
    /// How many pages they looked at.
    pub pages_viewed: u16,
    /// On how many visits.
    pub visits: u16,
    /// How long they stayed.
    pub seconds_on_site: u32,
    /// Was the one about prices among them?
    pub viewed_pricing: bool,
    /// Did they ask to be shown it?
    pub asked_for_demo: bool,
}

impl Score {
    /// Scores a lead by what they are and what they did.
    #[must_use]
    pub fn of(address: &Address, profile: &Profile<'_>, behaviour: &Behaviour) -> Self {
        use LeadReason as Why;
        let said = |text: &str| !text.trim().is_empty();
        let decides = decides(profile.job_title);
        let holds = [
            (Why::BusinessAddress, !address.is_free && !address.is_disposable),
            (Why::RoleAddress, address.is_role),
            (Why::Named, said(profile.name)),
            (Why::CompanyNamed, said(profile.company)),
            (Why::Decides, decides),
            (Why::JobTitled, said(profile.job_title) && !decides),
            (Why::PhoneGiven, profile.phone.bytes().filter(u8::is_ascii_digit).count() >= 6),
            (Why::FollowedALink, behaviour.followed_a_link),
            (Why::StayedAndRead, behaviour.seconds_on_site >= READING_SECONDS),
            (Why::CameSeveralTimes, behaviour.visits >= 2),
            (Why::LookedAtPricing, behaviour.viewed_pricing),
            (Why::AskedForADemo, behaviour.asked_for_demo),
        ];
        let mut score = Self::default();
        for (code, _) in holds.into_iter().filter(|(_, holds)| *holds) {
            score.note(code, code.points());
        }
        let pages = i16::try_from(behaviour.pages_viewed.min(PAGES_MAX)).unwrap_or_default();
        if pages > 0 {
            score.note(Why::LookedAtPages, pages.saturating_mul(Why::LookedAtPages.points()));
        }
        score
    }

    /// The sum, from 0 to 100.
    #[must_use]
    pub fn points(&self) -> u8 {
        let sum = self.0.iter().fold(0_i16, |sum, one| sum.saturating_add(one.points));
        u8::try_from(sum.clamp(0, i16::from(POINTS_MAX))).unwrap_or(POINTS_MAX)
    }

    /// Why, in the order of [`LeadReason::ALL`].
    #[must_use]
    pub fn reasons(&self) -> &[Scored] {
        &self.0
    }

    /// With what another telling says: of one reason the better counts, and nothing that was known is lost.
    #[must_use]
    pub fn joined(&self, more: &Self) -> Self {
        let mut joined = self.clone();
        for one in &more.0 {
            joined.note(one.code, one.points);
        }
        joined
    }

    /// They left their address again.
    #[must_use]
    pub fn returned(mut self) -> Self {
        self.note(LeadReason::CameBack, LeadReason::CameBack.points());
        self
    }

    fn note(&mut self, code: LeadReason, points: i16) {
        match self.0.iter_mut().find(|known| known.code == code) {
            Some(known) => known.points = known.points.max(points),
            None => self.0.push(Scored { code, points }),
        }
        self.0.sort();
    }
}

/// Does whoever does this in a company decide there?
fn decides(job_title: &str) -> bool {
    const WORDS: [&str; 15] = [
        "ceo",
        "cfo",
        "chief",
        "cmo",
        "coo",
        "cto",
        "director",
        "founder",
        "head",
        "owner",
        "partner",
        "president",
        "principal",
        "proprietor",
        "vp",
    ];
    let title = job_title.to_lowercase();
    let mut words = title.split(|sign: char| !sign.is_alphanumeric());
    words.any(|word| WORDS.contains(&word) || WORDS.contains(&word.strip_prefix("co").unwrap_or(word)))
}
