//! What a recompute is over: the rules before and after, and what they make of accounts, page by page of partners.

use domain::digest::Digest;
use domain::id::PartnerId;
use domain::line::{Account, Line};
use domain::recompute::{AccountDifference, Counted, LeftOut, Recompute};
use store::Written;

use super::plan::{Rules, differences_of, frames_with, plan_counted};
use super::{Desk, carry};
use crate::adjust::accounts::all_accounts;
use crate::adjust::load::{Frame, Frames, Loaded, SALES_MAX, Wanted, load, read_frames};
use crate::adjust::moving::Unsettled;
use crate::adjust::plan::{Choice, Plan, plan};
use crate::adjust::{self, Night};
use crate::error::CaseError;

/// How often an account that others change is begun again.
const TRIES_MAX: usize = 16;
/// How many partners are worked through between two notes of how far it is.
const PAGE_SIZE: usize = 20;

/// Some accounts' plans: for counted months, and for open ones.
pub(super) struct Plans {
    pub(super) counted: (Loaded, Plan),
    pub(super) open: (Loaded, Plan),
}

impl Plans {
    /// Does one transaction take each change?
    fn fit(&self) -> Result<(), CaseError> {
        self.counted.1.sales.iter().chain(&self.open.1.sales).try_for_each(adjust::fits)
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.counted.1.lines().chain(self.open.1.lines()).collect()
    }
}

/// What a recompute is over.
pub(super) struct Over<'a> {
    desk: Desk<'a>,
    recompute: &'a Recompute,
    old: Frames,
    new: Frames,
}

impl<'a> Over<'a> {
    pub(super) async fn read(desk: Desk<'a>, recompute: &'a Recompute) -> Result<Self, CaseError> {
        let frames = read_frames(desk.store, desk.tenant).await?;
        let (old, new) = frames_with(&frames, &recompute.program, &recompute.versions);
        Ok(Self { desk, recompute, old, new })
    }

    /// By which rules it is counted. Versions are immutable, so their ids say it all.
    pub(super) fn rules(&self) -> Digest {
        let known = self.old.get(&self.recompute.program).map(|frame| frame.rules.versions.as_slice());
        let mut ids: Vec<&str> = known.unwrap_or_default().iter().map(|version| version.id.as_str()).collect();
        ids.sort_unstable();
        let own = self.recompute.versions.iter().map(|version| version.id.as_str());
        ids.into_iter().chain(own).fold(Digest::ZERO, |digest, id| digest.then(id.as_bytes()))
    }

    pub(super) fn is_capped(&self) -> bool {
        let frames = [self.old.get(&self.recompute.program), self.new.get(&self.recompute.program)];
        frames.into_iter().flatten().any(Frame::is_capped_as_a_whole)
    }

    /// The accounts of the next partners, those that are counted together in one group, and the partner behind whom the
    /// next page begins. Account by account, so that memory is bounded by one; only where a cap spans all of them, and so
    /// none can be counted alone, all at once.
    pub(super) async fn page(
        &self,
        after: Option<&PartnerId>,
    ) -> Result<(Vec<Vec<Account>>, Option<PartnerId>), CaseError> {
        let Desk { store, tenant, .. } = self.desk;
        if self.is_capped() {
            let accounts = all_accounts(store, tenant).await?;
            return Ok((if accounts.is_empty() { Vec::new() } else { vec![accounts] }, None));
        }
        let page = store.list_partner_ids(tenant, after, PAGE_SIZE).await?;
        let mut groups = Vec::new();
        for partner in &page.items {
            let heads = store.list_heads(tenant, partner).await?;
            groups.extend(heads.iter().map(|head| vec![Account { partner: partner.clone(), currency: head.currency }]));
        }
        Ok((groups, page.next.and_then(|_| page.items.last().cloned())))
    }

