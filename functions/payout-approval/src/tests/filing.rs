//! PAY-6, PAY-8, PAY-9, PAY-19: payouts go into a bank's file once, and what comes back finds them.

use domain::audit::append;
use domain::digest::Digest;
use domain::id::MethodId;
use domain::payee::{AccountKind, Destination, HolderKind, PayoutMethod, PayoutMethods, Rail, Wish};
use edge::sealing::{Belongs, Sealer};
use rails::nacha;
use testkit::Fault;

use super::*;

mod damaged;
mod guarded;
mod instructed;
mod sheets;
mod states;
mod trying;
mod window;

const ROUTING: [&str; 2] = ["231380104", "031300012"];
/// From this day on what a file of `NOW`, a Tuesday, carried can be confirmed.
const BEHIND_WINDOW: &str = "2026-09-21T12:00:00Z";

/// A deployment whose partners are paid by ACH, since long enough, and whose bank is known.
struct Scene {
    world: World,
    sealer: Sealer,
}

fn with(world: &World, sealer: &Sealer, now: &str) -> World {
    let app = App { clock: Clock::fixed(now.parse().expect("instant")), ..world.app() };
    let app = App { idempotency: Idempotency::new(world.store.clone(), app.clock), ..app };
    let routes = routes(app.with_sealer(sealer.clone()));
    World { store: world.store.clone(), database: world.database.clone(), routes, sent: world.sent.clone() }
}

fn bank() -> Value {
    json!({"ach": {
        "destination_routing_number": "121042882", "destination_name": "Test ODFI Bank", "origin": "121042882",
        "origin_name": "Acme Affiliates Inc", "company_name": "Acme Affiliates", "company_id": "1234567890",
        "originating_routing_number": "121042882",
        "offset": {"routing_number": "121042882", "account_number": "998877665544", "account_kind": "checking", "classes": ["PPD"]},
    }})
}

impl Scene {
    async fn new() -> Self {
        let scene = Self::of_nobody().await;
        for n in [1, 2] {
            scene.pays_by_ach(n, n).await;
        }
        scene
    }

    /// The bank is known, and no partner has a method yet.
    async fn of_nobody() -> Self {
        let world = world().await;
        let stub = testkit::stub::stub().await;
        let mut reader = Reader::from_map([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
        ]);
        let sealer = Sealer::connect(&Aws::from(&mut reader).service(Service::Kms), "k");
        let world = with(&world, &sealer, NOW);
        let scene = Self { world, sealer };
        let set = scene.set_rails("ada", bank(), Some("\"0\"")).await;
        assert_eq!(set.0, 200, "{set:?}");
        scene
    }

    /// From now on it is another instant.
    fn at(self, now: &str) -> Self {
        Self { world: with(&self.world, &self.sealer, now), sealer: self.sealer }
    }

    /// The partner's money goes to an account in the United States, which is known again by its number here.
    async fn pays_by_ach(&self, n: u128, account: u128) {
        let plain = Destination::Ach {
            holder: format!("Partner {n}"),
            holder_kind: HolderKind::Personal,
            routing_number: ROUTING[(n as usize + 1) % 2].to_owned(),
            account_number: format!("12345678{n}"),
            account_kind: AccountKind::Checking,
        };
        self.pays_by(n, account, plain).await;
    }

    /// The partner has this method, since long enough.
    async fn pays_by(&self, n: u128, account: u128, plain: Destination) {
        self.ranks(Vec::new(), (n, n), account, plain).await;
    }

    /// The partner has this method behind others that are there.
    async fn ranks(&self, before: Vec<Wish>, (n, id): (u128, u128), account: u128, plain: Destination) {
        let mut wishes = before;
        let (store, whose) = (&self.world.store, partner(n));
        let id = MethodId::from_ulid(id.into());
        let (field, default) = (format!("payout_method:{id}"), TenantId::default_tenant());
        let belongs = Belongs { tenant: default.as_str(), subject: whose.as_str(), field: &field };
        let sealed = self.sealer.seal_text(&belongs, &serde_json::to_string(&plain).expect("JSON")).await;
        let since = "2026-08-01T00:00:00Z".parse().expect("an instant");
        let method = PayoutMethod {
            id,
            rail: plain.rail(),
            currency: None,
            last_four: "0001".to_owned(),
            fingerprint: Digest::of_bytes(&account.to_be_bytes()),
            since,
            set_by: whose.to_string(),
            sealed: sealed.expect("sealed").to_string(),
        };
        let before = store.get_payout_methods(&tenant(), &whose).await.expect("store");
        let by = given::actor(Role::Partner, whose.as_str());
        wishes.push(Wish::New(Box::new(method)));
        let changed = before.change(wishes, by, since).expect("a list").expect("a change");
        let aggregate = PayoutMethods::aggregate(&whose);
        let trail = store.list_audit(&tenant(), &aggregate).await.expect("store");
        let end = trail.last().map_or(domain::audit::ChainEnd::START, domain::audit::AuditEntry::end);
        let entry = append(end, &aggregate, changed.deed);
        let written = store.replace_payout_methods(&tenant(), &whose, &changed.methods, &entry).await;
        assert_eq!(written.expect("store"), store::Written::Yes);
    }

