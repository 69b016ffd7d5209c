//! What is held of people: shown, forgotten, not sold; and the ledger, which does not notice.

use domain::attribution::customer::{Customer, Mention};
use domain::digest::Digest;
use domain::email::Email;
use domain::fact::PaymentKey;
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{CustomerId, LeadId, UserId};
use domain::lead::address::Address;
use domain::lead::person::{PersonField, PersonPiece};
use domain::lead::score::Score;
use domain::lead::{Capture, Consent, Lead, LeadSource};
use domain::tier::Tier;
use domain::user::{Position, User, UserState};
use edge::sealing::{Belongs, Sealer};
use store::buyers::{BillingCustomer, TaxStanding};
use store::customers::CustomerChange;
use store::leads::LeadChange;
use store::partners::{Enrolment, Partner, PartnerStatus, StatusChange};
use store::people::{self, Person};
use store::users::{KeptUser, UserCreated};

use super::*;
use crate::probes::Probes;

mod claimed;
mod erased;
mod papers;

/// An office that can open what is sealed.
struct Archive {
    office: Office,
    sealer: Sealer,
}

async fn archive() -> Archive {
    let mut office = office().await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", office.stub.endpoint.as_str()),
    ]);
    let aws = Aws::from(&mut reader);
    let sealer = Sealer::connect(&aws.service(Service::Kms), "a key");
    let facts = Sender::connect(&aws.service(Service::Sqs), format!("{}/000000000000/facts", office.stub.endpoint));
    let app = App::new(office.world.store.clone(), Clock::fixed(office.world.now), facts);
    office.routes = routes(app.probing(Probes { sealer: Some(sealer.clone()), ..Probes::default() }));
    Archive { office, sealer }
}

impl Archive {
    async fn ask(&self, who: &str, subject: &str, what: &str) -> Answer {
        let mut request = http::Request::builder().method("POST").uri(format!("/v1/privacy/{subject}/{what}"));
        if who != "nobody" {
            request = request.header("authorization", bearer(who));
        }
        let request = request.body(Body::empty()).expect("request");
        let response = self.office.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text, replayed: false }
    }

    async fn sealed(&self, subject: &str, field: &str, plain: &str) -> String {
        let belongs = Belongs { tenant: self.office.world.tenant.tenant().as_str(), subject, field };
        self.sealer.seal_text(&belongs, plain).await.expect("sealed").to_string()
    }

    /// A partner with a person and a mark.
    async fn partner(&self, n: u128) -> PartnerId {
        let world = &self.office.world;
        let id = PartnerId::from_ulid(n.into());
        let partner = Partner { id: id.clone(), status: PartnerStatus::Active, created_at: world.now };
        let person = Person {
            email_sealed: self.sealed(id.as_str(), people::EMAIL, "ada@engines.example").await,
            name_sealed: self.sealed(id.as_str(), people::NAME, "Ada").await,
            recorded_at: world.now,
        };
        let enrolment = Enrolment { program: world::program(), tier: Tier::default(), enrolled_at: world.now };
        world.store.create_partner(&world.tenant, &partner, &person, &enrolment).await.expect("store");
        world.store.record_marks(&world.tenant, &id, &[mark()], world.now).await.expect("store");
        id
    }

    async fn suspend(&self, id: &PartnerId) {
        let (world, seen) = (&self.office.world, PartnerStatus::Active);
        let change = StatusChange { at: world.now, status: PartnerStatus::Suspended };
        let changed = world.store.set_partner_status(&world.tenant, id, seen, change).await;
        assert_eq!(changed.expect("store"), store::Written::Yes);
    }

    async fn told(&self, subject: &str) -> Vec<String> {
        let world = &self.office.world;
        let trail = world.store.list_audit(&world.tenant, &format!("privacy#{subject}")).await.expect("store");
        assert!(!format!("{trail:?}").contains("engines.example"), "{trail:?}");
        trail.into_iter().map(|entry| entry.action).collect()
    }
}

fn mark() -> Mark {
    Mark { kind: MarkKind::Email, digest: Digest::of_bytes(b"ada@engines.example") }
}

