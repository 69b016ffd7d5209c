//! The keys of clicks as a process knows them: read from the stage's secret, and read again when a token comes under a key
//! that is not known. Keys are replaced while processes run, and no two processes read them at the same moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::touch::{ClickKeys, TokenRefused};
use jiff::{SignedDuration, Timestamp};

use crate::secrets::{NamedSecrets, SecretError, StageSecret};
use crate::telemetry::chain;

/// Nobody waits longer for them.
const PATIENCE: Duration = Duration::from_millis(250);
/// Where they are not known yet, not each visitor asks.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Whoever makes up tokens does not spend our reads.
const DOUBTED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// The keys, once they are known.
pub struct Keys {
    known: Mutex<Known>,
    from: Option<(NamedSecrets, String)>,
}

#[derive(Default)]
struct Known {
    keys: Option<Arc<ClickKeys>>,
    asked: Option<Timestamp>,
}

/// The keys, read once more.
pub enum Again {
    /// They were read just now.
    Read(Arc<ClickKeys>),
    /// They cannot be read now, or were read a moment ago: ask again later.
    Later,
    /// They are known for good.
    Never,
}

impl Keys {
    /// Keys that are known for good.
    #[must_use]
    pub fn known(keys: ClickKeys) -> Self {
        Self { known: Mutex::new(Known { keys: Some(Arc::new(keys)), asked: None }), from: None }
    }

    /// Keys that are read from the stage's secret when they are first needed.
    #[must_use]
    pub fn of(secrets: NamedSecrets, arn: String) -> Self {
        Self { known: Mutex::default(), from: Some((secrets, arn)) }
    }

    /// Keys that are read now, however long it takes: for who must not begin without them.
    ///
    /// # Errors
    /// The stage's secret cannot be read.
    pub async fn read(secrets: NamedSecrets, arn: String, now: Timestamp) -> Result<Self, SecretError> {
        let keys = Arc::new(of_secret(&secrets.stage(&arn).await?));
        let known = Known { keys: Some(keys), asked: Some(now) };
        Ok(Self { known: Mutex::new(known), from: Some((secrets, arn)) })
    }

    /// The keys; `None` while they cannot be read.
    pub async fn get(&self, now: Timestamp) -> Option<Arc<ClickKeys>> {
        let known = self.lock(|known| known.keys.clone());
        match known {
            Some(keys) => Some(keys),
            None => self.read_unless_asked_within(ASKED_EVERY, now).await,
        }
    }

    /// The keys, read again: for a token that may be of a key which took another's place since. At most once a minute.
    pub async fn again(&self, now: Timestamp) -> Again {
        if self.from.is_none() {
            return Again::Never;
        }
        self.read_unless_asked_within(DOUBTED_EVERY, now).await.map_or(Again::Later, Again::Read)
    }

    /// The touches of a token, by the keys as they are known, or else as they are now.
    ///
    /// # Errors
    /// Why the text is no token of ours.
    pub async fn verified<T>(
        &self,
        keys: &ClickKeys,
        now: Timestamp,
        verify: impl Fn(&ClickKeys) -> Result<T, TokenRefused>,
    ) -> Result<T, TokenRefused> {
        match verify(keys) {
            Err(refused) if may_be_of_a_new_key(refused) => match self.again(now).await {
                Again::Read(keys) => verify(&keys),
                Again::Later | Again::Never => Err(refused),
            },
            told => told,
        }
    }

    async fn read_unless_asked_within(&self, span: SignedDuration, now: Timestamp) -> Option<Arc<ClickKeys>> {
        let (secrets, arn) = self.from.as_ref()?;
        let is_due = self.lock(|known| {
            let is_due = known.asked.is_none_or(|last| now.duration_since(last).abs() >= span);
            if is_due {
                known.asked = Some(now);
            }
            is_due
        });
        if !is_due {
            return None;
        }
        match tokio::time::timeout(PATIENCE, secrets.stage(arn)).await {
            Ok(Ok(secret)) => {
                let keys = Arc::new(of_secret(&secret));
                self.lock(|known| known.keys = Some(Arc::clone(&keys)));
                Some(keys)
            }
            Ok(Err(error)) => {
                tracing::error!(reason = chain(&error), "the keys of clicks cannot be read");
                None
            }
            Err(_) => {
                tracing::error!("the keys of clicks cannot be read in time");
                None
            }
        }
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A key that is not known; or one that has its id by chance (one in 256), by which the signature is then wrong.
#[must_use]
pub fn may_be_of_a_new_key(refused: TokenRefused) -> bool {
    matches!(refused, TokenRefused::UnknownKey | TokenRefused::Forged)
}

/// The keys of clicks in the stage's secret.
#[must_use]
pub fn of_secret(secret: &StageSecret) -> ClickKeys {
    let key = &secret.click_token_key;
    ClickKeys::new(key.current.reveal(), key.previous.as_ref().map_or("", |previous| previous.reveal()))
}

#[cfg(test)]
mod tests;