    /// An approved payout of an amount.
    async fn approved(&self, n: u128, amount: &str) -> String {
        given::balance(&self.world, n, amount).await;
        let id = self.world.requested(&format!("partner {n}")).await;
        assert_eq!(self.world.approve("ada", &id).await.json["state"], "approved");
        id
    }

    async fn export(&self, key: &str) -> Answer {
        let body = json!({"rail": "ach", "currency": "USD"});
        self.world.ask_as("fin", "POST", "/export", body, Some(key)).await
    }

    async fn state(&self, payout: &str) -> String {
        self.world.get("fin", &format!("/{payout}")).await.json["state"].as_str().unwrap_or_default().to_owned()
    }

    /// What a file holds, with its status.
    async fn content(&self, who: &str, file: &str) -> (u16, Vec<u8>) {
        let request = http::Request::builder()
            .uri(format!("/v1/revenue/payouts/files/{file}/content"))
            .header("authorization", bearer(who))
            .body(Body::empty())
            .expect("request");
        let response = self.world.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (status, bytes.to_vec())
    }

    /// What the banks need is set by whoever saw it so; the status and the fault's kind.
    async fn set_rails(&self, who: &str, body: Value, seen: Option<&str>) -> (u16, String) {
        let n = self.world.sent.fetch_add(1, Ordering::SeqCst);
        let mut request = http::Request::builder()
            .method("PUT")
            .uri("/v1/revenue/payouts/rails")
            .header("authorization", bearer(who))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("rails-{n}"));
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        let request = request.body(Body::from(body.to_string())).expect("request");
        let response = self.world.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    async fn void(&self, who: &str, file: &str) -> Answer {
        let body = json!({"reason": "the bank never got it"});
        self.world.ask(who, "POST", &format!("/files/{file}/void"), body).await
    }

    async fn take_in(&self, content: &str) -> Answer {
        self.world.ask("fin", "POST", "/returns", json!({"content": content})).await
    }

    /// Available, held, reserved and settled of a partner, in cents.
    async fn money(&self, n: u128) -> [i64; 4] {
        let account = domain::line::Account { partner: partner(n), currency: domain::currency::Currency::USD };
        let head = self.world.store.get_head(&tenant(), &account).await.expect("store");
        [head.available, head.held, head.reserved, head.settled]
    }

