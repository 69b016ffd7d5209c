//! What is sealed of payees is shown, opened; and what is kept of them follows what became of their payouts.

use cases::desk::Desk;
use cases::desk::adjustments::{self, Wish};
use cases::payees::forms::{self, FormCommand, Taken};
use cases::payees::{Replaced, replace_methods};
use cases::payouts::{Command, Moved, Requested};
use domain::currency::Currency;
use domain::id::{AdjustmentId, LinkId, MethodId, PayoutId, PayoutNoteId, SessionId};
use domain::money::Money;
use domain::payee::{AccountKind, Destination, HolderKind, PayoutMethod, PostalAddress};
use domain::tax::{Classification, FormContent, FormKind, Given, SEALED_AS, Tin, TinKind};
use jiff::SignedDuration;
use store::api_keys::KeyTerms;
use store::links::Link;
use store::payout_notes::PayoutNote;
use store::sign_in::SignInLink;
use store::signed_in::Session;

use super::*;

/// What names the person and may be shown.
const STREET: &str = "1 Analytical Street";
/// What is shown by its ends alone.
const NUMBERS: [&str; 3] = ["400111222", "400-11-1222", "123456789012"];

impl Archive {
    /// The partner gives a W-9.
    async fn with_form(&self, id: &PartnerId) {
        let world = &self.office.world;
        let content = FormContent {
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            business_name: None,
            tin: Some("400111222".to_owned()),
            foreign_tin: None,
            citizenship: None,
            address: PostalAddress {
                line1: STREET.to_owned(),
                line2: None,
                city: "Austin".to_owned(),
                region: Some("TX".to_owned()),
                postal_code: "78701".to_owned(),
                country: "US".to_owned(),
            },
        };
        let plain = serde_json::to_string(&content).expect("JSON");
        let given = Given {
            kind: FormKind::W9,
            classification: Some(Classification::Individual),
            tin: Some(Tin::parse(TinKind::Ssn, "400-11-1222").expect("a number")),
            tin_fingerprint: None,
            content_fingerprint: None,
            country: "US".to_owned(),
            signed_on: Zone::utc().day_of(world.now),
            sealed: self.sealed(id.as_str(), SEALED_AS, &plain).await,
            under: "a request".to_owned(),
        };
        let actor = Actor::new(Role::Partner, id.to_string());
        let command = FormCommand::Submit(Box::new(given));
        let taken = forms::take(&world.store, (&world.tenant, id), None, command, (&actor, world.now)).await;
        assert!(matches!(taken.expect("store"), Taken::Done(_)));
    }

    /// The partner is paid to an account.
    async fn with_account(&self, id: &PartnerId) {
        let world = &self.office.world;
        let method = MethodId::from_ulid(1_u128.into());
        let destination = Destination::Ach {
            holder: "Ada Lovelace".to_owned(),
            holder_kind: HolderKind::Personal,
            routing_number: "021000021".to_owned(),
            account_number: "123456789012".to_owned(),
            account_kind: AccountKind::Checking,
        };
        let plain = serde_json::to_string(&destination).expect("JSON");
        let field = format!("payout_method:{method}");
        let method = PayoutMethod {
            id: method,
            rail: destination.rail(),
            currency: None,
            last_four: destination.last_four(),
            fingerprint: Digest::of_bytes(b"an account"),
            since: world.now,
            set_by: id.to_string(),
            sealed: self.sealed(id.as_str(), &field, &plain).await,
        };
        let wishes = vec![domain::payee::Wish::New(Box::new(method))];
        let actor = Actor::new(Role::Partner, id.to_string());
        let replaced =
            replace_methods(&world.store, (&world.tenant, id), None, wishes, (&actor, world.now)).await.expect("store");
        assert!(matches!(replaced, Replaced::Done(_)));
    }

    async fn with_link(&self, id: &PartnerId) {
        let world = &self.office.world;
        let link = Link {
            id: LinkId::from_ulid(84_u128.into()),
            code: "adas-link".to_owned(),
            partner: id.clone(),
            program: world::program(),
            destination: "https://shop.example/".to_owned(),
            window_days: 30,
            commission_rate: None,
            active: true,
            created_at: world.now,
            details: store::links::LinkDetails::default(),
        };
        world.store.create_link(&world.tenant, &link).await.expect("a link");
    }

