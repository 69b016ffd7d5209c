//! Messages that others signed, each a line of JSON on the standard input, held against our verifiers.
//!
//! What lives here: the reading of a line and its answer; `sign.py` and `sign.mjs` write the lines with the official
//! packages. What does not: a verifier. To add a peer: a script that writes such lines, and its line in `make peers`.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use webhook_ingest::signature::standard::Headers;
use webhook_ingest::signature::{SignatureRefused, SigningSecrets, standard, stripe};

/// A message as a peer signed it.
#[derive(Deserialize)]
struct Line {
    /// Which package signed it.
    peer: String,
    /// `stripe` or `standard`.
    scheme: String,
    secret: String,
    headers: BTreeMap<String, String>,
    /// In base64: bodies are bytes.
    body: String,
    now: i64,
    /// `accept`, or `refuse` where somebody has changed something.
    expect: String,
}

/// How often each answer was as it should be, and otherwise.
#[derive(Default)]
struct Count {
    accepted: u32,
    refused: u32,
    wrong: u32,
}

fn answer(line: &Line) -> Result<(), SignatureRefused> {
    let Ok(body) = STANDARD.decode(&line.body) else { return Err(SignatureRefused::Malformed) };
    let header = |name: &str| line.headers.get(name).map(String::as_str);
    let secrets = SigningSecrets::new([line.secret.as_str()]);
    if line.scheme == "stripe" {
        return stripe::verify(header("stripe-signature"), &body, &secrets, line.now);
    }
    let headers = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    standard::verify(headers, &body, &secrets, line.now)
}

#[expect(clippy::print_stdout, reason = "a command's answer goes to its output")]
fn main() -> ExitCode {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for text in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<Line>(&text) else {
            println!("not a line of a peer: {text:.200}");
            return ExitCode::FAILURE;
        };
        let (answer, count) = (answer(&line), counts.entry(line.peer.clone()).or_default());
        match (answer, line.expect.as_str()) {
            (Ok(()), "accept") => count.accepted += 1,
            (Err(_), "refuse") => count.refused += 1,
            (answer, expected) => {
                count.wrong += 1;
                println!("{}: {expected} expected, {answer:?}: {text:.400}", line.peer);
            }
        }
    }
    for (peer, count) in &counts {
        println!("{peer}: {} accepted, {} refused, {} wrong", count.accepted, count.refused, count.wrong);
    }
    let is_good = !counts.is_empty() && counts.values().all(|count| count.wrong == 0);
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
