//! The mail with a link to sign in by. The link is opened here, and written nowhere but into the mail.

use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use edge::telemetry::Secret;
use queues::{NoticeDue, SignInDue};
use store::TenantKey;
use store::notices::NoticeOutcome;
use store::sign_in::TOKEN;
use store::users::{EMAIL, NAME};

use crate::App;
use crate::mail::{Mail, Recipient};
use crate::news::News;

/// The name where there is no programme to name.
const NAMELESS: &str = "Tributary";

impl App {
    /// POR-3: one link, to the address of the user whose it is.
    pub(crate) async fn send_link(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        asked: &SignInDue,
    ) -> Result<NoticeOutcome, Failure> {
        let link = self.store.get_sign_in_link(tenant, &asked.user, &asked.link).await.map_err(Failure::retry)?;
        let Some((link, sealed)) = link.and_then(|link| Some((link.clone(), link.token_sealed?))) else {
            return Ok(NoticeOutcome::Skipped { why: "the link was used, or another took its place" });
        };
        // A mail that opens nothing any more only puzzles.
        if link.expires_at <= self.clock.now() {
            return Ok(NoticeOutcome::Skipped { why: "the link has run out" });
        }
        let kept = self.store.get_user(tenant, &asked.user).await.map_err(Failure::retry)?;
        let Some(kept) = kept else { return Ok(NoticeOutcome::Skipped { why: "there is no such user" }) };
        let email = self.opened(tenant, asked, (EMAIL, &kept.email_sealed)).await?;
        let name = match kept.name_sealed.as_str() {
            "" => None,
            sealed => Some(self.opened(tenant, asked, (NAME, sealed)).await?.reveal().clone()),
        };
        let url = self.opened(tenant, asked, (TOKEN, &sealed)).await?;
        let programs = self.store.list_programs(tenant).await.map_err(Failure::retry)?;
        // Newest first: the oldest is the name that people know.
        let issuer = programs.last().map_or_else(|| NAMELESS.to_owned(), |program| program.name.clone());
        let recipient = Recipient { name, email: email.reveal().clone() };
        let news = news_of(&url, issuer);
        let mail = Mail {
            notice: &due.notice,
            date: link.asked_at,
            sender: &self.sender,
            recipient: &recipient,
            news: &news,
            attachment: None,
        };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }

    async fn opened(
        &self,
        tenant: &TenantKey,
        asked: &SignInDue,
        (field, sealed): (&str, &str),
    ) -> Result<Secret<String>, Failure> {
        let sealed: Sealed = sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: asked.user.as_str(), field };
        self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)
    }
}

fn news_of(url: &Secret<String>, issuer: String) -> News {
    News {
        subject: format!("Sign in to {issuer}"),
        issuer,
        lead: "Here is the link that you asked for. It opens once, within 15 minutes:".to_owned(),
        more: vec![
            url.reveal().clone(),
            "If you did not ask for it, do nothing: nobody can sign in without it.".to_owned(),
        ],
        rows: Vec::new(),
    }
}
