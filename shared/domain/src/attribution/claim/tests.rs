use super::*;
use crate::role::Role;
use crate::sale::Decision;

fn decided() -> ClaimDecided {
    let by = Actor { role: Role::Admin, id: "usr_1".to_owned(), ip: None, user_agent: None };
    ClaimDecided { by, at: "2026-11-21T12:00:00Z".parse().expect("instant"), reason: "they met at the fair".to_owned() }
}

fn claim(partner: u128) -> Claim {
    Claim {
        id: ClaimId::from_ulid(partner.into()),
        partner: PartnerId::from_ulid(partner.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        customer: PaymentKey::parse("stripe:cus_1").expect("key"),
        note: "my customer".to_owned(),
        made_at: "2026-11-20T12:00:00Z".parse().expect("instant"),
        state: ClaimState::Pending,
    }
}

#[test]
fn an_accepted_claim_gives_the_partner_all_sales_of_the_customer() {
    // ATT-7.
    let (accepted, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    assert_eq!(accepted.state.word(), "accepted");
    let decision = customer.decide("2020-01-01T00:00:00Z".parse().expect("instant"), None);
    let credits: Vec<_> = decision.credits().iter().map(|credit| (credit.partner.clone(), credit.source)).collect();
    assert_eq!(credits, [(claim(1).partner, Source::Claim)]);
}

#[test]
fn two_claims_to_one_customer_cannot_both_be_accepted() {
    let (_, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    let second = claim(2).accept(&customer, decided());
    assert_eq!(second, Err(ClaimRefused::AnothersByClaim { partner: claim(1).partner }));
}

#[test]
fn a_claim_is_decided_once() {
    let (accepted, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    let declined = claim(1).decline(decided()).expect("declined");
    for claim in [accepted, declined] {
        assert_eq!(claim.clone().accept(&customer, decided()).map(|_| ()), Err(ClaimRefused::Decided));
        assert_eq!(claim.decline(decided()), Err(ClaimRefused::Decided));
    }
}

#[test]
fn a_declined_claim_changes_nothing_for_the_customer() {
    let declined = claim(1).decline(decided()).expect("declined");
    assert_eq!(declined.state.word(), "declined");
    assert!(matches!(Customer::default().decide(declined.made_at, None), Decision::Nobody { .. }));
}

#[test]
fn only_another_s_accepted_claim_that_has_not_ended_stands_in_the_way() {
    let given = |source, partner: u128, program: u128, until: Option<&str>| {
        let mut customer = Customer::default();
        customer.assign(Assigned {
            source,
            partner: PartnerId::from_ulid(partner.into()),
            program: ProgramId::from_ulid(program.into()),
            from: Timestamp::UNIX_EPOCH,
            until: until.map(|text| text.parse().expect("instant")),
        });
        claim(1).accept(&customer, decided()).is_ok()
    };
    let ended = Some("2026-01-01T00:00:00Z");
    assert!(!given(Source::Claim, 2, 1, None), "another's");
    assert!(!given(Source::Claim, 1, 2, None), "their own, in another programme");
    assert!(given(Source::Claim, 1, 1, None), "this very one");
    assert!(given(Source::Claim, 2, 1, ended), "one that has ended");
    assert!(given(Source::Managed, 2, 1, None), "an account list");
}
