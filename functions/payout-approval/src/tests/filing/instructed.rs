//! PAY-10: the page by which a payout is paid by hand: asked for, made, given out to whoever may, and told.

use cases::instructions::{ASKED, MADE, Wanted, page_of};
use cases::payouts::{Leaves, leaves};
use domain::audit::Told;
use domain::id::{PayoutId, ReportId};
use domain::settings::{Retention, RetentionKind};
use edge::sealing::Sealed;
use store::payout_instructions::InstructionsMade;

use super::*;

const FILE: &[u8] = b"%PDF-1.7 the instructions";

impl Scene {
    /// An approved payout of a partner who is paid by hand.
    async fn to_pay_by_hand() -> (Self, String) {
        let scene = Self::of_nobody().await;
        scene.by_hand(1).await;
        let payout = scene.approved(1, "100.00").await;
        (scene, payout)
    }

    async fn generate(&self, who: &str, payout: &str) -> Answer {
        self.world.ask(who, "POST", &format!("/{payout}/generate-instructions"), Value::Null).await
    }

    /// Which page it is that is wanted now.
    async fn page(&self, payout: &str) -> ReportId {
        let id = PayoutId::parse(payout).expect("an id");
        let payout = self.world.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout").payout;
        let at = NOW.parse().expect("an instant");
        match leaves(&self.world.store, &tenant(), &payout, at).await.expect("store") {
            Leaves::Parts(net) => page_of(&TenantId::default_tenant(), &payout, &net),
            other => panic!("{other:?}"),
        }
    }

    /// What report-generator leaves behind.
    async fn made(&self, payout: &str, hashed: &[u8]) {
        let default = TenantId::default_tenant();
        let belongs = Belongs { tenant: default.as_str(), subject: payout, field: MADE };
        let made = InstructionsMade {
            report: self.page(payout).await,
            payout: PayoutId::parse(payout).expect("an id"),
            sealed: self.sealer.seal(&belongs, FILE).await.expect("sealed").to_string(),
            sha256: Digest::of_bytes(hashed),
            bytes: 25,
            made_at: NOW.parse().expect("an instant"),
            forgotten_at: None,
        };
        let written = self.world.store.create_instructions_made(&tenant(), &made).await;
        assert_eq!(written.expect("store"), store::Written::Yes);
    }

    async fn read_page(&self, who: &str, payout: &str) -> Answer {
        self.world.get(who, &format!("/{payout}/instructions")).await
    }

    /// The page with its headers.
    async fn download(&self, payout: &str) -> (http::HeaderMap, Vec<u8>) {
        let request = http::Request::builder()
            .uri(format!("/v1/revenue/payouts/{payout}/instructions"))
            .header("authorization", bearer("fin"))
            .body(Body::empty())
            .expect("request");
        let response = self.world.routes.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status().as_u16(), 200);
        let headers = response.headers().clone();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (headers, bytes.to_vec())
    }

    /// Who did what with the details of a payout.
    async fn told_of(&self, payout: &str) -> Vec<String> {
        let trail = self.world.store.list_audit(&tenant(), &format!("payout_details#{payout}")).await.expect("store");
        trail.iter().map(|entry| format!("{} {}", entry.action, entry.actor.id)).collect()
    }
}

#[tokio::test]
async fn instructions_are_asked_for_once_and_given_out_when_they_are_made_and_each_download_is_told() {
    let (scene, payout) = Scene::to_pay_by_hand().await;
    assert_eq!(scene.read_page("fin", &payout).await.told(), (404, "no-instructions"));
    for _ in 0..2 {
        let asked = scene.generate("fin", &payout).await;
        assert_eq!((asked.status, text(&asked.json, "document_state")), (200, "in_progress"), "{asked:?}");
        assert_eq!(text(&asked.json, "document_url"), format!("/v1/revenue/payouts/{payout}/instructions"));
    }
    let waits = scene.read_page("fin", &payout).await;
    assert_eq!(waits.told(), (404, "instructions-in-progress"));
    assert_eq!(scene.told_of(&payout).await, ["payout_details.read usr_fin"; 2]);
    scene.made(&payout, FILE).await;
    assert_eq!(text(&scene.generate("fin", &payout).await.json, "document_state"), "made");
    let (headers, bytes) = scene.download(&payout).await;
    assert_eq!(bytes, FILE);
    assert_eq!(headers["content-type"], "application/pdf");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-sha256"], Digest::of_bytes(FILE).to_hex().as_str());
    assert_eq!(scene.read_page("ada", &payout).await.status, 200);
    let told = scene.told_of(&payout).await;
    let downloads = ["payout_instructions.downloaded usr_fin", "payout_instructions.downloaded usr_ada"];
    assert_eq!(told.get(3..).unwrap_or_default(), downloads, "{told:?}");
    // Nothing is paid by a page.
    assert_eq!(scene.state(&payout).await, "approved");
    scene.verified().await;
}

