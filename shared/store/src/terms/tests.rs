use domain::attribution::Source;
use domain::time::Timestamp;

use crate::partners::{Enrolment, Partner, PartnerStatus};
use crate::people::Person;
use domain::id::TenantId;
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

#[tokio::test]
async fn a_decision_takes_the_terms_of_its_time_and_partners_who_stay_keep_theirs() {
    // COM-11, COM-5
    let store = store().await;
    let at: Timestamp = "2026-11-01T00:00:00Z".parse().expect("instant");
    let partner = PartnerId::from_ulid(Ulid::from(1_u128));
    let program = ProgramId::from_ulid(Ulid::from(1_u128));
    let profile = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: at };
    let person = Person { email_sealed: "e".to_owned(), name_sealed: "n".to_owned(), recorded_at: at };
    let enrolment = Enrolment { program: program.clone(), tier: Tier::Tier2, enrolled_at: at };
    store.create_partner(&tenant(), &profile, &person, &enrolment).await.expect("made");
    let credit = Credit {
        partner: partner.clone(),
        program: program.clone(),
        link: None,
        source: Source::Managed,
        clicked_at: None,
        weight: 1,
        terms: PartnerTerms::default(),
    };
    let mut decision = Decision::one(credit);
    store.fill_terms(&tenant(), &mut decision, &[]).await.expect("filled");
    assert_eq!(decision.credits()[0].terms, PartnerTerms { tier: Tier::Tier2, ..PartnerTerms::default() });
    let referrer = PartnerId::from_ulid(Ulid::from(9_u128));
    let profile = Partner { id: referrer.clone(), ..profile };
    let enrolment = Enrolment { program: ProgramId::from_ulid(Ulid::from(2_u128)), ..enrolment };
    store.create_partner(&tenant(), &profile, &person, &enrolment).await.expect("made");
    let terms = EnrolmentTerms { tier: Tier::Tier3, groups: vec!["gold".to_owned()], referrer: Some(referrer.clone()) };
    assert_eq!(store.set_terms(&tenant(), &partner, &program, &terms).await.expect("set"), Written::Yes);
    let before = decision.credits().to_vec();
    store.fill_terms(&tenant(), &mut decision, &before).await.expect("filled");
    assert_eq!(decision.credits(), before);
    store.fill_terms(&tenant(), &mut decision, &[]).await.expect("filled");
    let expected =
        PartnerTerms { tier: Tier::Tier3, groups: vec!["gold".to_owned()], link_rate: None, referrer: Some(referrer) };
    assert_eq!(decision.credits()[0].terms, expected);
    assert_eq!(
        store.set_terms(&tenant(), &referrer_of(&expected), &program, &terms).await.expect("answered"),
        Written::ConditionFailed
    );
    let itself = EnrolmentTerms { referrer: Some(partner.clone()), ..EnrolmentTerms::default() };
    store.set_terms(&tenant(), &partner, &program, &itself).await.expect("set");
    let read = store.get_terms(&tenant(), &partner, &program, None).await.expect("read");
    assert_eq!(read, PartnerTerms::default());
}

#[tokio::test]
async fn whoever_is_named_as_referrer_and_is_not_there_is_nobody() {
    // COM-13: a share would be booked to an account that nobody walks and nobody can be paid from.
    let store = store().await;
    let at: Timestamp = "2026-11-01T00:00:00Z".parse().expect("instant");
    let partner = PartnerId::from_ulid(Ulid::from(1_u128));
    let program = ProgramId::from_ulid(Ulid::from(1_u128));
    let profile = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: at };
    let person = Person { email_sealed: "e".to_owned(), name_sealed: "n".to_owned(), recorded_at: at };
    let enrolment = Enrolment { program: program.clone(), tier: Tier::Tier1, enrolled_at: at };
    store.create_partner(&tenant(), &profile, &person, &enrolment).await.expect("made");
    let gone = PartnerId::from_ulid(Ulid::from(9_u128));
    let terms = EnrolmentTerms { referrer: Some(gone), ..EnrolmentTerms::default() };
    assert_eq!(store.set_terms(&tenant(), &partner, &program, &terms).await.expect("set"), Written::Yes);
    let read = store.get_terms(&tenant(), &partner, &program, None).await.expect("read");
    assert_eq!(read.referrer, None);
}

fn referrer_of(terms: &PartnerTerms) -> PartnerId {
    terms.referrer.clone().expect("one")
}
