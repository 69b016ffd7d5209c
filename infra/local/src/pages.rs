//! The pages under /local: plain HTML, no script, nothing from elsewhere.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::control::state_of;
use crate::mail::Letter;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#d5dae0;--soft:#5b6672;--good:#0a7a3d;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--line:#39414a;--soft:#9aa5b1;--good:#5ed08b;--bad:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:70rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.good{color:var(--good)}.bad{color:var(--bad)}.soft{color:var(--soft)}
pre{overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px;border:1px solid var(--line);padding:.7rem;border-radius:6px}
";

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    ))
}

/// Text that is safe between tags and in quoted attributes.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text),
        Value::Null => "–".to_owned(),
        other => safe(&other.to_string()),
    }
}

/// A table; columns whose name ends in `#` hold numbers.
fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "<p class=\"soft\">None.</p>".to_owned();
    }
    let class = |column: &str| if column.ends_with('#') { " class=\"n\"" } else { "" };
    let mut out = "<div class=\"scroll\"><table><tr>".to_owned();
    for column in columns {
        let _ = write!(out, "<th{}>{}</th>", class(column), column.trim_end_matches('#'));
    }
    out.push_str("</tr>");
    for row in rows {
        out.push_str("<tr>");
        for (cell, column) in row.iter().zip(columns) {
            let _ = write!(out, "<td{}>{cell}</td>", class(column));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
    out
}

fn list<'a>(state: &'a Value, name: &str) -> &'a [Value] {
    state[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Everything at a glance.
pub(crate) async fn overview(State(cloud): State<Cloud>) -> Html<String> {
    let state = state_of(&cloud);
    let idle = match state["idle"].as_bool() {
        Some(true) => "<span class=\"good\">idle</span>",
        _ => "<span class=\"soft\">working</span>",
    };
    let mut body = format!(
        "<h1>The small cloud</h1><p>{} by its clock ({} ms from this machine's), {idle}. \
         <a href=\"/local/mail\">Mail ({})</a> · <a href=\"/local/files\">files</a> · \
         <a href=\"/local/state\">state as JSON</a></p>",
        shown(&state["now"]),
        shown(&state["offset_ms"]),
        shown(&state["mail"]),
    );
    let _ = write!(body, "<h2>Functions</h2>{}", functions(&state));
    let _ = write!(body, "<h2>Queues</h2>{}", queues(&state));
    let streams: Vec<Vec<String>> = list(&state, "streams")
        .iter()
        .map(|one| vec![shown(&one["table"]), shown(&one["function"]), shown(&one["lag"])])
        .collect();
    let _ = write!(body, "<h2>Streams</h2>{}", table(&["Table", "Function", "Unread#"], &streams));
    let schedules: Vec<Vec<String>> = list(&state, "schedules")
        .iter()
        .map(|one| vec![shown(&one["name"]), shown(&one["expression"]), shown(&one["next"])])
        .collect();
    let _ = write!(body, "<h2>Schedules</h2>{}", table(&["Name", "Expression", "Next"], &schedules));
    let mut lines = Vec::new();
    for function in cloud.functions.all() {
        let own = function.log.last(5).into_iter().map(|line| format!("{}  {line}", function.state().name));
        lines.extend(own);
    }
    let _ = write!(body, "<h2>Last lines</h2><pre>{}</pre>", safe(&lines.join("\n")));
    page("The small cloud", &body)
}

fn functions(state: &Value) -> String {
    let rows: Vec<Vec<String>> = list(state, "functions")
        .iter()
        .map(|one| {
            let processes = list(one, "processes").iter().map(|slot| {
                let busy = if slot["busy"] == true { " (busy)" } else { "" };
                format!("{}{busy}", shown(&slot["pid"]))
            });
            let name = shown(&one["name"]);
            let state = match one["trouble"].as_str() {
                Some(why) => format!("<span class=\"bad\">{}</span>", safe(why)),
                None if one["ready"] == true => "<span class=\"good\">ready</span>".to_owned(),
                None => "<span class=\"soft\">starting</span>".to_owned(),
            };
            vec![
                format!("<a href=\"/local/logs/{name}\">{name}</a>"),
                state,
                processes.collect::<Vec<_>>().join(", "),
                shown(&one["invocations"]),
                shown(&one["errors"]),
                shown(&one["crashes"]),
            ]
        })
        .collect();
    table(&["Function", "State", "Processes", "Invocations#", "Errors#", "Crashes#"], &rows)
}

fn queues(state: &Value) -> String {
    let rows: Vec<Vec<String>> = list(state, "queues")
        .iter()
        .map(|one| {
            let name = shown(&one["name"]);
            let is_dead = one["is_dead_letter"] == true;
            let bad = is_dead && one["visible"] != 0;
            let visible = shown(&one["visible"]);
            vec![
                format!("<a href=\"/local/queues/{name}\">{name}</a>"),
                if is_dead { "dead letters".to_owned() } else { String::new() },
                if bad { format!("<span class=\"bad\">{visible}</span>") } else { visible },
                shown(&one["in_flight"]),
                shown(&one["delayed"]),
                shown(&one["oldest_seconds"]),
            ]
        })
        .collect();
    table(&["Queue", "", "Visible#", "In flight#", "Delayed#", "Oldest, s#"], &rows)
}

/// The list of letters.
pub(crate) async fn mail(State(cloud): State<Cloud>) -> Response {
    let Ok(letters) = cloud.mail.latest(200) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let rows: Vec<Vec<String>> = letters
        .iter()
        .map(|sent| {
            let attached = sent.letter.attachments.len();
            vec![
                safe(&sent.at),
                safe(&sent.recipients.join(", ")),
                format!("<a href=\"/local/mail/{}\">{}</a>", safe(&sent.id), safe(&sent.letter.subject)),
                attached.to_string(),
            ]
        })
        .collect();
    let body = format!(
        "<p><a href=\"/local\">The small cloud</a></p><h1>Mail</h1>{}",
        table(&["Sent", "To", "Subject", "Files#"], &rows)
    );
    page("Mail", &body).into_response()
}

/// One letter; its HTML stays in a frame that may do nothing.
pub(crate) async fn letter(State(cloud): State<Cloud>, Path(id): Path<String>) -> Response {
    let raw = match cloud.mail.raw(&id) {
        Ok(Some(raw)) => raw,
        Ok(None) => {
            return (StatusCode::NOT_FOUND, page("No letter", "<p>There is no such letter.</p>")).into_response();
        }
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let letter = Letter::read(&raw);
    let attachments: Vec<Vec<String>> =
        letter.attachments.iter().map(|one| vec![safe(&one.name), safe(&one.kind), one.bytes.to_string()]).collect();
    let mut body = format!(
        "<p><a href=\"/local/mail\">Mail</a></p><h1>{}</h1><p class=\"soft\">From {} to {} · \
         <a href=\"/local/mail/{}/raw\">as it was sent</a></p><pre>{}</pre>",
        safe(&letter.subject),
        safe(&letter.from),
        safe(&letter.to),
        safe(&id),
        safe(&letter.text),
    );
    if !letter.html.is_empty() {
        let _ = write!(
            body,
            "<h2>HTML</h2><iframe sandbox=\"\" title=\"the letter's HTML\" style=\"width:100%;height:24rem\" srcdoc=\"{}\"></iframe>",
            safe(&letter.html)
        );
    }
    let _ = write!(body, "<h2>Files</h2>{}", table(&["Name", "Type", "Bytes#"], &attachments));
    page("Letter", &body).into_response()
}

/// The last lines of a function.
pub(crate) async fn log(State(cloud): State<Cloud>, Path(name): Path<String>) -> Response {
    let Some(function) = cloud.functions.get(&name) else {
        return (StatusCode::NOT_FOUND, page("No function", "<p>There is no such function.</p>")).into_response();
    };
    let body = format!(
        "<p><a href=\"/local\">The small cloud</a></p><h1>{}</h1><pre>{}</pre>",
        safe(&name),
        safe(&function.log.last(200).join("\n"))
    );
    page("Log", &body).into_response()
}
