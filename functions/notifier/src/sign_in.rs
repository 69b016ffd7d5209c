//! Mail to whoever signs in: a link to sign in by, which is opened here and written nowhere but into the mail; and that an
//! authenticator counts from now on.

use domain::id::UserId;
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use edge::telemetry::Secret;
use queues::{AuthenticatorDue, NoticeDue, SignInDue};
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
        let url = self.opened(tenant, &asked.user, (TOKEN, &sealed)).await?;
        self.write_to(tenant, due, (&asked.user, link.asked_at), |issuer| link_news(&url, issuer)).await
    }

    /// POR-7: to the address of the user whose authenticator it is, whether or not it still stands: somebody else may have
    /// enrolled it.
    pub(crate) async fn tell_of_authenticator(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        told: &AuthenticatorDue,
    ) -> Result<NoticeOutcome, Failure> {
        self.write_to(tenant, due, (&told.user, told.created_at), authenticator_news).await
    }

    /// A mail to a user, at the address that is known of them.
    async fn write_to(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        (user, date): (&UserId, Timestamp),
        news: impl FnOnce(String) -> News,
    ) -> Result<NoticeOutcome, Failure> {
        let kept = self.store.get_user(tenant, user).await.map_err(Failure::retry)?;
        // Of whoever was erased meanwhile no address is left.
        let Some(kept) = kept.filter(|kept| !kept.email_sealed.is_empty()) else {
            return Ok(NoticeOutcome::Skipped { why: "there is no such user" });
        };
        let email = self.opened(tenant, user, (EMAIL, &kept.email_sealed)).await?;
        let name = match kept.name_sealed.as_str() {
            "" => None,
            sealed => Some(self.opened(tenant, user, (NAME, sealed)).await?.reveal().clone()),
        };
        let programs = self.store.list_programs(tenant).await.map_err(Failure::retry)?;
        // Newest first: the oldest is the name that people know.
        let issuer = programs.last().map_or_else(|| NAMELESS.to_owned(), |program| program.name.clone());
        let recipient = Recipient { name, email: email.reveal().clone() };
        let news = news(issuer);
        let (notice, sender) = (&due.notice, &self.sender);
        let mail = Mail { notice, date, sender, recipient: &recipient, news: &news, attachment: None };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }

    async fn opened(
        &self,
        tenant: &TenantKey,
        user: &UserId,
        (field, sealed): (&str, &str),
    ) -> Result<Secret<String>, Failure> {
        let sealed: Sealed = sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: user.as_str(), field };
        self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)
    }
}

fn link_news(url: &Secret<String>, issuer: String) -> News {
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

fn authenticator_news(issuer: String) -> News {
    News {
        subject: format!("An authenticator was added to your account at {issuer}"),
        issuer,
        lead: "From now on codes of an authenticator are asked for where your account needs a second factor.".to_owned(),
        more: vec![
            "If this was you, there is nothing to do.".to_owned(),
            "If it was not, somebody else has a session of yours: sign in, end all other sessions, and ask an admin at once to \
             take the authenticator away."
                .to_owned(),
        ],
        rows: Vec::new(),
    }
}
