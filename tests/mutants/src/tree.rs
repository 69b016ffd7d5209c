//! A copy of one package in which every change stands behind its switch, compiled until only what compiles is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::listed::{Mutant, Number};
use crate::render::{Rendered, SWITCH, render};
use crate::site::{Found, Kind, find};

/// How often the copy is compiled at the most: each time fewer changes are left.
const ROUNDS_MAX: usize = 40;
/// What the package is built with, and what its tests read beside it.
const COPIED: [&str; 5] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "clippy.toml", "docs/openapi.json"];

/// Why no copy could be made.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file cannot be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A source is no Rust.
    #[error("reading {path}")]
    NotRust {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: syn::Error,
    },
    /// The compiler complains of something that no change has to do with.
    #[error("the copy does not compile: {0}")]
    NotCompiled(String),
}

/// The copy.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    package: String,
    build: PathBuf,
    /// By path from the root: the source, and the places of its changes.
    files: BTreeMap<String, (String, Found)>,
}

/// What came of compiling.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The binary of the package's own tests.
    pub tests: PathBuf,
    /// Changes that do not compile, whoever makes them.
    pub unviable: BTreeSet<Number>,
    /// Changes that cannot be behind a switch.
    pub apart: BTreeSet<Number>,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    message: Option<Diagnostic>,
    #[serde(default)]
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    #[serde(default)]
    rendered: Option<String>,
    spans: Vec<DiagnosticSpan>,
}

#[derive(Deserialize)]
struct DiagnosticSpan {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

fn in_file<T>(path: &Path, done: std::io::Result<T>) -> Result<T, TreeError> {
    done.map_err(|source| TreeError::File { path: path.to_owned(), source })
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> Result<(), TreeError> {
    in_file(to, fs::create_dir_all(to))?;
    for entry in in_file(from, fs::read_dir(from))? {
        let entry = in_file(from, entry)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            in_file(&path, fs::copy(&path, &target))?;
        }
    }
    Ok(())
}

impl Tree {
    /// Copies a package of a workspace, which uses no other package of it, and finds the changes in it.
    ///
    /// # Errors
    /// A file cannot be read or written, or is no Rust.
    pub fn copy_of(workspace: &Path, package: &str, root: &Path, mutants: &[Mutant]) -> Result<Self, TreeError> {
        let folder = format!("shared/{package}");
        let copied = root.join(&folder);
        if copied.exists() {
            in_file(&copied, fs::remove_dir_all(&copied))?;
        }
        copy(&workspace.join(&folder), &copied)?;
        in_file(root, fs::create_dir_all(root.join("docs")))?;
        for name in COPIED {
            in_file(&root.join(name), fs::copy(workspace.join(name), root.join(name)))?;
        }
        // A workspace of one.
        let manifest = root.join("Cargo.toml");
        let text = in_file(&manifest, fs::read_to_string(&manifest))?;
        let lines = text.lines().map(|line| match line.starts_with("members = ") {
            true => format!("members = [\"{folder}\"]\n"),
            false => format!("{line}\n"),
        });
        in_file(&manifest, fs::write(&manifest, lines.collect::<String>()))?;
        let mut by_file: BTreeMap<&str, Vec<(Number, &Mutant)>> = BTreeMap::new();
        for (number, mutant) in (1..).zip(mutants) {
            by_file.entry(&mutant.file).or_default().push((number, mutant));
        }
        let mut files = BTreeMap::new();
        for (file, mutants) in by_file {
            let path = root.join(file);
            let source = in_file(&path, fs::read_to_string(&path))?;
            let found = find(&source, &mutants).map_err(|source| TreeError::NotRust { path, source })?;
            files.insert(file.to_owned(), (source, found));
        }
        let library = copied.join("src/lib.rs");
        let text = in_file(&library, fs::read_to_string(&library))?;
        in_file(&library, fs::write(&library, format!("{text}\n#[path = \"mutant.rs\"]\nmod mutant;\n")))?;
        let switch = copied.join("src/mutant.rs");
        in_file(&switch, fs::write(&switch, SWITCH))?;
        Ok(Self { root: root.to_owned(), package: package.to_owned(), build: root.join("target"), files })
    }

    /// The folder of the package.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.join("shared").join(&self.package)
    }

