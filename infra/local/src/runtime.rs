//! Lambda: the real binaries, each behind a Runtime API of its own, as many as run at a time.

mod desk;
mod log;
mod process;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex as AsyncMutex, RwLock, mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::error::CloudError;
use crate::template::FunctionPlan;

pub use log::Log;
pub(crate) use process::memory_kb;

/// What an invocation came to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The function answered.
    Answered(Bytes),
    /// The function, its process or its time failed, in the words that AWS uses.
    Failed {
        /// `Runtime.ExitError`, `Sandbox.Timedout`, or the function's own error type.
        kind: String,
        /// What happened.
        message: String,
    },
}

impl Outcome {
    /// The answer as Lambda's Invoke would give it.
    pub fn as_json(&self) -> Value {
        match self {
            Self::Answered(bytes) => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned())),
            Self::Failed { kind, message } => json!({"errorType": kind, "errorMessage": message}),
        }
    }
}

/// One running process of a function.
#[derive(Debug, Clone, Serialize)]
pub struct Slot {
    /// Its process id, while it runs.
    pub pid: Option<u32>,
    /// Whether an invocation is running in it.
    pub busy: bool,
}

/// What a function has done so far.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionState {
    /// Its name.
    pub name: String,
    /// Its processes.
    pub processes: Vec<Slot>,
    /// Whether its first process has polled.
    pub ready: bool,
    /// Invocations since the cloud started.
    pub invocations: u64,
    /// Those that failed.
    pub errors: u64,
    /// Processes that ended by themselves.
    pub crashes: u64,
    /// Invocations running or waiting.
    pub pending: usize,
    /// Why the last process could not start.
    pub trouble: Option<String>,
}

/// What all functions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) bin: PathBuf,
    pub(crate) region: String,
    pub(crate) account: String,
    /// What every process is given: endpoints, credentials, region.
    pub(crate) environment: BTreeMap<String, String>,
    /// Invocations read; a move of the clock writes.
    pub(crate) gate: RwLock<()>,
}

/// One function with its processes.
#[derive(Debug)]
pub struct Function {
    pub(crate) plan: FunctionPlan,
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Log,
    jobs: mpsc::UnboundedSender<Job>,
    waiting: AsyncMutex<mpsc::UnboundedReceiver<Job>>,
    slots: Mutex<BTreeMap<usize, Slot>>,
    restarts: watch::Sender<u64>,
    ready: watch::Sender<Option<u64>>,
    trouble: Mutex<Option<String>>,
    pending: AtomicUsize,
    invocations: AtomicU64,
    errors: AtomicU64,
    crashes: AtomicU64,
}

#[derive(Debug)]
struct Job {
    request_id: String,
    payload: Bytes,
    reply: oneshot::Sender<Outcome>,
}

impl Function {
    pub(crate) fn new(plan: FunctionPlan, shared: Arc<Shared>, log: Log) -> Arc<Self> {
        let (jobs, waiting) = mpsc::unbounded_channel();
        Arc::new(Self {
            plan,
            shared,
            log,
            jobs,
            waiting: AsyncMutex::new(waiting),
            slots: Mutex::new(BTreeMap::new()),
            restarts: watch::Sender::new(0),
            ready: watch::Sender::new(None),
            trouble: Mutex::new(None),
            pending: AtomicUsize::new(0),
            invocations: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            crashes: AtomicU64::new(0),
        })
    }

