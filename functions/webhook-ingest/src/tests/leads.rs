//! Leads from forms: what a page may leave, what is kept of it, and what is not told.

use domain::digest::Digest;
use domain::fact::Fact;
use domain::id::{KeyId, LeadId, ProgramId, RuleId};
use domain::lead::{Lead, LeadState};
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::time::{Timestamp, Zone};
use edge::auth::{hash_of, mint_from};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use store::api_keys::ApiKey;
use store::leads::{PERSON, StoredLead};
use store::programs::Program;

use super::*;

fn program(n: u128) -> ProgramId {
    ProgramId::from_ulid(n.into())
}

fn seed_of(tenant: &TenantId, role: Role, subject: &str) -> Digest {
    Digest::of(&[tenant.as_str().as_bytes(), role.word().as_bytes(), subject.as_bytes()])
}

fn key_id(tenant: &TenantId, role: Role, subject: &str) -> KeyId {
    KeyId::from_ulid(seed_of(tenant, role, subject).to_ulid())
}

fn other_tenant() -> TenantId {
    TenantId::from_ulid(2_u128.into())
}

impl World {
    /// A programme, as a tenant has set it up.
    async fn furnish(&self, tenant: &TenantId, id: ProgramId, allowed_hosts: &[&str]) {
        let at = "2026-01-01T00:00:00Z".parse().expect("a time");
        let program = Program {
            id: id.clone(),
            name: "Programme".to_owned(),
            currency: domain::currency::Currency::USD,
            zone: Zone::utc(),
            window_days: 30,
            hold_days: 30,
            close_lag_days: 3,
            attribution: Default::default(),
            allowed_hosts: allowed_hosts.iter().map(|host| (*host).to_owned()).collect(),
            created_at: at,
        };
        let reward = Reward::Percentage(Rate::parse("0.3").expect("a rate"));
        let rule = RuleVersion::simple(RuleId::from_ulid(id.ulid()), id, at, reward, 30);
        self.store.create_program(&TenantKey::from(tenant), &program, &rule).await.expect("stored");
    }

    /// A key of a role, for a subject.
    async fn key_of(&self, tenant: &TenantId, role: Role, subject: &str) -> String {
        let seed = seed_of(tenant, role, subject);
        let text = mint_from(tenant, seed.as_bytes());
        let key = ApiKey {
            id: key_id(tenant, role, subject),
            tenant: tenant.clone(),
            role,
            subject: subject.to_owned(),
            name: "test".to_owned(),
            created_at: NOW.parse().expect("a time"),
            revoked_at: None,
            terms: Default::default(),
        };
        self.store.create_api_key(&TenantKey::from(tenant), &hash_of(text.reveal()), &key).await.expect("stored");
        text.reveal().clone()
    }

    async fn leave(&self, key: &str, origin: Option<&str>, body: &Value) -> (StatusCode, Value) {
        let mut request = Request::post("/v1/revenue/leads").header("content-type", "application/json");
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        self.answer(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// The same from an address, as the gateway tells it.
    async fn leave_from(&self, address: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/v1/revenue/leads")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {key}"));
        let mut request = request.body(Body::from(body.to_string())).expect("a request");
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.http.source_ip = Some(address.to_owned());
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        self.answer(request).await
    }

    async fn lead(&self, tenant: &TenantId, id: &str) -> Option<StoredLead> {
        let id = LeadId::parse(id).expect("an id");
        self.store.get_lead(&TenantKey::from(tenant), &id).await.expect("store")
    }

