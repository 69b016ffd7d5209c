//! R16: recognisable secrets go through the product, well and not; afterwards none of them lies in a table, a file or a log,
//! none went through a queue, and no answer tells it but the one that shows it once.
//!
//! Every byte that the cloud has on its disk is looked at: what was deleted still lies in a database's pages. Three
//! of its files are the services' that must have some of them: mail has what is mailed, the others what signs.

mod secrets;

use std::path::{Path, PathBuf};

use edge::auth::totp::{code_at, step_at};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Cloud, CloudOptions};
use tributary::demo::stripe::signature;

use crate::api::Asked;
use crate::behind::{Way, binaries_behind};
use crate::operator::{tributary, try_tributary};
use crate::people::link_for;
use crate::world::{World, purchase, text};
use secrets::Canaries;

const ACCOUNT: &str = "40718293645546372";
const IBAN: &str = "DE89370400440532013000";
const TIN: &str = "400-73-9182";
const TIN_DIGITS: &str = "400739182";
const ADDRESS: &str = "canary-of-the-cage@secret.example";
const LEAD: &str = "lead-of-the-cage@secret.example";
/// What is not taken: the form is not, or what it says cannot be (API-2).
const REFUSED: [u16; 2] = [400, 422];
/// Who sends messages.
const SENDERS: [&str; 6] =
    ["admin-api", "commission-batch", "event-relay", "partner-api", "revenue-api", "webhook-ingest"];
/// What the small cloud's mail, secrets' service and Stripe have to keep: each lies in a file of its own.
const KEPT_BY_SERVICES: [(&str, &[&str]); 3] = [
    ("cloud.db", &["magic link", "address"]),
    ("secrets.json", &["webhook secret", "endpoint secret", "Stripe key", "click token key"]),
    // The stand-in for Stripe signs what it tells.
    ("stripe.json", &["webhook secret"]),
];

