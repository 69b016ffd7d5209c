//! The commands and their arguments.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use local::cloud::{self, Cloud, Options};
use local::error::in_full;
use local::template::{Place, Template};
use serde_json::{Value, json};

/// A machine that also compiles takes its time.
const READY_MAX: Duration = Duration::from_secs(60);

/// The small cloud: what AWS does for template.yaml, on this machine.
#[derive(Debug, Parser)]
#[command(name = "local", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Start the cloud and stay.
    Up(Up),
    /// Start everything on free ports, wait until every function answers, and stop.
    Smoke(Smoke),
    /// Say what is wrong with a template.
    CheckTemplate {
        /// The template.
        #[arg(default_value = "template.yaml")]
        template: PathBuf,
    },
    /// Fire a schedule now.
    Tick {
        /// The schedule, by its function's name.
        name: String,
        /// The time that it is told, if not now.
        #[arg(long)]
        scheduled_for: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Send an event file to a function.
    Invoke {
        /// The function.
        name: String,
        /// The file.
        #[arg(long)]
        event: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Show the clock, or move it.
    Clock {
        /// Move to this time.
        #[arg(long, conflicts_with = "advance")]
        now: Option<String>,
        /// Move by this much, such as 24h.
        #[arg(long)]
        advance: Option<String>,
        /// Fire the schedules that fall due on the way.
        #[arg(long)]
        fire_schedules: bool,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Debug, Args)]
struct Up {
    #[command(flatten)]
    from: From,
    /// The folder of everything that is kept.
    #[arg(long, default_value = ".local")]
    data: PathBuf,
    /// The port of the HTTP API; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// A file to write the addresses to, when every function has polled.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Milliseconds after which failed messages come back, if sooner than the queue's visibility says.
    #[arg(long)]
    retry_after_ms: Option<u64>,
    /// Run even when a function does not start.
    #[arg(long)]
    keep_going: bool,
    /// Stop when the standard input ends: with whoever started the cloud.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Debug, Args)]
struct Smoke {
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
struct From {
    /// The template.
    #[arg(long, default_value = "template.yaml")]
    template: PathBuf,
    /// The folder of the functions' binaries.
    #[arg(long, default_value = "target/debug")]
    bin: PathBuf,
    /// A parameter of the template, as Name=value.
    #[arg(long = "parameter")]
    parameters: Vec<String>,
}

#[derive(Debug, Args)]
struct At {
    /// The address of the running cloud.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
}

impl From {
    fn options(&self, data: &Path, port: u16) -> Result<Options, String> {
        let mut parameters = BTreeMap::new();
        for pair in &self.parameters {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not Name=value"))?;
            parameters.insert(name.to_owned(), value.to_owned());
        }
        Ok(Options {
            template: self.template.clone(),
            data: data.to_owned(),
            bin: self.bin.clone(),
            port,
            parameters,
            retry_after: None,
        })
    }
}

impl Command {
    pub(crate) async fn run(self) -> Result<(), String> {
        match self.what {
            What::Up(up) => up.run().await,
            What::Smoke(smoke) => smoke.run().await,
            What::CheckTemplate { template } => check_template(&template),
            What::Tick { name, scheduled_for, at } => {
                let body = scheduled_for.map_or_else(String::new, |at| json!({"scheduled_for": at}).to_string());
                at.post(&format!("/local/tick/{name}"), body).await
            }
            What::Invoke { name, event, at } => {
                let body = std::fs::read_to_string(&event).map_err(|e| format!("{}: {e}", event.display()))?;
                at.post(&format!("/local/invoke/{name}"), body).await
            }
            What::Clock { now, advance, fire_schedules, at } => {
                if now.is_none() && advance.is_none() {
                    return at.get("/local/clock").await;
                }
                let mut body = json!({"fire_schedules": fire_schedules});
                for (name, value) in [("now", now), ("advance", advance)] {
                    if let Some(value) = value {
                        body[name] = Value::String(value);
                    }
                }
                at.post("/local/clock", body.to_string()).await
            }
        }
    }
}

impl At {
    async fn get(&self, path: &str) -> Result<(), String> {
        self.said(reqwest::Client::new().get(format!("{}{path}", self.url))).await
    }

    async fn post(&self, path: &str, body: String) -> Result<(), String> {
        self.said(reqwest::Client::new().post(format!("{}{path}", self.url)).body(body)).await
    }

    async fn said(&self, request: reqwest::RequestBuilder) -> Result<(), String> {
        let unreachable = |e: reqwest::Error| format!("no cloud answers at {} (make dev starts one): {e}", self.url);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        say(&text);
        if status.is_success() { Ok(()) } else { Err(format!("the answer was {status}")) }
    }
}

/// One line for whoever reads the output; a closed pipe is nobody's error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn check_template(path: &Path) -> Result<(), String> {
    let named = |text: String| {
        let lines: Vec<String> = text.lines().map(|line| format!("{}: {line}", path.display())).collect();
        lines.join("\n")
    };
    let template = Template::read(path).map_err(|e| named(in_full(&e)))?;
    let plan = template.plan(&Place::default()).map_err(|e| named(in_full(&e)))?;
    say(&format!(
        "{}: {} functions, {} routes, {} queues, {} tables, {} schedules",
        path.display(),
        plan.functions.len(),
        plan.routes.len(),
        plan.queues.len(),
        plan.tables.len(),
        plan.schedules.len()
    ));
    Ok(())
}

impl Up {
    async fn run(self) -> Result<(), String> {
        let mut options = self.from.options(&self.data, self.port)?;
        options.retry_after = self.retry_after_ms.map(Duration::from_millis);
        let _taken = cloud::take_folder(&self.data).map_err(|e| in_full(&e))?;
        let cloud = Cloud::start(&options).await.map_err(|e| in_full(&e))?;
        match cloud.wait_ready(READY_MAX).await {
            Ok((count, took)) => {
                let memory = local::own_memory_mb();
                say(&format!("{count} functions ready after {} ms, {memory} MB beside them", took.as_millis()));
            }
            Err(e) if self.keep_going => say(&in_full(&e)),
            Err(e) => return Err(in_full(&e)),
        }
        say(&format!("{0}  (its inside: {0}/local)", cloud.addresses().http));
        say(&format!("{}  stands in for Stripe's API", cloud.addresses().stripe));
        if let Some(path) = &self.ready_file {
            let beside = path.with_extension("new");
            std::fs::write(&beside, cloud.ready_file().to_string())
                .and_then(|()| std::fs::rename(&beside, path))
                .map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let mut terminated =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(|e| e.to_string())?;
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
            () = stdin_closed(), if self.until_stdin_closes => {}
        }
        Ok(())
    }
}

async fn stdin_closed() {
    let mut buffer = [0; 64];
    let mut input = tokio::io::stdin();
    while matches!(tokio::io::AsyncReadExt::read(&mut input, &mut buffer).await, Ok(1..)) {}
}

impl Smoke {
    async fn run(self) -> Result<(), String> {
        let began = Instant::now();
        let name = format!("tributary-smoke-{}-{}", std::process::id(), began.elapsed().as_nanos());
        let data = std::env::temp_dir().join(name);
        let answer = self.in_folder(&data).await;
        let _ = std::fs::remove_dir_all(&data);
        answer
    }

    async fn in_folder(&self, data: &Path) -> Result<(), String> {
        let options = self.from.options(data, 0)?;
        let cloud = Cloud::start(&options).await.map_err(|e| in_full(&e))?;
        let (count, took) = cloud.wait_ready(READY_MAX).await.map_err(|e| in_full(&e))?;
        let memory = local::own_memory_mb();
        say(&format!("{count} functions ready after {} ms, {memory} MB beside them", took.as_millis()));
        Ok(())
    }
}
