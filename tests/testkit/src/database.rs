//! The three tables in memory, behind a real client.

use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use local::template::{Place, Template};

use crate::client::{self, Control, Fault, Units};

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

    /// Ends all faults.
    pub fn heal(&self) {
        self.control.fail(0, 0, Fault::Refuse);
    }

    /// How many requests were sent since the start.
    pub fn requests(&self) -> usize {
        self.control.requests()
    }
}

/// The tables of template.yaml, in memory, served on loopback.
#[expect(clippy::expect_used, reason = "a test without its database cannot go on")]
pub async fn database() -> Database {
    let template = Template::read(&root().join("template.yaml")).expect("template.yaml reads");
    let plan = template.tables(&Place::default()).expect("template.yaml's tables are understood");
    let db = dynoxide::Database::memory().expect("a database in memory opens");
    local::tables::create(&db, &plan).expect("the tables are created");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    tokio::spawn(dynoxide::server::serve_on(listener, db));
    let name = |id: &str| plan.tables.get(id).expect("the table stands in template.yaml").name.clone();
    let endpoint = format!("http://{address}");
    let control = Control::default();
    Database {
        client: client::connect(&endpoint, control.clone()),
        core: name("Core"),
        clicks: name("Clicks"),
        ops: name("Ops"),
        endpoint,
        control,
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
