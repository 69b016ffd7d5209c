//! A small cloud of one's own: the real binaries, on free ports, in a folder that goes with the test.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{self, Control};
use crate::database::{Database, root};

/// A machine that also compiles takes its time.
const READY_MAX: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// How a test's cloud differs from the usual.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// Milliseconds after which failed messages come back; none leaves it to the queue's visibility.
    pub retry_after_ms: Option<u64>,
    /// Parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// The folder of the functions' binaries, if not the one that was built.
    pub bin: Option<PathBuf>,
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self { retry_after_ms: Some(200), parameters: BTreeMap::new(), bin: None }
    }
}

/// A running cloud; it ends with this value, and with the test's process.
#[derive(Debug)]
pub struct Cloud {
    folder: TempDir,
    options: CloudOptions,
    child: Option<Child>,
    http: String,
    environment: BTreeMap<String, String>,
    client: reqwest::Client,
}

impl Cloud {
    /// Starts a cloud and waits until every function has polled.
    pub async fn start() -> Self {
        Self::start_with(CloudOptions::default()).await
    }

    /// Starts a cloud that differs from the usual.
    #[expect(clippy::expect_used, reason = "a test without its cloud cannot go on")]
    pub async fn start_with(options: CloudOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the cloud");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("an HTTP client");
        let (child, http, environment) = spawn(folder.path(), &options, 0).await;
        Self { folder, options, child: Some(child), http, environment, client }
    }

    /// The address of the HTTP API, without a slash at the end.
    pub fn http(&self) -> &str {
        &self.http
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }

    /// A client that follows no redirect.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// What the functions have in their environment: tables, queues, endpoints.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// One variable of it; panics when it is not there.
    pub fn variable(&self, name: &str) -> &str {
        self.environment.get(name).map_or_else(|| panic!("no {name} in the cloud's environment"), String::as_str)
    }

    /// The cloud's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings of any AWS client of this cloud.
    pub fn settings(&self) -> aws_types::SdkConfig {
        let secret = self.variable("AWS_SECRET_ACCESS_KEY");
        client::settings(self.variable("AWS_ENDPOINT_URL"), self.variable("AWS_ACCESS_KEY_ID"), secret)
    }

    /// Its tables, with a meter and faults for this client alone.
    pub fn database(&self) -> Database {
        let endpoint = self.variable("AWS_ENDPOINT_URL_DYNAMODB").to_owned();
        let control = Control::default();
        Database {
            client: client::connect(&endpoint, control.clone()),
            core: self.variable("CORE_TABLE").to_owned(),
            clicks: self.variable("CLICKS_TABLE").to_owned(),
            ops: self.variable("OPS_TABLE").to_owned(),
            endpoint,
            control,
        }
    }

    /// Kills the cloud as `kill -9` does, and starts it again on the same folder and port.
    pub async fn restart(&mut self) {
        self.kill();
        let port = self.http.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
        let (child, http, environment) = spawn(self.folder.path(), &self.options, port).await;
        (self.child, self.http, self.environment) = (Some(child), http, environment);
    }

    /// Kills the cloud as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The cloud's clock.
    #[expect(clippy::expect_used, reason = "a cloud that shows no time fails the test")]
    pub async fn now(&self) -> Timestamp {
        let clock = self.get("/local/clock").await;
        clock["now"].as_str().and_then(|now| now.parse().ok()).expect("the cloud shows its time")
    }

    /// Sets the clock; no schedule fires.
    pub async fn set_clock(&self, now: Timestamp) {
        self.post("/local/clock", &json!({"now": now.to_string()})).await;
    }

    /// Moves the clock, such as by `24h`; no schedule fires.
    pub async fn advance(&self, by: &str) {
        self.post("/local/clock", &json!({"advance": by})).await;
    }

    /// Moves the clock and fires what falls due on the way, in order.
    pub async fn advance_firing(&self, by: &str) -> Value {
        self.post("/local/clock", &json!({"advance": by, "fire_schedules": true})).await
    }

    /// Fires a schedule for the present time of the cloud; its function's answer.
    pub async fn tick(&self, name: &str) -> Value {
        self.post(&format!("/local/tick/{name}"), &json!({})).await
    }

    /// Fires a schedule for a time.
    pub async fn tick_for(&self, name: &str, at: Timestamp) -> Value {
        self.post(&format!("/local/tick/{name}"), &json!({"scheduled_for": at.to_string()})).await
    }

    /// Sends an event to a function; its answer, or its error as Lambda shows it.
    pub async fn invoke(&self, name: &str, event: &Value) -> Value {
        self.asked(self.client.post(self.url(&format!("/local/invoke/{name}"))).body(event.to_string()), true).await
    }

    /// Everything that the cloud shows of itself.
    pub async fn state(&self) -> Value {
        self.get("/local/state").await
    }

