//! Switches on one change after the other, and runs the tests that come by it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::listed::Number;
use crate::outcome::Outcome;

/// Tests that together take so long are run in one process: as soon as one of them fails, the rest need not run.
const TOGETHER: Duration = Duration::from_millis(400);
/// However quick the tests of a change are, they may take so long.
const LEAST_PATIENCE: Duration = Duration::from_secs(20);
/// How much longer than without a change tests may take.
const PATIENCE: u32 = 10;
/// How often a child is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The tests of a package, and what each comes by.
#[derive(Debug)]
pub struct Tests {
    binary: PathBuf,
    folder: PathBuf,
    root: PathBuf,
    /// By change: the tests that come by it, with how long each takes.
    reaching: BTreeMap<Number, Vec<(Duration, String)>>,
    /// How long all of them take, one after the other.
    takes: Duration,
    /// How many there are.
    pub count: usize,
}

/// Why tests could not be run.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// They cannot be started, or what they tell cannot be read.
    #[error("running the tests")]
    Run(#[from] std::io::Error),
    /// They fail although nothing is changed.
    #[error("without any change, {0} fails")]
    Broken(String),
}

/// How a run of tests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    Well,
    Badly,
    TooLong,
}

impl Tests {
    /// Runs each test by itself, without a change, and takes note of what it comes by.
    ///
    /// # Errors
    /// One of them fails, or cannot be run.
    pub fn traced(binary: &Path, folder: &Path, root: &Path, jobs: usize) -> Result<Self, TrialError> {
        let mut tests = Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            root: root.to_owned(),
            reaching: BTreeMap::new(),
            takes: Duration::ZERO,
            count: 0,
        };
        let listed = tests.command(0).args(["--list", "--format", "terse"]).stdout(Stdio::piped()).output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        tests.count = names.len();
        let (reached, takes) = (Mutex::new(Vec::new()), Mutex::new(Duration::ZERO));
        let traced = each(jobs, names.len(), |at| {
            let trace = root.join(format!("trace-{at}"));
            let begun = Instant::now();
            let mut command = tests.command(0);
            let child = command.args(["--exact", names[at]]).env("MUTANT_TRACE", &trace).spawn()?;
            if wait(child, LEAST_PATIENCE * PATIENCE)? != Ran::Well {
                return Err(TrialError::Broken(names[at].to_owned()));
            }
            let took = begun.elapsed();
            if let Ok(mut takes) = takes.lock() {
                *takes += took;
            }
            // A test that comes by no change leaves no file.
            let numbers = std::fs::read_to_string(&trace).unwrap_or_default();
            let numbers: BTreeSet<Number> = numbers.lines().filter_map(|line| line.parse().ok()).collect();
            if let Ok(mut reached) = reached.lock() {
                reached.extend(numbers.into_iter().map(|number| (number, took, names[at].to_owned())));
            }
            if trace.exists() {
                std::fs::remove_file(&trace)?;
            }
            Ok(())
        });
        traced?;
        for (number, took, name) in reached.into_inner().unwrap_or_default() {
            tests.reaching.entry(number).or_default().push((took, name));
        }
        tests.takes = takes.into_inner().unwrap_or_default();
        tests.reaching.values_mut().for_each(|tests| tests.sort());
        Ok(tests)
    }

    /// Tries changes, several at once; each is told as soon as it is known, with how long it took.
    ///
    /// # Errors
    /// The tests cannot be run.
    pub fn run(
        &self,
        numbers: &[Number],
        jobs: usize,
        told: impl Fn(Number, Outcome, Duration) + Sync,
    ) -> Result<(), TrialError> {
        each(jobs, numbers.len(), |at| {
            let begun = Instant::now();
            let outcome = self.try_one(numbers[at])?;
            told(numbers[at], outcome, begun.elapsed());
            Ok(())
        })
    }

    /// Runs all tests of a binary into which one change was compiled by itself.
    ///
    /// # Errors
    /// The tests cannot be run.
    pub fn run_all(&self, binary: &Path) -> Result<Outcome, TrialError> {
        let child = self.command_of(binary, 0).env_remove("RUST_TEST_THREADS").spawn()?;
        Ok(match wait(child, LEAST_PATIENCE.max(self.takes * PATIENCE))? {
            Ran::Well => Outcome::Missed,
            Ran::Badly => Outcome::Caught,
            Ran::TooLong => Outcome::Timeout,
        })
    }

    fn try_one(&self, number: Number) -> Result<Outcome, TrialError> {
        let mut left = self.reaching.get(&number).map_or(&[][..], Vec::as_slice);
        while !left.is_empty() {
            let mut together = Duration::ZERO;
            let count = left.iter().take_while(|(took, _)| {
                let is_first = together.is_zero();
                together += *took;
                is_first || together <= TOGETHER
            });
            let (now, later) = left.split_at(count.count());
            let takes = now.iter().fold(Duration::ZERO, |sum, (took, _)| sum + *took);
            let names = now.iter().map(|(_, name)| name);
            let child = self.command(number).arg("--exact").args(names).spawn()?;
            match wait(child, LEAST_PATIENCE.max(takes * PATIENCE))? {
                Ran::Well => left = later,
                Ran::Badly => return Ok(Outcome::Caught),
                Ran::TooLong => return Ok(Outcome::Timeout),
            }
        }
        Ok(Outcome::Missed)
    }

    fn command(&self, number: Number) -> Command {
        self.command_of(&self.binary, number)
    }

    fn command_of(&self, binary: &Path, number: Number) -> Command {
        let mut command = Command::new(binary);
        command.current_dir(&self.folder).env("MUTANT", number.to_string()).env("RUST_BACKTRACE", "0");
        // A failing law need not be made smaller, nor kept; a changed snapshot is a failure.
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("PROPTEST_FAILURE_PERSISTENCE", "off");
        command.env("INSTA_UPDATE", "no").env("INSTA_WORKSPACE_ROOT", &self.root).env("RUST_TEST_THREADS", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Waits for a child, as long as patience lasts.
fn wait(mut child: Child, patience: Duration) -> Result<Ran, TrialError> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { Ran::Well } else { Ran::Badly });
        }
        if begun.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(Ran::TooLong);
        }
        std::thread::sleep(LOOK);
    }
}

/// Does something for each of so many, on several threads; ends with the first error.
fn each(jobs: usize, count: usize, work: impl Fn(usize) -> Result<(), TrialError> + Sync) -> Result<(), TrialError> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            if let Err(error) = work(at) {
                next.store(count, Ordering::Relaxed);
                if let Ok(mut failed) = failed.lock() {
                    *failed = Some(error);
                }
            }
        }
    };
    std::thread::scope(|scope| (0..jobs.max(1)).for_each(|_| drop(scope.spawn(run))));
    failed.into_inner().ok().flatten().map_or(Ok(()), Err)
}
