//! The way to the tables.

use domain::id::TenantId;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use store::Store;

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
        let clock = edge::config::clock(&mut reader);
        let tables = edge::config::tables(&mut reader);
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
