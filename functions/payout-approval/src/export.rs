//! A file of payouts: planned, its payouts handed to it one by one, then made of those that were.
//!
//! The order is what keeps a payout from being paid twice: it is in the file's plan before it is handed over, it is handed
//! over (a step of its own, under all the conditions of sending) before the bytes are made, and the bytes are made of what
//! was handed over and of nothing else. Wherever it breaks off, the same request goes on; a file that nobody finished has
//! never been seen by anybody, and an admin voids it.

mod opening;
mod picking;
pub(crate) mod settings;
pub(crate) mod taking_out;
mod trying;
mod writing;

use std::collections::BTreeSet;

use cases::payouts::{Command, Moved, command_under};
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::{PayoutFileId, PayoutId};
use domain::payee::Rail;
use domain::payout::file::{FileState, NotInFile, Numbers, PAYOUTS_MAX, PayoutFile};
use domain::payout::{Payout, PayoutState, Sent, payment_reference};
use domain::time::{Timestamp, Zone};
use edge::problem::Problem;
use rails::Refused;
use store::payout_files::{NextNumbers, SentByFile, StoredFile};
use store::{TenantKey, Written};

use crate::App;
use crate::export::settings::RailSettings;
use crate::export::writing::{Making, Output, Payment};
use crate::http::wrong;

pub(crate) use opening::{Belonging, destination, noticed, open, seal, settings as read_settings, settings_at};

/// How often a step that others raced is begun again.
const TRIES_MAX: usize = 8;
/// Under which field what a file holds is sealed.
const CONTENT: &str = "payout_file";

/// What is wanted of a file.
pub(crate) struct Wanted {
    /// Asked for again under it, it is the same file.
    pub(crate) id: PayoutFileId,
    pub(crate) rail: Rail,
    pub(crate) currency: Currency,
    /// Only these payouts; all that are approved, where none is named.
    pub(crate) payouts: BTreeSet<PayoutId>,
    /// Who asks.
    pub(crate) by: Actor,
}

/// One making of a file.
pub(crate) struct Export<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: &'a TenantKey,
    pub(crate) at: Timestamp,
    /// Is this request's time over?
    pub(crate) is_over: &'a (dyn Fn() -> bool + Sync),
}

