//! What a bank sends back: each return matched to its payout by the trace number, its money given back with the reason, once.

use std::collections::BTreeMap;

use cases::awards;
use cases::payouts::returned::take_back;
use cases::payouts::{Command, Moved, Requested, command_under, next};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{MethodId, PartnerId, PayoutId};
use domain::money::Money;
use domain::payee::Rail;
use domain::payout::PayoutState;
use domain::payout::file::{FileState, FileTrial};
use domain::time::Timestamp;
use edge::problem::Problem;
use edge::telemetry::chain;
use rails::Subject;
use rails::nacha::{ImportRefused, Imported, MethodAction, Outcome, SentEntry, Trace};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::payout_files::{MethodNotice, SentByFile, StoredFile};
use store::payout_trials::SentTrial;
use store::payouts::StoredPayout;
use utoipa::ToSchema;

use crate::App;
use crate::http::wrong;

/// One entry of a file of returns, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReturnRow {
    /// The line of the file, from 1.
    line: usize,
    /// The trace number that the entry was sent under.
    #[schema(example = "121042880000001")]
    trace: String,
    /// Its payout; null where an account was only tried.
    #[serde(default)]
    payout_id: Option<String>,
    /// The payout method that was tried without money; null of a payment.
    #[serde(default)]
    method_id: Option<String>,
    /// The bank's code, such as `R03` or `C01`.
    #[schema(example = "R03")]
    code: String,
    /// What the code means.
    meaning: String,
    /// `failed`: it had not been confirmed, and its whole amount is available again. `returned`: it had been paid, and
    /// what left is held until it is released. `noticed`: it went through, and the payee must set the method anew.
    /// Of a trial, `noticed` is also that there is no such account: no money goes there.
    /// `already`: it was taken in before. `unmatched`: a person must look; nothing was moved.
    #[schema(example = "failed")]
    outcome: String,
    /// Why it is unmatched.
    #[serde(default)]
    detail: Option<String>,
}

/// What was made of a file of returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReturnsView {
    /// SHA-256 of the file: taken in twice it is taken in once.
    sha256: String,
    /// When it was taken in.
    #[schema(value_type = String, format = DateTime)]
    imported_at: Timestamp,
    /// Who brought it.
    imported_by: String,
    /// Its entries, in order.
    data: Vec<ReturnRow>,
}

/// Takes in a file of returns and notices of change.
pub(crate) struct Import<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: &'a TenantKey,
    pub(crate) by: &'a Actor,
    pub(crate) at: Timestamp,
}

/// What was sent under a trace number.
enum Sent {
    Payment(SentByFile),
    Trial(SentTrial),
}

impl Sent {
    /// As it is held against what came back.
    fn entry(&self, trace: &Trace) -> SentEntry {
        let (subject, amount, receiving) = match self {
            Self::Payment(SentByFile { row, .. }) => {
                (Subject::Payout(row.payout.clone()), row.amount, row.receiving.clone())
            }
            Self::Trial(SentTrial { trial, .. }) => {
                (Subject::Prenote(trial.method.clone()), Money::zero(Currency::USD), trial.receiving.clone())
            }
        };
        SentEntry { trace: trace.clone(), subject, amount, receiving: receiving.unwrap_or_default() }
    }
}

