//! What is given hostile bytes, and what it promises: never to panic, and what each target checks besides.

use click_tracker::tokens_brought;
use domain::currency::Currency;
use domain::fact::Fact;
use domain::id::{EndpointId, LinkId, TenantId};
use domain::money::Money;
use domain::provider::Provider;
use domain::time::Timestamp;
use domain::touch::{ClickKeys, Scope, Touch, Touches, VisitorHash};
use http::{HeaderMap, HeaderValue};
use revenue_recorder::{canonical, lemon_squeezy, stripe};
use serde_json::Value;
use webhook_ingest::provider::{Message, sender};
use webhook_ingest::signature::standard::Headers;
use webhook_ingest::signature::{self, SigningSecrets};

/// A target.
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: &'static str,
    /// Inputs that are good, to begin from.
    pub(crate) begin: fn() -> Vec<Vec<u8>>,
    /// Panics where a promise is broken.
    pub(crate) run: fn(&[u8]),
}

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "click token of the cookie", begin: tokens, run: click_token },
    Target { name: "header of cookies", begin: cookie_headers, run: cookie_header },
    Target { name: "signature header of Stripe", begin: stripe_headers, run: stripe_header },
    Target { name: "signature headers of Standard Webhooks", begin: standard_headers, run: standard_header },
    Target { name: "signature header of Lemon Squeezy", begin: lemon_headers, run: lemon_header },
    Target { name: "body of Stripe", begin: || bodies("stripe"), run: |input| body(Provider::Stripe, input) },
    Target {
        name: "body of Lemon Squeezy",
        begin: || bodies("lemon-squeezy"),
        run: |input| body(Provider::LemonSqueezy, input),
    },
    Target { name: "body in our own words", begin: facts, run: |input| body(Provider::Standard, input) },
    Target { name: "amount of money", begin: amounts, run: amount },
    Target { name: "packed raw event", begin: packed, run: unpack },
    Target { name: "ids of paths", begin: ids, run: id },
];

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = b"{\"id\":\"evt_1\"}";
const NOW_S: i64 = 1_788_422_400;

fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap_or_default()
}

fn click_keys() -> ClickKeys {
    ClickKeys::new("a secret of at least some length", "the one before it, of some length")
}

fn tokens() -> Vec<Vec<u8>> {
    let (keys, tenant) = (click_keys(), TenantId::default_tenant());
    let mut touches = Touches::none();
    let mut all = Vec::new();
    for n in 0..4_u128 {
        touches = touches.push(Touch { at: now(), link: LinkId::from_ulid(n.into()), visitor: VisitorHash::NOBODY });
        let signed = keys.sign(Scope { tenant: &tenant, window_days: 30 }, &touches);
        all.extend(signed.map(String::into_bytes));
    }
    all
}

/// A token that is read is one that was signed: nothing else verifies.
fn click_token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (keys, tenant) = (click_keys(), TenantId::default_tenant());
    if keys.verify(&tenant, &text).is_ok() {
        // Its text has one spelling: what verifies is, byte for byte, one of those that were signed.
        assert!(tokens().iter().any(|signed| signed.as_slice() == text.as_bytes()), "a token that nobody signed");
    }
    let _ = keys.verify_live(&tenant, &text, now()).is_ok();
}

/// Headers of cookies, a line each.
fn cookie_headers() -> Vec<Vec<u8>> {
    let signed = tokens().pop().unwrap_or_default();
    let signed = String::from_utf8_lossy(&signed);
    vec![
        format!("trb_touches={signed}").into_bytes(),
        format!("theme=dark; trb_touches=; trb_id={signed};trb_touches={signed}; last").into_bytes(),
        format!("trb_touches_00000000000000000000000007={signed}\ntrb_touches={signed}").into_bytes(),
        b"a=b=c; trb_touches=\xff\xfe; =x; ;;".to_vec(),
    ]
}

