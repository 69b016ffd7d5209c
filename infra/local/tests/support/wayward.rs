//! A function that does what its event says, well or badly: `{"do": "echo" | "hang" | "exit" | "garbage" | "error"}`.
//!
//! For HTTP events the wish stands in the path, for messages after `do:`. It speaks the Runtime API by hand, so that it can break it.

use std::io::{Read, Write};
use std::net::TcpStream;

fn main() {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    if std::env::var("WAYWARD").as_deref() == Ok("never-starts") {
        eprintln!("configuration is missing: EVERYTHING");
        std::process::exit(2);
    }
    while let Some((id, event)) = next(&address) {
        let wish = ["hang", "exit", "garbage", "error", "bare", "partial"].into_iter().find(|wish| {
            event.contains(&format!("\"{wish}\""))
                || event.contains(&format!("\"/{wish}\""))
                || event.contains(&format!("do:{wish}"))
        });
        let (path, answer) = match wish {
            Some("hang") => {
                std::thread::sleep(std::time::Duration::from_secs(60));
                ("response", "\"late\"".to_owned())
            }
            Some("exit") => std::process::exit(3),
            Some("garbage") => ("response", "{not json".to_owned()),
            Some("error") => ("error", r#"{"errorType":"Sad","errorMessage":"as asked"}"#.to_owned()),
            Some("bare") => ("response", "\"just a text\"".to_owned()),
            Some("partial") => ("response", partial(&event)),
            _ => ("response", event),
        };
        let path = format!("/2018-06-01/runtime/invocation/{id}/{path}");
        if call(&address, "POST", &path, &answer).is_none() {
            return;
        }
    }
}

/// Fails every message whose body says `bad`.
fn partial(event: &str) -> String {
    let mut failures = Vec::new();
    for record in event.split("\"messageId\":\"").skip(1) {
        let id = record.split('"').next().unwrap_or_default();
        let before = event.split(id).next().unwrap_or_default();
        let start = before.rfind("\"body\":").unwrap_or(0);
        if before[start..].contains("bad") {
            failures.push(format!("{{\"itemIdentifier\":\"{id}\"}}"));
        }
    }
    format!("{{\"batchItemFailures\":[{}]}}", failures.join(","))
}

fn next(address: &str) -> Option<(String, String)> {
    let answer = call(address, "GET", "/2018-06-01/runtime/invocation/next", "")?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let id = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("lambda-runtime-aws-request-id: ").map(str::to_owned)
    })?;
    Some((id, body.to_owned()))
}

fn call(address: &str, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}
