use std::collections::BTreeMap;

use super::*;

fn pointers(settings: &TenantSettings) -> Vec<String> {
    settings.faults().into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn what_is_shipped_says_only_that_it_has_no_name() {
    assert_eq!(pointers(&TenantSettings::default()), ["/name"]);
    let named = TenantSettings { name: "Acme".to_owned(), ..TenantSettings::default() };
    assert_eq!(pointers(&named), Vec::<String>::new());
    assert_eq!(named.sender(), Some("Acme"));
    let other = TenantSettings { mail_sender_name: Some("Acme Partners".to_owned()), ..named };
    assert_eq!(other.sender(), Some("Acme Partners"));
    assert_eq!(TenantSettings::default().sender(), None);
}

#[test]
fn texts_are_one_line_and_limits_are_never_zero() {
    let named = TenantSettings { name: "Acme".to_owned(), ..TenantSettings::default() };
    for text in ["", " Acme", "Acme\r\nBcc: x@example.com", &"x".repeat(101)] {
        let bad = TenantSettings { mail_sender_name: Some(text.to_owned()), ..named.clone() };
        assert_eq!(pointers(&bad), ["/mail_sender_name"], "{text:?}");
    }
    let limits = RateLimits { user_per_15_minutes: 0, admin_per_15_minutes: 1_000_001, ..RateLimits::default() };
    let bad = TenantSettings { rate_limits: limits, ..named };
    assert_eq!(pointers(&bad), ["/rate_limits/user_per_15_minutes", "/rate_limits/admin_per_15_minutes"]);
}

#[test]
fn each_kind_has_a_row_its_word_and_bounds_that_hold() {
    for (kind, least, shipped, most) in RetentionKind::ALL {
        assert!(least <= shipped && shipped <= most, "{kind:?}");
        assert_eq!(serde_json::to_value(kind).expect("json"), kind.word());
        for (days, is_fine) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
            let retention_days = Retention::new(BTreeMap::from([(kind, days)]));
            assert_eq!(retention_days.days_of(kind), days);
            let settings = TenantSettings { name: "Acme".to_owned(), retention_days, ..TenantSettings::default() };
            let expected = if is_fine { vec![] } else { vec![format!("/retention_days/{}", kind.word())] };
            assert_eq!(pointers(&settings), expected, "{days}");
        }
        assert_eq!(Retention::default().days_of(kind), shipped);
    }
    let shipped: BTreeMap<RetentionKind, u32> = RetentionKind::ALL.map(|(kind, _, shipped, _)| (kind, shipped)).into();
    assert_eq!(Retention::default().table(), shipped);
    let from = "2026-11-22T00:00:00Z".parse().expect("an instant");
    let until = "2026-12-22T00:00:00Z".parse().expect("an instant");
    assert_eq!(Retention::default().end_of(RetentionKind::RawEvents, from), until);
    assert_eq!(Retention::default().since(RetentionKind::RawEvents, until), from);
}

#[test]
fn what_is_as_shipped_is_not_kept_and_what_an_older_release_kept_can_be_read() {
    let (kind, _, shipped, _) = RetentionKind::ALL[0];
    assert_eq!(Retention::new(BTreeMap::from([(kind, shipped)])), Retention::default());
    let older: TenantSettings = serde_json::from_str(r#"{"name":"Acme"}"#).expect("older settings");
    assert_eq!(older.rate_limits, RateLimits::default());
    let back: TenantSettings = serde_json::from_str(&older.to_json()).expect("settings");
    assert_eq!(back, older);
}
