//! Customers by what their provider calls them; and what partners said of customers, which goes with either.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::attribution::claim::{Claim, ClaimState, Naming};
use domain::id::ClaimId;
use edge::sealing::Sealed;
use store::claims::{ClaimMade, EMAIL, EVIDENCE};
use store::customers::LeadsRead;

use super::*;

/// The address that nothing may lead to afterwards.
const CANARY: &str = "canary@cages.example";
/// What is said of them.
const SAID: &str = "I met canary@cages.example at the fair.";

fn canary() -> Digest {
    domain::email::digest(CANARY).expect("an address")
}

/// Every text in a value of the table.
fn texts(value: &AttributeValue, found: &mut Vec<String>) {
    match value {
        AttributeValue::S(text) => found.push(text.clone()),
        AttributeValue::L(values) => {
            for value in values {
                texts(value, found);
            }
        }
        AttributeValue::M(values) => {
            for value in values.values() {
                texts(value, found);
            }
        }
        _ => {}
    }
}

impl Archive {
    /// A claim as the partner API makes it: by an address, or by the provider's name of the customer.
    async fn claim(&self, n: u128, partner: &PartnerId, customer: Option<PaymentKey>) -> Claim {
        let world = &self.office.world;
        let naming = match customer {
            Some(_) => Naming::default(),
            None => Naming {
                email: Some(canary()),
                email_sealed: Some(self.sealed(partner.as_str(), EMAIL, CANARY).await),
                order: None,
            },
        };
        let claim = Claim {
            id: ClaimId::from_ulid(n.into()),
            partner: partner.clone(),
            program: world::program(),
            customer,
            naming,
            note: self.sealed(partner.as_str(), EVIDENCE, SAID).await,
            made_at: world.now,
            first: None,
            state: ClaimState::Pending,
        };
        assert_eq!(world.store.create_claim(&world.tenant, &claim, &[]).await.expect("store"), ClaimMade::Yes);
        claim
    }

    async fn kept(&self, claim: &Claim) -> Claim {
        let world = &self.office.world;
        world.store.get_claim(&world.tenant, &claim.id).await.expect("store").expect("a claim")
    }

    /// Every text in the table of record.
    pub(super) async fn texts(&self) -> Vec<String> {
        let database = &self.office.world.database;
        let rows = database.client.scan().table_name(&database.core).send().await.expect("a scan").items;
        let mut found = Vec::new();
        for row in rows.unwrap_or_default() {
            for value in row.values() {
                texts(value, &mut found);
            }
        }
        found
    }

    /// How many values in the table open to the address, for whoever has the key service.
    async fn opening(&self, partner: &PartnerId) -> usize {
        let tenant = self.office.world.tenant.tenant().as_str();
        let mut opening = 0;
        for sealed in self.texts().await.iter().filter_map(|text| text.parse::<Sealed>().ok()) {
            for field in [EMAIL, EVIDENCE] {
                let belongs = Belongs { tenant, subject: partner.as_str(), field };
                let opened = self.sealer.open_text(&belongs, &sealed).await;
                opening += usize::from(opened.is_ok_and(|opened| opened.reveal().contains(CANARY)));
            }
        }
        opening
    }

    /// A customer of whom a provider's events tell alone, under the address.
    async fn told_of(&self, provider: &PaymentKey) {
        let world = &self.office.world;
        let mention = |email| Mention { email, at: world.now, by: world::key("in_9") };
        let (mentions, quiet) = (vec![mention(canary())], vec![mention(Digest::of_bytes(b"quiet"))]);
        let known = Customer { mentions, quiet, version: 1, ..Customer::default() };
        let read = [LeadsRead { email: canary(), version: 0 }];
        let change = CustomerChange { key: provider, before: None, after: Some(&known), relies_on: &read, moves: &[] };
        world.store.record_customer(&world.tenant, &change).await.expect("store");
    }
}

