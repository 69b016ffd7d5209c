//! The simulated database answers as dynoxide does, on which every other test stands, and has the tables of template.yaml.

use std::collections::BTreeMap;

use local::template::{Place, Template};
use serde_json::{Map, Value, json};
use simulator::database::{Answer, Database, Lag, TABLES, Visibility};
use simulator::dice::Dice;

/// How many random requests are sent to both.
const REQUESTS: usize = 600;

struct Both {
    ours: Database,
    theirs: testkit::Database,
    client: reqwest::Client,
}

impl Both {
    async fn new() -> Self {
        Self { ours: Database::new(TABLES), theirs: testkit::database().await, client: reqwest::Client::new() }
    }

    /// What each of the two answers.
    #[expect(clippy::expect_used, reason = "a test without an answer cannot go on")]
    async fn ask(&mut self, operation: &str, request: &Value) -> (Value, Value) {
        let body = request.to_string().into_bytes();
        let lag = Lag::default();
        let answer = match operation {
            "GetItem" => self.ours.get(&body, lag),
            "BatchGetItem" => self.ours.get_batch(&body, lag, 0),
            "Query" => self.ours.query(&body, lag),
            "PutItem" => self.ours.put(&body).answer,
            "UpdateItem" => self.ours.update(&body).answer,
            "DeleteItem" => self.ours.delete(&body).answer,
            "TransactWriteItems" => self.ours.transact(&body, Visibility::AtOnce).answer,
            other => panic!("{other} is not simulated"),
        };
        let told = request.to_string().replace("\"core\"", &format!("\"{}\"", self.theirs.core));
        let sent = self
            .client
            .post(&self.theirs.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260302T000000Z")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=f")
            .body(told);
        let heard = sent.send().await.expect("dynoxide answers");
        let status = heard.status().as_u16();
        let body = heard.text().await.expect("a body").replace(&format!("\"{}\"", self.theirs.core), "\"core\"");
        (plain(&answer), plain(&Answer { status, body }))
    }
}

