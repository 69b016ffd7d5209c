//! The whole cloud: opened from a folder, served on three ports, ended with its process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use dynoxide::Database;
use local_stripe::StandIn;
use serde_json::{Value, json};
use tokio::sync::RwLock;

use crate::addresses::{ACCESS_KEY, Addresses, Ports, SECRET_KEY, addresses, sdk_environment, url};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::control;
use crate::error::{CloudError, io};
use crate::files::Files;
use crate::gateway::Gateway;
use crate::gateway::viewer::Viewer;
use crate::keep::Keep;
use crate::mail::Mail;
use crate::mint::mint;
use crate::queues::Queues;
use crate::runtime::{Function, Functions, Log, Shared};
use crate::sources::{queue, stream, timer::Timers};
use crate::stripe;
use crate::tables;
use crate::template::{Place, Plan, Template};
use crate::vault::Vault;

/// How the cloud is asked to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// The folder of everything that is kept.
    pub data: PathBuf,
    /// The folder of the functions' binaries.
    pub bin: PathBuf,
    /// The port of the HTTP API; 0 takes a free one.
    pub port: u16,
    /// Parameters that differ from the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// When failed messages come back, if sooner than the queue's visibility says.
    pub retry_after: Option<Duration>,
}

/// The cloud while it runs.
#[derive(Clone)]
pub struct Cloud {
    pub(crate) clock: Clock,
    pub(crate) files: Files,
    pub(crate) functions: Functions,
    pub(crate) gateway: Gateway,
    pub(crate) mail: Mail,
    pub(crate) plan: Arc<Plan>,
    pub(crate) queues: Queues,
    pub(crate) streams: Arc<Vec<stream::Pump>>,
    pub(crate) stripe: StandIn,
    pub(crate) timers: Timers,
    /// Moves of the clock come one after the other.
    pub(crate) moving: Arc<tokio::sync::Mutex<()>>,
    addresses: Arc<Addresses>,
    began: Instant,
}