/// Whatever is sent as cookies: what is read stands there under the name, and hides no good cookie behind it.
fn cookie_header(input: &[u8]) {
    const HEADERS_MAX: usize = 64;
    const LOOKED_AT_MAX: usize = 8;
    let tenant = TenantId::default_tenant();
    let lines = input.split(|byte| *byte == b'\n').take(HEADERS_MAX);
    let mut headers = HeaderMap::new();
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(http::header::COOKIE, value);
    }
    let found: Vec<&str> = tokens_brought(&headers, &tenant).collect();
    assert!(found.len() <= LOOKED_AT_MAX, "{} cookies are looked at", found.len());
    for token in &found {
        let pair = format!("trb_touches={token}").into_bytes();
        let stands = |value: &HeaderValue| value.as_bytes().windows(pair.len()).any(|place| place == pair.as_slice());
        let is_there = headers.get_all(http::header::COOKIE).iter().any(stands);
        assert!(is_there && !token.contains(';'), "a cookie that nobody sent: {token}");
    }
    let mut more = headers.clone();
    more.append(http::header::COOKIE, HeaderValue::from_static("trb_touches=good"));
    let last = tokens_brought(&more, &tenant).last();
    assert!(found.len() == LOOKED_AT_MAX || last == Some("good"), "a good cookie that is not found behind {found:?}");
}

fn stripe_headers() -> Vec<Vec<u8>> {
    let zeros = "0".repeat(64);
    vec![
        format!("t={NOW_S},v1={zeros}").into_bytes(),
        format!("t={NOW_S},v1={zeros},v1={zeros},v0={zeros}").into_bytes(),
        b"t=12345,v1=2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e".to_vec(),
    ]
}

fn stripe_header(input: &[u8]) {
    let header = String::from_utf8_lossy(input);
    let secrets = SigningSecrets::new([SECRET]);
    assert!(signature::stripe::verify(Some(&header), BODY, &secrets, NOW_S).is_err(), "a forged signature is taken");
    // As it comes off the wire: bytes that may be no text.
    if let Ok(value) = HeaderValue::from_bytes(input) {
        let headers = HeaderMap::from_iter([("stripe-signature".parse().unwrap_or(http::header::COOKIE), value)]);
        let message = Message { headers: &headers, body: BODY, at: now() };
        let refused = sender(Provider::Stripe).map(|sends| sends.verify(&message, &secrets).is_err());
        assert_eq!(refused, Some(true));
    }
}

fn standard_headers() -> Vec<Vec<u8>> {
    vec![
        b"msg_p5jXN8AQM9LWM0D4loKWxJek\n1788422400\nv1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_vec(),
        b"msg_1\n1788422400\nv1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag== v1,AAAA".to_vec(),
    ]
}

fn standard_header(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(3, '\n');
    let headers = Headers { id: parts.next(), timestamp: parts.next(), signature: parts.next() };
    let secrets = SigningSecrets::new([SECRET, "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="]);
    assert!(signature::standard::verify(headers, BODY, &secrets, NOW_S).is_err(), "a forged signature is taken");
}

fn lemon_headers() -> Vec<Vec<u8>> {
    vec![b"743c0dcfaab3a3d06198183501fb92cc82e548febc80937f3fb236a4932f748f".to_vec(), "0".repeat(64).into_bytes()]
}

fn lemon_header(input: &[u8]) {
    let header = String::from_utf8_lossy(input);
    let refused = signature::lemon_squeezy::verify(Some(&header), BODY, &SigningSecrets::new([SECRET])).is_err();
    assert!(refused, "a forged signature is taken");
}

fn bodies(provider: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/../../events/webhook-ingest/{provider}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let compact = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).map(|event| event.to_string().into_bytes());
    paths.iter().filter_map(|path| compact(std::fs::read(path).ok()?).ok()).collect()
}

