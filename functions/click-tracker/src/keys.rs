//! The keys of clicks. TRK-8: Secrets Manager may be away when a process begins: visitors are sent on all the same,
//! without a token, and the keys are asked for again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::touch::ClickKeys;
use edge::secrets::NamedSecrets;
use edge::telemetry::chain;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use crate::click_keys;

/// A visitor waits no longer for them.
const PATIENCE: Duration = Duration::from_millis(250);
/// And not each visitor.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The keys, once they are known.
pub struct Keys {
    known: OnceCell<ClickKeys>,
    from: Option<(NamedSecrets, String)>,
    asked: Mutex<Option<Timestamp>>,
}

impl Keys {
    /// Keys that are known.
    #[must_use]
    pub fn known(keys: ClickKeys) -> Self {
        Self { known: OnceCell::new_with(Some(keys)), from: None, asked: Mutex::default() }
    }

    /// Keys that are read from the stage's secret when they are first needed.
    #[must_use]
    pub fn of(secrets: NamedSecrets, arn: String) -> Self {
        Self { known: OnceCell::new(), from: Some((secrets, arn)), asked: Mutex::default() }
    }

    /// The keys; `None` while they cannot be read.
    pub(crate) async fn get(&self, now: Timestamp) -> Option<&ClickKeys> {
        if let Some(keys) = self.known.get() {
            return Some(keys);
        }
        let (secrets, arn) = self.from.as_ref()?;
        if !self.is_due(now) {
            return None;
        }
        let read = self.known.get_or_try_init(|| async { secrets.stage(arn).await.map(|secret| click_keys(&secret)) });
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(keys)) => Some(keys),
            Ok(Err(error)) => {
                tracing::error!(reason = chain(&error), "the keys of clicks cannot be read, and no click gets a token");
                None
            }
            Err(_) => {
                tracing::error!("the keys of clicks cannot be read in time, and no click gets a token");
                None
            }
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|last| now.duration_since(last).abs() >= ASKED_EVERY);
        if is_due {
            *asked = Some(now);
        }
        is_due
    }
}
