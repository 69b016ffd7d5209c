//! Stripe as a world has it: the stand-in of the small cloud, in this process. What it hears, and when, the simulation says.
//!
//! Keys are forgotten after a day, server errors are kept under their key and replayed, lists may lag: what the rail itself
//! does wrong is a [`Strain`]; what is lost on the way to it or back is the network's ([`crate::faults`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Bytes;
use axum::http::{Request, Response};
use local_stripe::{Options, StandIn};
use serde_json::{Value, json};

use crate::furniture::Unfurnished;

/// The key of whoever calls; the same tenant's for all, for each world has one.
pub const KEY: &str = "sk_test_simulated";
/// How far a list may lag: what is younger is not on it yet.
const LAG_S: i64 = 3_600;

/// A request to the rail, as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Everything that is said beside the body.
    pub headers: Vec<(String, String)>,
    /// The form.
    pub body: Vec<u8>,
}

impl Asked {
    /// What a client sends.
    #[must_use]
    pub fn of(request: &Request<Bytes>) -> Self {
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let (method, body) = (request.method().to_string(), request.body().to_vec());
        Self { method, path, headers: headers.collect(), body }
    }

    /// Does it ask for money to move?
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method == "POST"
    }
}

/// What is wrong with the rail while it hears one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strain {
    /// Nothing.
    #[default]
    None,
    /// It answers 500, and will again under the same key, whether it carried the request out or not.
    Fails {
        /// Did it?
        executes: bool,
    },
    /// It takes no more requests at the moment.
    Busy,
    /// It says that another request under this key is at work.
    AtWork,
    /// The platform has no money there.
    Poor,
    /// What it has done of late is on no list yet.
    Lags,
}

/// A transfer, as the rail has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// `tr_…`
    pub id: String,
    /// The payout that it was made for.
    pub group: String,
    /// How much.
    pub amount: i64,
}

/// The rail of one world.
pub struct Rail {
    stand_in: StandIn,
    second: Arc<AtomicI64>,
    strain: Strain,
    /// Why the stand-in did not take a strain: what is counted as struck was not.
    not_ordered: Option<String>,
    accounts: [String; 2],
}

impl Default for Rail {
    fn default() -> Self {
        Self::new()
    }
}

impl Rail {
    /// One that nobody has asked for anything yet; each has the same two connected accounts.
    #[must_use]
    pub fn new() -> Self {
        let second = Arc::new(AtomicI64::new(crate::plan::START_MS / 1_000));
        let clock = Arc::clone(&second);
        let clock = Box::new(move || clock.load(Ordering::Relaxed));
        let options = Options { clock, keep: None, seed: "worlds".to_owned() };
        // Nothing is kept, so nothing can be unreadable.
        let stand_in = StandIn::open(options).unwrap_or_else(|_| StandIn::at_rest(0));
        let accounts = [String::new(), String::new()];
        let mut rail = Self { stand_in, second, strain: Strain::None, not_ordered: None, accounts };
        rail.accounts = ["capabilities[transfers][requested]=true", "country=US"].map(|form| rail.connected(form));
        rail
    }

    /// A connected account that may receive transfers, and one that may not.
    #[must_use]
    pub fn accounts(&self) -> [String; 2] {
        self.accounts.clone()
    }

    /// It is so late there.
    pub fn set_now(&self, now_ms: i64) {
        self.second.store(now_ms.div_euclid(1_000), Ordering::Relaxed);
    }

    /// What is wrong with it while it hears the next request.
    pub fn strain(&mut self, strain: Strain) {
        self.strain = strain;
    }

    /// Hears a request.
    pub fn hear(&mut self, asked: &Asked) -> (u16, String) {
        let strain = std::mem::take(&mut self.strain);
        let ordered = match strain {
            Strain::Fails { executes } => self.order(asked, 500, executes),
            Strain::Busy => self.order(asked, 429, false),
            Strain::AtWork => self.order(asked, 409, false),
            Strain::Poor => self.stand_in.limit_balance(&json!({ "usd": 0, "eur": 0, "jpy": 0 })),
            Strain::None | Strain::Lags => Ok(()),
        };
        self.note(ordered);
        let (status, body) = self.send(asked);
        match strain {
            Strain::Poor => {
                let unlimited = self.stand_in.limit_balance(&json!({ "usd": null, "eur": null, "jpy": null }));
                self.note(unlimited);
            }
            Strain::Lags => return (status, self.without_newest(&body)),
            _ => {}
        }
        (status, body)
    }

    /// Every transfer that stands.
    ///
    /// # Errors
    /// The answer is no list, or not all of it; or a strain was not taken.
    pub fn transfers(&self) -> Result<Vec<Transfer>, Unfurnished> {
        if let Some(why) = &self.not_ordered {
            return Err(Unfurnished::because(format!("a strain of the rail: {why}")));
        }
        let (status, body) = self.send(&own("GET", "/v1/transfers?limit=100", ""));
        let page: Value = serde_json::from_str(&body).map_err(Unfurnished::because)?;
        let transfer = |of: &Value| {
            let text = |name: &str| of[name].as_str().map(str::to_owned);
            Some(Transfer { id: text("id")?, group: text("transfer_group")?, amount: of["amount"].as_i64()? })
        };
        let all: Option<Vec<Transfer>> = page["data"].as_array().and_then(|data| data.iter().map(transfer).collect());
        let is_whole = status == 200 && page["has_more"] == false;
        all.filter(|_| is_whole).ok_or_else(|| Unfurnished::because(format!("the rail's transfers: {status} {body}")))
    }

    fn connected(&self, form: &str) -> String {
        let (_, body) = self.send(&own("POST", "/v1/accounts", form));
        let made: Value = serde_json::from_str(&body).unwrap_or_default();
        made["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The next such request fails: what is ordered is met at once.
    fn order(&self, asked: &Asked, status: u16, executes: bool) -> serde_json::Result<()> {
        let path = asked.path.split('?').next().unwrap_or_default();
        self.stand_in
            .order_fault(&json!({ "method": asked.method, "path": path, "status": status, "executes": executes }))
    }

    /// Keeps why a strain could not be ordered.
    fn note(&mut self, ordered: serde_json::Result<()>) {
        self.not_ordered = ordered.err().map(|error| error.to_string()).or_else(|| self.not_ordered.take());
    }

    fn send(&self, asked: &Asked) -> (u16, String) {
        let mut request = Request::builder().method(asked.method.as_str()).uri(asked.path.as_str());
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let heard = request.body(Bytes::from(asked.body.clone())).ok().and_then(|request| self.stand_in.hear(&request));
        heard.map_or_else(
            || (400, String::new()),
            |heard: Response<Vec<u8>>| (heard.status().as_u16(), String::from_utf8_lossy(heard.body()).into_owned()),
        )
    }

    fn without_newest(&self, body: &str) -> String {
        let mut page: Value = serde_json::from_str(body).unwrap_or_default();
        let oldest = self.second.load(Ordering::Relaxed) - LAG_S;
        if let Some(data) = page["data"].as_array_mut() {
            data.retain(|transfer| transfer["created"].as_i64().is_some_and(|created| created <= oldest));
        }
        page.to_string()
    }
}

/// A request of the simulation's own.
fn own(method: &str, path: &str, form: &str) -> Asked {
    let headers =
        [("authorization", format!("Bearer {KEY}")), ("content-type", "application/x-www-form-urlencoded".to_owned())];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Asked { method: method.to_owned(), path: path.to_owned(), headers, body: form.as_bytes().to_vec() }
}