    pub(super) async fn plans(&self, accounts: &[Account]) -> Result<Plans, CaseError> {
        let making = self.desk.making(self.recompute.id.as_str());
        let note = making.note();
        let program = &self.recompute.program;
        let mut wanted = Wanted {
            accounts,
            frames: &self.new,
            only: Some(program),
            everything: true,
            run_note: &note,
            ledger_zone: self.desk.zone,
            sales_max: SALES_MAX,
        };
        let whole = load(self.desk.store, self.desk.tenant, &wanted).await?;
        let rules = Rules { program, old: &self.old, new: &self.new };
        let counted = plan_counted(&whole, &rules, &making)?;
        wanted.everything = false;
        let mut own = load(self.desk.store, self.desk.tenant, &wanted).await?;
        let carried = carry::Carried::of((&whole, &counted, &own), &rules, &self.recompute.id)?;
        carried.begin(&mut own);
        let choice = Choice { frames: &self.new, includes: &|of| of == program };
        let open = plan(&own, &choice, &making)?;
        Ok(Plans { counted: (whole, counted), open: (own, open) })
    }

    /// What it makes of a group's accounts; nothing of those that it leaves as they are. What cannot be counted, or would
    /// not be booked, is left out, and the others go on.
    pub(super) async fn counted(&self, group: &[Account]) -> Result<Vec<Counted>, CaseError> {
        match self.differences(group).await {
            Ok(differences) => Ok(differences.into_iter().map(Counted::Differs).collect()),
            Err(error) => Ok(left_out(group, error)?.into_iter().map(Counted::LeftOut).collect()),
        }
    }

    async fn differences(&self, group: &[Account]) -> Result<Vec<AccountDifference>, CaseError> {
        let plans = self.plans(group).await?;
        plans.fit()?;
        let alone = if group.len() == 1 { group.first().map(|account| &account.partner) } else { None };
        differences_of(&plans.lines(), alone)
    }

    /// Was one of the accounts left out of what was approved? Then it stays as it is, even if it could be booked by now.
    fn is_left_out(&self, accounts: &[Account]) -> bool {
        let is_one = |one: &LeftOut| {
            accounts.iter().any(|account| account.partner == one.partner && account.currency == one.currency)
        };
        self.recompute.shown.left_out.iter().any(is_one)
    }

    /// Books to accounts what the recompute makes of them. Done again it finds nothing left.
    pub(super) async fn apply(&self, accounts: &[Account]) -> Result<(), CaseError> {
        if self.is_left_out(accounts) {
            return Ok(());
        }
        let making = self.desk.making(self.recompute.id.as_str());
        let (store, tenant, unsettled) = (self.desk.store, self.desk.tenant, &Unsettled::default());
        let night = Night { store, tenant, frames: &self.new, making, until: self.desk.now, unsettled };
        let alone = if accounts.len() == 1 { accounts.first() } else { None };
        for _ in 0..TRIES_MAX {
            let plans = self.plans(accounts).await?;
            // Before anything is written: what is left out is left as it is, and not half booked.
            plans.fit()?;
            let mut is_done = true;
            for (loaded, plan) in [&plans.counted, &plans.open] {
                if !plan.is_empty() {
                    // Refused or not: what it rests on is another now, and is read again.
                    adjust::apply(&night, loaded, plan, alone).await?;
                    is_done = false;
                    break;
                }
            }
            if is_done {
                let (whole, counted) = &plans.counted;
                let rules = Rules { program: &self.recompute.program, old: &self.old, new: &self.new };
                let carried = carry::Carried::of((whole, counted, &plans.open.0), &rules, &self.recompute.id)?;
                if carried.record(self.desk.store, self.desk.tenant).await? == Written::Yes {
                    return Ok(());
                }
            }
        }
        Err(CaseError::Busy)
    }
}

/// The accounts of a group that cannot be counted or booked, if the error is theirs: then they are left as they are.
pub(super) fn left_out(group: &[Account], error: CaseError) -> Result<Vec<LeftOut>, CaseError> {
    if !error.is_of_its_unit() {
        return Err(error);
    }
    let reason = error.told();
    tracing::warn!(accounts = group.len(), reason, "accounts are left out of a recompute");
    let one = |account: &Account| LeftOut {
        partner: account.partner.clone(),
        currency: account.currency,
        reason: reason.clone(),
    };
    Ok(group.iter().map(one).collect())
}
