//! What an operator does through the API of a deployment, as anybody with a key does: people, keys, events that are sent in
//! again, jobs, and what is held of somebody.
//!
//! The key comes from the environment: what stands in a command line stays in the shell's history and is seen by others.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use edge::config::Reader;
use edge::config::variables::{COMMAND_KEY, COMMAND_URL};
use http::{Method, Uri};
use serde_json::{Value, json};

use crate::https::Https;
use crate::{Error, Said};

/// A page of a list.
const PAGE: usize = 500;
/// More pages than any tenant has of people or keys: a bound for a list that does not end.
const PAGES_MAX: usize = 1_000;
/// What may stand in an id, a job's name or a subject: nothing that leads to another path.
const IN_A_PATH: &str = "-_.:~";

/// Where the deployment is.
#[derive(Debug, Args)]
pub struct At {
    /// The address of its API; `TRIBUTARY_URL` when absent. The key is read from `TRIBUTARY_KEY`.
    #[arg(long)]
    url: Option<String>,
}

/// What is done with people who sign in.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Lists them: id, role, state, address.
    List(At),
    /// Makes one, who then signs in by a link to this address; prints the id.
    Create(NewUser),
    /// Ends their sessions and keys at once, and lets nobody sign in as them.
    Disable(One),
    /// Lets them sign in again.
    Enable(One),
}

/// Who is made.
#[derive(Debug, Args)]
pub struct NewUser {
    /// Their address.
    #[arg(long)]
    email: String,
    /// What they may do: admin, finance_manager, support, auditor, partner, member.
    #[arg(long)]
    role: String,
    /// What people call them.
    #[arg(long)]
    name: Option<String>,
    /// Of a partner's user: whose.
    #[arg(long)]
    partner: Option<String>,
    /// Of a member's user: whose.
    #[arg(long)]
    member: Option<String>,
    #[command(flatten)]
    at: At,
}

