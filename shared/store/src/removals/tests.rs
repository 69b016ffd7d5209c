use super::*;

#[test]
fn what_made_a_partner_is_no_history_and_everything_else_is() {
    let rows = [
        ("profile", None),
        ("person", None),
        ("enrolment#prg_1", None),
        ("mark#email#aa", None),
        ("news#00000001", None),
        ("agreed#2026-09", None),
        ("leaving", None),
        ("invited", None),
        ("coupons-listed", None),
        ("link#lnk_1", Some(History::Links)),
        ("coupon#ADA20", Some(History::Coupons)),
        ("user#usr_1", Some(History::Users)),
        ("claim#clm_1", Some(History::Customers)),
        ("claimed#aa", Some(History::Customers)),
        ("managed#stripe:cus_1", Some(History::Customers)),
        ("referred#par_1#prg_1", Some(History::Referrals)),
        ("payout-methods", Some(History::Payee)),
        ("tax-form", Some(History::Payee)),
        ("tax-form#00000001", Some(History::Payee)),
        ("method-notice#mth_1", Some(History::Payee)),
        ("stops", Some(History::Reviews)),
        ("stop#rev_1", Some(History::Reviews)),
        ("something-new", Some(History::Reviews)),
    ];
    for (place, expected) in rows {
        assert_eq!(history_of(place), expected, "{place}");
    }
}