impl Export<'_> {
    /// The file that a request asks for: made, or as far as it came in this request's time.
    pub(crate) async fn make(&self, wanted: &Wanted) -> Result<PayoutFile, Problem> {
        let settings = opening::settings(self.app, self.tenant).await?;
        let zone = self.app.store.get_settings(self.tenant).await?.ledger_zone;
        for _ in 0..TRIES_MAX {
            let Some(stored) = self.app.store.get_payout_file(self.tenant, &wanted.id).await? else {
                self.plan(wanted, &settings, &zone).await?;
                continue;
            };
            match &stored.file.state {
                // PAY-8: asked for twice it is the same file; what its making left undone is done first.
                FileState::Ready(_) => {
                    settled(self.app, self.tenant, &stored.file, (&wanted.by, self.at)).await?;
                    return Ok(stored.file);
                }
                FileState::Voided { .. } => {
                    // What was handed to it while it was being voided leaves it, too.
                    taking_out::all(self.app, self.tenant, &stored.file, (&wanted.by, self.at)).await?;
                    return Err(Problem::conflict("the file was voided; ask for another").kind("file-voided"));
                }
                FileState::Making => {}
            }
            if !self.hand_over(&stored.file, &settings, &wanted.by).await? {
                return Ok(stored.file);
            }
            // Made, or made by others meanwhile: the next round sees which, and does what is left of it.
            self.finish(&stored, &settings, &zone, &wanted.by).await?;
        }
        Err(Problem::unavailable("others make files at the moment; try again"))
    }

    /// What is to be in it, checked by making it once for nobody; with numbers that no other file has.
    async fn plan(&self, wanted: &Wanted, settings: &RailSettings, zone: &Zone) -> Result<(), Problem> {
        let next = self.app.store.get_file_numbers(self.tenant).await?;
        let day = match &settings.ach {
            Some(ach) if wanted.rail == Rail::Ach => ach.zone().map_err(|why| unfit(&why.of_all()))?.day_of(self.at),
            _ => zone.day_of(self.at),
        };
        let numbers = numbers_of(wanted.rail, &next, settings, &day.to_string());
        let (rail, at) = (wanted.rail, self.at);
        let making = Making { id: &wanted.id, rail, at, zone, settings, numbers };
        let picked = self.pick(wanted, settings).await?;
        let fitting = making.fitting(picked.payments, picked.trials).map_err(|refused| unfit(&refused))?;
        let left_out: Vec<NotInFile> = picked.left_out.into_iter().chain(fitting.left_out).collect();
        if fitting.payments.is_empty() && fitting.trials.is_empty() {
            let none = Problem::unprocessable("no approved payout can be in this file").kind("nothing-to-export");
            let why = |one: &NotInFile| format!("{}: {}", one.payout, one.why);
            return Err(left_out.iter().fold(none, |problem, one| problem.at("/payouts", why(one))));
        }
        let file = PayoutFile {
            id: wanted.id.clone(),
            rail: wanted.rail,
            currency: wanted.currency,
            by: wanted.by.id.clone(),
            at: self.at,
            numbers,
            planned: fitting.payments.into_iter().map(|payment| payment.payout).collect(),
            rows: Vec::new(),
            trials: fitting.trials.iter().map(trying::Trial::planned).collect(),
            left_out,
            more: picked.more,
            downloaded: None,
            state: FileState::Making,
        };
        let after = after_file(wanted.rail, next, numbers, (fitting.next_number, day.to_string()));
        let told = self.told(&file, &wanted.by, "payout_file.planned").await?;
        // Refused where another file took the numbers: the next round looks again.
        let _: Written = self.app.store.create_payout_file(self.tenant, &file, &after, &told).await?;
        Ok(())
    }

    /// Hands each planned payout to the file, as sending does. `false`: the time is over, and the same request goes on.
    async fn hand_over(&self, file: &PayoutFile, settings: &RailSettings, by: &Actor) -> Result<bool, Problem> {
        for id in &file.planned {
            if (self.is_over)() {
                return Ok(false);
            }
            let now = self.app.store.get_payout(self.tenant, id).await?.map(|stored| stored.payout);
            let Some(payout) = now.filter(|payout| payout.state == PayoutState::Approved) else { continue };
            // PAY-19, PAY-26: days may lie between the plan and this request.
            if let Some(reason) = self.stands_against(settings, &payout).await? {
                tracing::warn!(payout.id = %id, file.id = %file.id, reason, "payout left out of a file");
                continue;
            }
            let sent = Sent { sent_at: file.at, expected_arrival: None, reference: file.id.to_string() };
            let under = format!("{}#{id}", file.id);
            let step = Command::MarkSent(sent);
            let moved = command_under(&self.app.store, (self.tenant, id), &step, (by, self.at), &under).await;
            match moved.map_err(wrong)? {
                Moved::Done(_) => tracing::info!(payout.id = %id, file.id = %file.id, "payout handed to a file"),
                // What stands against it now is told when the file is made: it is not in it.
                other => {
                    tracing::warn!(payout.id = %id, file.id = %file.id, reason = ?other, "payout left out of a file")
                }
            }
        }
        Ok(true)
    }

    /// Makes the bytes of what was handed over, and keeps them, where nobody else has made the file meanwhile. What the
    /// file says is kept before anything follows from it: no payout leaves it, and no reference is a payout's, by a
    /// making that others overtook.
    async fn finish(
        &self,
        stored: &StoredFile,
        settings: &RailSettings,
        zone: &Zone,
        by: &Actor,
    ) -> Result<(), Problem> {
        let file = &stored.file;
        let (rail, at, numbers) = (file.rail, file.at, file.numbers);
        let making = Making { id: &file.id, rail, at, zone, settings, numbers };
        let (payments, mut left_out) = self.handed_over(file, settings).await?;
        let trials = self.trials_of(file).await?;
        let fitting = making.fitting(payments, trials).map_err(|refused| unfit(&refused))?;
        left_out.extend(fitting.left_out);
        if fitting.payments.is_empty() && fitting.trials.is_empty() {
            let state =
                FileState::Voided { by: by.id.clone(), reason: "nothing of it could be sent".to_owned(), at: self.at };
            let file = PayoutFile { left_out, state, ..file.clone() };
            return self.keep(stored, file, None, by).await;
        }
        let written = making.write(&fitting.payments, &fitting.trials);
        let Output { made, rows, trials, bytes, .. } = written.map_err(|refused| unfit(&refused))?;
        let sealed = opening::seal(self.app, &Belonging::of_file(self.tenant, &file.id), &bytes).await?;
        self.keep(stored, file.clone().made((rows, trials), left_out, made), Some(&sealed), by).await
    }

    async fn keep(
        &self,
        stored: &StoredFile,
        file: PayoutFile,
        sealed: Option<&str>,
        by: &Actor,
    ) -> Result<(), Problem> {
        let told = self.told(&file, by, "payout_file.made").await?;
        let written = self.app.store.replace_payout_file(self.tenant, stored.version, &file, sealed, &told).await?;
        if written == Written::Yes {
            tracing::info!(file.id = %file.id, file.state = file.state.word(), row_count = file.rows.len(), "file of payouts made");
        }
        Ok(())
    }

    /// The payments that were handed over, opened anew; and what cannot be opened, or may not go there, any more.
    async fn handed_over(
        &self,
        file: &PayoutFile,
        settings: &RailSettings,
    ) -> Result<(Vec<Payment>, Vec<NotInFile>), Problem> {
        let (mut payments, mut left_out) = (Vec::new(), Vec::new());
        for id in &file.planned {
            let payout = self.app.store.get_payout(self.tenant, id).await?.map(|stored| stored.payout);
            let out = |why: &str| NotInFile { payout: id.clone(), why: why.to_owned() };
            if let Some(payout) = &payout
                && let Some(why) = self.stands_against(settings, payout).await?
            {
                left_out.push(out(&why));
                continue;
            }
            let Some(payout) = payout.filter(|payout| payout.is_sent_by(&file.id)) else {
                left_out.push(out("it could not be handed to the file any more"));
                continue;
            };
            let Some(amount) = payout.leaving() else {
                left_out.push(out("its parts are no parts of its amount"));
                continue;
            };
            match opening::destination(self.app, self.tenant, &payout).await? {
                Ok(destination) => payments.push(payment(&payout, amount, destination)),
                Err(why) => left_out.push(out(why)),
            }
        }
        Ok((payments, left_out))
    }

    async fn told(
        &self,
        file: &PayoutFile,
        by: &Actor,
        action: &'static str,
    ) -> Result<domain::audit::AuditEntry, Problem> {
        told(self.app, self.tenant, file, (by, self.at), action).await
    }
}

