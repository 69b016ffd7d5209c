use super::*;

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn partner() -> PartnerId {
    PartnerId::from_ulid(7_u128.into())
}

/// The published shapes: a change here is a change of a contract between functions of two releases.
#[test]
fn the_published_shapes_stay_as_they_are() {
    let payout = PayoutId::of(&partner(), Currency::USD, 1);
    let report = ReportId::of(&tenant(), "payout_receipt", payout.as_str());
    let day = BusinessDay::parse("2026-11-21").expect("day");
    let messages = [
        serde_json::to_string(&FactReceived {
            v: VERSION,
            tenant: tenant(),
            provider: "stripe".to_owned(),
            day: "20261121".to_owned(),
            event_id: "evt_1".to_owned(),
            correlation_id: "c".to_owned(),
        }),
        serde_json::to_string(&VisitDue {
            v: VERSION,
            tenant: tenant(),
            partner: partner(),
            currency: Currency::USD,
            business_date: day,
            run: RunId::of(&tenant(), day),
            program: None,
            recompute: None,
        }),
        serde_json::to_string(&NoticeDue {
            v: VERSION,
            tenant: tenant(),
            notice: NoticeId::of(&tenant(), "receipt_ready", payout.as_str()),
            kind: "receipt_ready".to_owned(),
            payout: Some(payout.clone()),
            report: Some(report.clone()),
            reminder: None,
            methods: None,
            sign_in: None,
            news: None,
            authenticator: None,
        }),
        serde_json::to_string(&ReportWanted {
            v: VERSION,
            tenant: tenant(),
            report,
            kind: "payout_receipt".to_owned(),
            payout,
        }),
    ];
    let told: Vec<String> = messages.into_iter().map(|message| message.expect("JSON")).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_shape_that_has_grown_is_still_read() {
    let later = r#"{"v":1,"tenant":"ten_00000000000000000000000000","provider":"stripe","day":"20261121","event_id":"evt_1","correlation_id":"c","new_field":true}"#;
    assert!(serde_json::from_str::<FactReceived>(later).is_ok());
}