    async fn person(&self, tenant: &TenantId, stored: &StoredLead) -> Value {
        let sealer = Sealer::connect(&self.aws.service(Service::Kms), "k");
        let belongs = Belongs { tenant: tenant.as_str(), subject: stored.lead.id.as_str(), field: PERSON };
        let mut told = serde_json::Map::new();
        // As the desk reads them: the first that says a field is believed.
        for piece in &stored.person {
            let sealed: Sealed = piece.sealed.parse().expect("a sealed value");
            let opened = sealer.open_text(&belongs, &sealed).await.expect("opens");
            let said: serde_json::Map<String, Value> = serde_json::from_str(opened.reveal()).expect("JSON");
            let said: Vec<_> = said.into_iter().filter(|(_, value)| !value.is_null()).collect();
            assert_eq!(said.len(), piece.says.len());
            for (field, value) in said {
                told.entry(field).or_insert(value);
            }
        }
        Value::Object(told)
    }
}

/// A world with a programme and the key that stands in its pages.
async fn published() -> (World, String) {
    let world = World::new().await;
    let tenant = TenantId::default_tenant();
    world.furnish(&tenant, program(1), &["shop.example"]).await;
    let key = world.key_of(&tenant, Role::Publishable, program(1).as_str()).await;
    (world, key)
}

fn form() -> Value {
    json!({
        "email": "Ada+news@Engines.example", "source": "Pricing-Page", "campaign": "autumn",
        "consent": {"given": true, "source": "pricing form"},
        "name": "Ada", "company": "Engines Ltd", "job_title": "Founder",
        "behavior": {"pages_viewed": 4, "viewed_pricing": true},
    })
}

