//! What a partner is told when where their money goes has changed.

use cases::issuer::issuer_of;
use domain::payee::PayoutMethods;
use domain::time::Timestamp;
use edge::lambda::Failure;
use queues::{MethodsDue, NoticeDue};
use store::TenantKey;
use store::notices::NoticeOutcome;

use crate::App;
use crate::mail::Mail;
use crate::news::{News, Row, day_text};

impl App {
    /// PAY-12: one change. It goes to the address that is known, whoever made the change.
    pub(crate) async fn tell_of_methods(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        changed: &MethodsDue,
    ) -> Result<NoticeOutcome, Failure> {
        let methods = self.store.get_payout_methods(tenant, &changed.partner).await.map_err(Failure::retry)?;
        let Some(recipient) = self.recipient(tenant, &changed.partner).await? else {
            return Ok(NoticeOutcome::Skipped { why: "the partner has no e-mail address" });
        };
        let issuer = issuer_of(&self.store, tenant, &changed.partner).await.map_err(Failure::retry)?;
        let changed_at = methods.edits.last().and_then(|edit| Timestamp::from_millisecond(edit.at_ms).ok());
        let changed_at = changed_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let mail = Mail {
            notice: &due.notice,
            date: changed_at,
            sender: &self.sender,
            recipient: &recipient,
            news: &news_of(&methods, changed_at, issuer),
            attachment: None,
        };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }
}

fn news_of(methods: &PayoutMethods, changed_at: Timestamp, issuer: String) -> News {
    let mut rows = vec![Row { label: "Changed on", value: day_text(changed_at) }];
    rows.extend(methods.ranked.iter().map(|method| Row {
        label: "Method",
        value: format!("{} …{}, from {}", method.rail.word(), method.last_four, day_text(method.usable_from())),
    }));
    let more = if methods.ranked.is_empty() {
        vec!["There is no method now; you will be paid by hand.".to_owned()]
    } else {
        vec!["Nothing is paid by a new method for 72 hours.".to_owned()]
    };
    let warning = "If this was not you, tell us at once: we can stop payouts before any money leaves.".to_owned();
    News {
        issuer,
        subject: "Where your payouts go has changed".to_owned(),
        lead: "The payout methods of your account were changed.".to_owned(),
        more: more.into_iter().chain([warning]).collect(),
        rows,
    }
}