#[tokio::test]
async fn what_is_wanted_is_the_answer_itself_and_lies_nowhere_in_the_clear() {
    let (scene, payout) = Scene::to_pay_by_hand().await;
    let answer = scene.generate("fin", &payout).await.json;
    let report = scene.page(&payout).await;
    let asked = scene.world.store.get_instructions_asked(&tenant(), &report).await.expect("store").expect("asked for");
    let default = TenantId::default_tenant();
    let belongs = Belongs { tenant: default.as_str(), subject: &payout, field: ASKED };
    let sealed: Sealed = asked.sealed.parse().expect("a sealed value");
    let opened = scene.sealer.open(&belongs, &sealed).await.expect("opened");
    let wanted: Wanted = serde_json::from_slice(opened.reveal()).expect("JSON");
    assert_eq!((wanted.net.as_str(), wanted.withheld.as_deref(), wanted.fee), ("76.00", Some("24.00"), None));
    assert_eq!((text(&answer, "net_amount"), text(&answer, "reference")), ("76.00", wanted.reference.as_str()));
    assert!(wanted.lines.iter().any(|(_, value)| value == "wire to 4711"));
    let World { database, .. } = &scene.world;
    for table in [&database.core, &database.ops] {
        let items = database.client.scan().table_name(table).send().await.expect("a scan");
        assert!(!format!("{:?}", items.items()).contains("wire to 4711"), "{table} holds the details in the clear");
    }
}

#[tokio::test]
async fn instructions_are_given_out_to_those_who_may_ask_for_them_and_to_nobody_else() {
    let (scene, payout) = Scene::to_pay_by_hand().await;
    scene.generate("fin", &payout).await;
    scene.made(&payout, FILE).await;
    let others = [("sue", 403), ("aud", 403), ("partner 1", 403), ("machine", 403), ("member", 403)];
    for (who, status) in others.into_iter().chain([("foreign finance", 404), ("foreign admin", 404), ("nobody", 401)]) {
        assert_eq!(scene.read_page(who, &payout).await.status, status, "{who}");
    }
    assert_eq!(scene.told_of(&payout).await, ["payout_details.read usr_fin"]);
}

/// PAY-8: who paid by a page of what was sent, or of what was given back, would pay a second time.
#[tokio::test]
async fn a_page_is_given_out_only_while_its_payout_is_still_to_be_paid() {
    let (scene, payout) = Scene::to_pay_by_hand().await;
    scene.generate("fin", &payout).await;
    scene.made(&payout, FILE).await;
    let sent = json!({"sent_at": NOW, "payment_reference": "wire 1"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{payout}/mark-sent"), sent).await.status, 200);
    assert_eq!(scene.read_page("fin", &payout).await.told(), (409, "wrong-state"));
    let confirmed = json!({"completed_at": NOW, "payment_reference": "wire 1 ok"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{payout}/confirm"), confirmed).await.status, 200);
    assert_eq!(scene.read_page("fin", &payout).await.told(), (409, "wrong-state"));
    assert_eq!(scene.told_of(&payout).await, ["payout_details.read usr_fin"]);
}

#[tokio::test]
async fn a_page_that_is_not_what_was_made_is_not_given_out() {
    let (scene, payout) = Scene::to_pay_by_hand().await;
    scene.generate("fin", &payout).await;
    scene.made(&payout, b"another").await;
    assert_eq!(scene.read_page("fin", &payout).await.status, 500);
    assert_eq!(scene.told_of(&payout).await, ["payout_details.read usr_fin"]);
}

/// OPS-4.
#[tokio::test]
async fn a_page_for_paying_by_hand_is_kept_for_as_many_days_as_the_tenant_set() {
    for (set, days) in [(None, 365), (Some(7), 7)] {
        let (scene, payout) = Scene::to_pay_by_hand().await;
        if let Some(days) = set {
            let mut kept = scene.world.store.get_kept_settings(&tenant()).await.expect("store");
            kept.general.retention_days = Retention::new([(RetentionKind::Reports, days)].into());
            let end = scene.world.store.get_chain_end(&tenant(), "settings").await.expect("store");
            let actor = given::actor(Role::Admin, "usr_ada");
            let told = Told::new("settings", actor, NOW.parse().expect("an instant"), "settings.set");
            let entry = append(end, "settings", told.deed);
            scene.world.store.replace_settings(&tenant(), &kept, &entry).await.expect("store");
        }
        // A process that has not read the settings yet.
        let scene = scene.at(NOW);
        assert_eq!(scene.generate("fin", &payout).await.status, 200);
        let report = scene.page(&payout).await;
        let asked = scene.world.store.get_instructions_asked(&tenant(), &report).await.expect("store");
        let asked = asked.expect("asked for");
        let end = asked.forgotten_at.expect("an end");
        assert_eq!(end.duration_since(asked.asked_at).as_hours(), days * 24);
    }
}