    /// The desk notes something beside a payout.
    async fn noted(&self, payout: &PayoutId, n: u128, text: &str) {
        let world = &self.office.world;
        let id = PayoutNoteId::from_ulid(n.into());
        let note =
            PayoutNote { id, payout: payout.clone(), by: "usr_sue".to_owned(), at: world.now, text: text.to_owned() };
        let written = world.store.create_payout_note(&world.tenant, &note).await.expect("store");
        assert_eq!(written, store::Written::Yes);
    }

    /// The world's partner asked for a payout, an admin said no, and nothing is left on the account.
    async fn rejected(&self) -> PayoutId {
        let world = &self.office.world;
        let day = Zone::utc().day_of(world.now);
        world.earn("in_1", "29.70", day).await;
        let Requested::Created(asked) = world.request().await else { panic!("a payout") };
        let id = asked.payout.id;
        let no = Command::Reject { reason: "not yet".to_owned() };
        assert!(matches!(world.command(&id, Role::Admin, "admin", no).await, Moved::Done(_)));
        let actor = Actor::new(Role::Admin, "usr_1");
        let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
        let asked = adjustments::Asked {
            id: AdjustmentId::from_ulid(1_u128.into()),
            partner: world.partner.clone(),
            wish: Wish::Correction { amount: Money::from_minor(-2_970, Currency::USD) },
            reason: "It was a mistake.".to_owned(),
        };
        let moved = adjustments::ask(&desk, &asked).await.expect("store");
        assert!(matches!(moved, adjustments::Moved::Done(_)), "{moved:?}");
        // What was corrected has a slot behind the one that was closed.
        let later = day.plus_days(2).expect("a day");
        cases::closing::close_matured(&world.store, &world.tenant, &world.account(), later).await.expect("closed");
        world.set_status(PartnerStatus::Suspended).await;
        id
    }
}

fn kept(answer: &Answer) -> Vec<&str> {
    let kept = answer.json["kept"].as_array().map(Vec::as_slice).unwrap_or_default();
    kept.iter().filter_map(|one| one["what"].as_str()).collect()
}

#[tokio::test]
async fn whoever_asked_for_a_payout_and_never_got_it_keeps_no_tax_form_here() {
    let archive = archive().await;
    let world = &archive.office.world;
    archive.with_form(&world.partner).await;
    let payout = archive.rejected().await;
    archive.noted(&payout, 1, "Ada, 1 Analytical Street, called").await;
    let erased = archive.ask("ada", world.partner.as_str(), "erase").await;
    assert_eq!((erased.status, kept(&erased)), (200, vec!["audit_origin"]), "{}", erased.text);
    assert_eq!(world.store.get_tax_form(&world.tenant, &world.partner).await.expect("store"), None);
    let again = archive.ask("ada", world.partner.as_str(), "erase").await;
    assert_eq!((again.status, kept(&again)), (200, vec!["audit_origin"]), "{}", again.text);
}

#[tokio::test]
async fn what_the_desk_noted_beside_payouts_is_blanked_with_their_payee_and_who_noted_it_stays() {
    let archive = archive().await;
    let world = &archive.office.world;
    let payout = archive.rejected().await;
    // More than are blanked at once.
    for n in 1..=120 {
        archive.noted(&payout, n, "Ada, 1 Analytical Street, called").await;
    }
    let notes = async || world.store.list_payout_notes(&world.tenant, &payout, None, 500).await.expect("store").items;
    assert_eq!(archive.ask("ada", world.partner.as_str(), "erase").await.status, 200);
    let left = notes().await;
    assert_eq!(left.len(), 120);
    assert!(left.iter().all(|note| note.text.is_empty() && note.by == "usr_sue" && note.at == world.now), "{left:?}");
    assert!(!archive.texts().await.iter().any(|text| text.contains(STREET)));
    // What was noted since goes when it is asked for again.
    archive.noted(&payout, 200, "Ada called again").await;
    assert_eq!(archive.ask("ada", world.partner.as_str(), "erase").await.status, 200);
    assert!(notes().await.iter().all(|note| note.text.is_empty()));
}