    /// Where the copy is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Compiles the tests, leaving out changes until they compile.
    ///
    /// # Errors
    /// What does not compile is no change.
    pub fn compile(&mut self) -> Result<Compiled, TreeError> {
        let mut compiled = Compiled::default();
        compiled.apart.extend(self.files.values().flat_map(|(_, found)| &found.apart).copied());
        compiled.unviable.extend(self.files.values().flat_map(|(_, found)| &found.needed).copied());
        for _ in 0..ROUNDS_MAX {
            let rendered = self.write()?;
            let (errors, tests) = self.build()?;
            if let Some(tests) = tests.filter(|_| errors.is_empty()) {
                compiled.tests = tests;
                return Ok(compiled);
            }
            let before = (compiled.unviable.len(), compiled.apart.len());
            for error in &errors {
                self.blame(error, &rendered, &mut compiled);
            }
            if before == (compiled.unviable.len(), compiled.apart.len()) {
                let told = errors.iter().map(|error| error.rendered.as_deref().unwrap_or(&error.message));
                return Err(TreeError::NotCompiled(told.collect()));
            }
            let is_kept = |number| !compiled.unviable.contains(&number) && !compiled.apart.contains(&number);
            for (_, found) in self.files.values_mut() {
                found.sites.retain_mut(|site| site.kind.keep(is_kept));
            }
            self.restore_constants(&compiled);
        }
        Err(TreeError::NotCompiled(format!("not after {ROUNDS_MAX} rounds")))
    }

    /// Compiles the tests with one change alone, and no switch; `None` where that does not compile.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn compile_alone(&self, mutant: &Mutant) -> Result<Option<PathBuf>, TreeError> {
        for (file, (source, _)) in &self.files {
            let changed = mutant.span.replaced(source, &mutant.replacement).filter(|_| *file == mutant.file);
            let path = self.root.join(file);
            in_file(&path, fs::write(&path, changed.as_ref().unwrap_or(source)))?;
        }
        let (errors, tests) = self.build()?;
        Ok(tests.filter(|_| errors.is_empty()))
    }

    /// Whose an error is: of the change in whose text it is, of the place that it is in, or of a function that is
    /// constant no more.
    fn blame(&self, error: &Diagnostic, rendered: &BTreeMap<&str, Rendered>, compiled: &mut Compiled) {
        for span in error.spans.iter().filter(|span| span.is_primary) {
            let Some(text) = rendered.get(span.file_name.as_str()) else { continue };
            let bytes = span.byte_start..span.byte_end;
            if let Some(number) = text.change_at(&bytes) {
                compiled.unviable.insert(number);
                return;
            }
            if let Some(numbers) = text.changes_around(&bytes) {
                compiled.apart.extend(numbers);
                return;
            }
        }
        // "cannot call non-const associated function `Money::zero` in constants"
        let named = error.message.split('`').nth(1).unwrap_or_default();
        let name = named.rsplit("::").next().unwrap_or_default();
        for (constant, numbers) in self.files.values().flat_map(|(_, found)| &found.constants) {
            if constant == name {
                compiled.apart.extend(numbers);
            }
        }
    }

    /// A function in which no change is left is constant again.
    fn restore_constants(&mut self, compiled: &Compiled) {
        for (source, found) in self.files.values_mut() {
            let is_left = |number: &Number| !compiled.unviable.contains(number) && !compiled.apart.contains(number);
            let mut constants = found.constants.iter();
            let left: Vec<bool> = constants.by_ref().map(|(_, numbers)| numbers.iter().any(is_left)).collect();
            // Both are in order of the source.
            let mut which = 0;
            let source: &str = source;
            found.sites.retain(|site| {
                if site.kind != Kind::Constness {
                    return true;
                }
                debug_assert_eq!(&source[site.whole.clone()], "const", "the word itself");
                which += 1;
                left.get(which - 1).copied().unwrap_or(true)
            });
            found.constants.retain(|(_, numbers)| numbers.iter().any(is_left));
        }
    }

    fn write(&self) -> Result<BTreeMap<&str, Rendered>, TreeError> {
        let mut all = BTreeMap::new();
        for (file, (source, found)) in &self.files {
            let rendered = render(source, &found.sites);
            let path = self.root.join(file);
            in_file(&path, fs::write(&path, &rendered.text))?;
            all.insert(file.as_str(), rendered);
        }
        Ok(all)
    }

    fn build(&self) -> Result<(Vec<Diagnostic>, Option<PathBuf>), TreeError> {
        let mut command = Command::new("cargo");
        command.args(["test", "--offline", "--lib", "--no-run", "--message-format=json", "--package", &self.package]);
        // Tests that are quick to run, with every check of a debug build; nobody debugs a change.
        command.env("CARGO_PROFILE_TEST_DEBUG", "0").env("CARGO_PROFILE_TEST_OPT_LEVEL", "1");
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        command.env("RUSTFLAGS", "--cap-lints=allow").env("CARGO_TARGET_DIR", &self.build);
        let built = in_file(&self.root, command.current_dir(&self.root).output())?;
        let mut errors = Vec::new();
        let mut tests = None;
        for line in String::from_utf8_lossy(&built.stdout).lines() {
            let Ok(message) = serde_json::from_str::<Message>(line) else { continue };
            if message.reason == "compiler-artifact" {
                tests = message.executable.or(tests);
            }
            let error = message.message.filter(|told| told.level == "error" && !told.spans.is_empty());
            errors.extend(error);
        }
        if errors.is_empty() && !built.status.success() {
            return Err(TreeError::NotCompiled(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        Ok((errors, tests))
    }
}
