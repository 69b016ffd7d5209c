//! Leads at the desk: lists, persons, conversions, erasure, figures.

use domain::email::Email;
use domain::lead::address::Address;
use domain::lead::person::{PersonField, PersonPiece, Teller};
use domain::lead::score::{Behaviour, Profile, Score};
use domain::lead::{Capture, Consent, LeadSource};
use edge::aws::Aws;
use edge::sealing::{Belongs, Sealer};

use super::*;

impl Desk {
    fn sealer(&self) -> Sealer {
        let mut reader = Reader::from_map([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", self.stub.endpoint.as_str()),
        ]);
        Sealer::connect(&Aws::from(&mut reader).service(Sdk::Kms), "a key")
    }

    async fn said(&self, capture: Capture, (belongs, person, says): (&Belongs<'_>, &Value, &[PersonField])) {
        let sealed = self.sealer().seal_text(belongs, &person.to_string()).await.expect("sealed").to_string();
        let piece = PersonPiece { says: says.iter().copied().collect(), sealed };
        let said = (&piece, Teller::Page);
        cases::leads::capture(&self.world.store, &self.world.tenant, capture, said).await.expect("captured");
    }

    /// A lead as the door captures it.
    async fn captured(&self, email: &str, source: &str, hours_ago: i64) -> String {
        let at = Timestamp::from_millisecond(self.world.now.as_millisecond() - hours_ago * 3_600_000);
        let at = at.expect("an instant");
        let address = Address::of(&Email::parse(email).expect("an address")).expect("a domain");
        let capture = Capture {
            program: world::program(),
            address,
            takes_mail: None,
            source: LeadSource::parse(source).expect("a source"),
            campaign: Some("=autumn".to_owned()),
            consent: Consent { source: "form".to_owned(), at },
            score: Score::of(&address, &Profile { name: "Ada", ..Profile::default() }, &Behaviour::default()),
            at,
        };
        let id = domain::id::LeadId::of(&capture.program, &address.digest);
        let tenant = TenantId::default_tenant();
        let belongs = Belongs { tenant: tenant.as_str(), subject: id.as_str(), field: store::leads::PERSON };
        let person = json!({"email": email, "name": "Ada", "company": null, "job_title": null, "phone": null});
        self.said(capture, (&belongs, &person, &[PersonField::Email, PersonField::Name])).await;
        id.to_string()
    }
}

/// Four leads, newest first: of engines by ads, of mailinator, of gmail at the fair, of engines at the fair.
async fn told() -> (Desk, [String; 4]) {
    let desk = desk().await;
    let ids = [
        desk.captured("ada@engines.example", "ads", 1).await,
        desk.captured("casey@mailinator.com", "ads", 2).await,
        desk.captured("casey@gmail.com", "fair", 26).await,
        desk.captured("bob@engines.example", "fair", 24 * 40).await,
    ];
    (desk, ids)
}

#[tokio::test]
async fn leads_are_listed_newest_first_filtered_paged_and_without_what_is_personal() {
    let (desk, ids) = told().await;
    let program = world::program();
    for (query, expected) in [
        ("", vec![0, 1, 2, 3]),
        ("source=ADS", vec![0, 1]),
        ("state=rejected", vec![1]),
        ("state=scored&source=fair", vec![2, 3]),
        ("state=erased", vec![]),
        (&format!("program_id={program}"), vec![0, 1, 2, 3]),
        ("program_id=prg_00000000000000000000000009", vec![]),
    ] {
        for limit in [1, 3, 100] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            for _ in 0..9 {
                let page = desk.get("sue", &format!("/leads?{query}&limit={limit}{cursor}")).await;
                assert!(!page.text.contains('@'), "{}", page.text);
                seen.extend(page.rows(&["id"]));
                let Some(next) = page.json["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>(), "{query} {limit}");
        }
    }
    let csv = desk.get("aud", "/leads?format=csv").await.text;
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains("'=autumn"), "a cell that a spreadsheet would run is quoted: {csv}");
    for bad in ["limit=0", "state=open", "source=a%20b", "program_id=x", "cursor=eA", "who=me"] {
        assert_eq!(desk.get("sue", &format!("/leads?{bad}")).await.told(), (400, "bad-request"), "{bad}");
    }
}

#[tokio::test]
async fn a_lead_is_read_with_its_person_its_consent_and_the_reasons_of_its_score() {
    let (desk, ids) = told().await;
    let lead = desk.get("sue", &format!("/leads/{}", ids[0])).await;
    assert_eq!(lead.status, 200, "{lead:?}");
    assert_eq!((&lead.json["email"], &lead.json["name"]), (&json!("ada@engines.example"), &json!("Ada")));
    let reasons: Vec<_> =
        lead.json["score_reasons"].as_array().expect("reasons").iter().map(|one| &one["code"]).collect();
    assert_eq!((&lead.json["score"], reasons), (&json!(25), vec![&json!("business_address"), &json!("named")]));
    assert_eq!((&lead.json["consent"]["source"], &lead.json["converted"]), (&json!("form"), &json!(false)));
    let rejected = desk.get("sue", &format!("/leads/{}", ids[1])).await;
    assert_eq!(rejected.json["rejection_reason"], json!("disposable_address"));
    for nobodys in ["led_1", "led_00000000000000000000000009"] {
        assert_eq!(desk.get("sue", &format!("/leads/{nobodys}")).await.status, 404, "{nobodys}");
    }
}

#[tokio::test]
async fn a_person_converts_a_lead_once_and_what_has_ended_stays_ended() {
    let (desk, ids) = told().await;
    let path = format!("/leads/{}/convert", ids[0]);
    for n in 0..2 {
        let converted = desk.post("sue", &path, Value::Null).await;
        assert_eq!((converted.status, &converted.json["state"]), (200, &json!("converted")), "{n}: {converted:?}");
        assert_eq!(converted.json["converted_by"], json!("person"));
    }
    assert_eq!(desk.post("ada", &path, Value::Null).await.told(), (409, "wrong-state"));
    assert_eq!(desk.post("ada", &format!("/leads/{}/convert", ids[1]), Value::Null).await.told(), (409, "wrong-state"));
    let trail = desk.world.store.list_audit(&desk.world.tenant, &ids[0]).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["lead.converted"]);
    assert_eq!(trail[0].actor.id, "usr_sue");
}