fn facts() -> Vec<Vec<u8>> {
    [
        r#"{"type":"sale_paid","payment":"shop:order-1","customer":"shop:casey","paid":"99.00 EUR","occurred_at":"2026-09-02T12:00:00Z","items":[{"product":"a","amount":"99.00 EUR"}]}"#,
        r#"{"type":"refund","refund":"shop:r-1","payment":"shop:order-1","amount":"1.00 EUR","occurred_at":"2026-09-02T12:00:00Z"}"#,
        r#"{"type":"dispute","timestamp":"2026-09-02T12:00:00Z","data":{"dispute":"shop:d-1","payment":"shop:order-1","amount":"1.00 EUR","phase":"lost"}}"#,
        r#"{"type":"customer_seen","event":"shop:e-1","customer":"shop:casey","occurred_at":"2026-09-02T12:00:00Z","click_token":"x"}"#,
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// What is taken in has an id that keys can hold; what is booked has no amount below zero, and items that add up.
fn body(provider: Provider, input: &[u8]) {
    let headers =
        HeaderMap::from_iter([(http::HeaderName::from_static("webhook-id"), HeaderValue::from_static("msg_1"))]);
    let message = Message { headers: &headers, body: input, at: now() };
    let envelope = sender(provider).map(|sends| sends.envelope(&message));
    if let Some(Ok(envelope)) = envelope {
        let is_plain = envelope.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        assert!(
            is_plain && !envelope.id.is_empty() && envelope.id.len() <= 128,
            "an id that no key holds: {}",
            envelope.id
        );
    }
    let Ok(event) = serde_json::from_slice::<Value>(input) else { return };
    let facts = match provider {
        Provider::Stripe => stripe::translate(&event).unwrap_or_default(),
        Provider::LemonSqueezy => lemon_squeezy::translate(&event).unwrap_or_default(),
        Provider::Standard | Provider::Track => canonical::translate(canonical::unwrapped(&event)).unwrap_or_default(),
    };
    for fact in &facts {
        let amounts = match fact {
            Fact::SalePaid(sale) => vec![sale.paid, sale.total, sale.tax, sale.shipping, sale.fees],
            Fact::PaidAgain(told) => vec![told.sale.paid, told.sale.total, told.sale.tax, told.sale.fees],
            Fact::Refund(refund) => vec![refund.amount],
            Fact::Dispute(dispute) => vec![dispute.amount],
            Fact::PaymentFailed(failed) => vec![failed.amount],
            _ => Vec::new(),
        };
        assert!(amounts.iter().all(|amount| !amount.is_negative()), "an amount below zero: {fact:?}");
        if let Fact::SalePaid(sale) = fact {
            let sum = Money::try_sum(sale.items.iter().map(|item| item.amount), sale.paid.currency());
            assert!(sale.items.is_empty() || sum == Ok(sale.paid), "items that do not add up: {fact:?}");
        }
        // What is parked is kept as JSON, and must come back.
        let text = serde_json::to_string(fact).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Fact>(&text).ok().as_ref(), Some(fact), "a fact that does not come back");
    }
}

fn amounts() -> Vec<Vec<u8>> {
    ["99.00", "0", "-1.5", "9223372036854775807", "0.001", "250.50"]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
}

/// What is read is written as an amount that is read alike.
fn amount(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
        if let Ok(money) = Money::parse(&text, currency) {
            assert_eq!(Money::parse(&money.to_text(), currency), Ok(money), "{text}");
        }
    }
}

fn packed() -> Vec<Vec<u8>> {
    bodies("stripe").iter().take(8).filter_map(|body| cases::raw_event::pack(body).ok()).collect()
}

/// What unpacks is within its bound.
fn unpack(input: &[u8]) {
    if let Ok(raw) = cases::raw_event::unpack(input) {
        assert!(raw.len() <= cases::raw_event::EVENT_BYTES_MAX);
    }
}

fn ids() -> Vec<Vec<u8>> {
    let endpoint = EndpointId::of(&TenantId::default_tenant(), 7_u128.into());
    vec![
        endpoint.as_str().as_bytes().to_vec(),
        b"pay_00000000000000000000000007EUR000012".to_vec(),
        b"com_00000000000000000000000007-1".to_vec(),
    ]
}

/// What is read is written as it was.
fn id(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(id) = EndpointId::parse(&text) {
        assert!(id.as_str() == text && id.own_part().len() == 26);
    }
    if let Ok(id) = domain::id::PayoutId::parse(&text) {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(id) = domain::id::LineId::parse(&text) {
        assert_eq!(id.as_str(), text);
    }
}
