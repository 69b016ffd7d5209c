//! A page of the documents, run as it stands: every block of commands, and what is shown under it.

use std::path::Path;
use std::process::Command;

use testkit::Cloud;

use crate::operator::{binaries, ready_file, root, tributary};

/// A block of commands with the lines that it is said to answer.
#[derive(Debug, Default)]
pub(crate) struct Block {
    line: usize,
    pub(crate) commands: String,
    answers: Vec<String>,
}

/// The blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence = None;
    for (number, line) in page.lines().enumerate() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                fence = Some(kind);
                if kind == "sh" {
                    blocks.push(Block { line: number + 1, ..Block::default() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("sh"), None) => {
                let block = blocks.last_mut().expect("a block was begun");
                block.commands.push_str(line);
                block.commands.push('\n');
            }
            (Some("text"), None) => blocks.last_mut().expect("commands before answers").answers.push(line.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// The page as one script: each block tells its line, each failing command stops it and is named.
fn script(blocks: &[Block], env_file: &Path) -> String {
    let mut script = String::from("set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n");
    for block in blocks {
        script.push_str(&format!("echo '@@ line {}'\n{}", block.line, block.commands));
    }
    let script = script.replace(". .local/env", &format!(". '{}'", env_file.display()));
    // Coverage builds elsewhere than the page says.
    let bin = binaries();
    if bin == root().join("target/debug").canonicalize().unwrap_or_default() {
        return script;
    }
    let tributary = bin.join("tributary").display().to_string();
    script.replace("target/debug/tributary", &tributary).replace("make verify", &format!("{tributary} verify"))
}

/// Runs a page on a new cloud that has keys and nothing else, and holds each answer against what is shown.
pub(crate) async fn runs(name: &str) -> Vec<Block> {
    let cloud = Cloud::start().await;
    let (ready, env_file) = (ready_file(&cloud).display().to_string(), cloud.folder().join("env"));
    tributary(&cloud, &["demo", "--keys-only", "--ready-file", &ready, "--env-file", &env_file.display().to_string()])
        .await;
    let page = std::fs::read_to_string(root().join("docs").join(name)).expect("the page");
    let blocks = blocks(&page);
    let script_file = cloud.folder().join("page.sh");
    std::fs::write(&script_file, script(&blocks, &env_file)).expect("a script");
    let mut bash = Command::new("bash");
    bash.current_dir(root()).arg(&script_file).env("DATA", cloud.folder());
    let done = bash.output().expect("bash runs");
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{complained}");
    for block in &blocks {
        let answer =
            said.split(&format!("@@ line {}\n", block.line)).nth(1).and_then(|rest| rest.split("@@ line").next());
        let answer = answer.expect("each block was run");
        for line in &block.answers {
            assert!(answer.contains(line.as_str()), "line {}: no {line} in {answer}", block.line);
        }
    }
    blocks
}
