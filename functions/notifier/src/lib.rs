//! notifier: tells one person one thing, once.
//!
//! - Trigger: the `Notices` queue.
//! - Reads: the tenant's settings; the payout, its partner's person (sealed), the report and its file; a payment that failed, and the customer
//!   (sealed) who is reminded of it; a partner's payout methods; a user (sealed) and their sign-in link (sealed);
//!   news of where a partner stands, and an application (sealed).
//! - Writes: the notice in the table of operations: claimed before the mail is sent, recorded after.
//! - Sends: one mail, by SES.
//! - Idempotent by: the notice's id, derived from what happened, and its claim. Where a process dies between the mail
//!   and the record, or SES's answer is lost, the mail is sent again: the same bytes under the same Message-ID and
//!   X-Tributary-Notice, so that a mail program can show it once. SES has no key that would prevent it.
//! - On failure: the message stays and comes again, three times; then it is in `NoticesDead`.

pub mod config;
mod dunning;
pub mod mail;
mod methods;
pub mod news;
pub mod post;
mod readers;
mod sign_in;
mod standing;

#[cfg(test)]
mod tests;

use cases::issuer::issuer_of;
use domain::id::NoticeId;
use domain::payout::Payout;
use domain::settings::RetentionKind;
use edge::aws::{Patience, Service};
use edge::clock::Clock;
use edge::lambda::{Delivery, Failure};
use edge::sealing::Sealer;
use edge::settings::RememberedSettings;
use edge::telemetry::chain;
use jiff::SignedDuration;
use queues::{NewsDue, NoticeDue};
use store::notices::{NoticeClaim, NoticeClaimed, NoticeOutcome, NoticeRecorded};
use store::{Store, TenantKey};

use crate::config::Config;
use crate::mail::{Attachment, Mail, Sender};
use crate::news::{Kind, News, Subject};
use crate::post::{Files, Post};

/// Longer than any run lives (its time-out is 30 s), shorter than the queue keeps a message from the next run (180 s):
/// so every delivery finds the claim of the one before it either settled or over.
const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// A mail that SES may have taken is not handed over again within a call: an attempt waits as long as the whole call,
/// so that only an answer that refuses it, or no connection, is followed by another.
const ONE_ANSWER: Patience = Patience { attempts: 3, connect_ms: 1_000, attempt_ms: 10_000, total_ms: 10_000 };

/// The notifier.
pub struct App {
    store: Store,
    settings: RememberedSettings,
    sealer: Sealer,
    files: Files,
    post: Post,
    sender: Sender,
    clock: Clock,
}

