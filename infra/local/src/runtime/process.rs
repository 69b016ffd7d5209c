//! One process of a function: started with an environment of its own, ended with the cloud.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::desk::Desk;
use super::{Function, Log};

/// Lambda gives ten seconds; a machine that also compiles gets more.
const INIT_MAX: Duration = Duration::from_secs(30);

/// A process that has polled.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) desk: Desk,
    pub(super) pid: u32,
}

impl Process {
    /// Starts the binary and waits for its first poll.
    pub(super) async fn start(function: &Arc<Function>) -> Result<Self, String> {
        let mut desk = Desk::open().await.map_err(|e| format!("opening its port: {e}"))?;
        let mut child = spawn(function, &desk.address)?;
        let pid = child.id().ok_or("it ended at once")?;
        let mut init_error = desk.init_error.clone();
        let polled = desk.polled.wait_for(|polled| *polled);
        let failure = tokio::select! {
            polled = polled => match polled {
                Ok(_) => None,
                Err(_) => Some("its port closed".to_owned()),
            },
            said = init_error.wait_for(Option::is_some) => {
                Some(said.ok().and_then(|said| said.clone()).unwrap_or_default())
            }
            ended = child.wait() => Some(ended_as(ended)),
            () = tokio::time::sleep(INIT_MAX) => Some("it has not polled in time".to_owned()),
        };
        match failure {
            None => Ok(Self { child, desk, pid }),
            Some(why) => {
                let _ = child.kill().await;
                let last = function.log.last(1).pop().unwrap_or_default();
                Err(if last.is_empty() { why } else { format!("{why}: {last}") })
            }
        }
    }

    /// The most memory it has used, in MB, rounded up.
    pub(super) fn memory_mb(&self) -> u64 {
        memory_kb(self.pid, "VmHWM:").div_ceil(1_024)
    }

    pub(super) async fn end(&mut self) {
        let _ = self.child.kill().await;
    }
}

pub(super) fn ended_as(ended: std::io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => status.to_string(),
        Err(e) => e.to_string(),
    }
}

#[expect(unsafe_code, reason = "a child that outlives the cloud would answer the next one; only the kernel can end it")]
fn spawn(function: &Arc<Function>, address: &str) -> Result<Child, String> {
    let plan = &function.plan;
    let shared = &function.shared;
    let binary = shared.bin.join(&plan.name);
    let mut command = Command::new(&binary);
    command
        .env_clear()
        .envs(&shared.environment)
        .envs(&plan.environment)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", plan.memory_mb.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", &plan.full_name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", plan.full_name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("CLOCK_OFFSET_MS", shared.clock.offset_ms().to_string())
        .env("LAMBDA_TASK_ROOT", &shared.bin)
        .env("_HANDLER", "bootstrap")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Where a build counts what its tests reach, the functions count too.
    if let Some(counts) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", counts);
    }
    let parent = std::process::id();
    // SAFETY: prctl, getppid and _exit are safe to call between fork and exec.
    unsafe {
        command.pre_exec(move || {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if u32::try_from(libc::getppid()) != Ok(parent) {
                libc::_exit(1);
            }
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(|e| format!("starting {}: {e}", binary.display()))?;
    if let Some(out) = child.stdout.take() {
        tokio::spawn(copy(out, function.log.clone()));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(copy(err, function.log.clone()));
    }
    Ok(child)
}

async fn copy(from: impl AsyncRead + Unpin, log: Log) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.line(&line);
    }
}

/// kill -9.
#[expect(unsafe_code, reason = "kill has no safe form in std for a process known by its id")]
pub(super) fn kill(pid: u32) -> bool {
    match i32::try_from(pid) {
        // SAFETY: a signal to a process that we started; the worst outcome is "no such process".
        Ok(pid) => unsafe { libc::kill(pid, libc::SIGKILL) == 0 },
        Err(_) => false,
    }
}

/// A line of /proc/<pid>/status, in kB.
pub(crate) fn memory_kb(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