#[tokio::test]
async fn the_name_and_address_of_a_form_and_of_a_method_are_shown_and_no_number_whole() {
    let archive = archive().await;
    let id = archive.partner(84).await;
    archive.with_form(&id).await;
    archive.with_account(&id).await;
    archive.with_link(&id).await;
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let records = &shown.json["records"];
    let form = &records["tax_form"];
    assert_eq!((&form["last_name"], &form["address"]["line1"]), (&json!("Lovelace"), &json!(STREET)));
    let method = &records["payout_methods"][0];
    assert_eq!((&method["details"]["holder"], &method["last_four"]), (&json!("Ada Lovelace"), &json!("9012")));
    assert_eq!(records["links"][0]["code"], "adas-link");
    assert_eq!((&records["more_of"], records["programs"][0]["tier"].as_str()), (&json!([]), Some("tier1")));
    for number in NUMBERS {
        assert!(!shown.text.contains(number), "{number} in {}", shown.text);
    }
    let left_out = shown.json["left_out"].as_array().expect("a list");
    assert!(left_out.iter().any(|one| one.as_str().is_some_and(|one| one.contains("Tax forms that gave way"))));
    // Opened or not: that it was is told.
    assert_eq!(archive.told(id.as_str()).await, ["privacy.exported"]);
}

#[tokio::test]
async fn what_was_paid_and_noted_is_shown_with_its_amount() {
    let archive = archive().await;
    let world = &archive.office.world;
    let id = archive.partner(85).await;
    let payout = archive.rejected().await;
    archive.noted(&payout, 1, "Ada called").await;
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert_eq!(shown.json["records"]["payouts"], json!([]), "another's");
    let theirs = archive.ask("ada", world.partner.as_str(), "export").await;
    let paid = &theirs.json["records"]["payouts"][0];
    assert_eq!(
        (&paid["amount"], &paid["currency"], &paid["state"]),
        (&json!("29.70"), &json!("USD"), &json!("rejected"))
    );
    assert_eq!((&paid["notes"][0]["text"], &paid["notes"][0]["noted_by"]), (&json!("Ada called"), &json!("usr_sue")));
}

#[tokio::test]
async fn a_users_sessions_and_keys_are_shown_and_nothing_that_opens_anything() {
    let archive = archive().await;
    let world = &archive.office.world;
    let (store, tenant, id) = (&world.store, &world.tenant, UserId::from_ulid(601_u128.into()));
    let user = User {
        id: id.clone(),
        position: Position::Support,
        state: UserState::Active,
        email: Digest::of_bytes(b"sue"),
        epoch: 0,
        version: 1,
        created_at: world.now,
        changed_at: world.now,
    };
    let kept = KeptUser { user, email_sealed: String::new(), name_sealed: String::new() };
    assert_eq!(store.create_user(tenant, &kept).await.expect("store"), UserCreated::Yes);
    let (link, carried) = (Digest::of_bytes(b"link"), Digest::of_bytes(b"what they carry"));
    let until = world.now + SignedDuration::from_hours(1);
    let asked = SignInLink { user: id.clone(), hash: link, token_sealed: None, asked_at: world.now, expires_at: until };
    store.record_sign_in_link(tenant, &asked).await.expect("store");
    let session = Session {
        id: SessionId::from_ulid(1_u128.into()),
        user: id.clone(),
        epoch: 0,
        hash: carried,
        previous: None,
        form_salt: Digest::ZERO,
        program: "Firefox on Linux".to_owned(),
        created_at: world.now,
        seen_at: world.now,
        idle_until: until,
        absolute_until: until,
        second_factor_at: None,
        ended_at: None,
    };
    assert_eq!(store.begin_session(tenant, &link, &session).await.expect("store"), store::Written::Yes);
    let key = ApiKey {
        id: KeyId::from_ulid(602_u128.into()),
        tenant: tenant.tenant().clone(),
        role: Role::Support,
        subject: id.to_string(),
        name: "their script".to_owned(),
        created_at: world.now,
        revoked_at: None,
        terms: KeyTerms { person: Some((id.clone(), 0)), ..KeyTerms::default() },
    };
    store.create_api_key(tenant, &Digest::of_bytes(b"their key"), &key).await.expect("store");
    let shown = archive.ask("ada", id.as_str(), "export").await;
    let records = &shown.json["records"];
    assert_eq!((&records["sessions"][0]["program"], &records["role"]), (&json!("Firefox on Linux"), &json!("support")));
    let names: Vec<&str> =
        records["api_keys"].as_array().expect("a list").iter().filter_map(|key| key["name"].as_str()).collect();
    assert_eq!(names, ["their script"]);
    assert!(!shown.text.contains(&carried.to_hex()), "{}", shown.text);
}
