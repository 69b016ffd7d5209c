//! TRK-3: today's salt, kept in the process, so that a click reads it once a day.

use std::sync::{Arc, Mutex, PoisonError};

use domain::time::Timestamp;
use domain::touch::{DaySalt, day_of};
use store::salts::SaltBytes;
use store::{Store, StoreError};

/// The salt of the day, shared by all that hash visitors.
pub struct Salts {
    store: Store,
    known: Mutex<Option<(String, Arc<DaySalt>)>>,
}

impl Salts {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The salt of the UTC day of an instant, if this process has it: no request.
    #[must_use]
    pub fn known(&self, at: Timestamp) -> Option<Arc<DaySalt>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(day, _)| *day == day_of(at)).map(|(_, salt)| Arc::clone(salt))
    }

    /// The salt of the UTC day of an instant; `fresh` are random bytes, for the day's first.
    ///
    /// # Errors
    /// The store does not answer, or the salt cannot be read.
    pub async fn on(&self, at: Timestamp, fresh: SaltBytes) -> Result<Arc<DaySalt>, StoreError> {
        if let Some(salt) = self.known(at) {
            return Ok(salt);
        }
        let salt = Arc::new(DaySalt::from_bytes(self.store.salt_of_day(at, fresh).await?));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((day_of(at), Arc::clone(&salt)));
        Ok(salt)
    }
}
