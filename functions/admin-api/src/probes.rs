//! What work needs beside the tables, looked at from outside: the queues, and the key that seals.

use domain::id::TenantId;
use edge::sealing::{Belongs, Sealer};
use futures::future::join_all;
use queues::Door;

/// Why a part does not do.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// The parts to look at; none, by default.
#[derive(Clone, Default)]
pub struct Probes {
    /// Each queue by its name.
    pub queues: Vec<(&'static str, Door)>,
    /// What seals.
    pub sealer: Option<Sealer>,
}

impl Probes {
    /// Looks at each; what is wrong is told with it.
    pub(crate) async fn look(&self) -> Vec<(String, Option<Wrong>)> {
        let doors = self.queues.iter().map(|(name, door)| async move {
            let wrong = door.check().await.err().map(|error| -> Wrong { Box::new(error) });
            (format!("queue {name}"), wrong)
        });
        let (mut looked, key) = futures::join!(join_all(doors), self.key());
        looked.extend(key);
        looked
    }

    async fn key(&self) -> Option<(String, Option<Wrong>)> {
        let sealer = self.sealer.as_ref()?;
        let tenant = TenantId::default_tenant();
        let belongs = Belongs { tenant: tenant.as_str(), subject: "readiness", field: "probe" };
        let sealed = sealer.seal_text(&belongs, "x").await;
        Some(("key".to_owned(), sealed.err().map(|error| -> Wrong { Box::new(error) })))
    }
}