#[tokio::test]
async fn a_partner_is_shown_whole_and_then_forgotten_and_the_ledger_holds() {
    let archive = archive().await;
    let world = &archive.office.world;
    let id = archive.partner(77).await;
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert_eq!((shown.status, &shown.json["person"]), (200, &json!({"email": "ada@engines.example", "name": "Ada"})));
    assert_eq!(archive.ask("ada", id.as_str(), "erase").await.told(), (409, "partner-active"));
    archive.suspend(&id).await;
    let first = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!((first.status, &first.json["kept"][0]["what"]), (200, &json!("audit_origin")), "{}", first.text);
    assert_eq!(world.store.get_person(&world.tenant, &id).await.expect("store"), None);
    assert_eq!(world.store.list_marks(&world.tenant, &id).await.expect("store"), []);
    assert_eq!(world.store.list_marked(&world.tenant, &mark()).await.expect("store"), []);
    // Again it is answered as the first time, and told no second time.
    let again = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!(again.json["erased_at"], first.json["erased_at"]);
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert_eq!((&shown.json["person"], &shown.json["erased_at"]), (&json!({}), &first.json["erased_at"]));
    assert!(!shown.text.contains("engines.example"), "{}", shown.text);
    assert_eq!(archive.told(id.as_str()).await, ["privacy.exported", "privacy.erased", "privacy.exported"]);
    world.verified().await;
}

#[tokio::test]
async fn a_partner_with_money_is_not_forgotten_before_it_is_paid_or_written_off() {
    let archive = archive().await;
    let world = &archive.office.world;
    world.earn("in_1", "29.70", Zone::utc().day_of(world.now)).await;
    world.set_status(PartnerStatus::Suspended).await;
    let refused = archive.ask("ada", world.partner.as_str(), "erase").await;
    assert_eq!(refused.told(), (409, "has-money"));
    assert!(refused.text.contains("29.70") && refused.text.contains("write it off"), "{}", refused.text);
    assert_eq!(archive.told(world.partner.as_str()).await, Vec::<String>::new());
    world.verified().await;
}

#[tokio::test]
async fn a_sale_that_is_booked_while_its_partner_is_forgotten_leaves_every_law_whole() {
    let archive = archive().await;
    let world = &archive.office.world;
    world.set_status(PartnerStatus::Suspended).await;
    let day = Zone::utc().day_of(world.now);
    let (erased, ()) =
        tokio::join!(archive.ask("ada", world.partner.as_str(), "erase"), world.earn("in_1", "29.70", day));
    assert!(matches!(erased.status, 200 | 409), "{}", erased.text);
    world.earn("in_2", "10.00", day).await;
    world.verified().await;
}