#[tokio::test]
async fn an_erased_lead_names_nobody_and_its_counts_stay() {
    let (desk, ids) = told().await;
    let path = format!("/leads/{}", ids[0]);
    let before = desk.get("sue", "/leads/analytics").await.json;
    assert_eq!(desk.ask("sue", "DELETE", &path, Value::Null, Some("no")).await.status, 403);
    for key in ["one", "one", "two"] {
        assert_eq!(desk.ask("ada", "DELETE", &path, Value::Null, Some(key)).await.status, 204, "{key}");
    }
    assert_eq!(desk.ask("bob", "DELETE", &path, Value::Null, Some("three")).await.told(), (409, "wrong-state"));
    let erased = desk.get("sue", &path).await;
    assert_eq!((&erased.json["state"], &erased.json["email"]), (&json!("erased"), &Value::Null), "{erased:?}");
    assert!(!erased.text.contains("engines"));
    assert_eq!(desk.get("sue", "/leads/analytics").await.json, before);
    // Erased, it is not found by its address any more: whoever pays under it converts nobody.
    let email = domain::email::digest("ada@engines.example").expect("an address");
    let paid = (None, desk.world.now);
    assert_eq!(cases::leads::pay(&desk.world.store, &desk.world.tenant, email, paid).await.expect("store"), 0);
}

