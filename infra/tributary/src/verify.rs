//! `tributary verify`.

use cases::verify::{self, Seen, Verified};
use clap::Args;
use domain::id::TenantId;
use store::proofs::Reach;
use store::{StoreError, TenantKey, Written};

use crate::connection::{self, Connection};
use crate::{Error, Said, progress};

/// Whose ledger.
#[derive(Debug, Args)]
pub struct Which {
    /// The tenant's id; every tenant when absent.
    #[arg(long)]
    tenant: Option<String>,
}

/// Walks everything and tells each law that does not hold. Accounts of which nothing is proved are not good either.
pub(crate) async fn verify(which: &Which) -> Result<Said, Error> {
    let connection = connection::connect()?;
    let tenants = match &which.tenant {
        Some(tenant) => vec![TenantId::parse(tenant)?],
        None => connection.store.list_tenants().await?,
    };
    let (mut text, mut broken, mut good) = (String::new(), 0_u64, true);
    for tenant in &tenants {
        let verified = walk(&connection, tenant).await?;
        if let Err(error) = keep(&connection, tenant, &verified).await {
            text.push_str(&format!("what was found could not be kept for GET /v1/revenue/health: {error}\n"));
        }
        broken = broken.saturating_add(verified.broken());
        good &= verified.is_intact();
        if tenants.len() > 1 {
            text.push_str(&format!("{tenant}\n{verified}\n"));
        } else {
            text.push_str(&verified.to_string());
        }
    }
    if tenants.len() > 1 {
        text.push_str(&format!("{} tenants, {broken} broken laws", tenants.len()));
    }
    Ok(Said { text, good })
}

async fn walk(connection: &Connection, id: &TenantId) -> Result<Verified, Error> {
    let (store, tenant) = (&connection.store, TenantKey::from(id));
    let today = store.get_settings(&tenant).await?.ledger_zone.day_of(connection.clock.now());
    // A small cloud's clock may be ahead of this process's; its nights know.
    let night = store.get_last_run(&tenant).await?.map(|run| run.business_date);
    let scope = verify::whole(store, &tenant, night.map_or(today, |night| night.max(today))).await?;
    let (mut verified, line) = (Verified::default(), progress::line(id.to_string()));
    let tell = |seen| match seen {
        Seen::Accounts(accounts) => line.set_message(format!("{accounts} accounts proved")),
        Seen::Facts(facts) => line.set_message(format!("{facts} facts of the journal proved")),
    };
    let walked = verify::verify_telling(store, &tenant, &scope, &mut verified, &tell).await;
    line.finish_and_clear();
    walked?;
    Ok(verified)
}

/// What was found takes the place of what the last proof of the whole journal did. Whoever may only read proves all the
/// same.
async fn keep(connection: &Connection, tenant: &TenantId, verified: &Verified) -> Result<(), StoreError> {
    if let Some(record) = verify::record_of(verified, connection.clock.now()) {
        // A later one may be there: a night's.
        let _: Written = connection.store.record_proof(&TenantKey::from(tenant), Reach::Whole, &record).await?;
    }
    Ok(())
}
