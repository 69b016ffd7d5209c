//! COM-14: what a partner has reached, by the engine that books its bonuses: of open months as their sales stand now, of
//! counted months as it was counted.

use domain::assess::PeriodKind;
use domain::currency::Currency;
use domain::id::{PartnerId, ProgramId};
use domain::line::Account;
use domain::money::Money;
use domain::month::Month;
use domain::rule::Milestone;
use domain::time::Timestamp;
use store::{Store, TenantKey};

use crate::adjust::load::{Frames, SALES_MAX, Wanted, load, read_frames};
use crate::adjust::plan::{Choice, assessed};
use crate::error::CaseError;

/// Something that a partner has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// In which programme.
    pub program: ProgramId,
    /// What, by its name there.
    pub name: String,
    /// In which currency's sales.
    pub currency: Currency,
    /// The badge that is shown for it.
    pub badge: Option<String>,
    /// When and for how much, where its month is open; later its line tells it.
    pub open: Option<ReachedOpen>,
}

/// What was reached in a month that is open: it is taken back should a refund end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedOpen {
    /// The month that it counts in.
    pub month: Month,
    /// When the sale happened that reached it.
    pub at: Timestamp,
    /// What it earns.
    pub bonus: Money,
}

/// Everything that a partner has reached, by programme and name.
///
/// # Errors
/// The store does not answer, amounts are out of range, or there are more sales in open months than are looked at.
pub async fn reached(store: &Store, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Reached>, CaseError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let frames = read_frames(store, tenant).await?;
    let all = |_: &ProgramId| true;
    let mut reached = Vec::new();
    for head in store.list_heads(tenant, partner).await? {
        let account = Account { partner: partner.clone(), currency: head.currency };
        let wanted = Wanted {
            accounts: std::slice::from_ref(&account),
            frames: &frames,
            only: None,
            everything: false,
            run_note: "",
            ledger_zone: &zone,
            sales_max: SALES_MAX,
        };
        let loaded = load(store, tenant, &wanted).await?;
        for ((program, of, currency), standing) in &loaded.standings {
            if of == partner && *currency == account.currency {
                reached.extend(standing.achieved.iter().map(|name| counted(&frames, program, name, *currency)));
            }
        }
        for earning in assessed(&loaded, &Choice { frames: &frames, includes: &all })?.periods {
            let PeriodKind::Milestone(name) = earning.kind else { continue };
            if earning.partner == *partner && earning.currency == account.currency {
                let open = ReachedOpen { month: earning.month, at: earning.occurred_at, bonus: earning.amount };
                let (program, currency, badge) = (earning.program, earning.currency, earning.badge);
                reached.push(Reached { program, name, currency, badge, open: Some(open) });
            }
        }
    }
    reached.sort_by(|a, b| (&a.program, &a.name, a.currency).cmp(&(&b.program, &b.name, b.currency)));
    Ok(reached)
}

/// What was reached in a counted month keeps the badge of the last version that had it.
fn counted(frames: &Frames, program: &ProgramId, name: &str, currency: Currency) -> Reached {
    let versions = frames.get(program).map(|frame| frame.rules.versions.as_slice()).unwrap_or_default();
    let defined = versions.iter().rev().flat_map(|version| &version.terms.milestones);
    let mut named = defined.filter(|milestone: &&Milestone| milestone.name == name && milestone.currency == currency);
    let badge = named.next().and_then(|milestone| milestone.badge.clone());
    Reached { program: program.clone(), name: name.to_owned(), currency, badge, open: None }
}
