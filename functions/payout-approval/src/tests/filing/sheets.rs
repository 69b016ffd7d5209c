//! PAY-6, PAY-8: files that are sheets, a register of checks, and what another system pays, through the door.

use domain::id::PayoutId;
use domain::payee::PostalAddress;
use domain::payout::payment_reference;
use rails::reference;

use super::*;

const IBAN: [&str; 2] = ["DE89370400440532013000", "GB82WEST12345698765432"];
const IN_WORDS: [&str; 2] = ["seventy-six and 00/100 USD", "thirty-eight and 00/100 USD"];
/// What is asked for; without a form 24 % of it stay.
const ASKED: [&str; 2] = ["100.00", "50.00"];
const LEAVES: [&str; 2] = ["76.00", "38.00"];
const WISE: &str = "name,recipientEmail,paymentReference,referenceNumber,receiverType,amountCurrency,amount,sourceCurrency,targetCurrency,IBAN";
const CHECKS: &str = "check_number,day,payable_to,amount,currency,amount_in_words,memo,payout,line1,line2,city,region,postal_code,country";

/// What the banks of all rails need.
fn every_bank() -> Value {
    let columns = [
        ("Reference", "reference"),
        ("Payee", "name"),
        ("IBAN", "iban"),
        ("Amount", "amount"),
        ("Currency", "currency"),
        ("Day", "day"),
    ];
    let columns = columns.map(|(header, content)| json!({"header": header, "content": content})).to_vec();
    let mut every = bank();
    every["wise"] = json!({"header": WISE, "source_currency": "USD", "reference_chars": 12});
    every["csv"] = json!({"columns": columns, "delimiter": ";", "decimal_mark": ",", "days": "day_first"});
    every["check"] = json!({"first_number": 1_001});
    every
}

/// Where the money of the first or the second partner goes.
fn destination(rail: &str, at: usize) -> Destination {
    let (n, iban) = (at + 1, IBAN[at].to_owned());
    let (holder, email) = (format!("Partner {n}"), format!("p{n}@partner.example"));
    match rail {
        "paypal" => Destination::Paypal { email },
        "wise" => Destination::Wise { holder, email, iban: Some(iban) },
        "csv" => Destination::Csv { holder, iban },
        "check" => Destination::Check {
            payable_to: holder,
            address: PostalAddress {
                line1: format!("{n} Main St"),
                line2: None,
                city: "Springfield".to_owned(),
                region: Some("IL".to_owned()),
                postal_code: "62701".to_owned(),
                country: "US".to_owned(),
            },
        },
        other => panic!("{other}"),
    }
}

/// What stands above the payments of a file.
fn header(rail: &str) -> &'static [&'static str] {
    match rail {
        "wise" => &[WISE],
        "csv" => &["Reference;Payee;IBAN;Amount;Currency;Day"],
        "check" => &[CHECKS],
        _ => &[],
    }
}

/// What a rail knows a payout by.
fn known_by(rail: &str, at: usize, payout: &PayoutId) -> String {
    if rail == "check" { (1_001 + at).to_string() } else { reference::short(payout, 26) }
}

/// The line of a file that pays the first or the second partner, written out.
fn line(rail: &str, at: usize, payout: &PayoutId) -> String {
    let (n, net, iban) = (at + 1, LEAVES[at], IBAN[at]);
    let (known, route) = (known_by(rail, at, payout), reference::short(payout, 12));
    let memo = payment_reference(payout, NOW.parse().expect("an instant"));
    match rail {
        "paypal" => format!("p{n}@partner.example,{net},USD,{known},{memo},PAYPAL"),
        "wise" => format!("Partner {n},p{n}@partner.example,{route},{known},PERSON,target,{net},USD,USD,{iban}"),
        "csv" => format!("{known};Partner {n};{iban};{};USD;15.09.2026", net.replace('.', ",")),
        _ => format!(
            "{known},2026-09-15,Partner {n},{net},USD,{},{memo},{payout},{n} Main St,,Springfield,IL,62701,US",
            IN_WORDS[at]
        ),
    }
}

impl Scene {
    async fn of_every_bank() -> Self {
        let scene = Self::of_nobody().await;
        let set = scene.set_rails("ada", every_bank(), Some("\"1\"")).await;
        assert_eq!(set.0, 200, "{set:?}");
        scene
    }

    async fn export_by(&self, rail: &str, key: &str) -> Answer {
        let body = json!({"rail": rail, "currency": "USD"});
        self.world.ask_as("fin", "POST", "/export", body, Some(key)).await
    }

    /// A file of a payout of each partner, which holds what it should; and the payouts.
    async fn sheet(&self, rail: &str) -> (Value, [String; 2]) {
        for (at, n) in [(0, 1), (1, 2)] {
            self.pays_by(n, n, destination(rail, at)).await;
        }
        let payouts = [self.approved(1, ASKED[0]).await, self.approved(2, ASKED[1]).await];
        let made = self.export_by(rail, "a-file").await;
        assert_eq!((made.status, text(&made.json, "state")), (201, "ready"), "{rail}: {made:?}");
        let ids = payouts.each_ref().map(|payout| PayoutId::parse(payout).expect("an id"));
        let totals = (&made.json["payment_count"], text(&made.json, "total_amount"));
        assert_eq!(totals, (&json!(2), "114.00"), "{rail}");
        let row =
            |at: usize| json!({"payout_id": ids[at], "amount": LEAVES[at], "reference": known_by(rail, at, &ids[at])});
        assert_eq!(made.json["rows"], json!([row(0), row(1)]), "{rail}");
        assert_eq!(made.json["left_out"], json!([]), "{rail}");
        let (status, bytes) = self.content("fin", text(&made.json, "id")).await;
        assert_eq!((status, Digest::of_bytes(&bytes).to_hex().as_str()), (200, text(&made.json, "sha256")), "{rail}");
        let lines = header(rail).iter().map(|line| (*line).to_owned());
        let lines = lines.chain((0..2).map(|at| line(rail, at, &ids[at])));
        let expected: String = lines.map(|line| line + "\r\n").collect();
        assert_eq!(String::from_utf8(bytes).expect("text"), expected, "{rail}");
        (made.json, payouts)
    }
}