#[tokio::test]
async fn what_a_partner_said_in_claims_is_shown_and_opens_to_nothing_once_they_are_forgotten() {
    let archive = archive().await;
    let world = &archive.office.world;
    let id = archive.partner(83).await;
    let claim = archive.claim(1, &id, None).await;
    let shown = archive.ask("ada", id.as_str(), "export").await.json;
    let said = &shown["records"]["claims"][0];
    assert_eq!((&said["id"], &said["customer_email"]), (&json!(claim.id), &json!(CANARY)));
    assert_eq!((&said["evidence"], archive.opening(&id).await), (&json!(SAID), 2));
    archive.suspend(&id).await;
    let first = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!((first.status, archive.opening(&id).await), (200, 0), "{}", first.text);
    let hash = canary().to_hex();
    assert!(!archive.texts().await.iter().any(|text| text.contains(&hash)), "the address is known again");
    assert_eq!(archive.kept(&claim).await, claim.clone().forget());
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert!(!shown.text.contains(CANARY) && shown.text.contains(claim.id.as_str()), "{}", shown.text);
    let again = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!(again.json["erased_at"], first.json["erased_at"]);
    // Behind the erasure nothing is sealed for them any more.
    let late = Claim { id: ClaimId::from_ulid(2_u128.into()), ..claim };
    assert!(world.store.create_claim(&world.tenant, &late, &[]).await.is_err());
    assert_eq!(archive.opening(&id).await, 0);
    world.verified().await;
}

#[tokio::test]
async fn a_customer_whom_we_do_not_bill_is_shown_and_forgotten_by_the_providers_id_with_the_claims_about_them() {
    let archive = archive().await;
    let world = &archive.office.world;
    let (provider, partner) = (world::key("cus_9"), &world.partner);
    world.earn("in_1", "29.70", Zone::utc().day_of(world.now)).await;
    archive.told_of(&provider).await;
    let by_address = archive.claim(1, partner, None).await;
    let by_name = archive.claim(2, partner, Some(provider.clone())).await;
    let of_another = archive.claim(3, partner, Some(world::key("cus_8"))).await;
    let shown = archive.ask("ada", provider.as_str(), "export").await.json;
    assert_eq!((&shown["kind"], &shown["records"]["provider"]), (&json!("customer"), &json!("stripe:cus_9")));
    assert_eq!(shown["records"]["addresses_known_by_hash"], 2);
    let claims: Vec<&Value> =
        shown["records"]["claims"].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!(claims, [&json!(by_name.id), &json!(by_address.id)]);
    let first = archive.ask("ada", provider.as_str(), "erase").await;
    assert_eq!(first.status, 200, "{}", first.text);
    let left = world.store.get_customer(&world.tenant, &provider).await.expect("store").expect("a tombstone");
    assert_eq!((left.mentions, left.quiet, left.version), (Vec::new(), Vec::new(), 2));
    assert_eq!(world.store.list_waiting_for_lead(&world.tenant, canary()).await.expect("store"), []);
    let hash = canary().to_hex();
    assert!(!archive.texts().await.iter().any(|text| text.contains(&hash)), "the address is known again");
    for claim in [by_address, by_name] {
        assert_eq!(archive.kept(&claim).await, claim.forget());
    }
    assert_eq!(archive.kept(&of_another).await, of_another);
    assert_eq!(archive.opening(partner).await, 1, "what was said of another stays");
    let again = archive.ask("ada", provider.as_str(), "erase").await;
    assert_eq!(again.json["erased_at"], first.json["erased_at"]);
    let told = archive.told(CustomerId::of(&provider).as_str()).await;
    assert_eq!(told, ["privacy.exported", "privacy.erased"]);
    assert_eq!(world.total().await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn a_customer_whom_we_bill_is_one_person_by_our_id_and_by_the_providers() {
    let archive = archive().await;
    let world = &archive.office.world;
    let provider = world::key("cus_9");
    let id = CustomerId::of(&provider);
    let buyer = BillingCustomer {
        email_sealed: archive.sealed(id.as_str(), store::buyers::EMAIL, CANARY).await,
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
    assert_eq!(archive.ask("ada", provider.as_str(), "export").await.json["person"]["email"], CANARY);
    let first = archive.ask("ada", provider.as_str(), "erase").await;
    assert_eq!(first.status, 200, "{}", first.text);
    let shown = archive.ask("ada", id.as_str(), "export").await.json;
    assert_eq!((&shown["person"], &shown["erased_at"]), (&json!({}), &first.json["erased_at"]));
    for what in ["export", "erase", "do-not-sell"] {
        assert_eq!(archive.ask("ada", "stripe:cus_nobody", what).await.status, 404, "{what}");
    }
}