/// A cloud whose messages are listened to.
async fn listened_to() -> (World, Way, TempDir) {
    let (queues, bin) = (Way::open().await, tempfile::tempdir().expect("a folder"));
    binaries_behind(("AWS_ENDPOINT_URL_SQS", &queues.address), &SENDERS, bin.path());
    let cloud = Cloud::start_with(CloudOptions { bin: Some(bin.path().to_owned()), ..CloudOptions::default() }).await;
    queues.lead_to(cloud.variable("AWS_ENDPOINT_URL"));
    (World::on(cloud).await, queues, bin)
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

fn from_base32(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", LETTERS.find(c).expect("base32"))).collect();
    let bytes = bits.as_bytes().chunks_exact(8).map(|byte| std::str::from_utf8(byte).expect("bits"));
    bytes.map(|byte| u8::from_str_radix(byte, 2).expect("a byte")).collect()
}

/// Somebody signs in by a mailed link, enrols an authenticator and makes a key; each goes wrong once, too.
async fn signs_in(world: &World, canaries: &mut Canaries) {
    let World { api, admin, cloud, .. } = world;
    canaries.is("address", ADDRESS);
    let token = link_for(world, admin, ADDRESS).await;
    canaries.is("magic link", &token);
    let begin = json!({"token": token, "transport": "bearer"});
    let begun = api.post("", "/v1/auth/session", "begin", &begin).await;
    let mut session = text(&begun.body["session_token"]);
    canaries.is("session", &session);
    canaries.is("form token", &text(&begun.body["csrf_token"]));
    // Whoever signed in is told their own address.
    canaries.told(&begun, &["session", "form token", "address"]);
    let again = api.post("", "/v1/auth/session", "again", &begin).await;
    assert!((400..500).contains(&again.status), "a link opens once: {}", again.text);
    canaries.told(&again, &[]);
    let enrolled = api.post(&session, "/v1/auth/totp", "enrol", &Value::Null).await;
    let secret = text(&enrolled.body["secret"]);
    canaries.is("authenticator", &secret);
    canaries.told(&enrolled, &["authenticator"]);
    let wrong = api.post(&session, "/v1/auth/totp/confirm", "wrong", &json!({"code": secret})).await;
    assert!((400..500).contains(&wrong.status), "no code: {}", wrong.text);
    canaries.told(&wrong, &[]);
    let code = code_at(&from_base32(&secret), step_at(cloud.now().await));
    let confirmed = api.post(&session, "/v1/auth/totp/confirm", "right", &json!({"code": code})).await;
    session = text(&confirmed.body["session_token"]);
    canaries.is("second session", &session);
    canaries.told(&confirmed, &["second session", "form token", "address"]);
    world.rest().await;
    let is_told = cloud.mail().await.iter().any(|letter| letter.to_string().contains("An authenticator was added"));
    assert!(is_told, "POR-7: whose authenticator counts from now on is told by mail");
    let cookie = signs_in_by_cookie(world, canaries).await;
    // Whoever has the cookie is told what their writes must carry.
    canaries.told(&api.get(&cookie, "/v1/auth/session").await, &["form token of the browser"]);
    let body = json!({"kind": "service", "name": "canary", "scopes": ["partners:read"]});
    let made = api.post(&session, "/v1/api-keys", "one-key", &body).await;
    let key = text(&made.body["secret"]);
    canaries.is("API key", &key);
    canaries.told(&made, &["API key"]);
    // Sent again it is the kept answer, which lies sealed.
    canaries.told(&api.post(&session, "/v1/api-keys", "one-key", &body).await, &["API key"]);
    for (key, path, status) in
        [(&key, "/v1/partners", 200), (&key, "/v1/programs", 403), (&format!("{key}x"), "/v1/partners", 401)]
    {
        let answer = api.get(key, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        canaries.told(&answer, &[]);
    }
}

/// Another session, of a browser: its cookie.
async fn signs_in_by_cookie(world: &World, canaries: &mut Canaries) -> String {
    let token = link_for(world, &world.admin, "browser@next.example").await;
    let begun = world.api.post("", "/v1/auth/session", "cookie", &json!({"token": token})).await;
    let cookie = begun.cookie("__Host-tributary").unwrap_or_else(|| panic!("no cookie: {:?}", begun.headers));
    canaries.is("cookie", &cookie);
    canaries.is("form token of the browser", &text(&begun.body["csrf_token"]));
    canaries.told(&begun, &["cookie", "form token of the browser"]);
    cookie
}

fn methods(details: &Value) -> Value {
    json!({"methods": [{"details": details}]})
}

fn ach(account: &str, rail: &str) -> Value {
    methods(&json!({"rail": rail, "holder": "Canary Bird", "holder_kind": "personal",
        "routing_number": "021000021", "account_number": account, "account_kind": "checking"}))
}

fn form(tin: &str, kind: &str) -> Value {
    json!({"form": "w9", "classification": "individual", "first_name": "Canary", "last_name": "Bird",
        "tin_kind": kind, "tin": tin, "signed_on": "2026-01-01", "certified": true,
        "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"}})
}

/// A partner says where money goes and who they are to the tax office: well, and with each mistake that quotes it.
async fn is_paid(world: &World, canaries: &mut Canaries) {
    let partner = world.partner("canary").await;
    for (name, secret) in [("bank account", ACCOUNT), ("IBAN", IBAN), ("TIN", TIN), ("TIN digits", TIN_DIGITS)] {
        canaries.is(name, secret);
    }
    let of = |name: &str| format!("/v1/partners/{}/{name}", partner.id);
    let (payout_method, tax_form) = (of("payout-method"), of("tax-form"));
    let by_iban = |iban: &str| methods(&json!({"rail": "csv", "holder": "Canary Bird", "iban": iban}));
    let sent = [
        (&payout_method, by_iban(IBAN), &[200][..]),
        (&payout_method, by_iban(&format!("{IBAN}7")), &REFUSED),
        (&payout_method, ach(ACCOUNT, "ach"), &[200]),
        (&payout_method, ach(&ACCOUNT.repeat(4), "ach"), &REFUSED),
        (&payout_method, ach(ACCOUNT, ACCOUNT), &REFUSED),
        (&payout_method, json!({"methods": ACCOUNT}), &REFUSED),
        (&tax_form, form(TIN, "ssn"), &[200]),
        (&tax_form, form(TIN, TIN), &REFUSED),
        (&tax_form, form(&format!("{TIN}-7"), "ssn"), &REFUSED),
        (&tax_form, json!({"form": TIN_DIGITS}), &REFUSED),
    ];
    for (n, (path, body, statuses)) in sent.iter().enumerate() {
        let answer = world.api.put(&partner.key, path, &format!("paid-{n}"), body).await;
        assert!(statuses.contains(&answer.status), "{n} {path}: {} {}", answer.status, answer.text);
        canaries.told(&answer, &[]);
    }
    for path in [&payout_method, &tax_form] {
        for key in [&partner.key, &world.admin] {
            let answer = world.api.get(key, path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            canaries.told(&answer, &[]);
        }
    }
}

/// What providers sign, rightly and wrongly; a lead; secrets that the operator puts down.
async fn is_told(world: &World, canaries: &mut Canaries) {
    canaries.is("webhook secret", &world.secret);
    let now = world.cloud.now().await;
    let bought = purchase("canary", "99.00", "no-token", now);
    canaries.is("customer's address", "canary@customer.example");
    let signed = signature(&world.secret, &bought.paid, now);
    canaries.is("signature", signed.split_once("v1=").expect("a signature").1);
    // The signature is of the first alone.
    for (body, status) in [(&bought.paid, 200), (&bought.checkout, 401)] {
        let answer = world.api.stripe_signed(&signed, body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        canaries.told(&answer, &[]);
    }
    canaries.is("lead", LEAD);
    for (n, (given, status)) in [(json!(true), 202), (json!("yes"), 400)].into_iter().enumerate() {
        let consent = json!({"given": given, "source": "form"});
        let lead = json!({"email": LEAD, "source": "page", "program_id": world.program, "consent": consent});
        let once = format!("lead-{n}");
        let asked = Asked { key: &world.admin, once: Some(&once), body: Some(&lead) };
        let answer = world.api.send(Method::POST, "/v1/revenue/leads", asked).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        canaries.told(&answer, &[]);
    }
    let made = tributary(&world.cloud, &["endpoint", "create", "--provider", "standard", "--name", "canary"]).await;
    let secret = made.split_once("secret, shown once: ").expect("a secret").1.lines().next().unwrap_or_default();
    canaries.is("endpoint secret", secret);
    let path = made.split_once("send to: ").expect("a path").1.lines().next().unwrap_or_default();
    let unsigned = world.api.post("", path, "unsigned", &json!({"id": "evt_1"})).await;
    assert_eq!(unsigned.status, 401, "{}", unsigned.text);
    canaries.told(&unsigned, &[]);
    let stage = world.cloud.stage_secret().await;
    canaries.is("Stripe key", stage["stripe_secret_key"].as_str().expect("a key"));
    canaries.is("click token key", stage["click_token_key"].as_str().expect("a key"));
    let (_, said) = try_tributary(&world.cloud, &["key", "create", "--role", secret, "--name", "x"]).await;
    canaries.said(&said);
}

/// What of the cloud's own folder holds a secret, and which of its files were seen to hold the programme's id.
fn found_on_disk(world: &World, canaries: &Canaries) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut looked_at) = (Vec::new(), Vec::new());
    for path in files_under(world.cloud.folder()) {
        let name = path.strip_prefix(world.cloud.folder()).expect("beneath").to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap_or_default();
        // What is no text in it becomes signs that stand in no secret.
        let text = String::from_utf8_lossy(&bytes);
        let kept = KEPT_BY_SERVICES.iter().find(|(file, _)| name.contains(file)).map_or(&[][..], |(_, kept)| *kept);
        let found = canaries.found_in(&text);
        wrong.extend(found.iter().filter(|found| !kept.contains(found)).map(|found| format!("{found} in {name}")));
        // What is no secret is found there: the search looks at what it seems to.
        if text.contains(&world.program) {
            looked_at.push(name);
        }
    }
    (wrong, looked_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_that_went_through_lies_anywhere_or_is_told_again() {
    // R16
    let (world, queues, _bin) = listened_to().await;
    let mut canaries = Canaries::default();
    signs_in(&world, &mut canaries).await;
    is_paid(&world, &mut canaries).await;
    is_told(&world, &mut canaries).await;
    world.rest().await;
    let sent = queues.take();
    assert!(sent.len() > 3, "only {} messages were listened to", sent.len());
    let (mut wrong, looked_at) = found_on_disk(&world, &canaries);
    wrong.extend(canaries.told_again());
    let bodies = sent.iter().map(|message| message.body.to_string());
    wrong.extend(bodies.flat_map(|body| {
        canaries
            .found_in(&body)
            .into_iter()
            .map(move |name| format!("{name} in the message {body}"))
            .collect::<Vec<_>>()
    }));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        ["tables.db", "logs"].iter().all(|place| looked_at.iter().any(|name| name.contains(place))),
        "{looked_at:?}"
    );
}