/// PAY-8: the totals, the hash and the bytes say the same, nothing is paid by it, and nothing is in two files.
#[tokio::test]
async fn each_sheet_holds_its_payouts_once_line_by_line_and_marks_none_of_them_paid() {
    for rail in ["paypal", "wise", "csv", "check"] {
        let scene = Scene::of_every_bank().await;
        let (made, payouts) = scene.sheet(rail).await;
        for payout in &payouts {
            assert_eq!(scene.state(payout).await, "submitted", "{rail}");
        }
        assert_eq!((scene.money(1).await, scene.money(2).await), ([0, 0, 10_000, 0], [0, 0, 5_000, 0]), "{rail}");
        assert_eq!(scene.export_by(rail, "a-file").await.json, made, "asked for twice it is the same file: {rail}");
        assert_eq!(scene.export_by(rail, "another").await.told(), (422, "nothing-to-export"), "{rail}");
        let named = json!({"rail": rail, "currency": "USD", "payout_ids": [payouts[0]]});
        let refused = scene.world.ask("fin", "POST", "/export", named).await;
        assert_eq!(refused.told(), (422, "nothing-to-export"), "{rail}");
        assert!(refused.json.to_string().contains("it is submitted"), "{rail}: {refused:?}");
        let files = scene.world.get("aud", "/files").await.json;
        assert_eq!(files["data"].as_array().map(Vec::len), Some(1), "{rail}");
        let confirm = json!({"completed_at": NOW, "payment_reference": format!("{rail} 1")});
        let paid = scene.world.ask("fin", "POST", &format!("/{}/confirm", payouts[0]), confirm).await;
        assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"), "{rail}: {paid:?}");
        assert_eq!((scene.money(1).await, scene.money(2).await), ([0, 0, 0, 10_000], [0, 0, 5_000, 0]), "{rail}");
        scene.verified().await;
    }
}

/// PAY-8: a check that was printed lies somewhere, whatever became of its file.
#[tokio::test]
async fn checks_are_numbered_on_from_file_to_file_and_no_number_is_given_twice() {
    let scene = Scene::of_every_bank().await;
    let (_, [one, _]) = scene.sheet("check").await;
    let fail = json!({"failure_reason": "the check was lost"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{one}/fail"), fail).await.status, 200);
    let next = scene.world.requested("partner 1").await;
    assert_eq!(scene.world.approve("ada", &next).await.json["state"], "approved");
    for (key, number) in [("second", "1003"), ("third", "1004")] {
        let made = scene.export_by("check", key).await.json;
        let row = &made["rows"][0];
        assert_eq!((text(row, "payout_id"), text(row, "reference")), (next.as_str(), number), "{made}");
        let voided = scene.void("ada", text(&made, "id")).await;
        assert_eq!((voided.status, scene.state(&next).await.as_str()), (200, "approved"), "{voided:?}");
    }
    scene.verified().await;
}

#[tokio::test]
async fn what_another_system_pays_is_in_no_file_and_is_paid_only_under_a_reference_of_its_own() {
    let scene = Scene::of_nobody().await;
    for n in [1, 2] {
        scene.pays_by(n, n, Destination::External { reference: format!("ERP-{n}") }).await;
    }
    let (one, two) = (scene.approved(1, ASKED[0]).await, scene.approved(2, ASKED[1]).await);
    let refused = scene.export_by("external", "a-file").await;
    assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!("/rail")));
    let door = async |payout: &str, command: &str, body: Value| {
        scene.world.ask("fin", "POST", &format!("/{payout}/{command}"), body).await
    };
    assert_eq!(door(&one, "submit", Value::Null).await.told(), (409, "no-such-rail"));
    let confirm = json!({"completed_at": NOW, "payment_reference": "ERP run 7"});
    assert_eq!(door(&one, "confirm", confirm.clone()).await.told(), (409, "wrong-state"));
    for payout in [&one, &two] {
        let sent = json!({"sent_at": NOW, "payment_reference": "ERP run 7"});
        assert_eq!(door(payout, "mark-sent", sent).await.status, 200);
    }
    let mut without = vec![json!({"completed_at": NOW})];
    without.extend(
        [json!(null), json!(""), json!("  ")].map(|said| json!({"completed_at": NOW, "payment_reference": said})),
    );
    for body in without {
        let refused = door(&one, "confirm", body.clone()).await;
        let told = (refused.status, &refused.json["errors"][0]["pointer"]);
        assert_eq!(told, (400, &json!("/payment_reference")), "{body}");
    }
    assert_eq!((scene.state(&one).await.as_str(), scene.money(1).await), ("submitted", [0, 0, 10_000, 0]));
    let paid = door(&one, "confirm", confirm.clone()).await;
    assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"), "{paid:?}");
    // What confirmed one payout confirms no other.
    assert_eq!(door(&two, "confirm", confirm).await.told(), (409, "reference-used"));
    assert_eq!((scene.money(1).await, scene.money(2).await), ([0, 0, 0, 10_000], [0, 0, 5_000, 0]));
    scene.verified().await;
}