/// What follows from a file that is made, wherever it broke off before: the rail's references are kept, and what was planned
/// and is not in it leaves it.
async fn settled(app: &App, tenant: &TenantKey, file: &PayoutFile, by: (&Actor, Timestamp)) -> Result<(), Problem> {
    // Kept before the first download.
    if file.downloaded.is_none() {
        keep_rows(app, tenant, file).await?;
    }
    for payout in file.not_in_it() {
        taking_out::one(app, tenant, (&payout, &file.id), by).await?;
    }
    Ok(())
}

/// PAY-9: what the rail will know each payout by is kept before anybody has the file, so that a return finds it. Of a made
/// file alone: its rows are what they will always be.
pub(crate) async fn keep_rows(app: &App, tenant: &TenantKey, file: &PayoutFile) -> Result<(), Problem> {
    trying::keep(app, tenant, file).await?;
    for row in &file.rows {
        let sent = SentByFile { file: file.id.clone(), row: row.clone() };
        if app.store.record_sent_row(tenant, file.rail, &sent).await? == Written::ConditionFailed {
            let there = app.store.get_sent_row(tenant, file.rail, &row.reference).await?;
            // A short name is the payout's own: in a later file, after the first was voided, it is the same again.
            if there.is_none_or(|there| there.row.payout != row.payout) {
                tracing::error!(file.id = %file.id, reference = row.reference, "a rail would know two payouts by one reference");
                return Err(Problem::internal());
            }
        }
    }
    Ok(())
}

/// What the audit tells of a file.
pub(crate) async fn told(
    app: &App,
    tenant: &TenantKey,
    file: &PayoutFile,
    (by, at): (&Actor, Timestamp),
    action: &'static str,
) -> Result<domain::audit::AuditEntry, Problem> {
    let aggregate = file.id.to_string();
    let end = app.store.get_last_told(tenant, &aggregate).await?.map_or(ChainEnd::START, |entry| entry.end());
    let deed = Deed { at, actor: by.clone(), action, old: std::collections::BTreeMap::new(), new: file.told() };
    Ok(append(end, &aggregate, deed))
}

fn payment(payout: &Payout, amount: domain::money::Money, destination: domain::payee::Destination) -> Payment {
    let memo = payment_reference(&payout.id, payout.requested_at);
    Payment { payout: payout.id.clone(), amount, destination, memo }
}

/// The numbers that a file of a rail gets.
fn numbers_of(rail: Rail, next: &NextNumbers, settings: &RailSettings, day: &str) -> Numbers {
    let nth = if next.day == day { next.of_day } else { 0 };
    match rail {
        Rail::Ach => Numbers { first: next.ach_entry.max(1), nth },
        Rail::Check => {
            let first = settings.check.as_ref().map_or(1, |check| check.first_number);
            Numbers { first: next.check.max(first), nth: 0 }
        }
        _ => Numbers { first: 0, nth: 0 },
    }
}

/// The numbers that the file behind it gets. They are given once, whatever becomes of the file.
fn after_file(rail: Rail, next: NextNumbers, given: Numbers, (number, day): (u64, String)) -> NextNumbers {
    match rail {
        Rail::Ach => NextNumbers { ach_entry: number, day, of_day: given.nth.saturating_add(1), ..next },
        Rail::Check => NextNumbers { check: number, ..next },
        _ => next,
    }
}

/// What is wrong with the file as a whole.
fn unfit(refused: &Refused) -> Problem {
    Problem::unprocessable(refused.to_string()).kind("file-refused")
}

/// No more are looked at for one file.
const CANDIDATES_MAX: usize = PAYOUTS_MAX;