/// What a client can tell apart in an answer.
#[expect(clippy::expect_used, reason = "a test without an answer cannot go on")]
fn plain(answer: &Answer) -> Value {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    if answer.status == 200 {
        let Value::Object(fields) = body else { return body };
        let telling = |(name, value): &(String, Value)| {
            name != "ConsumedCapacity" && name != "ItemCollectionMetrics" && !is_nothing(value)
        };
        return Value::Object(fields.into_iter().filter(telling).collect());
    }
    let code = body["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    let reasons: Vec<Value> =
        body["CancellationReasons"].as_array().into_iter().flatten().map(|reason| reason["Code"].clone()).collect();
    json!({ "code": code, "reasons": reasons, "item": body["Item"] })
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn key(dice: &mut Dice) -> Value {
    json!({ "pk": { "S": format!("ten#{}", dice.below(2)) }, "sk": { "S": format!("line#{}", dice.below(5)) } })
}

fn item(dice: &mut Dice) -> Value {
    let mut item = key(dice);
    for name in ["version", "amount"] {
        if dice.percent(70) {
            item[name] = json!({ "N": dice.between(-3, 3).to_string() });
        }
    }
    if dice.percent(60) {
        item["fence"] = json!({ "S": format!("26030{}.00", dice.below(5)) });
    }
    if dice.percent(50) {
        item["live_pk"] = json!({ "S": "live" });
        item["live_sk"] = json!({ "S": format!("account#{}", dice.below(4)) });
    }
    if dice.percent(30) {
        item["list"] = json!({ "L": [{ "S": "a" }, { "BOOL": true }, { "M": { "n": { "N": "1" } } }] });
    }
    item
}

/// The conditions that the store speaks, and some that it might.
const CONDITIONS: [&str; 10] = [
    "attribute_not_exists(pk)",
    "attribute_exists(pk)",
    "#version = :number",
    "(attribute_not_exists(#fence) OR #fence < :fence)",
    "(attribute_not_exists(#fence) OR #fence = :fence) AND #version <> :number",
    "NOT (#version >= :number) OR attribute_exists(#list)",
    "#amount BETWEEN :low AND :number",
    "begins_with(#fence, :beginning)",
    "#amount IN (:low, :number)",
    "#version <= :number AND #amount > :low",
];

const UPDATES: [&str; 6] = [
    "SET #version = :number, #fence = :fence",
    "SET #version = if_not_exists(#version, :low) ADD #amount :number",
    "ADD #amount :number REMOVE #fence, #list",
    "SET #list = list_append(if_not_exists(#list, :none), :one)",
    "SET #amount = if_not_exists(#amount, :low) + :number",
    "REMOVE #version",
];

/// With names and values for exactly what its expressions use: DynamoDB refuses more.
fn with_words(mut request: Value, dice: &mut Dice) -> Value {
    let expressions = ["ConditionExpression", "UpdateExpression", "KeyConditionExpression", "ProjectionExpression"];
    let text: String = expressions.iter().filter_map(|name| request[*name].as_str()).collect::<Vec<_>>().join(" ");
    let names: BTreeMap<String, Value> = ["version", "amount", "fence", "list", "live_pk", "live_sk", "pk", "sk"]
        .iter()
        .filter(|name| {
            text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '#' && sign != '_')
                .any(|word| word == format!("#{name}"))
        })
        .map(|name| (format!("#{name}"), json!(name)))
        .collect();
    let values = [
        (":number", json!({ "N": dice.between(-2, 3).to_string() })),
        (":low", json!({ "N": "-2" })),
        (":fence", json!({ "S": format!("26030{}.00", dice.below(5)) })),
        (":beginning", json!({ "S": "26030" })),
        (":none", json!({ "L": [] })),
        (":one", json!({ "L": [{ "S": "b" }] })),
        (":partition", json!({ "S": format!("ten#{}", dice.below(2)) })),
        (":live", json!({ "S": "live" })),
        (":from", json!({ "S": format!("line#{}", dice.below(3)) })),
        (":to", json!({ "S": format!("line#{}", 2 + dice.below(3)) })),
        (":account", json!({ "S": format!("account#{}", dice.below(4)) })),
        (":line", json!({ "S": "line#" })),
    ];
    let is_used =
        |name: &str| text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != ':').any(|word| word == name);
    let values: BTreeMap<&str, Value> = values.into_iter().filter(|(name, _)| is_used(name)).collect();
    if !names.is_empty() {
        request["ExpressionAttributeNames"] = json!(names);
    }
    if !values.is_empty() {
        request["ExpressionAttributeValues"] = json!(values);
    }
    request
}

fn write(dice: &mut Dice) -> (&'static str, Value) {
    let mut request = json!({ "TableName": "core" });
    if dice.percent(70) {
        request["ConditionExpression"] = json!(dice.pick(&CONDITIONS));
    }
    let kind = match dice.below(4) {
        0 => "Delete",
        1 => "Put",
        _ => "Update",
    };
    if kind == "Put" {
        request["Item"] = item(dice);
    } else {
        request["Key"] = key(dice);
    }
    if kind == "Update" {
        request["UpdateExpression"] = json!(dice.pick(&UPDATES));
    }
    (kind, with_words(request, dice))
}

fn transaction(dice: &mut Dice) -> Value {
    let mut items: Vec<Value> = Vec::new();
    for _ in 0..=dice.below(3) {
        let (kind, request) = if dice.percent(20) {
            let check = json!({ "TableName": "core", "Key": key(dice), "ConditionExpression": dice.pick(&CONDITIONS) });
            ("ConditionCheck", with_words(check, dice))
        } else {
            write(dice)
        };
        items.push(json!({ kind: request }));
    }
    json!({ "TransactItems": items, "ClientRequestToken": format!("token-{}", dice.bits()) })
}

fn query(dice: &mut Dice) -> Value {
    let of_table = [
        "pk = :partition",
        "pk = :partition AND sk BETWEEN :from AND :to",
        "pk = :partition AND begins_with(sk, :line)",
        "pk = :partition AND sk > :from",
        "pk = :partition AND sk <= :to",
        "#pk = :partition AND #sk = :from",
    ];
    let of_index =
        ["live_pk = :live", "live_pk = :live AND live_sk > :account", "live_pk = :live AND live_sk <= :account"];
    let mut request = json!({ "TableName": "core" });
    if dice.percent(30) {
        request["IndexName"] = json!("live");
        request["KeyConditionExpression"] = json!(dice.pick(&of_index));
    } else {
        request["KeyConditionExpression"] = json!(dice.pick(&of_table));
        request["ConsistentRead"] = json!(true);
    }
    if dice.percent(50) {
        request["Limit"] = json!(dice.between(1, 4));
    }
    if dice.percent(30) {
        request["ScanIndexForward"] = json!(false);
    }
    with_words(request, dice)
}

