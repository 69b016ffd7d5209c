//! Accounts that are tried before money goes there: by an entry without money, to which their bank may say no for three
//! banking days.

use domain::id::{MethodId, PartnerId, PayoutFileId, PayoutId};
use domain::payee::{Destination, Rail};
use domain::payout::file::{FileState, FileTrial, PAYOUTS_MAX, PayoutFile};
use domain::payout::{Payout, PayoutState};
use domain::time::{BusinessDay, Zone};
use edge::problem::Problem;
use rails::nacha::{Prenote, payable_from};
use store::payout_trials::SentTrial;
use store::{TenantKey, Written};

use super::picking::Picked;
use super::settings::RailSettings;
use super::{Export, TRIES_MAX, opening};
use crate::App;

/// An account that is to be tried in a file.
pub(super) struct Trial {
    /// The payout that waits for it; none once the file is planned.
    pub(super) payout: Option<PayoutId>,
    pub(super) partner: PartnerId,
    pub(super) method: MethodId,
    /// Where it is, opened.
    pub(super) destination: Destination,
}

impl Trial {
    /// As a file is planned of it.
    pub(super) fn planned(&self) -> FileTrial {
        let (partner, method) = (self.partner.clone(), self.method.clone());
        FileTrial { partner, method, reference: None, receiving: None }
    }

    /// As the rail knows it.
    pub(super) fn prenote(&self) -> Result<Prenote, rails::Refused> {
        let payee = rails::nacha::AchPayee::try_from(&self.destination);
        let about = rails::Subject::Prenote(self.method.clone());
        let payee = payee.map_err(|why| rails::Refused { about: Some(about), why })?;
        Ok(Prenote { method: self.method.clone(), payee })
    }
}

/// Where the account of a method stands with its bank.
enum Standing {
    /// Money may go there.
    Through,
    /// It was never tried, or by a file that was voided.
    Untried,
    /// The file that tries it was not downloaded yet, so no bank has it.
    NotSent(String),
    /// Its bank may still say no.
    Waits(BusinessDay),
}

impl Standing {
    /// Why no money goes there; nothing, where it may.
    fn why(&self) -> Option<String> {
        Some(match self {
            Self::Through => return None,
            Self::Waits(day) => format!("its account is being tried: money may go there from {day} on"),
            Self::NotSent(file) => format!("its account is tried by the file {file}, which nobody has downloaded yet"),
            Self::Untried => {
                "its account is tried first, without money; it is in a file once its bank has not said no".to_owned()
            }
        })
    }
}

