//! The payments of an award: its payout, and one more each time the money came back and is to be paid again.

use domain::adjustment::ReleaseHalf;
use domain::award::{Award, AwardState, Newest, PaymentName};
use domain::id::{EntryId, PayoutId};
use domain::line::Account;
use domain::member::MemberState;
use domain::money::Money;
use domain::payout::PayoutState;
use store::payouts::StoredPayout;
use store::{Store, TenantKey};

use crate::error::CaseError;

/// One payment of an award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Which, from 1.
    pub no: u32,
    /// Its payout.
    pub payout: StoredPayout,
    /// What came back of it and was released by people; none where nothing did, or is still held.
    pub released: Option<Money>,
}

/// Every payment of an award, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payments(Vec<Payment>);

impl Payments {
    /// Reads them, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn of(store: &Store, tenant: &TenantKey, award: &Award) -> Result<Self, CaseError> {
        let mut all = Vec::new();
        for payout in store.list_account_payouts(tenant, &award.account()).await? {
            let name = PaymentName::parse(&payout.payout.asked_under).filter(|name| *name.award() == award.id);
            let Some(no) = name.map(|name| name.no()) else { continue };
            let released = match payout.payout.state {
                PayoutState::Returned { .. } => released_of(store, tenant, &payout.payout.id).await?,
                _ => None,
            };
            all.push(Payment { no, payout, released });
        }
        // Stable: of two of one name, which only a race can make, the later one is behind.
        all.sort_by_key(|payment| payment.no);
        Ok(Self(all))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Payment] {
        &self.0
    }

    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Payment> {
        self.0.last()
    }

    /// What was released before a payment, and is therefore what it pays; none for the first, which pays the award.
    #[must_use]
    pub fn released_before(&self, no: u32) -> Option<Money> {
        self.0.iter().rev().find(|payment| payment.no < no).and_then(|payment| payment.released)
    }
}

impl Payment {
    /// As the award looks at it.
    #[must_use]
    pub fn seen(&self) -> Newest<'_> {
        Newest { no: self.no, payout: &self.payout.payout, is_released: self.released.is_some() }
    }
}

async fn released_of(store: &Store, tenant: &TenantKey, payout: &PayoutId) -> Result<Option<Money>, CaseError> {
    let entry = store.get_entry(tenant, &EntryId::of(&ReleaseHalf::In.key(payout))).await?;
    Ok(entry.map(|entry| entry.amount))
}

/// AWD-3: may a payout be asked for under this name now? The first while there is none; the next once what came back of the one
/// before was released. Whoever asks for one that is open meets it; one that has ended is not asked for again.
pub(crate) async fn is_next(
    store: &Store,
    tenant: &TenantKey,
    name: &PaymentName,
    account: &Account,
) -> Result<bool, CaseError> {
    let award = store.get_award(tenant, name.award()).await?.map(|stored| stored.award);
    let Some(award) = award.filter(|award| award.account() == *account && !award.state.is_over()) else {
        return Ok(false);
    };
    let payments = Payments::of(store, tenant, &award).await?;
    Ok(match payments.newest() {
        None => name.is_first() && award.state == AwardState::Open,
        Some(newest) if newest.no == name.no() => newest.payout.payout.state.is_open(),
        Some(newest) => newest.released.is_some() && *name == PaymentName::behind(award.id.clone(), newest.no),
    })
}

/// Why what came back of a payment is not released to be paid again; none where it may be.
pub(crate) async fn why_not_again(
    store: &Store,
    tenant: &TenantKey,
    name: &PaymentName,
) -> Result<Option<&'static str>, CaseError> {
    let Some(stored) = store.get_award(tenant, name.award()).await? else {
        return Ok(Some("the award of this payout is not there"));
    };
    if stored.award.state.is_over() {
        return Ok(Some("the award of this payout was withdrawn"));
    }
    // The payee's account has one balance: what is released beside another award's money would leave under that one's name.
    let member = store.get_member(tenant, &stored.award.member).await?.map(|stored| stored.member.state);
    let Some(MemberState::Awarded { award: other }) = member.filter(|state| !state.is_of(&stored.award.id)) else {
        return Ok(None);
    };
    let other = store.get_award(tenant, &other).await?;
    let is_under_way = other.is_some_and(|other| other.award.state == AwardState::Open);
    Ok(is_under_way
        .then_some("another award of this member is under way: release it when that one is paid or withdrawn"))
}
