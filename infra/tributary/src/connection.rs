//! The way to the tables.

use domain::id::TenantId;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::{Reader, variables};
use store::{Store, Tables};

use crate::{Error, Tenant};

/// The tables and the time, as the environment names them.
pub(crate) struct Connection {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

/// Connects to what the process's environment names.
pub(crate) fn connect() -> Result<Connection, Error> {
    Connection::open(Reader::from_process_env())
}

impl Connection {
    /// Connects to what these variables name.
    pub(crate) fn open(mut reader: Reader) -> Result<Self, Error> {
        let aws = Aws::from(&mut reader);
        let clock = Clock::system(reader.parsed(&variables::CLOCK_OFFSET_MS).unwrap_or(0));
        let tables = Tables {
            core: reader.text(&variables::CORE_TABLE),
            clicks: reader.text(&variables::CLICKS_TABLE),
            ops: reader.text(&variables::OPS_TABLE),
        };
        let tables = reader.finish(tables)?;
        Ok(Self { store: Store::connect(&aws.service(Service::DynamoDb), tables), clock })
    }
}

impl Tenant {
    /// The tenant that is meant.
    pub(crate) fn id(&self) -> Result<TenantId, Error> {
        Ok(self.tenant.as_deref().map_or_else(|| Ok(TenantId::default_tenant()), TenantId::parse)?)
    }
}