impl App {
    /// As configured.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables.clone());
        Self {
            settings: RememberedSettings::new(store.clone()),
            store,
            sealer: Sealer::connect(&config.aws.service(Service::Kms), &config.sealing_key_arn),
            files: Files::connect(&config.aws.service(Service::S3), &config.files_bucket),
            post: Post::connect(&config.aws.service_with(Service::Ses, ONE_ANSWER)),
            sender: Sender(config.mail_from.clone()),
            clock: config.clock,
        }
    }

    /// One notice that is due.
    ///
    /// # Errors
    /// Something was away; or the notice can never be told.
    pub async fn handle(&self, due: NoticeDue, delivery: Delivery) -> Result<(), Failure> {
        let tenant = TenantKey::from(&due.tenant);
        let claim = self.claim_of(&tenant, &due, &delivery).await;
        match self.store.create_notice_claim(&tenant, &claim).await.map_err(Failure::retry)? {
            NoticeClaimed::Done => {
                tracing::info!(notice.id = %due.notice, notice.kind = due.kind, "notice was told before");
                return Ok(());
            }
            NoticeClaimed::AnotherIsSending => return Err(Failure::retry("another run is telling this notice")),
            NoticeClaimed::Yes => {}
        }
        match self.tell(&tenant, &due).await {
            Ok(outcome) => self.record(&tenant, &claim, outcome).await,
            Err(failure) => {
                // The mail was not taken, so the next delivery need not wait for the lease.
                if let Err(error) = self.store.replace_notice_lease(&tenant, &claim).await {
                    tracing::warn!(notice.id = %due.notice, reason = %chain(&error), "notice waits until its lease is over");
                }
                Err(failure)
            }
        }
    }

    async fn claim_of(&self, tenant: &TenantKey, due: &NoticeDue, delivery: &Delivery) -> NoticeClaim {
        let at = self.clock.now();
        // OPS-4: as the tenant set, or as shipped while that cannot be read.
        let settings = self.settings.of(tenant).await.unwrap_or_default();
        NoticeClaim {
            notice: due.notice.clone(),
            kind: due.kind.clone(),
            subject: match (&due.payout, &due.reminder, &due.methods) {
                (Some(payout), _, _) => payout.to_string(),
                (None, Some(reminder), _) => format!("{}#{}", reminder.payment, reminder.step),
                (None, None, Some(methods)) => format!("{}#{}", methods.partner, methods.version),
                (None, None, None) => subject_of(due),
            },
            run: format!("{}#{}", delivery.message_id, delivery.receive_count),
            at,
            lease_until: at.saturating_add(LEASE).unwrap_or(at),
            forgotten_at: settings.retention_days.end_of(RetentionKind::Notices, at),
        }
    }

    async fn tell(&self, tenant: &TenantKey, due: &NoticeDue) -> Result<NoticeOutcome, Failure> {
        let unwritten = || Failure::reject(format!("no mail is written for {}", due.kind));
        if let Some(reminder) = &due.reminder {
            return self.remind(tenant, due, reminder).await;
        }
        if let Some(asked) = &due.sign_in {
            return self.send_link(tenant, due, asked).await;
        }
        if let Some(told) = &due.authenticator {
            return self.tell_of_authenticator(tenant, due, told).await;
        }
        if let Some(about) = &due.news {
            return self.tell_of_standing(tenant, due, about).await;
        }
        if let Some(changed) = &due.methods {
            return self.tell_of_methods(tenant, due, changed).await;
        }
        let (kind, id) = Kind::parse(&due.kind).zip(due.payout.as_ref()).ok_or_else(unwritten)?;
        let payout = self.store.get_payout(tenant, id).await.map_err(Failure::retry)?;
        let payout = payout.ok_or_else(|| Failure::reject(format!("there is no payout {id}")))?.payout;
        let Some(recipient) = self.recipient(tenant, &payout.partner).await? else {
            return Ok(NoticeOutcome::Skipped { why: "the partner has no e-mail address" });
        };
        let issuer = issuer_of(&self.store, tenant, &payout.partner).await.map_err(Failure::retry)?;
        let attachment = self.receipt(tenant, kind, due, &payout).await?;
        let subject = Subject::of(kind, &payout, issuer);
        let news = News::of(kind, &subject);
        let mail = Mail {
            notice: &due.notice,
            date: subject.at,
            sender: &self.sender,
            recipient: &recipient,
            news: &news,
            attachment,
        };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }

    async fn receipt(
        &self,
        tenant: &TenantKey,
        kind: Kind,
        due: &NoticeDue,
        payout: &Payout,
    ) -> Result<Option<Attachment>, Failure> {
        let (Kind::ReceiptReady, Some(report)) = (kind, &due.report) else {
            return Ok(None);
        };
        let report = self.store.get_report(tenant, report).await.map_err(Failure::retry)?;
        let report = report.ok_or_else(|| Failure::reject(format!("there is no receipt of payout {}", payout.id)))?;
        let bytes = self.files.get(&report).await.map_err(Failure::retry)?;
        let number = domain::payout::payment_reference(&payout.id, payout.requested_at);
        Ok(Some(Attachment { file_name: format!("receipt-{number}.pdf"), bytes }))
    }

    async fn record(&self, tenant: &TenantKey, claim: &NoticeClaim, outcome: NoticeOutcome) -> Result<(), Failure> {
        let recorded =
            self.store.record_notice(tenant, claim, &outcome, self.clock.now()).await.map_err(Failure::retry)?;
        log(&claim.notice, &claim.kind, &outcome);
        if recorded == NoticeRecorded::TakenOver {
            tracing::warn!(notice.id = %claim.notice, "notice was taken over meanwhile, and may be told twice");
        }
        Ok(())
    }
}

/// Of a notice that is of no money: who is told.
fn subject_of(due: &NoticeDue) -> String {
    let stands = |news: &NewsDue| {
        let partner = news.partner.as_ref().map(ToString::to_string);
        partner.or_else(|| news.application.as_ref().map(ToString::to_string))
    };
    let enrolled = due.authenticator.as_ref().map(|told| told.user.to_string());
    let user = due.sign_in.as_ref().map(|asked| asked.user.to_string()).or(enrolled);
    user.or_else(|| due.news.as_ref().and_then(stands)).unwrap_or_default()
}

fn log(notice: &NoticeId, kind: &str, outcome: &NoticeOutcome) {
    match outcome {
        NoticeOutcome::Sent { message_id } => {
            tracing::info!(notice.id = %notice, notice.kind = kind, mail.id = message_id, "notice was sent");
        }
        NoticeOutcome::Skipped { why } => {
            tracing::info!(notice.id = %notice, notice.kind = kind, reason = why, "notice has nobody to hear it");
        }
    }
}
