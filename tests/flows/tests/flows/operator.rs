//! What an operator does to a cloud from a shell, and looks up in its tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::Cloud;

/// A built binary, with the environment of a cloud and its clock.
pub(crate) async fn command(cloud: &Cloud, name: &str) -> Command {
    let offset = cloud.state().await["offset_ms"].to_string();
    let mut command = Command::new(binaries().join(name));
    command.current_dir(root()).envs(cloud.environment()).env("CLOCK_OFFSET_MS", offset);
    command
}

/// What the operator's command says, well or not.
pub(crate) async fn try_tributary(cloud: &Cloud, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } =
        command(cloud, "tributary").await.args(arguments).output().expect("tributary runs");
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.success(), said.trim_end().to_owned())
}

/// What the operator's command says; it must end well.
pub(crate) async fn tributary(cloud: &Cloud, arguments: &[&str]) -> String {
    let (good, said) = try_tributary(cloud, arguments).await;
    assert!(good, "tributary {arguments:?}: {said}");
    said
}

/// Every law holds over what is stored.
pub(crate) async fn assert_lawful(cloud: &Cloud) {
    let (good, said) = try_tributary(cloud, &["verify"]).await;
    assert!(good && said.ends_with(", 0 broken laws"), "{said}");
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder of the built binaries: the test's own executable lies in `deps` beside them.
pub(crate) fn binaries() -> PathBuf {
    let own = std::env::current_exe().expect("a test has an executable");
    own.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>").to_owned()
}

/// The file in which a cloud wrote where it is reached.
pub(crate) fn ready_file(cloud: &Cloud) -> PathBuf {
    cloud.folder().join("ready.json")
}

/// Every item of a table in DynamoDB's JSON, by its key: two dumps of one ledger are equal.
pub(crate) async fn dump(cloud: &Cloud, table: &str) -> BTreeMap<String, Value> {
    let mut items = BTreeMap::new();
    let mut asked = json!({"TableName": cloud.variable(table), "ConsistentRead": true});
    loop {
        let page = scan(cloud, &asked).await;
        for item in page["Items"].as_array().into_iter().flatten() {
            let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            items.insert(format!("{} / {}", key("pk"), key("sk")), item.clone());
        }
        if page["LastEvaluatedKey"].is_null() {
            return items;
        }
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

async fn scan(cloud: &Cloud, asked: &Value) -> Value {
    let scope = "Credential=local/20260101/us-east-1/dynamodb/aws4_request";
    let request = cloud
        .client()
        .post(cloud.variable("AWS_ENDPOINT_URL_DYNAMODB"))
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"))
        .body(asked.to_string());
    let answer = request.send().await.expect("the tables answer");
    let status = answer.status();
    let text = answer.text().await.expect("an answer");
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The messages that were given up, by queue.
pub(crate) async fn dead_letters(cloud: &Cloud) -> BTreeMap<String, u64> {
    let state = cloud.state().await;
    let queues = state["queues"].as_array().cloned().unwrap_or_default();
    let dead = queues.iter().filter(|queue| queue["is_dead_letter"] == true);
    let counted = dead.map(|queue| {
        let count = ["visible", "in_flight", "delayed"].iter().filter_map(|name| queue[*name].as_u64());
        (queue["name"].as_str().unwrap_or_default().to_owned(), count.fold(0, u64::saturating_add))
    });
    counted.filter(|(_, count)| *count > 0).collect()
}

/// Messages as SQS hands them to a function.
pub(crate) fn batch(bodies: &[Value]) -> Value {
    let record = |(n, body): (usize, &Value)| {
        json!({
            "messageId": format!("again-{n}"), "receiptHandle": "r", "body": body.to_string(), "attributes": {},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:again", "awsRegion": "us-east-1",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// Which function reads what is given up in which queue.
const READERS: [(&str, &str); 5] = [
    ("-facts-dead", "revenue-recorder"),
    ("-visits-dead", "commission-batch"),
    ("-payouts-dead", "payout-executor"),
    ("-notices-dead", "notifier"),
    ("-reports-dead", "report-generator"),
];

/// Hands a message to its function until it is dealt with: the function may be killed over it once more.
async fn hand_out(cloud: &Cloud, function: &str, body: &Value) {
    let mut answer = Value::Null;
    for _ in 0..20 {
        answer = cloud.invoke(function, &batch(std::slice::from_ref(body))).await;
        if answer["batchItemFailures"] == json!([]) {
            return;
        }
        // A lease of the run that died may still hold.
        cloud.advance("10m").await;
    }
    panic!("{function} {body}: {answer}");
}

/// Sends the event of a run that was given up to its function again, as the runbook says.
async fn run_again(cloud: &Cloud, told: &Value) {
    let function = told["requestContext"]["functionArn"].as_str().expect("a function");
    let mut answer = Value::Null;
    for _ in 0..20 {
        answer = cloud.invoke(function, &told["requestPayload"]).await;
        if answer["errorType"].is_null() {
            return;
        }
        cloud.advance("10m").await;
    }
    panic!("{told}: {answer}");
}

/// Hands every message that was given up to its function again; how many there were.
pub(crate) async fn redrive(cloud: &Cloud) -> usize {
    let mut count = 0;
    for queue in dead_letters(cloud).await.into_keys() {
        let reader = READERS.iter().find(|(ending, _)| queue.ends_with(ending)).map(|(_, function)| *function);
        let path = cloud.url(&format!("/local/queues/{queue}"));
        let held = cloud.client().get(&path).send().await.expect("an answer").json::<Value>().await.expect("JSON");
        for body in held["messages"].as_array().expect("messages") {
            let body: Value = serde_json::from_str(body.as_str().expect("a text")).expect("a message");
            match reader {
                Some(function) => hand_out(cloud, function, &body).await,
                None if queue.ends_with("-runs-dead") => run_again(cloud, &body).await,
                None => panic!("nobody reads {queue}"),
            }
            count += 1;
        }
        cloud.client().delete(&path).send().await.expect("an answer");
    }
    count
}
