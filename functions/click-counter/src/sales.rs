//! Live: each change of a sale is counted with the links that brought it.

use aws_lambda_events::dynamodb::EventRecord;
use edge::telemetry::chain;
use store::link_sales::{SaleChange, SaleCounted, read_sale_change};
use store::{StoreError, TenantKey};

use crate::App;

impl App {
    /// Counts changes of sales, in the stream's order; answers the number of the first that was not counted. The stream
    /// shows it and all behind it again, and what was counted counts nothing then.
    pub(crate) async fn count_sales(&self, records: Vec<EventRecord>) -> Option<String> {
        for record in records {
            let number = record.change.sequence_number.clone().unwrap_or_default();
            let change = match change_of(record) {
                Ok(change) => change,
                // Holding the stream for what will never be read would hold every link's counts.
                Err(error) => {
                    tracing::error!(reason = chain(&error), "a change of a sale cannot be read, and no link has it");
                    continue;
                }
            };
            if let Err(error) = self.count_sale(&change).await {
                tracing::warn!(sale.id = %change.sale, reason = chain(&error), "sales left in the stream");
                return Some(number);
            }
        }
        None
    }

    async fn count_sale(&self, change: &SaleChange) -> Result<(), StoreError> {
        let tenant = TenantKey::from(&change.tenant);
        for (link, share) in &change.brought {
            let told = (change.version, *share);
            let counted = self.store.count_link_sale(&tenant, (link, &change.sale), told).await?;
            if counted == SaleCounted::Counted {
                tracing::debug!(sale.id = %change.sale, link.id = %link, "sale counted with its link");
            }
        }
        Ok(())
    }
}

fn change_of(record: EventRecord) -> Result<SaleChange, StoreError> {
    let change = record.change;
    let before = if change.old_image.is_empty() { None } else { Some(change.old_image.into()) };
    read_sale_change(change.new_image.into(), before)
}
