//! The signals of one sale.

use super::*;
use crate::attribution::{Credit, PartnerTerms, Source};
use crate::digest::Digest;
use crate::fact::Buyer;
use crate::fraud::marks::{Mark, MarkKind, OwnMarks, Session, fingerprint_digest};
use crate::fraud::purchase::{Landing, Purchase, signals};
use crate::id::LinkId;
use crate::time::Timestamp;
use crate::touch::{DaySalt, DeviceHash, DeviceHints, Origin, Touch, VisitorHash, day_of};

const CLICKED: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn link() -> LinkId {
    LinkId::from_ulid(7_u128.into())
}

/// A sale an hour after its click, with nothing to notice.
struct Given {
    occurred_at: Timestamp,
    email: Option<Digest>,
    buyer: Buyer,
    touches: Vec<Touch>,
    credit: Credit,
    landing: Option<Landing>,
    own: OwnMarks,
}

fn given() -> Given {
    let visitor = VisitorHash::from_bytes([1; 8]);
    Given {
        occurred_at: at("2026-11-21T13:00:00Z"),
        email: crate::email::digest("casey@customer.example"),
        buyer: Buyer { paid_from: Some(fingerprint_digest("card of casey")), ..Buyer::default() },
        touches: vec![Touch { at: at(CLICKED), link: link(), visitor }],
        credit: Credit {
            partner: partner(1),
            program: program(1),
            link: Some(link()),
            source: Source::Click,
            clicked_at: Some(at(CLICKED)),
            weight: 1,
            terms: PartnerTerms::default(),
        },
        landing: Some(Landing { referrer_host: "blog.example".to_owned(), ..Landing::default() }),
        own: OwnMarks {
            marks: [
                Mark { kind: MarkKind::Email, digest: crate::email::digest("pat@partner.example").expect("address") },
                Mark::of_fingerprint(MarkKind::Card, "card of pat"),
                Mark::of_fingerprint(MarkKind::Payout, "account of pat"),
            ]
            .into(),
            sessions: vec![Session::of(at(CLICKED), VisitorHash::from_bytes([9; 8]), None)],
        },
    }
}

impl Given {
    fn noticed_by(&self, policy: &Policy) -> Vec<Reason> {
        let purchase = Purchase {
            occurred_at: self.occurred_at,
            email: self.email,
            buyer: &self.buyer,
            touches: &self.touches,
            credit: &self.credit,
            landing: self.landing.as_ref(),
            own: &self.own,
        };
        signals(&purchase, policy).into_iter().map(|signal| signal.code).collect()
    }

    fn noticed(&self) -> Vec<Reason> {
        self.noticed_by(&Policy::default())
    }
}

#[test]
fn an_ordinary_sale_is_not_noticed() {
    assert_eq!(given().noticed(), []);
    let bare = Given { email: None, buyer: Buyer::default(), touches: vec![], landing: None, ..given() };
    assert_eq!(bare.noticed(), []);
}

#[test]
fn a_buyer_who_is_the_partner_is_noticed_by_any_mark() {
    let email = Given { email: crate::email::digest(" PAT+shop@Partner.example"), ..given() };
    assert_eq!(email.noticed(), [Reason::SelfReferralEmail], "FRD-1: normalised e-mail");
    let paid_from = |fingerprint| Buyer { paid_from: Some(fingerprint_digest(fingerprint)), ..Buyer::default() };
    let card = Given { buyer: paid_from("card of pat"), ..given() };
    assert_eq!(card.noticed(), [Reason::SelfReferralCard], "FRD-1: card");
    let payout = Given { buyer: paid_from("account of pat"), ..given() };
    assert_eq!(payout.noticed(), [Reason::SelfReferralPayout], "FRD-1: payout fingerprint");
}

/// Each day has a salt of its own.
fn salt_on(at: Timestamp) -> DaySalt {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(day_of(at).as_bytes());
    DaySalt::from_bytes(bytes)
}

#[test]
fn an_address_is_compared_within_one_salt_day_only() {
    let origin = Origin { address: "203.0.113.7", user_agent: "Firefox/140" };
    let rows = [
        ("2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z", true),
        ("2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z", false),
        ("2026-11-22T00:00:00Z", "2026-11-21T23:59:59Z", false),
    ];
    for (worked_at, clicked_at, is_noticed) in rows {
        let visitor = |text| salt_on(at(text)).visitor(origin);
        let touch = Touch { at: at(clicked_at), link: link(), visitor: visitor(clicked_at) };
        let sessions = vec![Session::of(at(worked_at), visitor(worked_at), None)];
        let sale = Given { touches: vec![touch], own: OwnMarks { sessions, ..given().own }, ..given() };
        assert_eq!(sale.noticed() == [Reason::SelfReferralAddress], is_noticed, "FRD-1: {worked_at} {clicked_at}");
    }
}

