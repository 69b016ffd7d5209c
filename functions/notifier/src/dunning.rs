//! What a customer is told of a payment that failed.

use cases::dunning::is_open;
use cases::error::CaseError;
use domain::id::CustomerId;
use domain::subscription::FailedPayment;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use queues::{NoticeDue, ReminderDue};
use store::TenantKey;
use store::buyers::{EMAIL, NAME};
use store::notices::NoticeOutcome;

use crate::App;
use crate::mail::{Mail, Recipient};
use crate::news::{News, Row, amount_text, day_text};

/// The name where there is no programme to name.
const NAMELESS: &str = "Tributary";

impl App {
    /// One reminder.
    pub(crate) async fn remind(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        reminder: &ReminderDue,
    ) -> Result<NoticeOutcome, Failure> {
        let payment = &reminder.payment;
        let failed = self.store.get_failed_payment(tenant, payment).await.map_err(Failure::retry)?;
        let failed = failed.ok_or_else(|| Failure::reject(format!("no payment {payment} has failed")))?.told;
        // REV-10: whoever has paid since is not reminded.
        if !is_open(&self.store, tenant, &failed).await.map_err(away)? {
            return Ok(NoticeOutcome::Skipped { why: "the payment was settled meanwhile" });
        }
        let Some(recipient) = self.buyer(tenant, &failed).await? else {
            return Ok(NoticeOutcome::Skipped { why: "the customer is not one whom we bill" });
        };
        let programs = self.store.list_programs(tenant).await.map_err(Failure::retry)?;
        // Newest first: the oldest is the name that customers know.
        let issuer = programs.last().map_or_else(|| NAMELESS.to_owned(), |program| program.name.clone());
        let news = news_of(&failed, reminder.step, issuer);
        let mail = Mail {
            notice: &due.notice,
            date: failed.told_at,
            sender: &self.sender,
            recipient: &recipient,
            news: &news,
            attachment: None,
        };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }

    /// The customer whom we bill; `None` when the payment is somebody else's.
    async fn buyer(&self, tenant: &TenantKey, failed: &FailedPayment) -> Result<Option<Recipient>, Failure> {
        let Some(id) = failed.customer.as_ref().map(CustomerId::of) else { return Ok(None) };
        let Some(buyer) = self.store.get_buyer(tenant, &id).await.map_err(Failure::retry)? else { return Ok(None) };
        let open = async |field: &str, sealed: &str| -> Result<String, Failure> {
            let sealed: Sealed = sealed.parse().map_err(Failure::reject)?;
            let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: id.as_str(), field };
            let text = self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)?;
            Ok(text.reveal().clone())
        };
        let email = open(EMAIL, &buyer.email_sealed).await?;
        let name = match &buyer.name_sealed {
            Some(sealed) => Some(open(NAME, sealed).await?),
            None => None,
        };
        Ok(Some(Recipient { name, email }))
    }
}

fn away(error: CaseError) -> Failure {
    Failure::retry(error)
}

fn news_of(failed: &FailedPayment, step: u8, issuer: String) -> News {
    let amount = amount_text(failed.amount);
    let last = step >= 7;
    let mut more = vec!["Please look at what you pay with, and choose another card if this one has ended.".to_owned()];
    if let Some(at) = failed.next_attempt_at {
        more.push(format!("We will try again on {}.", day_text(at)));
    }
    if last {
        more.push("Without a payment your subscription will end.".to_owned());
    }
    let title = if last { "Last reminder of a payment" } else { "A payment did not go through" };
    News {
        issuer,
        subject: format!("{title}: {amount}"),
        lead: format!("Your payment of {amount} did not go through."),
        more,
        rows: vec![
            Row { label: "Amount", value: amount },
            Row {
                label: "Invoice",
                value: failed.payment.as_str().split_once(':').map_or("", |(_, id)| id).to_owned(),
            },
            Row { label: "Date", value: day_text(failed.told_at) },
        ],
    }
}
