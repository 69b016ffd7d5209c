//! The customer's item: short names, so that four touches stay within a kilobyte.

use std::collections::BTreeSet;

use domain::attribution::candidate::{Candidate, CandidateTarget};
use domain::attribution::customer::{Assigned, Customer, Mention, Sighting};
use domain::attribution::settings::AttributionSettings;
use domain::attribution::{LossReason, Source, Winner};
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{LinkId, PartnerId, ProgramId, SaleId};
use domain::time::Timestamp;
use domain::touch::VisitorHash;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::item::{self, Attributes};

/// The shape that is written.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
pub(crate) struct CustomerItem {
    entity: String,
    v: u32,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paid: Option<First>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_up: Option<First>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    meetings: Vec<MeetingInCustomer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    token_refused: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assigned: Vec<AssignedInCustomer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<MentionInCustomer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quiet: Vec<MentionInCustomer>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    credited: BTreeSet<PartnerId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_nobodys: bool,
}

#[derive(Serialize, Deserialize)]
struct First {
    ms: i64,
    sale: SaleId,
}

/// The touches that one meeting told.
#[derive(Serialize, Deserialize)]
struct MeetingInCustomer {
    ms: i64,
    by: PaymentKey,
    touches: Vec<TouchInCustomer>,
}

/// `k` kind, `t` time, `l` link, `c` coupon, `p` partner, `g` programme, `w` window, `s` settings, `r` refused, `h` who clicked.
#[derive(Serialize, Deserialize)]
struct TouchInCustomer {
    #[serde(default = "click", skip_serializing_if = "is_click")]
    k: Source,
    t: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<LinkId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<PartnerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<ProgramId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<u16>,
    #[serde(default, skip_serializing_if = "AttributionSettings::is_default")]
    s: AttributionSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<LossReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<VisitorHash>,
}

#[derive(Serialize, Deserialize)]
struct AssignedInCustomer {
    source: Source,
    partner: PartnerId,
    program: ProgramId,
    from_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct MentionInCustomer {
    email: String,
    ms: i64,
    by: PaymentKey,
}

/// A customer of the first version: brought by somebody or nobody.
#[derive(Deserialize)]
struct FirstVersion {
    winner: Option<Winner>,
    met_at: Timestamp,
}

fn click() -> Source {
    Source::Click
}

fn is_click(source: &Source) -> bool {
    *source == Source::Click
}

/// Reads a customer in either shape.
pub(crate) fn read(attributes: Attributes) -> Result<Customer, StoreError> {
    let version = attributes.get("v").and_then(|v| v.as_n().ok()).and_then(|v| v.parse::<u32>().ok());
    if version == Some(1) {
        let place = item::place_of(&attributes);
        let key = crate::keys::Key { pk: place.0, sk: place.1 };
        let first: FirstVersion = item::read(attributes)?;
        return first.into_customer().ok_or_else(|| item::inconsistent(&key, "no natural key of a meeting"));
    }
    let unreadable = super::unreadable(&attributes, "an instant or a digest out of range");
    let found: CustomerItem = item::read(attributes)?;
    found.into_customer().ok_or(unreadable)
}

impl FirstVersion {
    fn into_customer(self) -> Option<Customer> {
        let by = PaymentKey::parse("tributary:met").ok()?;
        let sightings = self.winner.into_iter().map(|winner| Sighting {
            candidate: Candidate {
                source: Source::Click,
                at: winner.clicked_at,
                link: Some(winner.link),
                coupon: None,
                visitor: None,
                target: Some(CandidateTarget {
                    partner: winner.partner,
                    program: winner.program,
                    // Its window was looked at when it won.
                    window_days: u16::MAX,
                    settings: AttributionSettings::default(),
                }),
                refused: None,
            },
            seen_at: self.met_at,
            by: by.clone(),
        });
        Some(Customer { met_at: Some(self.met_at), sightings: sightings.collect(), ..Customer::default() })
    }
}

impl CustomerItem {
    pub(crate) fn new(customer: &Customer) -> Self {
        let first = |known: &Option<(Timestamp, SaleId)>| {
            known.as_ref().map(|(at, sale)| First { ms: at.as_millisecond(), sale: sale.clone() })
        };
        Self {
            entity: "customer".to_owned(),
            v: VERSION,
            version: customer.version,
            met_ms: customer.met_at.map(Timestamp::as_millisecond),
            paid: first(&customer.first_paid),
            signed_up: first(&customer.signed_up),
            meetings: meetings_of(&customer.sightings),
            token_refused: customer.token_refused,
            assigned: customer.assigned.iter().map(AssignedInCustomer::from).collect(),
            mentions: customer.mentions.iter().map(MentionInCustomer::from).collect(),
            quiet: customer.quiet.iter().map(MentionInCustomer::from).collect(),
            credited: customer.credited.clone(),
            was_nobodys: customer.was_nobodys,
        }
    }