    async fn verified(&self) {
        let verified = cases::verify::verify(&self.world.store, &tenant()).await.expect("store");
        let broken: Vec<_> = verified.breaches.iter().filter(|breach| breach.law != "V9").collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_default()
}

/// A file of one entry that came back: by its code, its trace, the bank it went to and its cents.
fn came_back(code: &str, trace: &str, receiving: &str, cents: i64) -> String {
    let is_notice = code.starts_with('C');
    let (class, kind) = if is_notice { ("COR", "98") } else { ("PPD", "99") };
    let told = if is_notice { "091000019" } else { "NO SUCH ACCOUNT" };
    let mut lines = vec![
        "101 121042882 23138010426112704151094101TEST ODFI BANK         TEST RECEIVING BANK            ".to_owned(),
        format!("5220ACME AFFILIATES                     1234567890{class}COMMISSIONNOV 26261125   1121042880000001"),
        format!("621121042882{:<17}{cents:010}{:<15}{:<22}  1231380100000001", "123456781", "P", "PARTNER 1"),
        format!("7{kind}{code}{trace}      {receiving}{told:<44}231380100000001"),
        format!("8220{:06}{:010}{:012}{cents:012}1234567890{:25}121042880000001", 2, 12_104_288, 0, ""),
    ];
    lines.push(format!("9{:06}{:06}{:08}{:010}{:012}{cents:012}{:39}", 1, 1, 2, 12_104_288, 0, ""));
    while lines.len() < 10 {
        lines.push("9".repeat(94));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

#[tokio::test]
async fn a_file_hands_its_payouts_over_once_and_marks_none_of_them_paid() {
    let scene = Scene::new().await;
    let (one, two) = (scene.approved(1, "100.00").await, scene.approved(2, "50.00").await);
    let made = scene.export("a-file").await;
    assert_eq!((made.status, text(&made.json, "state")), (201, "ready"), "{made:?}");
    // TAX-2: without a form 24 % stay: what leaves is in the file.
    assert_eq!((&made.json["payment_count"], text(&made.json, "total_amount")), (&json!(2), "114.00"));
    for payout in [&one, &two] {
        assert_eq!(scene.state(payout).await, "submitted");
    }
    assert_eq!((scene.money(1).await, scene.money(2).await), ([0, 0, 10_000, 0], [0, 0, 5_000, 0]));
    let file = text(&made.json, "id").to_owned();
    let (status, bytes) = scene.content("fin", &file).await;
    assert_eq!((status, Digest::of_bytes(&bytes).to_hex()), (200, text(&made.json, "sha256").to_owned()));
    let read = nacha::read(&bytes).expect("a whole file");
    let entries = read.batches.iter().flat_map(|batch| &batch.entries);
    let cents = entries.fold(0_u64, |sum, entry| sum + entry.cents);
    assert_eq!(cents, 2 * 11_400, "each credit, and the debit that balances them");
    // PAY-8: asked for twice it is the same file; under another name there is nothing left for one.
    let again = scene.export("a-file").await;
    assert_eq!((again.status, &again.json), (201, &made.json));
    assert_eq!(scene.export("another").await.told(), (422, "nothing-to-export"));
    assert_eq!(scene.content("fin", &file).await.1, bytes);
    let list = scene.world.get("aud", "/files").await.json;
    assert_eq!((list["data"].as_array().map(Vec::len), text(&list["data"][0], "id")), (Some(1), file.as_str()));
    let scene = scene.at(BEHIND_WINDOW);
    let confirm = json!({"completed_at": NOW, "payment_reference": "bank 1"});
    let paid = scene.world.ask("fin", "POST", &format!("/{one}/confirm"), confirm).await;
    assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"));
    scene.verified().await;
}

#[tokio::test]
async fn a_payout_is_in_another_file_only_after_an_admin_voided_the_first() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let first = scene.export("first").await.json;
    assert_eq!(scene.void("fin", text(&first, "id")).await.status, 403);
    let voided = scene.void("ada", text(&first, "id")).await;
    assert_eq!((voided.status, text(&voided.json, "state"), &voided.json["stayed"]), (200, "voided", &json!([])));
    assert_eq!(scene.state(&payout).await, "approved");
    assert_eq!(scene.content("fin", text(&first, "id")).await.0, 409);
    assert_eq!(scene.export("first").await.json, first, "the answer that was given is given again");
    let second = scene.export("second").await.json;
    assert_eq!(text(&second, "state"), "ready", "{second}");
    assert_ne!(second["rows"][0]["reference"], first["rows"][0]["reference"], "no trace number comes twice");
    assert_ne!(second["name"], first["name"], "nor does a file's letter on one day");
    // The bank has carried the voided one all the same: nothing is moved, and people are told.
    let trace = text(&first["rows"][0], "reference");
    let told = scene.take_in(&came_back("R03", trace, "23138010", 7_600)).await;
    assert_eq!((told.status, text(&told.json["data"][0], "outcome")), (200, "unmatched"), "{told:?}");
    assert_eq!(scene.state(&payout).await, "submitted");
    scene.verified().await;
}

#[tokio::test]
async fn a_file_that_holds_a_payout_whose_money_went_back_is_not_given_out() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    let fail = json!({"failure_reason": "we thought better of it"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{payout}/fail"), fail).await.status, 200);
    assert_eq!(scene.content("fin", text(&file, "id")).await.0, 409);
    let voided = scene.void("ada", text(&file, "id")).await.json;
    assert_eq!(text(&voided["stayed"][0], "payout_id"), payout);
    assert_eq!(scene.state(&payout).await, "failed");
    scene.verified().await;
}

#[tokio::test]
async fn a_making_that_dies_anywhere_goes_on_and_no_payout_is_in_two_files() {
    for (passing, fault) in (6..60).step_by(5).flat_map(|n| [(n, Fault::Refuse), (n + 2, Fault::LoseAnswer)]) {
        let scene = Scene::new().await;
        let payouts = [scene.approved(1, "100.00").await, scene.approved(2, "50.00").await];
        scene.world.database.fail_after(passing, 1_000_000, fault);
        let _died = scene.export("a-file").await;
        scene.world.database.heal();
        let later = Scene { world: with(&scene.world, &scene.sealer, "2026-09-15T12:02:00Z"), ..scene };
        let made = later.export("a-file").await;
        let case = format!("{passing} {fault:?} {made:?}");
        assert_eq!((made.status, text(&made.json, "state")), (201, "ready"), "{case}");
        assert_eq!(&made.json["payment_count"], &json!(2), "{case}");
        assert_eq!(later.export("another").await.told(), (422, "nothing-to-export"), "{case}");
        for payout in &payouts {
            assert_eq!(later.state(payout).await, "submitted", "{case}");
        }
        assert_eq!(later.content("fin", text(&made.json, "id")).await.0, 200, "{case}");
    }
}

#[tokio::test]
async fn a_return_gives_the_money_back_once_to_where_it_is_owed() {
    let scene = Scene::new().await;
    let (one, two) = (scene.approved(1, "100.00").await, scene.approved(2, "50.00").await);
    let file = scene.export("a-file").await.json;
    let trace = |payout: &str| {
        let rows = file["rows"].as_array().expect("rows").iter();
        rows.filter(|row| row["payout_id"] == payout)
            .map(|row| text(row, "reference").to_owned())
            .next()
            .expect("a row")
    };
    let scene = scene.at(BEHIND_WINDOW);
    let confirm = json!({"completed_at": NOW, "payment_reference": "bank 1"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{two}/confirm"), confirm).await.status, 200);
    // Not confirmed: all of it is available. Paid: what left is held, and the tax stays withheld.
    let first = came_back("R03", &trace(&one), "23138010", 7_600);
    let told = scene.take_in(&first).await;
    assert_eq!((told.status, text(&told.json["data"][0], "outcome")), (200, "failed"), "{told:?}");
    let told = scene.take_in(&came_back("R02", &trace(&two), "03130001", 3_800)).await;
    assert_eq!(text(&told.json["data"][0], "outcome"), "returned", "{told:?}");
    assert_eq!((scene.money(1).await, scene.money(2).await), ([10_000, 0, 0, 0], [0, 3_800, 0, 5_000]));
    let failed = scene.world.get("fin", &format!("/{one}")).await.json;
    assert_eq!(text(&failed, "failure_reason"), "R03: there is no such account, or it is somebody else's");
    // The same bytes again, and the same entry in another file: once.
    let again = scene.take_in(&first).await.json;
    assert_eq!(text(&again["data"][0], "outcome"), "failed");
    let other = scene.take_in(&came_back("R04", &trace(&one), "23138010", 7_600)).await.json;
    assert_eq!(text(&other["data"][0], "outcome"), "already");
    assert_eq!((scene.money(1).await, scene.money(2).await), ([10_000, 0, 0, 0], [0, 3_800, 0, 5_000]));
    // PAY-19: nothing goes to that account again before the payee has set it anew.
    let next = scene.world.requested("partner 1").await;
    assert_eq!(scene.world.approve("ada", &next).await.json["state"], "approved");
    let refused = scene.export("another").await;
    assert_eq!(refused.told(), (422, "nothing-to-export"));
    assert!(refused.json.to_string().contains("R03"), "{refused:?}");
    let sent = json!({"sent_at": NOW, "payment_reference": "wire 1"});
    let refused = scene.world.ask("fin", "POST", &format!("/{next}/mark-sent"), sent).await;
    assert_eq!((refused.told(), scene.state(&next).await.as_str()), ((409, "method-noticed"), "approved"));
    scene.verified().await;
}

#[tokio::test]
async fn a_file_of_returns_is_refused_whole_with_its_line_and_a_notice_of_change_moves_nothing() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    let trace = text(&file["rows"][0], "reference").to_owned();
    let good = came_back("R03", &trace, "23138010", 7_600);
    let rows = [
        (came_back("R03", "121042889999999", "23138010", 7_600), "line 4: trace number 121042889999999 was not sent"),
        (came_back("R03", &trace, "23138010", 7_601), "line 4: trace number"),
        (came_back("R03", &trace, "03130001", 7_600), "was sent to another bank"),
        (good.replacen("8220", "8225", 1), "line 5"),
        ("hello".to_owned(), "line 1"),
    ];
    for (content, expected) in rows {
        let refused = scene.take_in(&content).await;
        assert_eq!(refused.told(), (422, "returns-refused"), "{refused:?}");
        assert!(refused.json.to_string().contains(expected), "{expected}: {refused:?}");
    }
    assert_eq!(scene.money(1).await, [0, 0, 10_000, 0]);
    let noticed = scene.take_in(&came_back("C02", &trace, "23138010", 0)).await.json;
    assert_eq!(text(&noticed["data"][0], "outcome"), "noticed", "{noticed}");
    assert_eq!(scene.state(&payout).await, "submitted");
    // PAY-19: and the partner is told, in the bank's words.
    let told = store::partner_news::Told::Partner(partner(1));
    let news = scene.world.store.get_partner_news(&tenant(), &told, 1).await.expect("store").expect("news");
    assert_eq!(news.kind, store::partner_news::PartnerNewsKind::MethodNoticed);
    assert!(news.reason.as_ref().is_some_and(|reason| reason.starts_with("C02: ")), "{news:?}");
    for (who, status) in [("ada", 403), ("sue", 403), ("partner 1", 403), ("nobody", 401)] {
        let refused = scene.world.ask(who, "POST", "/returns", json!({"content": good})).await;
        assert_eq!(refused.status, status, "{who}");
    }
}

#[tokio::test]
async fn whoever_pays_by_hand_reads_the_details_and_the_trail_tells_of_it() {
    let scene = Scene::of_nobody().await;
    scene.by_hand(1).await;
    given::balance(&scene.world, 1, "100.00").await;
    let payout = scene.world.requested("partner 1").await;
    let path = format!("/{payout}/generate-instructions");
    assert_eq!(scene.world.ask("fin", "POST", &path, Value::Null).await.told(), (409, "wrong-state"));
    assert_eq!(scene.world.approve("ada", &payout).await.json["state"], "approved");
    for (who, status) in [("sue", 403), ("aud", 403), ("partner 1", 403), ("foreign finance", 404), ("nobody", 401)] {
        assert_eq!(scene.world.ask(who, "POST", &path, Value::Null).await.status, status, "{who}");
    }
    let told = scene.world.ask("fin", "POST", &path, Value::Null).await;
    assert_eq!((told.status, text(&told.json, "net_amount")), (200, "76.00"), "{told:?}");
    let lines = told.json["lines"].to_string();
    assert!(lines.contains("wire to 4711"), "{lines}");
    let trail = scene.world.store.list_audit(&tenant(), &format!("payout_details#{payout}")).await.expect("store");
    let readers: Vec<_> = trail.iter().map(|entry| (entry.action.as_str(), entry.actor.id.as_str())).collect();
    assert_eq!(readers, [("payout_details.read", "usr_fin")]);
    // PAY-12: of another list of methods nothing is shown.
    let (store, whose) = (&scene.world.store, partner(1));
    let before = store.get_payout_methods(&tenant(), &whose).await.expect("store");
    let by = given::actor(Role::Partner, whose.as_str());
    let changed = before.change(Vec::new(), by, NOW.parse().expect("instant")).expect("a list").expect("a change");
    let aggregate = PayoutMethods::aggregate(&whose);
    let end = store.list_audit(&tenant(), &aggregate).await.expect("store").last().expect("an entry").end();
    let entry = append(end, &aggregate, changed.deed);
    let written = store.replace_payout_methods(&tenant(), &whose, &changed.methods, &entry).await;
    assert_eq!(written.expect("store"), store::Written::Yes);
    assert_eq!(scene.world.ask("fin", "POST", &path, Value::Null).await.told(), (409, "payee-changed"));
    assert_eq!(scene.export("a-file").await.told(), (422, "nothing-to-export"));
}

#[tokio::test]
async fn what_banks_need_is_set_by_an_admin_checked_and_shown_without_the_own_account() {
    let scene = Scene::new().await;
    let shown = scene.world.get("fin", "/rails").await;
    assert_eq!(shown.status, 200);
    assert!(shown.json.to_string().contains("…5544") && !shown.json.to_string().contains("998877"), "{shown:?}");
    for (who, status) in [("fin", 403), ("sue", 403), ("partner 1", 403), ("nobody", 401)] {
        assert_eq!(scene.world.ask(who, "PUT", "/rails", bank()).await.status, status, "{who}");
    }
    assert_eq!(scene.world.get("sue", "/rails").await.status, 403);
    let mut wrong = bank();
    wrong["ach"]["company_id"] = json!("short");
    wrong["check"] = json!({"first_number": 0});
    let (status, told) = scene.set_rails("ada", wrong, Some("\"1\"")).await;
    assert_eq!(status, 400);
    assert!(told.contains("/ach/company_id") && told.contains("/check/first_number"), "{told}");
    let mut nobodys = bank();
    nobodys["ach"]["originating_routing_number"] = json!("121042883");
    let (status, told) = scene.set_rails("ada", nobodys, Some("\"1\"")).await;
    assert_eq!(status, 422, "it is written as one is: {told}");
    assert!(told.contains("/ach/originating_routing_number"), "{told}");
    let others = json!({"rail": "manual", "currency": "USD"});
    assert_eq!(scene.world.ask("fin", "POST", "/export", others).await.status, 422);
    let unset = json!({"rail": "wise", "currency": "USD"});
    assert_eq!(scene.world.ask("fin", "POST", "/export", unset).await.told(), (422, "nothing-to-export"));
    for who in ["ada", "sue", "aud", "partner 1"] {
        let body = json!({"rail": "ach", "currency": "USD"});
        assert_eq!(scene.world.ask(who, "POST", "/export", body).await.status, 403, "{who}");
    }
}

/// PAY-11: the report says no, so nobody approves before an admin who did not build the run has said why they may.
#[tokio::test]
async fn a_run_whose_report_says_no_is_approved_only_after_another_admin_overrode_it() {
    let scene = Scene::new().await;
    for n in [3, 4] {
        given::partner_profile(&scene.world.store, &partner(n)).await;
        scene.pays_by_ach(n, 9).await;
        given::balance(&scene.world, n, "40.00").await;
    }
    let (runs, usd) = ("/v1/revenue/payout-runs", json!({"currency": "USD"}));
    let run = scene.world.ask("ada", "POST", runs, usd.clone()).await;
    assert_eq!((run.status, text(&run.json, "verdict")), (201, "no_go"), "{run:?}");
    let payout = run.json["payout_ids"][0].as_str().expect("a payout").to_owned();
    assert_eq!(scene.world.approve("ada", &payout).await.told(), (403, "requester-may-not-approve"));
    assert_eq!(scene.world.approve("bob", &payout).await.told(), (409, "run-forbids"));
    let path = format!("{runs}/{}/override", text(&run.json, "id"));
    let why = json!({"reason": "a couple with one account"});
    for who in ["fin", "sue", "partner 1"] {
        assert_eq!(scene.world.ask(who, "POST", &path, why.clone()).await.status, 403, "{who}");
    }
    assert_eq!(scene.world.ask("ada", "POST", &path, why.clone()).await.told(), (403, "second-person-needed"));
    assert_eq!(scene.world.ask("foreign admin", "POST", &path, why.clone()).await.status, 404);
    let overridden = scene.world.ask("bob", "POST", &path, why.clone()).await;
    assert_eq!((overridden.status, text(&overridden.json, "overridden_by")), (200, "usr_bob"), "{overridden:?}");
    assert_eq!(scene.world.approve("bob", &payout).await.json["state"], "approved");
    let report = scene.world.get("aud", &format!("{runs}/{}/go-no-go", text(&run.json, "id"))).await.json;
    assert_eq!((text(&report, "verdict"), text(&report, "override_reason")), ("no_go", "a couple with one account"));
    given::balance(&scene.world, 1, "40.00").await;
    let go = scene.world.ask("ada", "POST", runs, usd).await.json;
    assert_eq!(text(&go, "verdict"), "go", "{go}");
    let path = format!("{runs}/{}/override", text(&go, "id"));
    assert_eq!(scene.world.ask("bob", "POST", &path, why).await.told(), (409, "run-is-go"));
}