impl Export<'_> {
    /// PAY-19, PAY-26: why money may not go to the account of a payout now, whatever was so when its file was planned.
    pub(super) async fn stands_against(
        &self,
        settings: &RailSettings,
        payout: &Payout,
    ) -> Result<Option<String>, Problem> {
        match opening::noticed(self.app, self.tenant, payout).await? {
            Some(why) => Ok(Some(why)),
            None => Ok(self.standing(settings, payout).await?.why()),
        }
    }

    /// PAY-26: why no money goes to the account of a payout yet; nothing, where it may. An account that was never tried is
    /// tried by this very file.
    pub(super) async fn why_not_tried(
        &self,
        settings: &RailSettings,
        payout: &Payout,
        picked: &mut Picked,
    ) -> Result<Option<String>, Problem> {
        let standing = self.standing(settings, payout).await?;
        if matches!(standing, Standing::Untried) {
            // What the bank has answered, or does not open, is told by whoever looks at the payment.
            if opening::noticed(self.app, self.tenant, payout).await?.is_some() {
                return Ok(None);
            }
            let Some(payee) = payout.terms.payee.as_ref() else { return Ok(None) };
            let Ok(destination) = opening::destination(self.app, self.tenant, payout).await? else { return Ok(None) };
            let is_in = picked.trials.iter().any(|trial| trial.method == payee.method);
            if !is_in && picked.trials.len() >= PAYOUTS_MAX {
                picked.more = true;
            } else if !is_in {
                let (partner, method) = (payout.partner.clone(), payee.method.clone());
                picked.trials.push(Trial { payout: Some(payout.id.clone()), partner, method, destination });
            }
        }
        Ok(standing.why())
    }

    /// Where the account of a payout stands, as far as the tenant has accounts tried at all.
    async fn standing(&self, settings: &RailSettings, payout: &Payout) -> Result<Standing, Problem> {
        let Some(ach) = settings.ach.as_ref().filter(|ach| ach.prenotes) else { return Ok(Standing::Through) };
        let Some(payee) = payout.terms.payee.as_ref().filter(|payee| payee.rail == Rail::Ach) else {
            return Ok(Standing::Through);
        };
        let zone = ach.zone().map_err(|why| super::unfit(&why.of_all()))?;
        let tried = self.tried(&payee.method, &zone).await?;
        // Money has arrived there before: that says more than a trial.
        match matches!(tried, Standing::Untried) && self.has_arrived(payout, &payee.method).await? {
            true => Ok(Standing::Through),
            false => Ok(tried),
        }
    }

    /// How far the last trial of a method has come.
    async fn tried(&self, method: &MethodId, zone: &Zone) -> Result<Standing, Problem> {
        let store = &self.app.store;
        let Some((sent, _)) = store.get_method_trial(self.tenant, method).await? else { return Ok(Standing::Untried) };
        let file = store.get_payout_file(self.tenant, &sent.file).await?.map(|stored| stored.file);
        let Some(PayoutFile { state: FileState::Ready(made), downloaded, .. }) = file else {
            return Ok(Standing::Untried);
        };
        #[cfg(feature = "planted")]
        if domain::planted::is(domain::planted::Bug::UnsentFileTries) && downloaded.is_none() {
            return Ok(Standing::Through);
        }
        let Some(downloaded) = downloaded else { return Ok(Standing::NotSent(sent.file.to_string())) };
        let effective = made.effective.as_deref().and_then(|day| BusinessDay::parse(day).ok());
        let Some(effective) = effective else { return Err(Problem::internal()) };
        let from = payable_from(effective, zone.day_of(downloaded.at)).map_err(|_| Problem::internal())?;
        #[cfg(feature = "planted")]
        let from = if domain::planted::is(domain::planted::Bug::TrialNotAwaited) { effective } else { from };
        Ok(if zone.day_of(self.at) < from { Standing::Waits(from) } else { Standing::Through })
    }

    /// Was a payout to this method paid by a file? What was sent by hand may have gone anywhere.
    async fn has_arrived(&self, payout: &Payout, method: &MethodId) -> Result<bool, Problem> {
        let store = &self.app.store;
        for before in store.list_account_payouts(self.tenant, &payout.account()).await? {
            let before = before.payout;
            let is_there = before.terms.payee.as_ref().is_some_and(|payee| payee.method == *method);
            if !is_there || !matches!(before.state, PayoutState::Paid { .. }) {
                continue;
            }
            let trail = store.list_audit(self.tenant, before.id.as_str()).await?;
            let sent = trail.iter().rev().find(|entry| entry.action == "payout.sent");
            // PAY-8: nobody but a file writes a file's name as the reference.
            if sent.and_then(|entry| entry.new.get("reference")).is_some_and(|name| PayoutFileId::parse(name).is_ok()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The accounts that a planned file tries, opened anew; one that does not open any more is not tried.
    pub(super) async fn trials_of(&self, file: &PayoutFile) -> Result<Vec<Trial>, Problem> {
        let mut trials = Vec::with_capacity(file.trials.len());
        for FileTrial { partner, method, .. } in &file.trials {
            let opened = opening::destination_of(self.app, self.tenant, (partner, method)).await?;
            trials.extend(opened.ok().map(|destination| {
                let (partner, method) = (partner.clone(), method.clone());
                Trial { payout: None, partner, method, destination }
            }));
        }
        Ok(trials)
    }
}

/// PAY-26: what a bank will know each trial by is kept before anybody has the file, so that a return finds its method.
pub(super) async fn keep(app: &App, tenant: &TenantKey, file: &PayoutFile) -> Result<(), Problem> {
    for trial in &file.trials {
        let sent = SentTrial { file: file.id.clone(), trial: trial.clone() };
        let trace = trial.reference.as_deref().unwrap_or_default();
        for tried in 1..=TRIES_MAX {
            let before = app.store.get_method_trial(tenant, &trial.method).await?;
            if before.as_ref().is_some_and(|(before, _)| *before == sent) {
                break;
            }
            // Kept by a making of this file before another file tried the same account.
            let known = app.store.get_sent_trial(tenant, trace).await?;
            if known.as_ref() == Some(&sent) {
                break;
            }
            let version = before.map_or(0, |(_, version)| version);
            if known.is_none() && app.store.record_method_trial(tenant, version, &sent).await? == Written::Yes {
                break;
            }
            if known.is_some() || tried == TRIES_MAX {
                tracing::error!(file.id = %file.id, reference = trace, "a bank would know two trials by one trace");
                return Err(Problem::internal());
            }
        }
    }
    Ok(())
}
