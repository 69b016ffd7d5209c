use super::*;

#[test]
fn every_scope_is_read_back_and_none_that_needs_a_person_is() {
    for scope in Scope::all() {
        assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
    }
    for (text, why) in [
        ("payouts:write", NotAScope::NeedsAPerson),
        ("commissions:write", NotAScope::NeedsAPerson),
        ("programs:write", NotAScope::NeedsAPerson),
        ("risk:write", NotAScope::NeedsAPerson),
        ("members:write", NotAScope::NeedsAPerson),
        ("users:read", NotAScope::Unknown),
        ("leads:Read", NotAScope::Unknown),
        ("leads", NotAScope::Unknown),
        ("*:write", NotAScope::Unknown),
    ] {
        assert_eq!(Scope::parse(text), Err(why), "{text}");
    }
}

#[test]
fn a_path_has_the_area_of_its_longest_row_and_what_is_in_no_row_has_none() {
    for (path, area) in [
        ("/v1/track/sale", Some(Area::Track)),
        ("/v1/partners", Some(Area::Partners)),
        ("/v1/partners/par_1/payout-method", Some(Area::Payouts)),
        ("/v1/partners/par_1/tax-form", Some(Area::Payouts)),
        ("/v1/partners/par_1/tax-form/accept", Some(Area::Payouts)),
        ("/v1/partners/par_1/tax-form/withdraw", Some(Area::Payouts)),
        ("/v1/partners/par_1/tax-formx", Some(Area::Partners)),
        ("/v1/partners//tax-form", Some(Area::Partners)),
        ("/v1/claims", Some(Area::Partners)),
        ("/v1/claims/clm_1", Some(Area::Partners)),
        ("/v1/claims/clm_1/accept", Some(Area::Commissions)),
        ("/v1/partners/revenue/payouts", Some(Area::Payouts)),
        ("/v1/partners/revenue/commissions/com_1", Some(Area::Commissions)),
        ("/v1/revenue/payouts/pay_1/approve", Some(Area::Payouts)),
        ("/v1/revenue/payoutsx", Some(Area::Commissions)),
        ("/v1/revenue/adjustments", Some(Area::Commissions)),
        ("/v1/programsx", None),
        ("/v1/users", None),
        ("/v1/api-keys", None),
        ("/v1/auth/session", None),
        ("/v1/settings", None),
        ("/", None),
    ] {
        assert_eq!(Area::of_path(path), area, "{path}");
    }
}

/// API-4: these decide about money. Found open to machines once; never again.
#[test]
fn no_machine_writes_a_rule_or_decides_whose_money_it_is() {
    for path in [
        "/v1/achievements",
        "/v1/achievements/ach_1",
        "/v1/groups",
        "/v1/groups/grp_1",
        "/v1/programs/prg_1/rules",
        "/v1/partners/par_1/enrolments",
        "/v1/partners/par_1/enrolments/prg_1",
        "/v1/partners/par_1/accounts",
        "/v1/partners/par_1/accounts/stripe:cus_1",
        "/v1/partners/par_1/users",
        "/v1/partners/par_1/users/usr_1",
        "/v1/partners/par_1/approve",
        "/v1/partners/par_1/reinstate",
        "/v1/partners/par_1/payout-method",
        "/v1/partners/par_1/tax-form",
        "/v1/partners/par_1/tax-form/accept",
        "/v1/partners/par_1/tax-form/withdraw",
        "/v1/claims/clm_1/accept",
        "/v1/claims/clm_1/decline",
        "/v1/revenue/payouts/pay_1/approve",
    ] {
        let needed = Scope::needed("POST", path);
        assert!(needed.is_none_or(|scope| !scope.is_for_machines()), "{path}: {needed:?}");
    }
}

/// API-4: within an area, and a person's all the same; what stands beside them is not.
#[test]
fn no_scope_opens_what_within_an_area_is_a_persons() {
    for (method, path) in [
        ("GET", "/v1/partners/par_1/users"),
        ("HEAD", "/v1/partners/par_1/users"),
        ("DELETE", "/v1/partners/par_1/users/usr_1"),
        ("DELETE", "/v1/partners/par_1"),
        ("POST", "/v1/partners/par_1/terms"),
        ("POST", "/v1/coupons/ADA20/retry"),
        ("GET", "/v1/reports/tax-forms/2026/files/1099-nec-001"),
        ("HEAD", "/v1/reports/tax-forms/2026/files/1099-nec-001"),
        ("GET", "/v1/revenue/payouts/pay_1/instructions"),
    ] {
        assert_eq!(Scope::needed(method, path), None, "{method} {path}");
    }
    for (method, path, scope) in [
        ("GET", "/v1/partners/par_1", "partners:read"),
        ("PATCH", "/v1/partners/par_1", "partners:write"),
        ("DELETE", "/v1/coupons/ADA20", "partners:write"),
        ("POST", "/v1/coupons", "partners:write"),
        ("GET", "/v1/reports/tax-forms/2026/rows", "payouts:read"),
    ] {
        let needed = Scope::needed(method, path).map(|scope| scope.to_string());
        assert_eq!(needed.as_deref(), Some(scope), "{method} {path}");
    }
}

/// Every operation of the API beside what it opens for: whoever adds one sees here what a machine may do with it.
#[test]
fn every_operation_opens_for_the_scope_that_was_decided() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let text = std::fs::read_to_string(document).expect("docs/openapi.json");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut rows = Vec::new();
    for (path, operations) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            if operations.get(method).is_none() {
                continue;
            }
            let scope = Scope::needed(&method.to_ascii_uppercase(), path).filter(|scope| scope.is_for_machines());
            let scope = scope.map_or_else(|| "a person".to_owned(), |scope| scope.to_string());
            rows.push(format!("{path} {method}: {scope}"));
        }
    }
    rows.sort_unstable();
    insta::assert_snapshot!(rows.join("\n"));
}
