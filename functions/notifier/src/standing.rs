//! What a partner, or somebody who applied, is told of where they stand.

use cases::issuer::issuer_of;
use domain::id::ApplicationId;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use queues::{NewsDue, NoticeDue};
use serde::Deserialize;
use store::TenantKey;
use store::applications::FORM;
use store::notices::NoticeOutcome;
use store::partner_news::{PartnerNews, PartnerNewsKind, Told};

use crate::App;
use crate::mail::{Mail, Recipient};
use crate::news::{News, Row, day_text};

/// The name where there is no programme to name.
const NAMELESS: &str = "Tributary";

/// As much of an application as a mail needs.
#[derive(Deserialize)]
struct Form {
    name: String,
    email: String,
}

impl App {
    /// One change of where somebody stands, to the address that is known of them.
    pub(crate) async fn tell_of_standing(
        &self,
        tenant: &TenantKey,
        due: &NoticeDue,
        about: &NewsDue,
    ) -> Result<NoticeOutcome, Failure> {
        let told = match (&about.partner, &about.application) {
            (Some(partner), _) => Told::Partner(partner.clone()),
            (None, Some(application)) => Told::Applicant(application.clone()),
            (None, None) => return Err(Failure::reject("news for nobody")),
        };
        let news = self.store.get_partner_news(tenant, &told, about.version).await.map_err(Failure::retry)?;
        let news = news.ok_or_else(|| Failure::reject("there are no such news"))?;
        let recipient = match &told {
            Told::Partner(partner) => self.recipient(tenant, partner).await?,
            Told::Applicant(application) => self.applicant(tenant, application).await?,
        };
        let Some(recipient) = recipient else {
            return Ok(NoticeOutcome::Skipped { why: "there is no e-mail address" });
        };
        let issuer = self.issuer_of_news(tenant, &told, &news).await?;
        let mail = Mail {
            notice: &due.notice,
            date: news.at,
            sender: &self.sender,
            recipient: &recipient,
            news: &news_of(&news, issuer),
            attachment: None,
        };
        let bytes = mail.to_bytes().map_err(Failure::reject)?;
        let message_id = self.post.send(bytes, &self.sender.0, &recipient.email).await.map_err(Failure::retry)?;
        Ok(NoticeOutcome::Sent { message_id })
    }

    /// The programme that the news are of; of none, in the name that the partner knows.
    async fn issuer_of_news(&self, tenant: &TenantKey, told: &Told, news: &PartnerNews) -> Result<String, Failure> {
        if let Some(program) = &news.program {
            let program = self.store.get_program(tenant, program).await.map_err(Failure::retry)?;
            return Ok(program.map_or_else(|| NAMELESS.to_owned(), |program| program.name));
        }
        match told {
            Told::Partner(partner) => issuer_of(&self.store, tenant, partner).await.map_err(Failure::retry),
            Told::Applicant(_) => Ok(NAMELESS.to_owned()),
        }
    }

    /// Whoever applied; `None` when they were erased.
    async fn applicant(&self, tenant: &TenantKey, id: &ApplicationId) -> Result<Option<Recipient>, Failure> {
        let stored = self.store.get_application(tenant, id).await.map_err(Failure::retry)?;
        let Some(stored) = stored.filter(|stored| !stored.form_sealed.is_empty()) else { return Ok(None) };
        let sealed: Sealed = stored.form_sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: id.as_str(), field: FORM };
        let opened = self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)?;
        let form: Form =
            serde_json::from_str(opened.reveal()).map_err(|_| Failure::reject("an application without form"))?;
        Ok(Some(Recipient { name: Some(form.name), email: form.email }))
    }
}

fn news_of(news: &PartnerNews, issuer: String) -> News {
    let (subject, lead, mut more) = words(news.kind, &issuer);
    if let Some(reason) = &news.reason {
        more.insert(0, format!("The reason given: {reason}"));
    }
    // PAY-19: nobody decided what a bank answers.
    let label = if news.kind == PartnerNewsKind::MethodNoticed { "Answered on" } else { "Decided on" };
    let rows = vec![Row { label, value: day_text(news.at) }];
    News { subject, lead, more, rows, issuer }
}

fn words(kind: PartnerNewsKind, issuer: &str) -> (String, String, Vec<String>) {
    let (subject, lead, more): (String, String, &[&str]) = match kind {
        PartnerNewsKind::PartnerApproved => (
            format!("Welcome to {issuer}"),
            format!("Your application to {issuer} was approved: you are a partner now."),
            &["Make a link, share it, and what it brings is counted for you."],
        ),
        PartnerNewsKind::ApplicationDeclined => (
            format!("Your application to {issuer}"),
            format!("Your application to {issuer} was not accepted."),
            &["You are welcome to apply again after 30 days."],
        ),
        PartnerNewsKind::PartnerSuspended => (
            "Your partner account is suspended".to_owned(),
            "Your partner account is suspended from now on.".to_owned(),
            &[
                "While it is, your links and coupons do not count, and nothing is paid out.",
                "What you earned before stays yours and waits. Answer this mail if you think that this is a mistake.",
            ],
        ),
        PartnerNewsKind::PartnerReinstated => (
            "Your partner account is active again".to_owned(),
            "Your partner account is active again from now on.".to_owned(),
            &["Your links and coupons count again, and payouts can go out."],
        ),
        PartnerNewsKind::ClaimAccepted => (
            "Your claim was accepted".to_owned(),
            "The customer whom you claimed is counted as yours.".to_owned(),
            &["What their sales earn you shows among your commissions."],
        ),
        PartnerNewsKind::ClaimDeclined => (
            "Your claim was not accepted".to_owned(),
            "The customer whom you claimed is not counted as yours.".to_owned(),
            &[],
        ),
        PartnerNewsKind::MethodNoticed => (
            "Your payout method needs a correction".to_owned(),
            "A bank answered that what you told us of your payout method is not right any more.".to_owned(),
            &[
                "Set your payout method anew: until then nothing is paid by this one.",
                "We never ask for bank details by mail.",
            ],
        ),
    };
    (subject, lead, more.iter().map(|&line| line.to_owned()).collect())
}
