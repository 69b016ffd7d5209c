//! Functions that crash, hang, or answer garbage: reported as AWS would, and the cloud goes on.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

use std::path::Path;
use std::time::{Duration, Instant};

use local::cloud::{Cloud, Options};
use serde_json::{Value, json};

struct Bench {
    cloud: Cloud,
    client: reqwest::Client,
    folder: tempfile::TempDir,
}

/// The function that does what its event says.
fn wayward() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_wayward"))
}

fn options(folder: &Path) -> Options {
    Options {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/wayward.yaml"),
        data: folder.join("data"),
        bin: folder.join("bin"),
        port: 0,
        parameters: Default::default(),
        retry_after: Some(Duration::from_millis(20)),
    }
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("bin")).expect("a folder for the binaries");
    for name in ["wayward", "picky", "listener", "nightly"] {
        std::os::unix::fs::symlink(wayward(), folder.path().join("bin").join(name)).expect("a link");
    }
    let cloud = Cloud::start(&options(folder.path())).await.expect("the cloud starts");
    cloud.wait_ready(Duration::from_secs(30)).await.expect("the functions poll");
    Bench { cloud, client: reqwest::Client::new(), folder }
}

impl Bench {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.addresses().http)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(self.url(path)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    async fn invoke(&self, wish: &str) -> Value {
        let request = self.client.post(self.url("/local/invoke/wayward")).body(json!({"do": wish}).to_string());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn aws(&self, service: &str, target: &str, body: Value) -> Value {
        let Addresses { aws, dynamodb } = Addresses::of(&self.cloud);
        let address = if service == "dynamodb" { dynamodb } else { aws };
        let scope = format!("Credential=local/20260101/us-east-1/{service}/aws4_request");
        let request = self
            .client
            .post(address)
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"))
            .header("x-amz-date", "20260101T000000Z")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .body(body.to_string());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn send(&self, body: &str) {
        let url = "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-local-jobs";
        let sent = self.aws("sqs", "AmazonSQS.SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await;
        assert!(sent["MessageId"].is_string(), "{sent}");
    }

    async fn put(&self, pk: &str) {
        let item = json!({"TableName": "tributary-local-core", "Item": {"pk": {"S": pk}}});
        let put = self.aws("dynamodb", "DynamoDB_20120810.PutItem", item).await;
        assert_eq!(put, json!({}));
    }

    async fn wait_idle(&self) -> Value {
        let began = Instant::now();
        loop {
            let (_, state) = self.get("/local/state").await;
            let state: Value = serde_json::from_str(&state).expect("JSON");
            if state["idle"] == true {
                return state;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{state:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn messages(&self, queue: &str) -> Vec<Value> {
        let (_, text) = self.get(&format!("/local/queues/tributary-local-{queue}")).await;
        let read: Value = serde_json::from_str(&text).expect("JSON");
        read["messages"].as_array().cloned().expect("messages")
    }
}

struct Addresses {
    aws: String,
    dynamodb: String,
}

impl Addresses {
    fn of(cloud: &Cloud) -> Self {
        let addresses = cloud.addresses();
        Self { aws: addresses.aws.clone(), dynamodb: addresses.dynamodb.clone() }
    }
}

#[tokio::test]
async fn an_invocation_fails_in_the_words_of_aws() {
    let bench = bench().await;
    let rows = [
        ("error", "Sad", "as asked"),
        ("exit", "Runtime.ExitError", "exit status: 3"),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ];
    for (wish, kind, message) in rows {
        let answer = bench.invoke(wish).await;
        assert_eq!(answer["errorType"], kind, "{wish}: {answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains(message)), "{answer}");
    }
    assert_eq!(bench.invoke("echo").await, json!({"do": "echo"}), "the function is there again");
}

#[tokio::test]
async fn a_request_meets_what_the_gateway_would_answer() {
    let bench = bench().await;
    let failed = (500, r#"{"message":"Internal Server Error"}"#.to_owned());
    for wish in ["/error", "/exit", "/garbage", "/hang"] {
        assert_eq!(bench.get(wish).await, failed, "{wish}");
    }
    assert_eq!(bench.get("/bare").await, (200, "just a text".to_owned()));
    assert_eq!(bench.get("/a/b").await, (404, r#"{"message":"Not Found"}"#.to_owned()));
}

#[tokio::test]
async fn a_function_that_never_starts_is_named_with_what_it_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let cloud = Cloud::start(&options(folder.path())).await.expect("the cloud starts");
    let error = cloud.wait_ready(Duration::from_secs(1)).await.expect_err("no binaries");
    assert!(error.to_string().contains("listener: starting "), "{error}");
    let url = format!("{}/local/invoke/wayward", cloud.addresses().http);
    let answer = reqwest::Client::new().post(url).body("{}").send().await.expect("the cloud answers");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["errorType"], "Runtime.ExitError");
}

#[tokio::test]
async fn one_poison_message_goes_to_the_dead_and_its_neighbours_pass() {
    let bench = bench().await;
    for body in ["do:partial good 1", "do:partial bad", "do:partial good 2"] {
        bench.send(body).await;
    }
    let state = bench.wait_idle().await;
    assert_eq!(bench.messages("jobs-dead").await, [json!("do:partial bad")], "{state:#}");
    bench.send("do:exit").await;
    bench.wait_idle().await;
    assert_eq!(bench.messages("jobs-dead").await.len(), 2, "a crash is a failure of the whole batch");
}

#[tokio::test]
async fn a_record_that_always_fails_is_told_and_the_stream_goes_on() {
    let bench = bench().await;
    for pk in ["first", "error", "third"] {
        bench.put(pk).await;
    }
    bench.wait_idle().await;
    let told = bench.messages("untold").await;
    assert_eq!(told.len(), 1, "{told:?}");
    let told: Value = serde_json::from_str(told[0].as_str().expect("a text")).expect("JSON");
    assert_eq!(told["DDBStreamBatchInfo"]["batchSize"], 1);
}

#[tokio::test]
async fn a_schedule_that_fails_to_the_end_is_told_with_its_event() {
    let bench = bench().await;
    let now = bench.client.post(bench.url("/local/clock")).body(r#"{"now":"2027-03-01T01:59:00Z"}"#).send().await;
    assert_eq!(now.expect("an answer").status(), 200);
    let moved = json!({"advance": "2m", "fire_schedules": true}).to_string();
    let moved = bench.client.post(bench.url("/local/clock")).body(moved).send().await.expect("an answer");
    let moved: Value = moved.json().await.expect("JSON");
    assert_eq!(moved["fired"][0]["failed"], true, "{moved}");
    let told = bench.messages("untold").await;
    let told: Value = serde_json::from_str(told[0].as_str().expect("a text")).expect("JSON");
    assert_eq!(told["requestPayload"]["scheduled_for"], "2027-03-01T02:00:00Z");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 2);
    let tick = bench.client.post(bench.url("/local/tick/nightly")).send().await.expect("an answer");
    assert_eq!((tick.status().as_u16(), tick.headers().contains_key("x-amz-function-error")), (502, true));
}

#[tokio::test]
async fn messages_and_unread_records_outlive_the_cloud() {
    let folder = {
        let bench = bench().await;
        for name in ["picky", "listener"] {
            std::fs::remove_file(bench.folder.path().join("bin").join(name)).expect("removed");
            let kill = bench.client.post(bench.url(&format!("/local/functions/{name}/kill"))).send().await;
            kill.expect("killed");
        }
        bench.send("kept").await;
        bench.put("kept").await;
        bench.folder
    };
    for name in ["picky", "listener"] {
        std::os::unix::fs::symlink(wayward(), folder.path().join("bin").join(name)).expect("a link");
    }
    let cloud = Cloud::start(&options(folder.path())).await.expect("the cloud starts again");
    cloud.wait_ready(Duration::from_secs(30)).await.expect("the functions poll");
    let again = Bench { cloud, client: reqwest::Client::new(), folder };
    let state = again.wait_idle().await;
    let invocations: Vec<_> = state["functions"]
        .as_array()
        .expect("functions")
        .iter()
        .map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), one["invocations"].as_u64()))
        .collect();
    assert!(invocations.contains(&("listener".to_owned(), Some(1))), "{invocations:?}");
    assert!(invocations.iter().any(|(name, count)| name == "picky" && *count >= Some(1)), "{invocations:?}");
}