fn request(dice: &mut Dice) -> (&'static str, Value) {
    match dice.below(10) {
        0 => ("GetItem", with_words(json!({ "TableName": "core", "Key": key(dice), "ConsistentRead": true }), dice)),
        1 => {
            let (one, other) = (
                json!({ "pk": { "S": "ten#0" }, "sk": key(dice)["sk"] }),
                json!({ "pk": { "S": "ten#1" }, "sk": key(dice)["sk"] }),
            );
            ("BatchGetItem", json!({ "RequestItems": { "core": { "Keys": [one, other], "ConsistentRead": true } } }))
        }
        2..=4 => ("Query", query(dice)),
        5 | 6 => ("TransactWriteItems", transaction(dice)),
        _ => {
            let (kind, mut request) = write(dice);
            let operation = match kind {
                "Put" => "PutItem",
                "Delete" => "DeleteItem",
                _ => "UpdateItem",
            };
            if dice.percent(30) {
                request["ReturnValues"] = json!(if kind == "Update" { "ALL_NEW" } else { "ALL_OLD" });
            }
            if dice.percent(30) && request["ConditionExpression"].is_string() {
                request["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
            }
            (operation, request)
        }
    }
}

/// A batch answers in no order, and an index in none among equal keys.
fn in_order(mut answer: Value) -> Value {
    if let Some(items) = answer.pointer_mut("/Responses/core").and_then(Value::as_array_mut) {
        items.sort_by_key(Value::to_string);
    }
    answer
}

#[tokio::test]
async fn random_requests_are_answered_as_dynoxide_answers_them() {
    let (mut both, mut dice) = (Both::new().await, Dice::new(20_260_302));
    let mut outcomes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for number in 0..REQUESTS {
        let (operation, request) = request(&mut dice);
        let (ours, theirs) = both.ask(operation, &request).await;
        assert_eq!(in_order(ours.clone()), in_order(theirs), "request {number}: {operation} {request}");
        let outcome = ours["code"].as_str().unwrap_or("ok").to_owned();
        *outcomes.entry((operation.to_owned(), outcome)).or_default() += 1;
    }
    println!("{outcomes:?}");
    for (operation, outcome) in [
        ("PutItem", "ConditionalCheckFailedException"),
        ("UpdateItem", "ok"),
        ("UpdateItem", "ConditionalCheckFailedException"),
        ("TransactWriteItems", "ok"),
        ("TransactWriteItems", "TransactionCanceledException"),
        ("Query", "ok"),
        ("BatchGetItem", "ok"),
    ] {
        assert!(
            outcomes.contains_key(&(operation.to_owned(), outcome.to_owned())),
            "{operation} {outcome} was not tried"
        );
    }
}

#[test]
fn the_tables_are_those_of_the_template() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let plan = Template::read(std::path::Path::new(root)).expect("template.yaml reads");
    let plan = plan.tables(&Place::default()).expect("its tables are understood");
    assert_eq!(plan.tables.len(), TABLES.len());
    for (logical_id, name) in [("Core", "core"), ("Clicks", "clicks"), ("Ops", "ops")] {
        let ours = TABLES.iter().find(|table| table.name == name).expect("a table");
        let theirs = plan.tables.get(logical_id).expect("a table");
        let indexes = theirs.create["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
        assert_eq!(indexes.len(), ours.indexes.len(), "{name}");
        for index in indexes {
            let key = |at: usize| index["KeySchema"][at]["AttributeName"].as_str().unwrap_or_default().to_owned();
            let same = ours.indexes.iter().find(|own| own.name == index["IndexName"]).expect("an index");
            assert_eq!((same.keys.0, same.keys.1), (key(0).as_str(), key(1).as_str()));
            assert_eq!(same.keys_only, index["Projection"]["ProjectionType"] == "KEYS_ONLY");
        }
    }
}