#[tokio::test]
async fn the_figures_are_of_those_who_were_captured_in_the_span_in_all_and_by_source() {
    let (desk, _) = told().await;
    let (store, tenant, now) = (&desk.world.store, &desk.world.tenant, desk.world.now);
    let email = domain::email::digest("casey@gmail.com").expect("an address");
    assert_eq!(cases::leads::pay(store, tenant, email, (None, now)).await.expect("store"), 1);
    assert_eq!(cases::leads::pay(store, tenant, email, (None, now)).await.expect("store"), 0, "once");
    let told = desk.get("aud", "/leads/analytics").await.json;
    assert_eq!((&told["leads_captured"], &told["converted"], &told["rejected"]), (&json!(3), &json!(1), &json!(1)));
    assert_eq!((&told["conversion_rate"], &told["avg_time_to_convert"]), (&json!("0.3333"), &json!("1.08")));
    let sources: Vec<_> = told["by_source"].as_array().expect("rows").iter().map(|row| &row["source"]).collect();
    assert_eq!(sources, [&json!("ads"), &json!("fair")]);
    assert_eq!(told["by_source"][0]["avg_time_to_convert"], Value::Null);
    let long = desk.get("aud", "/leads/analytics?from=2026-01-01").await.json;
    assert_eq!(long["leads_captured"], json!(4));
    let none = desk.get("aud", "/leads/analytics?from=2025-12-01&to=2025-12-31").await.json;
    assert_eq!((&none["leads_captured"], &none["conversion_rate"]), (&json!(0), &Value::Null));
    let csv = desk.get("aud", "/leads/analytics?format=csv").await.text;
    assert_eq!(csv.lines().last(), Some("(all),3,0,1,1,0,0.3333,1.08"));
    for bad in ["from=x", "program_id=x"] {
        assert_eq!(desk.get("aud", &format!("/leads/analytics?{bad}")).await.told(), (400, "bad-request"), "{bad}");
    }
    for bad in ["from=2026-11-22&to=2026-11-21", "from=2025-01-01"] {
        assert_eq!(desk.get("aud", &format!("/leads/analytics?{bad}")).await.told(), (422, "unprocessable"), "{bad}");
    }
}

#[tokio::test]
async fn leads_are_for_the_tenants_own_desk() {
    let (desk, ids) = told().await;
    let (one, convert) = (format!("/leads/{}", ids[0]), format!("/leads/{}/convert", ids[0]));
    for who in ["partner", "member", "machine", "operator"] {
        for path in ["/leads", "/leads/analytics", &one] {
            assert_eq!(desk.get(who, path).await.status, 403, "{who} {path}");
        }
        assert_eq!(desk.post(who, &convert, Value::Null).await.status, 403, "{who}");
    }
    assert_eq!(desk.post("aud", &convert, Value::Null).await.status, 403);
    assert_eq!(desk.get("nobody", "/leads").await.status, 401);
    // API-8: another tenant's leads are not there.
    assert_eq!(desk.get(FOREIGN, "/leads").await.rows(&["id"]), Vec::<String>::new());
    assert_eq!(desk.get(FOREIGN, "/leads/analytics").await.json["leads_captured"], json!(0));
    assert_eq!(desk.get(FOREIGN, &one).await.status, 404);
    assert_eq!(desk.post(FOREIGN, &convert, Value::Null).await.status, 404);
    assert_eq!(desk.ask(FOREIGN, "DELETE", &one, Value::Null, Some("theirs")).await.status, 404);
}

#[tokio::test]
async fn what_several_forms_said_of_a_person_is_read_as_one() {
    // REV-2
    let desk = desk().await;
    let id = desk.captured("ada@engines.example", "ads", 2).await;
    let lead_id = domain::id::LeadId::parse(&id).expect("an id");
    let lead = desk.world.store.get_lead(&desk.world.tenant, &lead_id).await.expect("store").expect("a lead").lead;
    let address = Address::of(&Email::parse("ada@engines.example").expect("an address")).expect("a domain");
    let capture = Capture {
        program: lead.program,
        address,
        takes_mail: None,
        source: lead.source,
        campaign: None,
        consent: lead.consent,
        score: lead.score,
        at: desk.world.now,
    };
    let tenant = TenantId::default_tenant();
    let belongs = Belongs { tenant: tenant.as_str(), subject: &id, field: store::leads::PERSON };
    let person = json!({"email": "Ada@engines.example", "name": null, "company": "Engines Ltd", "phone": "+44 1"});
    desk.said(capture, (&belongs, &person, &[PersonField::Email, PersonField::Company, PersonField::Phone])).await;
    let read = desk.get("sue", &format!("/leads/{id}")).await.json;
    let told = ["email", "name", "company", "phone", "job_title"].map(|field| read[field].as_str());
    assert_eq!(told, [Some("ada@engines.example"), Some("Ada"), Some("Engines Ltd"), Some("+44 1"), None]);
    assert_eq!(desk.ask("ada", "DELETE", &format!("/leads/{id}"), Value::Null, Some("k")).await.status, 204);
    let erased = desk.get("sue", &format!("/leads/{id}")).await;
    assert!(!erased.text.contains("Engines") && !erased.text.contains("+44"), "{erased:?}");
}