#[test]
fn whoever_asks_for_privacy_is_never_taken_for_the_partner() {
    let touch = Touch { at: at(CLICKED), link: link(), visitor: VisitorHash::NOBODY };
    let sessions = vec![Session::of(at(CLICKED), VisitorHash::NOBODY, None)];
    let sale = Given { touches: vec![touch], own: OwnMarks { sessions, ..given().own }, ..given() };
    assert_eq!(sale.noticed(), []);
}

#[test]
fn a_device_of_the_partners_is_noticed_on_its_day() {
    let hints = DeviceHints { user_agent: "Firefox/140", platform: "", language: "de", address: "203.0.113.7" };
    let device = |text| salt_on(at(text)).device(hints);
    let landing = |device: Option<DeviceHash>| Some(Landing { device, ..Landing::default() });
    let rows = [("2026-11-21T08:00:00Z", true), ("2026-11-20T08:00:00Z", false)];
    for (worked_at, is_noticed) in rows {
        let sessions = vec![Session::of(at(worked_at), VisitorHash::from_bytes([9; 8]), device(worked_at))];
        let own = OwnMarks { sessions, ..given().own };
        let sale = Given { landing: landing(device(CLICKED)), own, ..given() };
        assert_eq!(sale.noticed() == [Reason::SelfReferralDevice], is_noticed, "FRD-1: {worked_at}");
    }
    // Another device on the very day of the click is somebody else's.
    let hints = DeviceHints { user_agent: "Safari/26", ..hints };
    let sessions = vec![Session::of(at(CLICKED), VisitorHash::from_bytes([9; 8]), salt_on(at(CLICKED)).device(hints))];
    let own = OwnMarks { sessions, ..given().own };
    assert_eq!(Given { landing: landing(device(CLICKED)), own, ..given() }.noticed(), []);
    // Two unknown devices are not one.
    let unknown = Given { landing: landing(None), ..given() };
    assert_eq!(unknown.noticed(), []);
}

#[test]
fn a_sale_sooner_after_its_click_than_a_person_can_is_noticed() {
    let rows = [
        ("2026-11-21T11:59:59.000Z", false),
        ("2026-11-21T11:59:59.500Z", true),
        ("2026-11-21T12:00:00Z", true),
        ("2026-11-21T12:00:10Z", true),
        ("2026-11-21T12:00:11Z", false),
        ("2026-12-21T12:00:00Z", false),
    ];
    for (paid_at, is_noticed) in rows {
        let sale = Given { occurred_at: at(paid_at), ..given() };
        assert_eq!(sale.noticed() == [Reason::QuickSale], is_noticed, "FRD-2: {paid_at}");
    }
    let by_coupon = Credit { source: Source::Coupon, ..given().credit };
    let sale = Given { occurred_at: at(CLICKED), credit: by_coupon, ..given() };
    assert_eq!(sale.noticed(), [], "a coupon needs no click");
}

#[test]
fn where_the_visit_came_from_is_noticed() {
    let disposable = Given { buyer: Buyer { has_disposable_email: true, ..Buyer::default() }, ..given() };
    assert_eq!(disposable.noticed(), [Reason::DisposableEmail], "FRD-3");
    let paid = Landing { paid_traffic: Some("gclid".to_owned()), ..Landing::default() };
    assert_eq!(Given { landing: Some(paid), ..given() }.noticed(), [Reason::PaidTraffic], "FRD-3");
    let rows = [
        ("coupons.example", true),
        ("WWW.coupons.example", true),
        ("notcoupons.example", false),
        ("coupons.example.org", false),
        ("", false),
    ];
    let bans = |n| Policy {
        banned_referrers: [(program(n), ["coupons.example".to_owned()].into())].into(),
        ..Policy::default()
    };
    for (host, is_noticed) in rows {
        let sale = Given { landing: Some(Landing { referrer_host: host.to_owned(), ..Landing::default() }), ..given() };
        assert_eq!(sale.noticed_by(&bans(1)) == [Reason::BannedReferrer], is_noticed, "FRD-3: {host}");
        assert_eq!(sale.noticed_by(&bans(2)), [], "another programme's ban: {host}");
    }
}