/// Takes the folder of data for this process alone, for as long as the answer is held: two clouds on one folder would
/// answer for each other.
///
/// # Errors
/// Another process has it, or it cannot be written.
pub fn take_folder(data: &std::path::Path) -> Result<std::fs::File, CloudError> {
    std::fs::create_dir_all(data).map_err(io(format!("creating {}", data.display())))?;
    let path = data.join("lock");
    let file = std::fs::File::create(&path).map_err(io(format!("creating {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(CloudError::FolderTaken { folder: data.display().to_string() }),
        Err(std::fs::TryLockError::Error(error)) => Err(io(format!("locking {}", path.display()))(error)),
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Cloud {
    /// Opens everything, serves it, and starts the functions.
    ///
    /// # Errors
    /// The template is refused, a port is taken, or something that was kept cannot be read.
    pub async fn start(options: &Options) -> Result<Self, CloudError> {
        let began = Instant::now();
        for folder in ["files", "logs"] {
            let folder = options.data.join(folder);
            std::fs::create_dir_all(&folder).map_err(io(format!("creating {}", folder.display())))?;
        }
        let template = Template::read(&options.template)?;
        let ports = Ports::bind(options.port).await?;
        let mut place = place(options, &url(&ports.http)?, &url(&ports.stripe)?);
        let keep = Keep::open(&options.data.join("cloud.db"))?;
        let clock = Clock::restore(keep.clone())?;
        let vault = Arc::new(Vault::open(&options.data, &place.account, &place.region).await?);
        place.minted = mint(&template.plan(&place)?, &vault, &keep).await?;
        let plan = Arc::new(template.plan(&place)?);
        let stripe = stripe::open(options, &clock)?;
        stripe::tell(&stripe, &plan, &place, &vault).await?;

        let db_path = options.data.join("tables.db");
        let db = Database::new(&db_path.display().to_string()).map_err(CloudError::Database)?;
        tables::create(&db, &plan)?;
        stream::index(&db_path)?;

        let queues = Queues::new(keep.clone(), clock.clone(), plan.queues.values().cloned());
        let mail = Mail::new(keep.clone(), clock.clone());
        let buckets = plan.buckets.values().map(|bucket| bucket.name.as_str());
        let files = Files::open(&options.data.join("files"), buckets, (ACCESS_KEY, SECRET_KEY))?;
        let addresses = addresses(&ports, &place, &plan)?;
        let functions = functions(options, &plan, &place, &clock, &addresses)?;
        let streams = streams(&plan, &functions, &queues, &db, &db_path, &keep, &clock);
        for pump in streams.iter() {
            pump.settle_start()?;
        }
        let viewer = Viewer::of(&plan, &vault).await?;
        let aws = Aws::new(
            queues.clone(),
            mail.clone(),
            vault,
            (files.clone(), functions.clone()),
            addresses.dynamodb.clone(),
            place.region.clone(),
        );
        let cloud = Self {
            gateway: Gateway::new(&plan.routes, plan.cors.clone(), functions.clone(), clock.clone()).behind(viewer),
            timers: Timers::new(plan.schedules.clone(), functions.clone(), clock.clone(), queues.clone()),
            clock,
            files,
            functions,
            mail,
            plan,
            queues,
            streams: Arc::new(streams),
            stripe,
            moving: Arc::new(tokio::sync::Mutex::new(())),
            addresses: Arc::new(addresses),
            began,
        };
        cloud.serve(ports, db, Arc::new(aws));
        cloud.run(options);
        Ok(cloud)
    }

    fn serve(&self, ports: Ports, db: Database, aws: Arc<Aws>) {
        tokio::spawn(dynoxide::server::serve_on(ports.dynamodb, db));
        self.stripe.serve(ports.stripe);
        let service = axum::Router::new().fallback(move |request: Request| {
            let aws = Arc::clone(&aws);
            async move { aws.serve(request).await }
        });
        tokio::spawn(async move {
            let _ = axum::serve(ports.aws, service).await;
        });
        let http = control::router()
            .fallback(through_gateway)
            .with_state(self.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move {
            let _ = axum::serve(ports.http, http).await;
        });
    }

    fn run(&self, options: &Options) {
        for function in self.functions.all() {
            function.start();
        }
        if options.retry_after.is_some()
            && let Err(e) = self.queues.release()
        {
            tracing::warn!(error = %e, "hidden messages were not shown again");
        }
        for source in &self.plan.queue_sources {
            if let Some(function) = self.functions.get(&source.function) {
                let pump = queue::Pump {
                    source: source.clone(),
                    function: Arc::clone(function),
                    queues: self.queues.clone(),
                    retry_after: options.retry_after,
                };
                tokio::spawn(pump.run());
            }
        }
        for pump in self.streams.iter() {
            tokio::spawn(pump.clone().run());
        }
        tokio::spawn(self.timers.clone().run());
    }

    /// Waits until every function has polled; how many, and how long it took since the start.
    ///
    /// # Errors
    /// Names the first function that has not, with what it said.
    pub async fn wait_ready(&self, at_most: Duration) -> Result<(usize, Duration), CloudError> {
        self.functions.wait_ready(at_most).await?;
        Ok((self.functions.all().count(), self.began.elapsed()))
    }

    /// Where the cloud is reached.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Whether nothing is queued, in flight, or unread in a stream. Dead letters do not count.
    ///
    /// What is on its way from one to the other could be missed by one look: two looks and no work between them.
    pub(crate) fn is_idle(&self) -> bool {
        let before = self.done();
        self.looks_idle() && self.looks_idle() && self.done() == before
    }

    /// How many invocations have ended.
    fn done(&self) -> u64 {
        self.functions.all().map(|function| function.state().invocations).fold(0, u64::saturating_add)
    }

    fn looks_idle(&self) -> bool {
        let dead = self.dead();
        let queued = self
            .queues
            .plans()
            .filter(|plan| !dead.contains(&plan.name))
            .any(|plan| self.queues.depth(&plan.name).map_or(true, |depth| depth.total() > 0));
        let lagging = || self.streams.iter().any(|pump| pump.lag().map_or(true, |lag| lag > 0));
        let running = || self.functions.all().any(|function| function.state().pending > 0);
        !queued && !lagging() && !running() && self.stripe.is_idle()
    }

    /// The queues in which messages end: those that feed no function.
    pub(crate) fn dead(&self) -> Vec<String> {
        let fed = |name: &str| self.plan.queue_sources.iter().any(|source| source.queue == name);
        self.queues.plans().filter(|plan| !fed(&plan.name)).map(|plan| plan.name.clone()).collect()
    }

    /// What a client needs to reach this cloud, as JSON.
    pub fn ready_file(&self) -> Value {
        let Addresses { http, aws, dynamodb, stripe, environment } = self.addresses();
        json!({
            "http": http, "aws": aws, "dynamodb": dynamodb, "stripe": stripe,
            "pid": std::process::id(), "env": environment,
        })
    }
}

async fn through_gateway(
    State(cloud): State<Cloud>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    cloud.gateway.serve(peer, request).await
}

fn place(options: &Options, http_url: &str, stripe_url: &str) -> Place {
    let mut place = Place { http_url: http_url.to_owned(), ..Place::default() };
    place.parameters.insert("PublicUrl".to_owned(), http_url.to_owned());
    place.parameters.insert("StripeApiUrl".to_owned(), stripe_url.to_owned());
    // No real money is here: its Stripe says of each event that it is of test mode, and all of them count.
    place.parameters.insert("TestModeEvents".to_owned(), "true".to_owned());
    place.parameters.extend(options.parameters.clone());
    place
}

fn functions(
    options: &Options,
    plan: &Plan,
    place: &Place,
    clock: &Clock,
    addresses: &Addresses,
) -> Result<Functions, CloudError> {
    let shared = Arc::new(Shared {
        clock: clock.clone(),
        bin: absolute(&options.bin),
        region: place.region.clone(),
        account: place.account.clone(),
        environment: sdk_environment(&addresses.aws, &addresses.dynamodb, &place.region),
        gate: RwLock::new(()),
    });
    let mut functions = BTreeMap::new();
    for function in plan.functions.values() {
        let log = Log::open(&options.data.join("logs").join(format!("{}.log", function.name)))?;
        let running = Function::new(function.clone(), Arc::clone(&shared), log);
        functions.insert(function.name.clone(), running);
    }
    Ok(Functions(Arc::new(functions)))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn streams(
    plan: &Plan,
    functions: &Functions,
    queues: &Queues,
    db: &Database,
    db_path: &Path,
    keep: &Keep,
    clock: &Clock,
) -> Vec<stream::Pump> {
    let pump = |source: &crate::template::StreamSource| {
        // One that does not run reads nothing, and nothing is kept for it.
        let reads = |other: &crate::template::StreamSource| functions.get(&other.function).is_some();
        let others = plan.stream_sources.iter().filter(|other| other.table == source.table && reads(other));
        let others = others.map(|other| other.function.clone()).filter(|other| *other != source.function);
        let beside: Vec<String> = others.collect();
        functions.get(&source.function).map(|function| stream::Pump {
            source: source.clone(),
            beside,
            function: Arc::clone(function),
            queues: queues.clone(),
            db: db.clone(),
            db_path: db_path.to_owned(),
            keep: keep.clone(),
            clock: clock.clone(),
        })
    };
    plan.stream_sources.iter().filter_map(pump).collect()
}
