//! Keys and secrets: made at the first start, and kept under the same names.

use std::collections::BTreeMap;

use crate::error::{CloudError, keep};
use crate::keep::Keep;
use crate::template::{Named, Plan};
use crate::vault::{self, Vault};

/// Keys and secrets are made once, and keep their names.
pub(crate) async fn mint(plan: &Plan, vault: &Vault, kept: &Keep) -> Result<BTreeMap<String, Named>, CloudError> {
    let mut minted = BTreeMap::new();
    for (id, key) in &plan.keys {
        let arn = match remembered(kept, id)? {
            Some(arn) => arn,
            None => {
                let (_, arn) = vault.create_key(&key.spec, id).await?;
                remember(kept, id, &arn)?;
                arn
            }
        };
        let key_id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let attributes = BTreeMap::from([("Arn".to_owned(), arn), ("KeyId".to_owned(), key_id.clone())]);
        minted.insert(id.clone(), Named { reference: key_id, attributes });
    }
    for (id, secret) in &plan.secrets {
        let arn = match remembered(kept, id)? {
            Some(arn) => arn,
            None => {
                let arn = vault.create_secret(&secret.name, &vault::first_text(secret)).await?;
                remember(kept, id, &arn)?;
                arn
            }
        };
        let attributes = BTreeMap::from([("Id".to_owned(), arn.clone())]);
        minted.insert(id.clone(), Named { reference: arn, attributes });
    }
    Ok(minted)
}

fn remembered(kept: &Keep, id: &str) -> Result<Option<String>, CloudError> {
    kept.fact(&format!("minted:{id}")).map_err(keep("reading what was made before"))
}

fn remember(kept: &Keep, id: &str, arn: &str) -> Result<(), CloudError> {
    kept.set_fact(&format!("minted:{id}"), arn).map_err(keep("noting what was made"))
}