impl NewUser {
    /// As the API takes it.
    fn body(&self) -> Value {
        let mut body = json!({"email": self.email, "role": self.role});
        for (name, value) in [("name", &self.name), ("partner_id", &self.partner), ("member_id", &self.member)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }
}

/// One thing.
#[derive(Debug, Args)]
pub struct One {
    /// Its id; of a job, its name.
    id: String,
    #[command(flatten)]
    at: At,
}

/// What is held of somebody.
#[derive(Debug, Args)]
pub struct Export {
    /// A partner's, user's, customer's, lead's or member's id.
    subject: String,
    /// The file; it must not be there yet.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    at: At,
}

/// The API, as somebody with a key.
struct Api {
    http: Https,
    url: String,
    key: String,
}

/// People.
pub(crate) async fn users(command: &UserCommand) -> Result<Said, Error> {
    match command {
        UserCommand::List(at) => Api::open(at)?.list("/v1/users", &["id", "role", "state", "email"]).await,
        UserCommand::Create(new) => {
            let made = Api::open(&new.at)?.write(Method::POST, "/v1/users", Some(&new.body())).await?;
            Ok(good(made["id"].as_str().unwrap_or_default()))
        }
        UserCommand::Disable(one) => state(one, "disabled").await,
        UserCommand::Enable(one) => state(one, "active").await,
    }
}

async fn state(one: &One, state: &str) -> Result<Said, Error> {
    let path = format!("/v1/users/{}", in_a_path(&one.id)?);
    Api::open(&one.at)?.write(Method::PATCH, &path, Some(&json!({"state": state}))).await?;
    Ok(good(&format!("{} is {state}", one.id)))
}

/// The keys of a tenant: id, kind, who bears it, name, until when, and whether it was revoked.
pub(crate) async fn keys(at: &At) -> Result<Said, Error> {
    let columns = ["id", "kind", "role", "subject", "name", "expires_at", "revoked_at"];
    Api::open(at)?.list("/v1/api-keys", &columns).await
}

/// Ends a key.
pub(crate) async fn revoke(one: &One) -> Result<Said, Error> {
    let path = format!("/v1/api-keys/{}", in_a_path(&one.id)?);
    Api::open(&one.at)?.write(Method::DELETE, &path, None).await?;
    Ok(good(&format!("{} is revoked", one.id)))
}

/// Sends in an event again that a provider has sent.
pub(crate) async fn replay(one: &One) -> Result<Said, Error> {
    let path = format!("/v1/webhooks/deliveries/{}/replay", in_a_path(&one.id)?);
    Api::open(&one.at)?.write(Method::POST, &path, None).await?;
    Ok(good(&format!("{} is sent in again", one.id)))
}

/// Begins a job, as its schedule would.
pub(crate) async fn tick(one: &One) -> Result<Said, Error> {
    let path = format!("/v1/jobs/{}/run", in_a_path(&one.id)?);
    let begun = Api::open(&one.at)?.write(Method::POST, &path, None).await?;
    let at = begun["scheduled_for"].as_str().unwrap_or_default();
    Ok(good(&format!("{} is begun for {at}; GET /v1/jobs tells how it ends", one.id)))
}

/// Writes what is held of somebody to a file.
pub(crate) async fn export(asked: &Export) -> Result<Said, Error> {
    let path = format!("/v1/privacy/{}/export", in_a_path(&asked.subject)?);
    let api = Api::open(&asked.at)?;
    // Before it is asked for: what is held of somebody is told to the audit as soon as it is.
    let mut file = own_file(&asked.out).map_err(|error| format!("{}: {error}", asked.out.display()))?;
    let written = match api.write(Method::POST, &path, None).await {
        Ok(held) => file.write_all(format!("{held:#}\n").as_bytes()).map_err(Error::from),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Empty, or half of it: it would stand in the way of the next try.
        std::fs::remove_file(&asked.out)?;
    }
    written?;
    Ok(good(&format!("what is held of {} is in {}", asked.subject, asked.out.display())))
}

/// A new file that nobody else reads; one that is there is not written over.
fn own_file(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn good(text: &str) -> Said {
    Said { text: text.to_owned(), good: true }
}

/// A key that goes over a network in the clear is anybody's; on this machine it goes over none.
fn check_address(url: &str) -> Result<(), Error> {
    let uri: Uri = url.parse().map_err(|_| "--url: not an address")?;
    let is_here = uri.host().is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host));
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_here => Ok(()),
        _ => Err("--url: it must begin with https://".into()),
    }
}

/// An id as a part of a path.
fn in_a_path(id: &str) -> Result<&str, Error> {
    let fits = |character: char| character.is_ascii_alphanumeric() || IN_A_PATH.contains(character);
    if !id.is_empty() && id.chars().all(fits) && !id.starts_with('.') {
        return Ok(id);
    }
    Err(format!("{id:?} is no id").into())
}

impl Api {
    fn open(at: &At) -> Result<Self, Error> {
        let mut reader = Reader::from_process_env();
        let (url, key) = (reader.optional(&COMMAND_URL), reader.text(&COMMAND_KEY));
        let key = reader.finish(key)?;
        let url = at.url.clone().or(url).ok_or("--url: where is the API? TRIBUTARY_URL says so, too")?;
        check_address(&url)?;
        Ok(Self { http: Https::new()?, url: url.trim_end_matches('/').to_owned(), key })
    }

    async fn write(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        // Each call of the command is one wish: the product itself refuses what cannot be twice.
        let once = edge::random::ulid(jiff::Timestamp::UNIX_EPOCH).to_string();
        let headers = [("idempotency-key", once.as_str()), ("content-type", "application/json")];
        let headers = if body.is_some() { &headers[..] } else { &headers[..1] };
        self.answered(method, path, headers, body.map(Value::to_string).unwrap_or_default()).await
    }

