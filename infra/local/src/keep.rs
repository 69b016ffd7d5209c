//! What the cloud itself has to remember: one SQLite file for messages, mail, positions and the clock.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{CloudError, keep};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, queue TEXT NOT NULL, body TEXT NOT NULL,
  attributes TEXT NOT NULL, sent_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL,
  first_received_ms INTEGER, receives INTEGER NOT NULL DEFAULT 0, receipt TEXT);
CREATE INDEX IF NOT EXISTS messages_by_queue ON messages (queue, visible_ms, seq);
CREATE INDEX IF NOT EXISTS messages_by_receipt ON messages (receipt);
CREATE TABLE IF NOT EXISTS mail (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL,
  source TEXT NOT NULL, recipients TEXT NOT NULL, raw BLOB NOT NULL);
";

/// The file, shared.
#[derive(Debug, Clone)]
pub struct Keep(Arc<Mutex<Connection>>);

impl Keep {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// The file cannot be opened, or is none of ours.
    pub fn open(path: &Path) -> Result<Self, CloudError> {
        let connection = Connection::open(path).map_err(keep("opening the cloud's own file"))?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;")
            .and_then(|()| connection.execute_batch(SCHEMA))
            .map_err(keep("preparing the cloud's own file"))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The connection; a panic elsewhere does not end the cloud.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fact by name.
    pub(crate) fn fact(&self, name: &str) -> rusqlite::Result<Option<String>> {
        let query = "SELECT value FROM facts WHERE name = ?1";
        self.lock().query_row(query, params![name], |row| row.get(0)).optional()
    }

    /// Sets a fact.
    pub(crate) fn set_fact(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        let query = "INSERT INTO facts (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.lock().execute(query, params![name, value]).map(|_| ())
    }
}
