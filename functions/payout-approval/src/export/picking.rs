//! Which payouts go into a file: approved, by its rail, in its currency, the oldest first; and why the others do not.

use cases::payouts::{Leaves, leaves};
use domain::id::PayoutId;
use domain::payout::file::NotInFile;
use domain::payout::{Payout, PayoutState, Refused};
use edge::problem::Problem;
use store::payouts::PayoutPlace;

use super::settings::RailSettings;
use super::trying::Trial;
use super::writing::Payment;
use super::{CANDIDATES_MAX, Export, Wanted, opening, payment};
use crate::http::wrong;

/// How many rows one question to the store answers, and how many are asked.
const STRIDE: i32 = 500;
const STRIDES_MAX: usize = 40;

/// What was picked.
#[derive(Default)]
pub(super) struct Picked {
    pub(super) payments: Vec<Payment>,
    pub(super) left_out: Vec<NotInFile>,
    /// The accounts that are tried before money goes there.
    pub(super) trials: Vec<Trial>,
    /// What is not approved yet, and whose accounts can be tried meanwhile.
    pending: Vec<Payout>,
    pub(super) more: bool,
}

impl Export<'_> {
    /// The payments of a file that is to be, opened.
    pub(super) async fn pick(&self, wanted: &Wanted, settings: &RailSettings) -> Result<Picked, Problem> {
        let mut picked = Picked::default();
        let mut candidates = match wanted.payouts.is_empty() {
            true => self.approved(wanted, &mut picked).await?,
            false => self.named(wanted, &mut picked).await?,
        };
        candidates.sort_by_key(|payout| (payout.requested_at, payout.id.clone()));
        picked.more |= candidates.len() > CANDIDATES_MAX;
        candidates.truncate(CANDIDATES_MAX);
        for payout in candidates {
            // A file of what was opened in time, and another of the others: better than none, again and again.
            if (self.is_over)() {
                picked.more = true;
                break;
            }
            let id = payout.id.clone();
            if let Some(why) = self.why_not_tried(settings, &payout, &mut picked).await? {
                picked.left_out.push(NotInFile { payout: id, why });
                continue;
            }
            match self.openable(&payout).await? {
                Ok(payment) => picked.payments.push(payment),
                Err(why) => picked.left_out.push(NotInFile { payout: id, why }),
            }
        }
        // PAY-26: tried while people look at the payout, so that its money waits the less.
        for payout in std::mem::take(&mut picked.pending) {
            if (self.is_over)() {
                picked.more = true;
                break;
            }
            let _: Option<String> = self.why_not_tried(settings, &payout, &mut picked).await?;
        }
        if picked.more && picked.payments.is_empty() && picked.left_out.is_empty() && picked.trials.is_empty() {
            return Err(Problem::unavailable("looking through the payouts takes too long at the moment; try again"));
        }
        Ok(picked)
    }

    /// Everything that waits for such a file, as far as the walk comes: where it stops, the file says that there is more.
    async fn approved(&self, wanted: &Wanted, picked: &mut Picked) -> Result<Vec<Payout>, Problem> {
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..STRIDES_MAX {
            let page = self.app.store.list_payouts(self.tenant, STRIDE, after.as_ref()).await?;
            for payout in page.items.into_iter().map(|stored| stored.payout).filter(|payout| is_of(payout, wanted)) {
                match payout.state {
                    PayoutState::Approved => found.push(payout),
                    PayoutState::PendingApproval if picked.pending.len() < CANDIDATES_MAX => {
                        picked.pending.push(payout)
                    }
                    _ => {}
                }
            }
            after = page.next.as_deref().and_then(PayoutPlace::parse);
            if after.is_none() {
                return Ok(found);
            }
            if (self.is_over)() {
                break;
            }
        }
        picked.more = true;
        tracing::warn!(found = found.len(), "not all payouts were looked through for a file");
        Ok(found)
    }

    async fn named(&self, wanted: &Wanted, picked: &mut Picked) -> Result<Vec<Payout>, Problem> {
        let mut found = Vec::new();
        for id in &wanted.payouts {
            let stored = self.app.store.get_payout(self.tenant, id).await?;
            let mut out = |payout: &PayoutId, why: &str| {
                picked.left_out.push(NotInFile { payout: payout.clone(), why: why.to_owned() });
            };
            match stored.map(|stored| stored.payout) {
                None => out(id, "there is no such payout"),
                Some(payout) => match why_not(&payout, wanted) {
                    Some(why) => out(id, &why),
                    None => found.push(payout),
                },
            }
        }
        Ok(found)
    }

    /// The payment that it is; or what stands against it, as far as looking tells: the step itself looks again.
    async fn openable(&self, payout: &Payout) -> Result<Result<Payment, String>, Problem> {
        // PAY-4: an approval counts for 72 hours.
        if payout.standing_approvals(self.at).len() < payout.approvers() {
            return Ok(Err("its approvals have expired: approve it again".to_owned()));
        }
        let amount = match leaves(&self.app.store, self.tenant, payout, self.at).await.map_err(wrong)? {
            Leaves::Parts(net) => net.net,
            Leaves::NoTaxForm(status) => return Ok(Err(format!("the tax form is: {}", status.word()))),
            Leaves::ForeignPayee => return Ok(Err(Refused::ForeignPayee.to_string())),
            Leaves::Nothing => return Ok(Err("fee and withholding leave nothing to pay".to_owned())),
        };
        if let Some(why) = opening::noticed(self.app, self.tenant, payout).await? {
            return Ok(Err(why));
        }
        let opened = opening::destination(self.app, self.tenant, payout).await?;
        Ok(opened.map(|destination| payment(payout, amount, destination)).map_err(str::to_owned))
    }
}

/// Does it go by the rail of such a file, in its currency?
fn is_of(payout: &Payout, wanted: &Wanted) -> bool {
    let rail = payout.terms.payee.as_ref().map(|payee| payee.rail);
    rail == Some(wanted.rail) && payout.amount.currency() == wanted.currency
}

/// Why a payout is none of such a file.
fn why_not(payout: &Payout, wanted: &Wanted) -> Option<String> {
    let rail = payout.terms.payee.as_ref().map(|payee| payee.rail);
    if payout.state != PayoutState::Approved {
        return Some(format!("it is {}", payout.state.word()));
    }
    if rail != Some(wanted.rail) {
        return Some(format!("it goes by {}", rail.map_or("hand", domain::payee::Rail::word)));
    }
    let currency = payout.amount.currency();
    (currency != wanted.currency).then(|| format!("it is in {currency}"))
}