    async fn list(&self, path: &str, columns: &[&str]) -> Result<Said, Error> {
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let path = format!("{path}?limit={PAGE}{cursor}");
            let page = self.answered(Method::GET, &path, &[], String::new()).await?;
            let rows = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            lines.extend(rows.iter().map(|row| line(row, columns)));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(good(&lines.join("\n"))),
            }
        }
        Err(format!("{path}: the list does not end").into())
    }

    /// A good answer's body; of another, what it says is wrong.
    async fn answered(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Value, Error> {
        let bearer = format!("Bearer {}", self.key);
        let headers = [headers, &[("authorization", bearer.as_str()), ("accept", "application/json")]].concat();
        let answer = self.http.send(method, &format!("{}{path}", self.url), &headers, body).await?;
        let body: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        if answer.is_good() {
            return Ok(body);
        }
        Err(problem(answer.status, &body).into())
    }
}

fn line(row: &Value, columns: &[&str]) -> String {
    let cell = |name: &&str| row[*name].as_str().map_or_else(|| "-".to_owned(), printable);
    columns.iter().map(cell).collect::<Vec<_>>().join("\t")
}

/// Names are what somebody typed: none of them moves a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

fn problem(status: u16, body: &Value) -> String {
    let said = |name: &str| body[name].as_str().map(printable);
    let mut text = format!("the API answers {status}");
    text.extend(said("detail").or_else(|| said("title")).map(|detail| format!(": {detail}")));
    for error in body["errors"].as_array().into_iter().flatten() {
        let place = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap_or_default();
        text.push_str(&format!(
            "\n  {}: {}",
            printable(place),
            printable(error["detail"].as_str().unwrap_or_default())
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_leads_to_no_path() {
        for good in ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "night", "stripe.20261121.evt_1", "click-counts"] {
            assert_eq!(in_a_path(good).expect("an id"), good);
        }
        for bad in ["", "..", "../users", "a/b", "a?b", "a#b", "a b", "%2e", "ä"] {
            assert!(in_a_path(bad).is_err(), "{bad}");
        }
    }

    /// The command as it is typed.
    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        new: NewUser,
    }

    #[test]
    fn a_member_and_a_partner_are_named_by_their_own_fields() {
        for (named, value, field) in
            [("--member", "mem_1", "member_id"), ("--partner", "par_1", "partner_id"), ("--name", "Ada", "name")]
        {
            let typed = ["user", "--email", "a@b.example", "--role", "member", named, value];
            let body = <Typed as clap::Parser>::try_parse_from(typed).expect("a command").new.body();
            let expected = json!({"email": "a@b.example", "role": "member", field: value});
            assert_eq!(body, expected);
        }
    }

    #[test]
    fn a_key_goes_over_a_network_by_tls_alone() {
        for good in ["https://go.example", "http://127.0.0.1:8080", "http://localhost:8080/"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        let elsewhere = [
            "http://go.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1:80@evil.example",
            "go.example",
            "",
        ];
        for bad in elsewhere {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_held_of_somebody_is_read_by_nobody_else_and_no_file_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("held.json");
        let file = own_file(&path).expect("a file");
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert!(own_file(&path).is_err());
    }

    #[test]
    fn a_refusal_is_told_with_every_field_that_is_wrong() {
        let body = json!({"title": "Bad", "detail": "two fields are wrong",
            "errors": [{"pointer": "/role", "detail": "not a role"}, {"parameter": "limit", "detail": "too many\u{1b}[2J"}]});
        let expected = "the API answers 400: two fields are wrong\n  /role: not a role\n  limit: too many\u{fffd}[2J";
        assert_eq!(problem(400, &body), expected);
        assert_eq!(problem(502, &Value::Null), "the API answers 502");
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let row = json!({"id": "usr_1", "email": "a@b.example\n"});
        assert_eq!(line(&row, &["id", "name", "email"]), "usr_1\t-\ta@b.example\u{fffd}");
    }
}