    fn into_customer(self) -> Option<Customer> {
        let first = |known: Option<First>| match known {
            Some(known) => Timestamp::from_millisecond(known.ms).ok().map(|at| Some((at, known.sale))),
            None => Some(None),
        };
        let met_at = match self.met_ms {
            Some(ms) => Some(Timestamp::from_millisecond(ms).ok()?),
            None => None,
        };
        let mut sightings = Vec::new();
        for meeting in self.meetings {
            let seen_at = Timestamp::from_millisecond(meeting.ms).ok()?;
            for touch in meeting.touches {
                sightings.push(Sighting { candidate: touch.into_candidate()?, seen_at, by: meeting.by.clone() });
            }
        }
        Some(Customer {
            met_at,
            first_paid: first(self.paid)?,
            signed_up: first(self.signed_up)?,
            sightings,
            token_refused: self.token_refused,
            assigned: self.assigned.into_iter().map(AssignedInCustomer::into_assigned).collect::<Option<_>>()?,
            mentions: self.mentions.into_iter().map(MentionInCustomer::into_mention).collect::<Option<_>>()?,
            quiet: self.quiet.into_iter().map(MentionInCustomer::into_mention).collect::<Option<_>>()?,
            credited: self.credited,
            was_nobodys: self.was_nobodys,
            version: self.version,
        })
    }
}

fn meetings_of(sightings: &[Sighting]) -> Vec<MeetingInCustomer> {
    let groups = sightings.chunk_by(|a, b| (a.seen_at, &a.by) == (b.seen_at, &b.by));
    let meetings = groups.filter_map(|group| {
        let first = group.first()?;
        let touches = group.iter().map(|seen| TouchInCustomer::from(&seen.candidate)).collect();
        Some(MeetingInCustomer { ms: first.seen_at.as_millisecond(), by: first.by.clone(), touches })
    });
    meetings.collect()
}

impl From<&Candidate> for TouchInCustomer {
    fn from(touch: &Candidate) -> Self {
        let target = touch.target.as_ref();
        Self {
            k: touch.source,
            t: touch.at.as_millisecond(),
            l: touch.link.clone(),
            c: touch.coupon.clone(),
            p: target.map(|target| target.partner.clone()),
            g: target.map(|target| target.program.clone()),
            w: target.map(|target| target.window_days),
            s: target.map(|target| target.settings).unwrap_or_default(),
            r: touch.refused,
            h: touch.visitor,
        }
    }
}

impl TouchInCustomer {
    fn into_candidate(self) -> Option<Candidate> {
        let target = match (self.p, self.g, self.w) {
            (Some(partner), Some(program), Some(window_days)) => {
                Some(CandidateTarget { partner, program, window_days, settings: self.s })
            }
            _ => None,
        };
        let at = Timestamp::from_millisecond(self.t).ok()?;
        Some(Candidate { source: self.k, at, link: self.l, coupon: self.c, visitor: self.h, target, refused: self.r })
    }
}

impl From<&Assigned> for AssignedInCustomer {
    fn from(assigned: &Assigned) -> Self {
        Self {
            source: assigned.source,
            partner: assigned.partner.clone(),
            program: assigned.program.clone(),
            from_ms: assigned.from.as_millisecond(),
            until_ms: assigned.until.map(Timestamp::as_millisecond),
        }
    }
}

impl AssignedInCustomer {
    fn into_assigned(self) -> Option<Assigned> {
        let until = match self.until_ms {
            Some(ms) => Some(Timestamp::from_millisecond(ms).ok()?),
            None => None,
        };
        let from = Timestamp::from_millisecond(self.from_ms).ok()?;
        Some(Assigned { source: self.source, partner: self.partner, program: self.program, from, until })
    }
}

impl From<&Mention> for MentionInCustomer {
    fn from(mention: &Mention) -> Self {
        Self { email: mention.email.to_hex(), ms: mention.at.as_millisecond(), by: mention.by.clone() }
    }
}

impl MentionInCustomer {
    fn into_mention(self) -> Option<Mention> {
        let email = Digest::parse_hex(&self.email)?;
        Some(Mention { email, at: Timestamp::from_millisecond(self.ms).ok()?, by: self.by })
    }
}