#[tokio::test]
async fn a_lead_is_forgotten_with_its_consent_shown_before() {
    let archive = archive().await;
    let world = &archive.office.world;
    let address = Address::of(&Email::parse("ada@engines.example").expect("an address")).expect("a domain");
    let lead = Lead::capture(Capture {
        program: world::program(),
        address,
        takes_mail: None,
        source: LeadSource::parse("webinar").expect("a source"),
        campaign: None,
        consent: Consent { source: "form".to_owned(), at: world.now },
        score: Score::of(&address, &Default::default(), &Default::default()),
        at: world.now,
    });
    let sealed = archive.sealed(lead.id.as_str(), store::leads::PERSON, r#"{"email":"ada@engines.example"}"#).await;
    let person = [PersonPiece { says: [PersonField::Email].into(), sealed }];
    let change = LeadChange { before: None, after: &lead, person: &person, told: None };
    world.store.record_lead(&world.tenant, &change).await.expect("store");
    let shown = archive.ask("ada", lead.id.as_str(), "export").await.json;
    assert_eq!(
        (&shown["person"]["email"], &shown["consents"][0]["source"]),
        (&json!("ada@engines.example"), &json!("form"))
    );
    let first = archive.ask("ada", lead.id.as_str(), "erase").await;
    let again = archive.ask("bob", lead.id.as_str(), "erase").await;
    assert_eq!((first.status, &first.json["erased_at"]), (200, &again.json["erased_at"]));
    let left = world.store.get_lead(&world.tenant, &lead.id).await.expect("store").expect("a tombstone");
    assert_eq!((left.person.len(), left.lead.email, left.lead.state.word()), (0, None, "erased"));
}

#[tokio::test]
async fn a_customer_is_forgotten_with_every_hash_by_which_their_address_was_known() {
    let archive = archive().await;
    let world = &archive.office.world;
    let (provider, email) = (PaymentKey::parse("stripe:cus_9").expect("a key"), Digest::of_bytes(b"x"));
    let id = CustomerId::of(&provider);
    let buyer = BillingCustomer {
        email_sealed: archive.sealed(id.as_str(), store::buyers::EMAIL, "bo@example.com").await,
        id: id.clone(),
        provider: provider.clone(),
        name_sealed: None,
        place: None,
        tax: TaxStanding::Consumer,
        card: None,
        created_at: world.now,
        written_by: "x".to_owned(),
        version: 1,
    };
    world.store.create_buyer(&world.tenant, &buyer).await.expect("store");
    let mentions = vec![Mention { email, at: world.now, by: provider.clone() }];
    let known = Customer { mentions, version: 1, ..Customer::default() };
    let read = [store::customers::LeadsRead { email, version: 0 }];
    let change = CustomerChange { key: &provider, before: None, after: Some(&known), relies_on: &read, moves: &[] };
    world.store.record_customer(&world.tenant, &change).await.expect("store");
    assert_eq!(archive.ask("ada", id.as_str(), "export").await.json["person"]["email"], "bo@example.com");
    assert_eq!(archive.ask("ada", id.as_str(), "erase").await.status, 200);
    let left = world.store.get_customer(&world.tenant, &provider).await.expect("store").expect("known");
    assert_eq!((left.mentions, left.version), (Vec::new(), 2));
    assert_eq!(world.store.list_waiting_for_lead(&world.tenant, email).await.expect("store"), []);
    let left = world.store.get_buyer(&world.tenant, &id).await.expect("store").expect("a tombstone");
    assert_eq!((left.email_sealed.as_str(), left.version), ("", 2));
    assert_eq!(archive.ask("ada", id.as_str(), "export").await.json["person"], json!({}));
    world.verified().await;
}

#[tokio::test]
async fn a_user_is_forgotten_signs_in_no_more_and_the_last_admin_stays() {
    let archive = archive().await;
    let world = &archive.office.world;
    let kept = |n: u128, position: Position, email_sealed: String| KeptUser {
        user: User {
            id: UserId::from_ulid(n.into()),
            position,
            state: UserState::Active,
            email: Digest::of_bytes(&n.to_be_bytes()),
            epoch: 0,
            version: 1,
            created_at: world.now,
            changed_at: world.now,
        },
        email_sealed,
        name_sealed: String::new(),
    };
    let mut users = Vec::new();
    for (n, position) in [(501_u128, Position::Admin), (502, Position::Support)] {
        let id = UserId::from_ulid(n.into());
        let user = kept(n, position, archive.sealed(id.as_str(), store::users::EMAIL, "u@example.com").await);
        assert_eq!(world.store.create_user(&world.tenant, &user).await.expect("store"), UserCreated::Yes);
        users.push(user);
    }
    let last = archive.ask("ada", users[0].user.id.as_str(), "erase").await;
    assert_eq!(last.told(), (409, "last-admin"));
    let id = users[1].user.id.as_str();
    assert_eq!(archive.ask("ada", id, "export").await.json["person"], json!({"email": "u@example.com"}));
    for _ in 0..2 {
        assert_eq!(archive.ask("ada", id, "erase").await.status, 200);
    }
    assert_eq!(world.store.find_user(&world.tenant, &users[1].user.email).await.expect("store"), None);
    let left = world.store.get_user(&world.tenant, &users[1].user.id).await.expect("store").expect("a tombstone");
    assert_eq!((left.email_sealed.as_str(), left.user.state, left.user.epoch), ("", UserState::Disabled, 1));
    assert_eq!(archive.told(id).await, ["privacy.exported", "privacy.erased"]);
}

#[tokio::test]
async fn what_is_not_to_be_sold_is_marked_once_and_shown_with_every_export() {
    let archive = archive().await;
    let id = archive.partner(78).await;
    let first = archive.ask("ada", id.as_str(), "do-not-sell").await;
    let again = archive.ask("bob", id.as_str(), "do-not-sell").await;
    assert_eq!((first.status, &first.json), (200, &again.json));
    let shown = archive.ask("ada", id.as_str(), "export").await.json;
    assert_eq!(shown["do_not_sell_since"], first.json["do_not_sell_since"]);
    assert_eq!(archive.told(id.as_str()).await, ["privacy.do_not_sell", "privacy.exported"]);
}

#[tokio::test]
async fn only_admins_ask_for_people_and_only_for_those_of_their_own_tenant() {
    let archive = archive().await;
    let id = archive.partner(79).await;
    for what in ["export", "erase", "do-not-sell"] {
        for (who, status) in [
            ("nobody", 401),
            ("fin", 403),
            ("sue", 403),
            ("aud", 403),
            ("partner", 403),
            ("member", 403),
            ("machine", 403),
            ("stranger", 404),
        ] {
            assert_eq!(archive.ask(who, id.as_str(), what).await.status, status, "{who} {what}");
        }
        let nobody = LeadId::of(&world::program(), &Digest::of_bytes(b"nobody"));
        for subject in [nobody.as_str(), "par_x", "sal_1", "x"] {
            assert_eq!(archive.ask("ada", subject, what).await.status, 404, "{subject} {what}");
        }
    }
    assert_eq!(archive.told(id.as_str()).await, Vec::<String>::new());
}
