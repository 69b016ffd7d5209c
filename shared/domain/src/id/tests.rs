use super::*;

#[test]
fn an_id_reads_back_and_another_prefix_is_refused() {
    let partner = PartnerId::from_ulid(Ulid::from(7_u128));
    assert_eq!(PartnerId::parse(partner.as_str()), Ok(partner.clone()));
    assert!(ProgramId::parse(partner.as_str()).is_err());
    for bad in [
        "par_",
        "par_7",
        "par_00000000000000000000000007 ",
        "par_0000000000000000000000000U",
        "PAR_00000000000000000000000007",
    ] {
        assert!(PartnerId::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_payout_id_names_its_account_and_number() {
    let partner = PartnerId::from_ulid(Ulid::from(7_u128));
    let id = PayoutId::of(&partner, Currency::EUR, 12);
    assert_eq!(PayoutId::parse(id.as_str()), Ok(id.clone()));
    assert_eq!(id.account_and_number(), (partner.clone(), Currency::EUR, 12));
    for bad in ["pay_", "pay_é", "pay_00000000000000000000000007EUR12", "pay_00000000000000000000000007XXX000012"] {
        assert!(PayoutId::parse(bad).is_err(), "{bad}");
    }
    assert!(PayoutId::parse(&PayoutId::of(&partner, Currency::EUR, 1_234_567).to_string()).is_ok());
}

#[test]
fn a_line_id_names_its_sale_and_number() {
    let sale = SaleId::from_ulid(Ulid::from(9_u128));
    let id = LineId::of_sale(&sale, 3);
    assert_eq!(LineId::parse(id.as_str()), Ok(id.clone()));
    assert_eq!(id.origin_and_number(), (Origin::Sale(sale), 3));
    assert!(LineId::parse("com_00000000000000000000000009-03").is_err());
}

#[test]
fn one_payment_is_one_sale_however_often_it_is_told() {
    let key = PaymentKey::parse("stripe:in_1").expect("key");
    assert_eq!(SaleId::of(&key), SaleId::of(&key));
    assert_ne!(SaleId::of(&key), SaleId::of(&PaymentKey::parse("stripe:in_2").expect("key")));
}
