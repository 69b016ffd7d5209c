//! As much of MIME as it takes to show a letter: headers, text, attachments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// What a letter says.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Letter {
    /// The From header.
    pub from: String,
    /// The To header.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// What hangs on it.
    pub attachments: Vec<Attachment>,
}

/// A file that hangs on a letter.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub kind: String,
    /// Its size.
    pub bytes: usize,
}

/// Nested parts are followed this deep.
const DEPTH_MAX: usize = 8;

struct Part<'a> {
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

impl Letter {
    /// Reads a message; what cannot be read is left empty.
    pub fn read(raw: &[u8]) -> Self {
        let part = Part::read(raw);
        let mut letter = Self {
            from: words(&part.header("from")),
            to: words(&part.header("to")),
            subject: words(&part.header("subject")),
            ..Self::default()
        };
        letter.take(&part, 0);
        letter
    }

    fn take(&mut self, part: &Part<'_>, depth: usize) {
        let written = part.header("content-type");
        let kind = written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.starts_with("multipart/") && depth < DEPTH_MAX {
            if let Some(boundary) = parameter(&written, "boundary") {
                for inner in split(part.body, &boundary) {
                    self.take(&Part::read(inner), depth + 1);
                }
            }
            return;
        }
        let disposition = part.header("content-disposition");
        let bytes = part.decoded();
        let attached = disposition.to_ascii_lowercase().starts_with("attachment");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match kind.as_str() {
            "" | "text/plain" if !attached && self.text.is_empty() => self.text = text,
            "text/html" if !attached && self.html.is_empty() => self.html = text,
            _ => {
                let name = parameter(&disposition, "filename").or_else(|| parameter(&written, "name"));
                let name = words(&name.unwrap_or_else(|| "unnamed".to_owned()));
                self.attachments.push(Attachment { name, kind, bytes: bytes.len() });
            }
        }
    }
}

impl<'a> Part<'a> {
    fn read(raw: &'a [u8]) -> Self {
        let (head, body) = match (find(raw, b"\r\n\r\n"), find(raw, b"\n\n")) {
            (Some(at), other) if other.is_none_or(|other| at < other) => (&raw[..at], &raw[at + 4..]),
            (_, Some(at)) => (&raw[..at], &raw[at + 2..]),
            _ => (raw, &raw[raw.len()..]),
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in String::from_utf8_lossy(head).lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { headers, body }
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn decoded(&self) -> Vec<u8> {
        match self.header("content-transfer-encoding").to_ascii_lowercase().as_str() {
            "base64" => {
                let dense: Vec<u8> = self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                STANDARD.decode(dense).unwrap_or_default()
            }
            "quoted-printable" => quoted_printable(self.body),
            _ => self.body.to_vec(),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}").into_bytes();
    let mut out = Vec::new();
    let mut rest = body;
    let mut inside = false;
    while let Some(at) = find(rest, &mark) {
        if inside {
            out.push(rest[..at].trim_ascii_end());
        }
        rest = &rest[at + mark.len()..];
        if rest.starts_with(b"--") {
            break;
        }
        inside = true;
        rest = find(rest, b"\n").map_or(&rest[rest.len()..], |at| &rest[at + 1..]);
    }
    out
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        if rest.starts_with(b"=\r\n") {
            at += 3;
        } else if rest.starts_with(b"=\n") {
            at += 2;
        } else if let Some(byte) = hex_pair(rest) {
            out.push(byte);
            at += 3;
        } else {
            out.push(body[at]);
            at += 1;
        }
    }
    out
}

fn hex_pair(rest: &[u8]) -> Option<u8> {
    let pair = rest.get(1..3).filter(|_| rest[0] == b'=')?;
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// `=?utf-8?B?…?=` and `=?utf-8?Q?…?=` as text.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let word = &rest[start + 2..];
        let parts: Vec<&str> = word.splitn(4, '?').collect();
        let decoded = match parts.as_slice() {
            [_, coding, body, after] if after.starts_with('=') => {
                let bytes = if coding.eq_ignore_ascii_case("b") {
                    STANDARD.decode(body).unwrap_or_default()
                } else {
                    quoted_printable(body.replace('_', " ").as_bytes())
                };
                Some((String::from_utf8_lossy(&bytes).into_owned(), &after[1..]))
            }
            _ => None,
        };
        let before = &rest[..start];
        match decoded {
            Some((plain, after)) => {
                // Space between two encoded words is not part of the text.
                if out.is_empty() || !before.trim().is_empty() {
                    out.push_str(before);
                }
                out.push_str(&plain);
                rest = after;
            }
            None => {
                out.push_str(&rest[..start + 2]);
                rest = word;
            }
        }
    }
    out.push_str(rest);
    out
}