    /// Runs the function once.
    pub async fn invoke(self: &Arc<Self>, payload: impl Into<Bytes>) -> Outcome {
        let _pass = self.shared.gate.read().await;
        let (reply, answer) = oneshot::channel();
        let pending = self.pending.fetch_add(1, Ordering::SeqCst) + 1;
        let _done = Done(&self.pending);
        self.grow(pending);
        let job = Job { request_id: crate::ids::uuid(), payload: payload.into(), reply };
        let outcome = match self.jobs.send(job) {
            Ok(()) => answer.await.unwrap_or_else(|_| exit_error("the process ended")),
            Err(_) => exit_error("the cloud is going down"),
        };
        self.invocations.fetch_add(1, Ordering::Relaxed);
        if let Outcome::Failed { .. } = outcome {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Starts the first process.
    pub(crate) fn start(self: &Arc<Self>) {
        self.grow(1);
    }

    /// Starts one more process when more is asked than runs.
    fn grow(self: &Arc<Self>, wanted: usize) {
        let mut slots = self.slots();
        let running = slots.len();
        if running < wanted && running < self.plan.concurrency.max(1) {
            let number = (0..).find(|number| !slots.contains_key(number)).unwrap_or(running);
            slots.insert(number, Slot { pid: None, busy: false });
            drop(slots);
            tokio::spawn(worker::run(Arc::clone(self), number));
        }
    }

    /// Ends all processes and starts the first anew, with the clock as it is now.
    pub(crate) fn restart(&self) -> u64 {
        let mut version = 0;
        self.restarts.send_modify(|number| {
            *number += 1;
            version = *number;
        });
        version
    }

    /// Waits until the first process has polled after a restart.
    pub(crate) async fn wait_ready(&self, version: u64, at_most: Duration) -> Result<(), CloudError> {
        let mut ready = self.ready.subscribe();
        let polled = ready.wait_for(|seen| seen.is_some_and(|seen| seen >= version));
        match tokio::time::timeout(at_most, polled).await {
            Ok(Ok(_)) => Ok(()),
            _ => {
                let why = self.trouble().clone().unwrap_or_else(|| "has not polled in time".to_owned());
                Err(CloudError::Function { function: self.plan.name.clone(), why })
            }
        }
    }

    /// Kills running processes as `kill -9` does; how many is the answer.
    pub fn kill(&self, only_busy: bool) -> usize {
        let victims: Vec<u32> =
            self.slots().values().filter(|slot| slot.busy || !only_busy).filter_map(|slot| slot.pid).collect();
        victims.iter().filter(|pid| process::kill(**pid)).count()
    }

    /// What it has done so far.
    pub fn state(&self) -> FunctionState {
        FunctionState {
            name: self.plan.name.clone(),
            processes: self.slots().values().cloned().collect(),
            ready: self.ready.borrow().is_some(),
            invocations: self.invocations.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            crashes: self.crashes.load(Ordering::Relaxed),
            pending: self.pending.load(Ordering::SeqCst),
            trouble: self.trouble().clone(),
        }
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<usize, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_slot(&self, number: usize, pid: Option<u32>, busy: bool) {
        if let Some(slot) = self.slots().get_mut(&number) {
            *slot = Slot { pid, busy };
        }
    }
}

/// Counts an invocation down however it ends.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn exit_error(why: &str) -> Outcome {
    Outcome::Failed { kind: "Runtime.ExitError".to_owned(), message: why.to_owned() }
}

/// All functions, by name.
#[derive(Debug, Clone)]
pub struct Functions(pub(crate) Arc<BTreeMap<String, Arc<Function>>>);

impl Functions {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.0.get(name)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.0.values()
    }

    /// Waits until each has polled.
    ///
    /// # Errors
    /// Names the first that has not, with what it said.
    pub async fn wait_ready(&self, at_most: Duration) -> Result<(), CloudError> {
        for function in self.all() {
            function.wait_ready(0, at_most).await?;
        }
        Ok(())
    }

    /// Restarts all processes once nothing runs, after `change`; a busy one is waited for, but not for ever.
    pub(crate) async fn restart_after<T>(
        &self,
        patience: Duration,
        change: impl FnOnce() -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        let Some(shared) = self.all().next().map(|function| Arc::clone(&function.shared)) else {
            return change();
        };
        let quiet = match tokio::time::timeout(patience, shared.gate.write()).await {
            Ok(guard) => guard,
            Err(_) => {
                self.all().for_each(|function| {
                    function.kill(true);
                });
                shared.gate.write().await
            }
        };
        let changed = change()?;
        let versions: Vec<_> = self.all().map(|function| (function, function.restart())).collect();
        for (function, version) in versions {
            function.wait_ready(version, patience).await?;
        }
        drop(quiet);
        Ok(changed)
    }
}
