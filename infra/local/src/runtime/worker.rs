//! The keeper of one process: starts it, hands it invocations, ends it in time, starts it again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::desk::{Delivery, Said};
use super::process::{Process, ended_as};
use super::{Function, Job, Outcome, exit_error};

const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A process that lived this long did not crash at its start.
const LIVED: Duration = Duration::from_secs(2);

/// Why a process is no longer served.
enum End {
    /// It ended by itself.
    Crashed,
    /// It was ended, because its time was up.
    TimedOut,
    /// Everything restarts.
    Restart,
}

/// Keeps one slot of a function for as long as the cloud runs.
pub(super) async fn run(function: Arc<Function>, number: usize) {
    let mut restarts = function.restarts.subscribe();
    let mut backoff = BACKOFF_FIRST;
    loop {
        let version = *restarts.borrow_and_update();
        let started = Instant::now();
        match Process::start(&function).await {
            Ok(mut process) => {
                function.set_slot(number, Some(process.pid), false);
                *function.trouble() = None;
                if number == 0 {
                    function.ready.send_replace(Some(version));
                }
                let end = serve(&function, number, &mut process, &mut restarts).await;
                process.end().await;
                function.set_slot(number, None, false);
                match end {
                    End::Restart if number > 0 => break,
                    End::Restart | End::TimedOut => backoff = BACKOFF_FIRST,
                    End::Crashed => {
                        function.crashes.fetch_add(1, Ordering::Relaxed);
                        if started.elapsed() > LIVED {
                            backoff = BACKOFF_FIRST;
                        } else {
                            tokio::time::sleep(backoff).await;
                            backoff = (backoff * 2).min(BACKOFF_MAX);
                        }
                    }
                }
            }
            Err(why) => {
                function.crashes.fetch_add(1, Ordering::Relaxed);
                function.log.line(&format!("INIT_REPORT Status: error {why}"));
                *function.trouble() = Some(why.clone());
                refuse_for(&function, backoff, &why, &mut restarts).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }
    function.slots().remove(&number);
}

/// While a function cannot start, its invocations fail at once, as they would at AWS.
async fn refuse_for(function: &Function, pause: Duration, why: &str, restarts: &mut watch::Receiver<u64>) {
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return,
            _ = restarts.changed() => return,
            job = take(function) => {
                if let Some(job) = job {
                    let _ = job.reply.send(exit_error(&format!("the runtime did not start: {why}")));
                }
            }
        }
    }
}

async fn take(function: &Function) -> Option<Job> {
    function.waiting.lock().await.recv().await
}

async fn serve(
    function: &Arc<Function>,
    number: usize,
    process: &mut Process,
    restarts: &mut watch::Receiver<u64>,
) -> End {
    loop {
        let job = tokio::select! {
            biased;
            _ = restarts.changed() => return End::Restart,
            ended = process.child.wait() => {
                function.log.line(&format!("the process ended while idle: {}", ended_as(ended)));
                return End::Crashed;
            }
            job = take(function) => job,
        };
        let Some(job) = job else { return End::Restart };
        function.set_slot(number, Some(process.pid), true);
        let end = invoke(function, process, job).await;
        if let Some(end) = end {
            return end;
        }
        function.set_slot(number, Some(process.pid), false);
    }
}

/// One invocation; `None` when the process can go on.
async fn invoke(function: &Function, process: &mut Process, job: Job) -> Option<End> {
    let plan = &function.plan;
    let timeout = Duration::from_secs(u64::from(plan.timeout_seconds));
    let began = Instant::now();
    let deadline = jiff::Timestamp::now().as_millisecond() + i64::from(plan.timeout_seconds) * 1_000;
    let (said, answer) = oneshot::channel();
    let delivery = Delivery {
        request_id: job.request_id.clone(),
        deadline_ms: deadline,
        arn: format!(
            "arn:aws:lambda:{}:{}:function:{}",
            function.shared.region, function.shared.account, plan.full_name
        ),
        payload: job.payload,
        answer: said,
    };
    if process.desk.deliver.send(delivery).await.is_err() {
        let _ = job.reply.send(exit_error("the process has no port"));
        return Some(End::Crashed);
    }
    let (outcome, end) = tokio::select! {
        biased;
        answer = answer => match answer {
            Ok(Said::Response(bytes)) => (Outcome::Answered(bytes), None),
            Ok(Said::Error { kind, message }) => (Outcome::Failed { kind, message }, None),
            Err(_) => (exit_error("the process has no port"), Some(End::Crashed)),
        },
        ended = process.child.wait() => {
            let why = format!("RequestId: {} Error: Runtime exited with error: {}", job.request_id, ended_as(ended));
            function.log.line(&why);
            (exit_error(&why), Some(End::Crashed))
        }
        () = tokio::time::sleep(timeout) => {
            let why = format!(
                "RequestId: {} Error: Task timed out after {}.00 seconds",
                job.request_id, plan.timeout_seconds
            );
            function.log.line(&why);
            (Outcome::Failed { kind: "Sandbox.Timedout".to_owned(), message: why }, Some(End::TimedOut))
        }
    };
    report(function, process, &job.request_id, began.elapsed());
    if let (Outcome::Failed { kind, message }, None) = (&outcome, &end) {
        function.log.line(&format!("{kind}: {message}"));
    }
    let _ = job.reply.send(outcome);
    end
}

/// The line that Lambda writes after each invocation.
fn report(function: &Function, process: &Process, request_id: &str, took: Duration) {
    let hundredths = took.as_micros() / 10;
    function.log.line(&format!(
        "REPORT RequestId: {request_id} Duration: {}.{:02} ms Billed Duration: {} ms Memory Size: {} MB Max Memory Used: {} MB",
        hundredths / 100,
        hundredths % 100,
        took.as_micros().div_ceil(1_000),
        function.plan.memory_mb,
        process.memory_mb(),
    ));
}