    /// Waits until nothing is queued, in flight, or unread in a stream.
    pub async fn wait_idle(&self, at_most: Duration) {
        let began = Instant::now();
        loop {
            let state = self.state().await;
            if state["idle"] == true {
                return;
            }
            assert!(began.elapsed() < at_most, "the cloud is not idle: {state:#}\n{}", self.logs());
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many messages a queue holds, by its logical id in lower case (`facts`, `facts-dead`).
    pub async fn depth(&self, queue: &str) -> u64 {
        let state = self.state().await;
        let queues = state["queues"].as_array().cloned().unwrap_or_default();
        let ending = format!("-{queue}");
        let found = queues.iter().find(|one| one["name"].as_str().is_some_and(|name| name.ends_with(&ending)));
        let found = found.map_or_else(|| panic!("no queue called {queue}: {state:#}"), Clone::clone);
        ["visible", "in_flight", "delayed"].iter().filter_map(|part| found[part].as_u64()).fold(0, u64::saturating_add)
    }

    /// Shows every hidden message at once, as if its time had run out.
    pub async fn release(&self) {
        self.post("/local/release", &json!({})).await;
    }

    /// Sends the dead of a queue (`facts-dead`) back to where they came from; how many there were.
    pub async fn redrive(&self, dead: &str) -> u64 {
        let path = format!("/local/queues/tributary-local-{dead}/redrive");
        self.post(&path, &json!({})).await["moved"].as_u64().unwrap_or(0)
    }

    /// The letters that were sent, newest first.
    pub async fn mail(&self) -> Vec<Value> {
        self.get("/local/mail.json").await["mail"].as_array().cloned().unwrap_or_default()
    }

    /// The keys of all files in the bucket.
    pub async fn files(&self) -> Vec<String> {
        let keys = self.get("/local/files").await;
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }

    /// A file of the bucket.
    #[expect(clippy::expect_used, reason = "a cloud that does not answer fails the test")]
    pub async fn file(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.client.get(self.url(&format!("/local/files/{key}"))).send().await.expect("an answer");
        if answer.status() == 404 {
            return None;
        }
        Some(answer.bytes().await.expect("a file").to_vec())
    }

    /// Kills a function's processes as `kill -9` does; how many there were.
    pub async fn kill_function(&self, name: &str, busy_only: bool) -> u64 {
        let path = format!("/local/functions/{name}/kill");
        self.post(&path, &json!({"busy_only": busy_only})).await["killed"].as_u64().unwrap_or(0)
    }

    /// The stage's secret, as its JSON.
    #[expect(clippy::expect_used, reason = "a cloud without its secret fails the test")]
    pub async fn stage_secret(&self) -> Value {
        let scope = "Credential=local/20260101/us-east-1/secretsmanager/aws4_request";
        let answer = self
            .client
            .post(self.variable("AWS_ENDPOINT_URL"))
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"))
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(json!({"SecretId": self.variable("STAGE_SECRET_ARN")}).to_string());
        let answer: Value = answer.send().await.expect("an answer").json().await.expect("JSON");
        serde_json::from_str(answer["SecretString"].as_str().expect("a secret")).expect("the secret is JSON")
    }

    /// The last lines of every function, for a failing test's message.
    pub fn logs(&self) -> String {
        let mut out = String::new();
        for entry in std::fs::read_dir(self.folder.path().join("data/logs")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let last = &lines[lines.len().saturating_sub(8)..];
            out.push_str(&format!("--- {}\n{}\n", entry.file_name().display(), last.join("\n")));
        }
        out
    }

    async fn get(&self, path: &str) -> Value {
        self.asked(self.client.get(self.url(path)), false).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.asked(self.client.post(self.url(path)).body(body.to_string()), false).await
    }

    #[expect(clippy::expect_used, reason = "a cloud that does not answer fails the test")]
    async fn asked(&self, request: reqwest::RequestBuilder, may_fail: bool) -> Value {
        let answer = request.send().await.expect("the cloud answers");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        assert!(status.is_success() || may_fail, "the cloud answers {status}: {text}\n{}", self.logs());
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        // It ends when its standard input does; the kill is for a cloud that does not.
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(2) && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.kill();
    }
}

/// The folder of the binaries: that of the test's own executable, one up from deps.
fn binaries() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors()
        .skip(1)
        .find(|folder| folder.join("local").is_file())
        .unwrap_or_else(|| panic!("the binaries are missing: cargo build --workspace makes them"))
        .to_owned()
}

#[expect(clippy::expect_used, reason = "a test without its cloud cannot go on")]
async fn spawn(folder: &Path, options: &CloudOptions, port: u16) -> (Child, String, BTreeMap<String, String>) {
    let (ready, said) = (folder.join("ready.json"), folder.join("said.log"));
    let _ = std::fs::remove_file(&ready);
    let bin = binaries();
    let mut command = Command::new(bin.join("local"));
    command
        .args(["up", "--until-stdin-closes", "--port", &port.to_string()])
        .arg("--template")
        .arg(root().join("template.yaml"))
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--bin")
        .arg(options.bin.as_ref().unwrap_or(&bin))
        .arg("--ready-file")
        .arg(&ready)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(File::create(&said).expect("a file for what the cloud says"));
    if let Some(after) = options.retry_after_ms {
        command.arg("--retry-after-ms").arg(after.to_string());
    }
    for (name, value) in &options.parameters {
        command.arg("--parameter").arg(format!("{name}={value}"));
    }
    let mut child = command.spawn().expect("the cloud starts");
    let began = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(&ready) {
            let read: Value = serde_json::from_str(&text).expect("the ready file is JSON");
            let environment = serde_json::from_value(read["env"].clone()).expect("it has an environment");
            return (child, read["http"].as_str().unwrap_or_default().to_owned(), environment);
        }
        let said = || std::fs::read_to_string(&said).unwrap_or_default();
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the cloud ended with {status}: {}", said());
        }
        assert!(began.elapsed() < READY_MAX, "the cloud is not ready in time: {}", said());
        tokio::time::sleep(POLL).await;
    }
}