#[tokio::test]
async fn a_page_leaves_a_lead_that_is_scored_sealed_and_counted() {
    // REV-2
    let (world, key) = published().await;
    let (status, answer) = world.leave(&key, Some("https://shop.example"), &form()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let tenant = TenantId::default_tenant();
    let stored = world.lead(&tenant, answer["lead_id"].as_str().expect("an id")).await.expect("a lead");
    let lead = &stored.lead;
    assert_eq!((lead.source.as_str(), lead.campaign.as_deref(), lead.captures), ("pricing-page", Some("autumn"), 1));
    assert_eq!((lead.score.points(), &lead.state), (69, &LeadState::Qualified));
    assert_eq!((lead.consent.source.as_str(), lead.consent.at.to_string().as_str()), ("pricing form", NOW));
    let person = world.person(&tenant, &stored).await;
    assert_eq!((&person["email"], &person["name"]), (&json!("Ada+news@Engines.example"), &json!("Ada")));
    let raw = &stored.person[0].sealed;
    assert!(!raw.contains("Engines") && !format!("{lead:?}").contains('@'), "personal data is sealed");
    assert_eq!(world.sent().len(), 0, "no click brought it, and a page's word earns nobody anything");
}

#[tokio::test]
async fn a_score_is_worth_a_reward_by_a_servers_word_and_never_by_a_pages() {
    // REV-6: anybody can read the key of a page, and leave as many good looking addresses as they like.
    let (world, page) = published().await;
    let tenant = TenantId::default_tenant();
    let server = world.key_of(&tenant, Role::Service, "usr_s").await;
    for (key, email, is_paid_for) in [(page, "ada@engines.example", false), (server, "bob@engines.example", true)] {
        let mut told = form();
        told["email"] = json!(email);
        told["program_id"] = json!(program(1));
        told["click_token"] = json!("a token");
        let (status, answer) = world.leave(&key, None, &told).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let lead = world.lead(&tenant, answer["lead_id"].as_str().expect("an id")).await.expect("a lead").lead;
        assert_eq!(lead.state, LeadState::Qualified);
        // The recorder hears of it, without the address.
        let message = world.sent().last().expect("told").clone();
        let place = ("track", message.day.as_str(), message.event_id.as_str());
        let kept = world.stored_of(&tenant, place).await.expect("stored");
        let fact: Fact = serde_json::from_slice(&world.opened(&kept).await).expect("a fact");
        let Fact::Lead(told) = fact else { panic!("a lead") };
        assert_eq!((told.is_qualified, Some(told.email)), (is_paid_for, lead.email), "{email}");
    }
}

#[tokio::test]
async fn the_same_address_is_one_lead_and_the_answer_does_not_tell_that_it_was_known() {
    let (world, key) = published().await;
    let first = world.leave(&key, None, &form()).await;
    let mut again = form();
    again["email"] = json!("ada@engines.example");
    again["source"] = json!("footer");
    let second = world.leave(&key, None, &again).await;
    assert_eq!(first, second);
    let id = first.1["lead_id"].as_str().expect("an id").to_owned();
    let stored = world.lead(&TenantId::default_tenant(), &id).await.expect("a lead");
    assert_eq!((stored.version, stored.lead.captures, stored.lead.source.as_str()), (2, 1, "pricing-page"));
}

#[tokio::test]
async fn a_lead_that_came_by_a_click_is_told_for_attribution_and_a_plain_poor_one_is_not() {
    let (world, key) = published().await;
    let poor = json!({"email": "casey@gmail.com", "source": "footer", "consent": {"given": true, "source": "footer"}});
    assert_eq!(world.leave(&key, None, &poor).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.sent().len(), 0);
    let mut clicked = poor.clone();
    clicked["click_token"] = json!("a token");
    for _ in 0..2 {
        assert_eq!(world.leave(&key, None, &clicked).await.0, StatusCode::ACCEPTED);
    }
    let sent = world.sent();
    assert_eq!((sent.len(), &sent[0].event_id), (2, &sent[1].event_id), "sent twice, it is one event");
    world.set_queue_away(true);
    assert_eq!(world.leave(&key, None, &clicked).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_address_to_throw_away_is_answered_alike_and_kept_as_rejected() {
    let (world, key) = published().await;
    let mut body = form();
    body["email"] = json!("casey@mailinator.com");
    let (status, answer) = world.leave(&key, None, &body).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let id = answer["lead_id"].as_str().expect("an id").to_owned();
    let stored = world.lead(&TenantId::default_tenant(), &id).await.expect("a lead");
    assert_eq!(stored.lead.state.word(), "rejected");
    assert_eq!(world.sent().len(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_pointer_and_nothing_is_kept() {
    let (world, key) = published().await;
    let with = |pointer: &str, value: Value| {
        let mut body = form();
        *body.pointer_mut(pointer).expect("a field of the form") = value;
        body
    };
    let rows = [
        (with("/email", json!("ada")), "/email", 400),
        (with("/email", json!("ada@localhost")), "/email", 400),
        (with("/email", json!(7)), "/email", 400),
        (with("/source", json!("two words")), "/source", 400),
        (with("/source", json!("")), "/source", 400),
        (with("/campaign", json!("x".repeat(201))), "/campaign", 400),
        (with("/name", json!("A\u{7}da")), "/name", 400),
        (with("/consent/given", json!(false)), "/consent/given", 422),
        (with("/consent/source", json!("")), "/consent/source", 400),
        (with("/consent", json!({"given": true, "source": "x", "at": "2030-01-01T00:00:00Z"})), "/consent/at", 422),
        (with("/consent", Value::Null), "/consent", 400),
        (with("/behavior/pages_viewed", json!(-1)), "/behavior/pages_viewed", 400),
        (with("/behavior", json!({"clicks": 1})), "/behavior/clicks", 400),
        (json!({"source": "x", "consent": {"given": true, "source": "x"}}), "/email", 400),
    ];
    for (body, pointer, expected) in rows {
        let (status, answer) = world.leave(&key, None, &body).await;
        assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (expected, &json!(pointer)), "{answer}");
    }
    let leads = world.store.list_leads(&TenantKey::from(&TenantId::default_tenant()), 10, None).await.expect("store");
    assert_eq!(leads.items.len(), 0);
}

#[tokio::test]
async fn a_publishable_key_leaves_leads_with_its_own_programme_and_opens_nothing_else() {
    // API-4
    let (world, key) = published().await;
    let tenant = TenantId::default_tenant();
    world.furnish(&tenant, program(2), &[]).await;
    let mut elsewhere = form();
    elsewhere["program_id"] = json!(program(2));
    assert_eq!(world.leave(&key, None, &elsewhere).await.0, StatusCode::FORBIDDEN);
    let request = Request::post("/v1/track/sale")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    let sale = json!({"event_id": "s", "amount": "1.00", "currency": "EUR"});
    let (status, _) = world.answer(request.body(Body::from(sale.to_string())).expect("a request")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(world.leave("", None, &form()).await.0, StatusCode::UNAUTHORIZED);
    for role in [Role::Partner, Role::Member, Role::Support, Role::Auditor, Role::FinanceManager, Role::Operator] {
        let key = world.key_of(&tenant, role, "usr_x").await;
        assert_eq!(world.leave(&key, None, &elsewhere).await.0, StatusCode::FORBIDDEN, "{role}");
    }
    // A server says which programme, and one that is there.
    let server = world.key_of(&tenant, Role::Service, "usr_s").await;
    assert_eq!(world.leave(&server, None, &elsewhere).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.leave(&server, None, &form()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    elsewhere["program_id"] = json!(program(9));
    assert_eq!(world.leave(&server, None, &elsewhere).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn leads_of_one_tenant_are_not_there_for_another() {
    let (world, key) = published().await;
    let other = other_tenant();
    world.furnish(&other, program(1), &[]).await;
    let (_, answer) = world.leave(&key, None, &form()).await;
    let id = answer["lead_id"].as_str().expect("an id").to_owned();
    assert!(world.lead(&other, &id).await.is_none());
    let theirs = world.key_of(&other, Role::Publishable, program(1).as_str()).await;
    let (_, answer) = world.leave(&theirs, None, &form()).await;
    assert_eq!(answer["lead_id"], json!(id), "the id is of programme and address: it names nothing beyond its tenant");
    let stored = world.lead(&other, &id).await.expect("a lead of their own");
    assert_eq!((stored.version, stored.lead.captures), (1, 1));
}

#[tokio::test]
async fn only_pages_of_the_programmes_hosts_may_leave_leads_where_it_names_some() {
    // TRK-6
    let (world, _) = published().await;
    let tenant = TenantId::default_tenant();
    world.furnish(&tenant, program(3), &["shop.example"]).await;
    let key = world.key_of(&tenant, Role::Publishable, program(3).as_str()).await;
    for (origin, expected) in [
        (Some("https://shop.example"), 202),
        (Some("https://www.shop.example:8443"), 202),
        (Some("https://evil.example"), 403),
        (Some("https://shop.example.evil.example"), 403),
        (Some("null"), 403),
        (None, 202),
    ] {
        assert_eq!(world.leave(&key, origin, &form()).await.0.as_u16(), expected, "{origin:?}");
    }
    // Who names none has no pages: a page's own word of where it leads is nobody's.
    world.furnish(&tenant, program(4), &[]).await;
    let key = world.key_of(&tenant, Role::Publishable, program(4).as_str()).await;
    for (origin, expected) in [(Some("https://shop.example"), 403), (None, 202)] {
        assert_eq!(world.leave(&key, origin, &form()).await.0.as_u16(), expected, "{origin:?}");
    }
}

#[tokio::test]
async fn a_browser_may_ask_for_leads_from_another_origin_and_for_nothing_else() {
    let (world, _) = published().await;
    for (path, is_open) in [("/v1/revenue/leads", true), ("/v1/track/sale", false)] {
        let request = Request::options(path)
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .body(Body::empty())
            .expect("a request");
        let answer = routes(world.app.clone()).oneshot(request).await.expect("an answer");
        let allowed = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text"));
        assert_eq!(allowed, is_open.then_some("*"), "{path}");
        assert_eq!(answer.status() == StatusCode::NO_CONTENT, is_open, "{path}");
    }
}

/// A resolver: `gone.example` is not there, `mute.example` is not said, all else takes mail.
async fn resolver() -> String {
    let served = Router::new().fallback(|uri: http::Uri| async move {
        let query = uri.query().unwrap_or_default().to_owned();
        if query.contains("name=mute.example") {
            return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
        }
        let answer = if query == "name=gone.example&type=MX" {
            json!({"Status": 3})
        } else {
            json!({"Status": 0, "Answer": [{"type": 15, "data": "10 mx.example."}]})
        };
        (StatusCode::OK, answer.to_string())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/resolve", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, served).await });
    url
}

#[tokio::test]
async fn where_a_resolver_is_configured_a_domain_that_takes_no_mail_is_rejected() {
    // REV-2
    let (mut world, key) = published().await;
    world.app.mail_hosts = Some(crate::mail_host::MailHosts::new(&resolver().await).expect("a client"));
    for (email, expected) in
        [("a@gone.example", "rejected"), ("a@mute.example", "qualified"), ("a@engines.example", "qualified")]
    {
        let mut body = form();
        body["email"] = json!(email);
        let (status, answer) = world.leave(&key, None, &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{email}");
        let id = answer["lead_id"].as_str().expect("an id").to_owned();
        let stored = world.lead(&TenantId::default_tenant(), &id).await.expect("a lead");
        assert_eq!(stored.lead.state.word(), expected, "{email}");
    }
}

#[tokio::test]
async fn a_later_form_fills_in_what_is_missing_and_replaces_nothing_unless_it_is_the_tenants_own() {
    // REV-2
    let (world, page) = published().await;
    let tenant = TenantId::default_tenant();
    let server = world.key_of(&tenant, Role::Service, "usr_s").await;
    let email = "ada@engines.example";
    let consent = json!({"given": true, "source": "form"});
    let with = |more: Value| {
        let mut body = json!({"email": email, "source": "footer", "consent": consent, "program_id": program(1)});
        body.as_object_mut().expect("a form").extend(more.as_object().expect("fields").clone());
        body
    };
    let rows = [
        (&page, json!({"name": "Ada", "company": "Engines Ltd"}), "Ada", "Engines Ltd", None),
        (&page, json!({}), "Ada", "Engines Ltd", None),
        (&page, json!({"name": "Mallory", "phone": "  "}), "Ada", "Engines Ltd", None),
        (&page, json!({"phone": "+44 1"}), "Ada", "Engines Ltd", Some("+44 1")),
        (&server, json!({"name": "Ada Lovelace"}), "Ada Lovelace", "Engines Ltd", Some("+44 1")),
        (&page, json!({"name": "Mallory", "phone": "+44 2"}), "Ada Lovelace", "Engines Ltd", Some("+44 1")),
    ];
    for (key, more, name, company, phone) in rows {
        let (status, answer) = world.leave(key, None, &with(more.clone())).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let stored = world.lead(&tenant, answer["lead_id"].as_str().expect("an id")).await.expect("a lead");
        let person = world.person(&tenant, &stored).await;
        assert_eq!((&person["name"], &person["company"]), (&json!(name), &json!(company)), "{more}");
        assert_eq!((person["phone"].as_str(), person["email"].as_str()), (phone, Some(email)), "{more}");
        assert!(stored.person.len() <= 5);
    }
}

#[tokio::test]
async fn a_page_leaves_so_many_leads_a_minute_and_a_server_as_many_as_it_likes() {
    // REV-6
    let (mut world, page) = published().await;
    let tenant = TenantId::default_tenant();
    let server = world.key_of(&tenant, Role::Service, "usr_s").await;
    let mut body = form();
    body["program_id"] = json!(program(1));
    // One network alone is stopped long before the page is; what is refused counts as well: the programme is read for it.
    let mut refused = form();
    refused["consent"]["given"] = json!(false);
    for n in 0..=crate::http::LEADS_OF_A_SENDER_A_MINUTE_MAX {
        let (status, _) = world.leave_from("203.0.113.7", &page, &refused).await;
        let is_stopped = n == crate::http::LEADS_OF_A_SENDER_A_MINUTE_MAX;
        assert_eq!(status == StatusCode::TOO_MANY_REQUESTS, is_stopped, "{n}: {status}");
    }
    assert_eq!(world.leave_from("203.0.113.8", &page, &body).await.0, StatusCode::ACCEPTED);
    // All together: many have left one meanwhile.
    let (now, key) = (world.app.clock.now(), key_id(&tenant, Role::Publishable, program(1).as_str()));
    for n in 1..crate::http::LEADS_OF_A_PAGE_A_MINUTE_MAX - 1 {
        let max = crate::http::LEADS_OF_A_PAGE_A_MINUTE_MAX;
        let counted = world.app.store.record_use(&TenantKey::from(&tenant), &key, now, max).await.expect("store");
        assert_eq!(counted, store::pace::Pace::Go, "{n}");
    }
    assert_ne!(world.leave_from("203.0.113.9", &page, &refused).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.leave_from("203.0.113.9", &page, &body).await.0, StatusCode::ACCEPTED);
    let request = Request::post("/v1/revenue/leads")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {page}"));
    let request = request.body(Body::from(body.to_string())).expect("a request");
    let answer = routes(world.app.clone()).oneshot(request).await.expect("an answer");
    let wait: i64 = answer.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
    assert_eq!(answer.headers()["access-control-allow-origin"], "*", "a page must be able to read it");
    assert_eq!(world.leave(&server, None, &body).await.0, StatusCode::ACCEPTED);
    let later = Timestamp::from_second(world.app.clock.now().as_second() + wait).expect("an instant");
    world.app.clock = Clock::fixed(later);
    assert_eq!(world.leave(&page, None, &body).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn sources_that_pages_make_up_end_as_other_and_leave_room_for_the_tenants_own() {
    let (world, page) = published().await;
    let tenant = TenantId::default_tenant();
    let server = world.key_of(&tenant, Role::Service, "usr_s").await;
    let leave = async |key: &str, n: usize, source: &str| {
        let body = json!({
            "email": format!("a{n}@engines.example"), "source": source, "program_id": program(1),
            "consent": {"given": true, "source": "form"},
        });
        let (status, answer) = world.leave(key, None, &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let stored = world.lead(&tenant, answer["lead_id"].as_str().expect("an id")).await.expect("a lead");
        let Lead { source, counted_as, .. } = stored.lead;
        (source.as_str().to_owned(), counted_as.map(|source| source.as_str().to_owned()))
    };
    let plain = |source: &str| (source.to_owned(), None);
    for n in 0..40 {
        assert_eq!(leave(&page, n, &format!("Made-Up-{n}")).await, plain(&format!("made-up-{n}")));
    }
    // What was said stays with the lead; only the count has no row of its own for it.
    let other = ("one-more".to_owned(), Some("other".to_owned()));
    assert_eq!(leave(&page, 100, "one-more").await, other);
    assert_eq!(leave(&page, 101, "made-up-7").await, plain("made-up-7"));
    assert_eq!(leave(&server, 102, "webinar").await, plain("webinar"));
    assert_eq!(leave(&page, 103, "webinar").await, plain("webinar"));
    // Who is known keeps the source that brought them first.
    assert_eq!(leave(&page, 7, "one-more").await, plain("made-up-7"));
    let now = world.app.clock.now();
    let day = domain::time::Zone::utc().day_of(now);
    let days = world.app.store.list_lead_days(&TenantKey::from(&tenant), day, day).await.expect("store");
    let counted = days.iter().find(|day| day.source.as_str() == "other").expect("a row");
    assert_eq!(counted.tally.captured, 1);
    assert!(days.iter().all(|day| day.source.as_str() != "one-more"));
}