/// What became of one entry.
type Became = (&'static str, Option<String>);

impl Import<'_> {
    /// PAY-19: the file whole, or nothing of it; the same bytes once.
    pub(crate) async fn take_in(&self, bytes: &[u8]) -> Result<ReturnsView, Problem> {
        let sha256 = Digest::of_bytes(bytes);
        if let Some(there) = self.app.store.get_payout_returns(self.tenant, sha256).await? {
            return serde_json::from_str(&there).map_err(|_| Problem::internal());
        }
        let imported = Imported::read(bytes).map_err(|refused| unreadable(&refused))?;
        let mut sent: BTreeMap<Trace, Sent> = BTreeMap::new();
        for trace in imported.traces() {
            let payment = self.app.store.get_sent_row(self.tenant, Rail::Ach, trace.as_str()).await?;
            let found = match payment.map(Sent::Payment) {
                Some(payment) => Some(payment),
                None => self.app.store.get_sent_trial(self.tenant, trace.as_str()).await?.map(Sent::Trial),
            };
            sent.extend(found.map(|found| (trace.clone(), found)));
        }
        let entries = sent.iter().map(|(trace, sent)| (trace.clone(), sent.entry(trace))).collect();
        let outcomes = imported.settle(&entries).map_err(|refused| unreadable(&refused))?;
        let mut data = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            data.push(self.take(sha256, outcome, &sent).await?);
        }
        let imported_by = self.by.id.clone();
        let view = ReturnsView { sha256: sha256.to_hex(), imported_at: self.at, imported_by, data };
        let text = serde_json::to_string(&view).map_err(|_| Problem::internal())?;
        // Refused where the same file was brought at the same time: both have told of the same steps.
        let _: store::Written = self.app.store.record_payout_returns(self.tenant, sha256, &text).await?;
        Ok(view)
    }

    async fn take(&self, sha256: Digest, outcome: Outcome, sent: &BTreeMap<Trace, Sent>) -> Result<ReturnRow, Problem> {
        let (line, trace, code, meaning) = match &outcome {
            Outcome::Returned(one) => (one.line, &one.trace, one.code.to_string(), one.code.meaning().to_owned()),
            Outcome::Corrected(one) => (one.line, &one.trace, one.code.to_string(), one.code.meaning().to_owned()),
        };
        // Settled against these very rows a moment ago.
        let by_file = match sent.get(trace) {
            Some(Sent::Payment(by_file)) => by_file,
            Some(Sent::Trial(sent)) => return self.take_trial(sent, &outcome).await,
            None => return Err(Problem::internal()),
        };
        let payout = &by_file.row.payout;
        let (said, became) = ((code.as_str(), meaning.as_str()), self.stored(by_file).await?);
        let (word, detail) = match (became, &outcome) {
            (Err(why), _) => ("unmatched", Some(why)),
            (Ok(stored), Outcome::Returned(one)) => {
                if one.code.action() != MethodAction::Keep {
                    self.notice_of(&stored, said).await?;
                }
                self.give_back(sha256, stored, by_file, &format!("{code}: {meaning}")).await?
            }
            (Ok(stored), Outcome::Corrected(one)) if one.code.is_about_payee() => {
                self.notice_of(&stored, said).await?;
                ("noticed", None)
            }
            (Ok(_), Outcome::Corrected(_)) => ("unmatched", Some("it is about our own company's data".to_owned())),
        };
        tracing::info!(payout.id = %payout, code, outcome = word, "an entry came back from a bank");
        let (trace, payout_id, outcome) = (trace.to_string(), Some(payout.to_string()), word.to_owned());
        Ok(ReturnRow { line, trace, payout_id, method_id: None, code, meaning, outcome, detail })
    }

    /// PAY-26: of an account that was tried: whatever its bank says of it, no money goes there before the payee has set the
    /// method anew.
    async fn take_trial(&self, sent: &SentTrial, outcome: &Outcome) -> Result<ReturnRow, Problem> {
        let FileTrial { partner, method, .. } = &sent.trial;
        let (line, trace, code, meaning, is_about_payee) = match outcome {
            Outcome::Returned(one) => (one.line, &one.trace, one.code.to_string(), one.code.meaning(), true),
            Outcome::Corrected(one) => {
                (one.line, &one.trace, one.code.to_string(), one.code.meaning(), one.code.is_about_payee())
            }
        };
        let (word, detail) = match is_about_payee {
            true => {
                self.notice((partner, method), None, (code.as_str(), meaning)).await?;
                ("noticed", None)
            }
            false => ("unmatched", Some("it is about our own company's data".to_owned())),
        };
        tracing::info!(method.id = %method, code, outcome = word, "the trial of an account came back from a bank");
        let (trace, method_id, outcome) = (trace.to_string(), Some(method.to_string()), word.to_owned());
        Ok(ReturnRow { line, trace, payout_id: None, method_id, code, meaning: meaning.to_owned(), outcome, detail })
    }

    /// The payout behind an entry; or why it is nobody's any more.
    async fn stored(&self, sent: &SentByFile) -> Result<Result<StoredPayout, String>, Problem> {
        let file = self.app.store.get_payout_file(self.tenant, &sent.file).await?;
        let Some(StoredFile { file, .. }) = file else { return Ok(Err(format!("{} is not there", sent.file))) };
        if matches!(file.state, FileState::Voided { .. }) {
            return Ok(Err(format!("{} was voided, and a bank has carried it all the same", sent.file)));
        }
        // A payout that is in a file leaves it by no way but a void: so it was paid by this one, and no other.
        if !file.holds(&sent.row) {
            return Ok(Err(format!("{} does not hold it: another file has paid the payout, or a person", sent.file)));
        }
        let stored = self.app.store.get_payout(self.tenant, &sent.row.payout).await?;
        Ok(stored.ok_or_else(|| "there is no such payout".to_owned()))
    }

    /// PAY-9: the money goes back, to where it is owed: what was never confirmed is available again, what was paid is held.
    async fn give_back(
        &self,
        sha256: Digest,
        stored: StoredPayout,
        sent: &SentByFile,
        reason: &str,
    ) -> Result<Became, Problem> {
        let id = stored.payout.id.clone();
        match &stored.payout.state {
            PayoutState::Submitted { .. } if stored.payout.is_sent_by(&sent.file) => {
                let command = Command::Fail { reason: reason.to_owned() };
                let under = format!("{sha256}#{id}");
                let by = (self.by, self.at);
                let moved = command_under(&self.app.store, (self.tenant, &id), &command, by, &under).await;
                match moved.map_err(wrong)? {
                    Moved::Done(stored) => {
                        self.follow(&stored).await;
                        self.try_next_method(&stored).await?;
                        Ok(("failed", None))
                    }
                    other => Ok(("unmatched", Some(format!("{other:?}")))),
                }
            }
            PayoutState::Paid { .. } => {
                let (at, said) = (self.at, (self.by, reason, sent.row.amount));
                if stored.payout.leaving() != Some(sent.row.amount) {
                    return Ok(("unmatched", Some("another amount left by it".to_owned())));
                }
                let taken = take_back(&self.app.store, self.tenant, stored, said, at).await.map_err(wrong)?;
                Ok((if taken.is_some() { "returned" } else { "already" }, None))
            }
            // Taken in before: perhaps by a request that died before what follows from it.
            PayoutState::Failed { reason: known } if known == reason => {
                self.try_next_method(&stored).await?;
                Ok(("already", None))
            }
            PayoutState::Failed { .. } | PayoutState::Returned { .. } => Ok(("already", None)),
            other => Ok(("unmatched", Some(format!("the payout is {}", other.word())))),
        }
    }

    /// PAY-6: a bank's return is a definite failure: the payee's next method is asked for, by a payout of its own.
    async fn try_next_method(&self, stored: &StoredPayout) -> Result<(), Problem> {
        let failed = &stored.payout.id;
        match next::by_next_method(&self.app.store, self.tenant, &stored.payout, self.at).await.map_err(wrong)? {
            None => {}
            Some(Requested::Created(next)) => {
                tracing::info!(payout.id = %next.payout.id, failed.id = %failed, "a returned payout is asked for by the next method");
            }
            // Its money is in the balance: whoever wants it asks for it.
            Some(_) => tracing::info!(payout.id = %failed, "a returned payout is not asked for by the next method"),
        }
        Ok(())
    }

    async fn follow(&self, stored: &StoredPayout) {
        let by = (self.by, self.at);
        if let Err(error) = awards::follow(&self.app.store, self.tenant, &stored.payout, by).await {
            // The step is taken, whatever becomes of the award now: the daily round follows what was not followed.
            tracing::warn!(payout.id = %stored.payout.id, reason = chain(&error), "an award does not follow its payout yet");
        }
    }

    /// The method of a payout is not paid to again before the payee has said it anew.
    async fn notice_of(&self, stored: &StoredPayout, said: (&str, &str)) -> Result<(), Problem> {
        let Some(payee) = &stored.payout.terms.payee else { return Ok(()) };
        self.notice((&stored.payout.partner, &payee.method), Some(&stored.payout.id), said).await
    }

    async fn notice(
        &self,
        (partner, method): (&PartnerId, &MethodId),
        payout: Option<&PayoutId>,
        (code, meaning): (&str, &str),
    ) -> Result<(), Problem> {
        let notice = MethodNotice {
            method: method.clone(),
            code: code.to_owned(),
            meaning: meaning.to_owned(),
            payout: payout.cloned(),
            at: self.at,
        };
        // The first asking stands.
        let _: store::Written = self.app.store.record_method_notice(self.tenant, partner, &notice).await?;
        Ok(())
    }
}

/// PAY-19: the file is refused whole, with the line.
fn unreadable(refused: &ImportRefused) -> Problem {
    Problem::unprocessable(refused.to_string()).kind("returns-refused").at("/content", refused.to_string())
}
