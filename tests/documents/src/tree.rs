//! The files of the tree, and documents that are compared or written anew.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree.
pub(crate) struct File {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// What one file says.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file, save what git does not keep; sorted by path.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let ignored: Vec<String> = read(".gitignore").lines().map(|line| line.trim_matches('/').to_owned()).collect();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree") {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == ".git" || ignored.contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(File { path: relative(&root, &path), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every file of Rust.
pub(crate) fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// The functions' names: their folders.
pub(crate) fn functions() -> Vec<String> {
    let folders = fs::read_dir(root().join("functions")).expect("functions/");
    let mut names: Vec<String> = folders
        .map(|entry| entry.expect("an entry of functions/").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Holds a generated document against its file; with `UPDATE_DOCS=1` the file is written anew.
pub(crate) fn compare(path: &str, generated: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(path), generated).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let kept = fs::read_to_string(root().join(path)).unwrap_or_default();
    if kept == generated {
        return;
    }
    let line = kept.lines().zip(generated.lines()).position(|(kept, generated)| kept != generated);
    let line = line.unwrap_or_else(|| kept.lines().count().min(generated.lines().count()));
    let of = |text: &str| text.lines().nth(line).unwrap_or("(the end)").trim().to_owned();
    panic!(
        "{path} is not what the code says; write it anew with UPDATE_DOCS=1 cargo test -p documents\n  line {}\n  file: {}\n  code: {}",
        line + 1,
        of(&kept),
        of(generated)
    );
}

/// What stands between backticks in a document, outside its blocks of code.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    let mut quoted = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            quoted.extend(line.split('`').skip(1).step_by(2).map(ToOwned::to_owned));
        }
    }
    quoted
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
