//! A small cloud of one's own: the built `local` binary on free ports, with a folder that ends with the test.
//!
//! It runs the binaries beside the test's own executable: `cargo build --workspace` (or `make test`) makes them.

#![expect(clippy::expect_used, reason = "tests stand on it: what fails here fails the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::root;

/// A machine that also compiles takes its time.
const READY_MAX: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// Failed messages come back so soon, instead of after minutes.
const RETRY_AFTER_MS: u64 = 100;

/// What `local up` writes when every function has polled.
#[derive(Clone, Debug, Deserialize)]
struct Ready {
    http: String,
    dynamodb: String,
    env: BTreeMap<String, String>,
}

/// A running small cloud; it ends with this value.
#[derive(Debug)]
pub struct Cloud {
    folder: TempDir,
    process: Child,
    ready: Ready,
    arguments: Vec<String>,
    client: reqwest::Client,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.end();
    }
}

impl Cloud {
    /// Starts one and waits until every function has polled.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with further arguments of `local up`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the cloud");
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let (process, ready) = up(folder.path(), &arguments).await;
        Self { folder, process, ready, arguments, client: reqwest::Client::new() }
    }

    /// kill -9 of the cloud, its functions with it, and a new start on the same folder; ports may change.
    pub async fn crash(&mut self) {
        self.end();
        let (process, ready) = up(self.folder.path(), &self.arguments).await;
        (self.process, self.ready) = (process, ready);
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// The address of the HTTP API.
    pub fn url(&self) -> &str {
        &self.ready.http
    }

    /// The address of the tables.
    pub fn dynamodb(&self) -> &str {
        &self.ready.dynamodb
    }

    /// The environment of the functions, for clients and commands.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.ready.env
    }

    /// The folder of everything that is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file with the addresses.
    pub fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    /// A built binary, with the environment of this cloud and its clock.
    pub async fn command(&self, name: &str) -> Command {
        let offset = self.get("/local/clock").await["offset_ms"].to_string();
        let mut command = Command::new(bin().join(name));
        command.current_dir(root()).envs(self.env()).env("CLOCK_OFFSET_MS", offset);
        command
    }

    /// What the operator's command prints; it must end well.
    pub async fn tributary(&self, arguments: &[&str]) -> String {
        let output = self.command("tributary").await.args(arguments).output().expect("tributary runs");
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "tributary {arguments:?}: {said}{complained}");
        said.trim_end().to_owned()
    }

    /// What `tributary verify` says; broken laws are for the caller to judge.
    pub async fn verify(&self) -> String {
        let output = self.command("tributary").await.arg("verify").output().expect("tributary runs");
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("{said}{complained}").trim_end().to_owned()
    }

    /// A page of /local, as JSON.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.url())).send().await.expect("the cloud answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer");
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Tells /local something; the answer must be good.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_post(path, body).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Tells /local something, and hears whatever it says.
    pub async fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url())).body(body.to_string());
        let answer = request.send().await.expect("the cloud answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_default();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The cloud's time.
    pub async fn now(&self) -> jiff::Timestamp {
        self.get("/local/clock").await["now"].as_str().and_then(|now| now.parse().ok()).expect("an instant")
    }

    /// Moves the clock on.
    pub async fn advance(&self, by: &str) {
        self.post("/local/clock", &json!({"advance": by})).await;
    }

    /// Sets the clock.
    pub async fn set_clock(&self, now: jiff::Timestamp) {
        self.post("/local/clock", &json!({"now": now.to_string()})).await;
    }

    /// Fires a schedule now, and hears what the function answers.
    pub async fn tick(&self, name: &str) -> Value {
        self.post(&format!("/local/tick/{name}"), &json!({})).await
    }

    /// kill -9 of a function's processes; how many there were.
    pub async fn kill(&self, function: &str, busy_only: bool) -> u64 {
        let answer = self.post(&format!("/local/functions/{function}/kill"), &json!({"busy_only": busy_only})).await;
        answer["killed"].as_u64().unwrap_or(0)
    }

    /// Functions, queues, streams, clock.
    pub async fn state(&self) -> Value {
        self.get("/local/state").await
    }

    /// Waits until nothing is queued, in flight or unread, twice in a row: between two of its steps a message is nowhere.
    pub async fn wait_idle(&self, at_most: Duration) {
        let began = Instant::now();
        let mut quiet = 0;
        while quiet < 2 {
            let state = self.state().await;
            quiet = if state["idle"] == true { quiet + 1 } else { 0 };
            assert!(began.elapsed() < at_most, "the cloud did not come to rest: {state:#}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Every letter that was sent, the newest first.
    pub async fn mail(&self) -> Vec<Value> {
        self.get("/local/mail.json").await["mail"].as_array().cloned().unwrap_or_default()
    }

    /// The names of the files in the bucket.
    pub async fn files(&self) -> Vec<String> {
        let listed = self.get("/local/files").await;
        let keys = listed["keys"].as_array().cloned().unwrap_or_default();
        keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }

    /// A file of the bucket.
    pub async fn file(&self, key: &str) -> Vec<u8> {
        let answer = self.client.get(format!("{}/local/files/{key}", self.url())).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{key}: {}", answer.status());
        answer.bytes().await.expect("a file").to_vec()
    }

    /// The messages that were given up, by queue.
    pub async fn dead_letters(&self) -> BTreeMap<String, u64> {
        let state = self.state().await;
        let queues = state["queues"].as_array().cloned().unwrap_or_default();
        let dead = queues.iter().filter(|queue| queue["is_dead_letter"] == true);
        let counted = dead.map(|queue| {
            let count = ["visible", "in_flight", "delayed"].iter().filter_map(|name| queue[*name].as_u64());
            (queue["name"].as_str().unwrap_or_default().to_owned(), count.fold(0, u64::saturating_add))
        });
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// The folder of the built binaries: the test's own executable lies in `deps` beside them.
fn bin() -> PathBuf {
    let own = std::env::current_exe().expect("a test has an executable");
    let folder = own.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    folder.to_owned()
}

async fn up(folder: &Path, arguments: &[String]) -> (Child, Ready) {
    let ready_file = folder.join("ready.json");
    let _ = std::fs::remove_file(&ready_file);
    let log = std::fs::File::create(folder.join("cloud.log")).expect("a log for the cloud");
    let local = bin().join("local");
    let mut process = Command::new(&local)
        .current_dir(root())
        .args(["up", "--template", "template.yaml", "--port", "0"])
        .args(["--retry-after-ms", &RETRY_AFTER_MS.to_string()])
        .arg("--bin")
        .arg(bin())
        .arg("--data")
        .arg(folder)
        .arg("--ready-file")
        .arg(&ready_file)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log, twice"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo build --workspace` makes it", local.display()));
    let began = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(&ready_file) {
            return (process, serde_json::from_str(&text).expect("a ready file"));
        }
        let ended = process.try_wait().expect("the cloud's process");
        let late = began.elapsed() > READY_MAX;
        if ended.is_some() || late {
            let _ = process.kill();
            let said = std::fs::read_to_string(folder.join("cloud.log")).unwrap_or_default();
            panic!("the cloud did not start ({ended:?}): {said}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
