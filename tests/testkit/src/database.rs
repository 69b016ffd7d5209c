//! The three tables in memory, behind a real client.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use local::template::{Place, Template};

use crate::client::{self, Control, Fault, Units};
use crate::gate::Held;

/// A database of one's own: it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Database {
    /// A client with static credentials, quick retries and the meter.
    pub client: Client,
    /// The name of the table of record.
    pub core: String,
    /// The name of the table of clicks.
    pub clicks: String,
    /// The name of the table of operations.
    pub ops: String,
    /// The address, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub endpoint: String,
    pub(crate) control: Control,
}

impl Database {
    /// Request units since the start or the last reset.
    pub fn units(&self) -> Units {
        self.control.units()
    }

    /// Sets the meter to zero, and answers what it showed.
    pub fn reset_units(&self) -> Units {
        self.control.reset()
    }

    /// Makes the next requests fail, each in the given way (SDK retries count).
    pub fn fail_next(&self, count: usize, fault: Fault) {
        self.control.fail(0, count, fault);
    }

    /// Lets `after` requests pass, then makes `count` fail.
    pub fn fail_after(&self, after: usize, count: usize, fault: Fault) {
        self.control.fail(after, count, fault);
    }

    /// From now on one of so many writes meets another transaction, and is not done; 0 ends it.
    pub fn conflict_each(&self, each: usize) {
        self.control.conflict_each(each);
    }

    /// Lets `after` requests pass, then makes one wait until what is answered here is dropped.
    pub fn hold_after(&self, after: usize) -> Held {
        let gate = Arc::default();
        self.control.hold(Some((after, Arc::clone(&gate))));
        Held(gate)
    }

    /// No request that comes from now on is held.
    pub fn hold_nothing(&self) {
        self.control.hold(None);
    }

    /// Ends all faults but conflicts.
    pub fn heal(&self) {
        self.control.fail(0, 0, Fault::Refuse);
    }

    /// Forgets what was answered under each idempotency key, as if every run had died before it could keep its answer.
    #[expect(clippy::expect_used, reason = "a test without its database cannot go on")]
    pub async fn forget_answers(&self) {
        let rows = self.client.scan().table_name(&self.ops).send().await.expect("a scan").items.unwrap_or_default();
        let is_kept = |row: &&HashMap<String, AttributeValue>| row.contains_key("answer");
        for row in rows.iter().filter(is_kept) {
            let update = self.client.update_item().table_name(&self.ops).update_expression("REMOVE answer");
            let keyed = ["pk", "sk"].into_iter().fold(update, |update, name| update.key(name, row[name].clone()));
            keyed.send().await.expect("forgotten");
        }
    }

    /// How long requests were under way since the start; what several waited for at once is counted once.
    pub fn waited(&self) -> std::time::Duration {
        self.control.waited()
    }

    /// How many requests were sent since the start.
    pub fn requests(&self) -> usize {
        self.control.requests()
    }
}

/// The tables of template.yaml, in memory, served on loopback.
pub async fn database() -> Database {
    serving().await.0
}

impl Database {
    /// A database that another process serves, with a meter and faults of its own.
    #[must_use]
    pub fn attached(endpoint: &str, core: &str, clicks: &str, ops: &str) -> Self {
        let control = Control::default();
        let [core, clicks, ops, endpoint] = [core, clicks, ops, endpoint].map(str::to_owned);
        Self { client: client::connect(&endpoint, control.clone()), core, clicks, ops, endpoint, control }
    }
}

/// As [`database`], with the engine itself, for whoever must put in more than requests can carry.
#[expect(clippy::expect_used, reason = "a test without its database cannot go on")]
pub async fn serving() -> (Database, dynoxide::Database) {
    let template = Template::read(&root().join("template.yaml")).expect("template.yaml reads");
    let plan = template.tables(&Place::default()).expect("template.yaml's tables are understood");
    let db = dynoxide::Database::memory().expect("a database in memory opens");
    local::tables::create(&db, &plan).expect("the tables are created");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    tokio::spawn(dynoxide::server::serve_on(listener, db.clone()));
    let name = |id: &str| plan.tables.get(id).expect("the table stands in template.yaml").name.clone();
    let [core, clicks, ops] = ["Core", "Clicks", "Ops"].map(name);
    (Database::attached(&format!("http://{address}"), &core, &clicks, &ops), db)
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
