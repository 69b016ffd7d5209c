//! Commissions as rows: of sales and of entries, each with the state that its account gives it.

use std::collections::{BTreeMap, BTreeSet};

use cases::desk::Desk;
use domain::entry::Entry;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, PayoutId, ProgramId};
use domain::ledger::Head;
use domain::line::{Account, LineKind, LineState, Origin, Part, Place};
use domain::money::Money;
use domain::retarget::{Booked, booked};
use domain::sale::{Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use edge::problem::Problem;
use futures::future::{try_join, try_join_all};
use serde::Serialize;
use store::journal::Journalled;
use utoipa::ToSchema;

/// Of how many accounts the payouts are read at once.
const ABREAST: usize = 16;
/// The columns of the list as CSV.
pub(super) const COLUMNS: [&str; 18] = [
    "id",
    "conversion_id",
    "partner_id",
    "program_id",
    "customer_id",
    "invoice_id",
    "commission_amount",
    "currency",
    "kind",
    "part",
    "item",
    "status",
    "state",
    "event_type",
    "event_date",
    "booked_on",
    "available_on",
    "payout_id",
];

/// One commission of anybody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommissionRow {
    /// Its id.
    id: String,
    /// The sale; null for an entry of an account.
    conversion_id: Option<String>,
    /// Whose.
    partner_id: String,
    /// In which programme; null where the partner is not credited any more, or for an entry of none.
    program_id: Option<String>,
    /// Who paid, as the provider names them.
    customer_id: Option<String>,
    /// The provider's invoice or payment.
    invoice_id: Option<String>,
    /// Below zero where it takes back.
    #[schema(example = "29.70")]
    commission_amount: String,
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
    /// `earned`, `reversal`, `adjustment`; of an entry what it is: `manual_adjustment`, `write_off`, …
    #[schema(example = "earned")]
    kind: &'static str,
    /// Which part of the sale's commission: `commission`, `volume_bonus`, `second_tier`, `sign_up`.
    part: Option<&'static str>,
    /// Of which item of the sale, from 0.
    item: Option<u16>,
    /// `pending`, `approved`, `paid` or `rejected`.
    #[schema(example = "approved")]
    status: &'static str,
    /// The exact state: pending, held, approved, in_payout, paid, reversed.
    #[schema(example = "in_payout")]
    state: &'static str,
    /// What kind of event; null for an entry.
    #[schema(value_type = Option<String>, example = "invoice_payment")]
    event_type: Option<domain::fact::SaleType>,
    /// When the sale, or the entry's cause, happened.
    #[schema(value_type = String, format = DateTime)]
    event_date: Timestamp,
    /// The day on which the sale or the entry was first booked.
    #[schema(value_type = String, format = Date)]
    booked_on: BusinessDay,
    /// The day on which it is or was available; null while it is held.
    #[schema(value_type = Option<String>, format = Date)]
    available_on: Option<BusinessDay>,
    /// The payout under way that covers it, or that paid it.
    payout_id: Option<String>,
}

impl CommissionRow {
    /// Is it of this programme?
    pub(super) fn is_in(&self, program: &ProgramId) -> bool {
        self.program_id.as_deref() == Some(program.as_str())
    }

    /// Is it of this customer?
    pub(super) fn is_from(&self, customer: &PaymentKey) -> bool {
        self.customer_id.as_deref() == Some(customer.to_string().as_str())
    }

    /// Is it this partner's?
    pub(super) fn is_of(&self, partner: &PartnerId) -> bool {
        self.partner_id == partner.as_str()
    }
}

/// Makes rows; reads the head and the payouts of each account once.
pub(super) struct Rows<'a> {
    desk: &'a Desk<'a>,
    accounts: BTreeMap<Account, Books>,
}

/// What an account says of its lines.
struct Books {
    head: Head,
    /// The payouts that stand, by the last slot that they cover; read when a line is covered.
    payouts: Option<BTreeMap<Slot, PayoutId>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(desk: &'a Desk<'a>) -> Self {
        Self { desk, accounts: BTreeMap::new() }
    }

    /// The rows of each of some facts of the journal, with their states.
    pub(super) async fn of(&mut self, facts: &[Journalled]) -> Result<Vec<Vec<(CommissionRow, LineState)>>, Problem> {
        let (mut sales, mut entries) = (BTreeSet::new(), BTreeSet::new());
        for fact in facts {
            match fact {
                Journalled::Sale(id) => drop(sales.insert(id.clone())),
                Journalled::Entry(id) => drop(entries.insert(id.clone())),
                // Refunds and disputes are lines of their sale.
                Journalled::Other => {}
            }
        }
        let (store, tenant) = (self.desk.store, self.desk.tenant);
        let (sales, entries) = try_join(store.get_sales(tenant, &sales), store.get_entries(tenant, &entries)).await?;
        let of_sales = sales.values().flat_map(places_of_sale);
        let of_entries = entries.values().map(|entry| (entry.account.clone(), entry.place));
        self.learn(of_sales.chain(of_entries).collect()).await?;
        let rows_of = |fact: &Journalled| match fact {
            Journalled::Sale(id) => sales.get(id).map_or(Ok(Vec::new()), |sale| self.rows_of_sale(sale)),
            Journalled::Entry(id) => {
                entries.get(id).map_or(Ok(Vec::new()), |entry| self.row_of_entry(entry).map(|row| vec![row]))
            }
            Journalled::Other => Ok(Vec::new()),
        };
        facts.iter().map(rows_of).collect()
    }

    /// The lines of a sale.
    pub(super) async fn of_sale(&mut self, sale: &Sale) -> Result<Vec<(CommissionRow, LineState)>, Problem> {
        self.learn(places_of_sale(sale).collect()).await?;
        self.rows_of_sale(sale)
    }

    /// Reads what lines that stand in these places are told by, as far as it was not read before.
    async fn learn(&mut self, places: Vec<(Account, Place)>) -> Result<(), Problem> {
        let (store, tenant) = (self.desk.store, self.desk.tenant);
        let new: BTreeSet<Account> = places.iter().map(|(account, _)| account.clone()).collect();
        let new = new.into_iter().filter(|account| !self.accounts.contains_key(account)).collect();
        for (account, head) in store.get_heads(tenant, &new).await? {
            self.accounts.insert(account, Books { head, payouts: None });
        }
        let mut covered = BTreeSet::new();
        for (account, place) in places {
            let books = self.books_of(&account)?;
            if books.payouts.is_none() && is_covered(books.head.state_of(place, self.desk.today())) {
                covered.insert(account);
            }
        }
        let covered: Vec<Account> = covered.into_iter().collect();
        for abreast in covered.chunks(ABREAST) {
            let read = try_join_all(abreast.iter().map(|account| store.list_account_payouts(tenant, account))).await?;
            for (account, all) in abreast.iter().zip(read) {
                let standing = all.into_iter().map(|stored| stored.payout).filter(|payout| payout.state.stands());
                let payouts = standing.map(|payout| (payout.to, payout.id)).collect();
                if let Some(books) = self.accounts.get_mut(account) {
                    books.payouts = Some(payouts);
                }
            }
        }
        Ok(())
    }

    /// A move into `held` or back is no commission: what is held is shown once, where it was earned.
    fn rows_of_sale(&self, sale: &Sale) -> Result<Vec<(CommissionRow, LineState)>, Problem> {
        let (positions, today) = (booked(sale), self.desk.today());
        let mut rows = Vec::new();
        for line in told_of(sale) {
            let position = positions.get(&(line.partner.clone(), line.part)).cloned().unwrap_or_default();
            let books = self.books_of(&account_of(line))?;
            let state = state_of(line, &position, &books.head, today);
            rows.push((row_of_sale(sale, line, state, books.payout_of(line.place, state)?), state));
        }
        Ok(rows)
    }

    fn row_of_entry(&self, entry: &Entry) -> Result<(CommissionRow, LineState), Problem> {
        let books = self.books_of(&entry.account)?;
        let state = books.head.state_of(entry.place, self.desk.today());
        let row = CommissionRow {
            id: entry.line().id.to_string(),
            conversion_id: None,
            partner_id: entry.account.partner.to_string(),
            program_id: entry.program.as_ref().map(ToString::to_string),
            customer_id: None,
            invoice_id: None,
            commission_amount: entry.amount.to_text(),
            currency: entry.account.currency.to_string(),
            kind: entry.kind.word(),
            part: None,
            item: None,
            status: state.status(),
            state: state.word(),
            event_type: None,
            event_date: entry.occurred_at,
            booked_on: self.desk.zone.day_of(entry.booked_at),
            available_on: day_of(entry.place),
            payout_id: books.payout_of(entry.place, state)?,
        };
        Ok((row, state))
    }

    /// What was learned of an account.
    fn books_of(&self, account: &Account) -> Result<&Books, Problem> {
        self.accounts.get(account).ok_or_else(Problem::internal)
    }
}

impl Books {
    /// The payout that covers a line. Payouts cover ranges that meet: the one that holds a slot is the first that ends at
    /// or behind it.
    fn payout_of(&self, place: Place, state: LineState) -> Result<Option<String>, Problem> {
        let (true, Place::Slot(slot)) = (is_covered(state), place) else { return Ok(None) };
        let payouts = self.payouts.as_ref().ok_or_else(Problem::internal)?;
        Ok(payouts.range(slot..).next().map(|(_, id)| id.to_string()))
    }
}

/// Does a payout cover what is in this state?
fn is_covered(state: LineState) -> bool {
    matches!(state, LineState::InPayout | LineState::Paid)
}

/// The lines of a sale that are commissions.
fn told_of(sale: &Sale) -> impl Iterator<Item = &SaleLine> {
    sale.lines.iter().filter(|line| line.kind != LineKind::HoldMove)
}

fn account_of(line: &SaleLine) -> Account {
    Account { partner: line.partner.clone(), currency: line.amount.currency() }
}

/// Where the commissions of a sale stand.
fn places_of_sale(sale: &Sale) -> impl Iterator<Item = (Account, Place)> {
    told_of(sale).map(|line| (account_of(line), line.place))
}

/// The state of a line: wholly taken back where it stands, held as its position is, or that of its slot.
fn state_of(line: &SaleLine, position: &Booked, head: &Head, today: BusinessDay) -> LineState {
    let net = position.places.get(&line.place).copied().unwrap_or(0);
    let is_gone = net == 0 && !line.amount.is_zero();
    match line.place {
        Place::Slot(_) if is_gone && position.held() > 0 && !line.amount.is_negative() => LineState::Held,
        _ if is_gone => LineState::Reversed,
        place => head.state_of(place, today),
    }
}

fn row_of_sale(sale: &Sale, line: &SaleLine, state: LineState, payout: Option<String>) -> CommissionRow {
    let origin = Origin::Sale(sale.id.clone());
    let credit = sale.decision.credits().iter().find(|credit| credit.partner == line.partner);
    CommissionRow {
        id: domain::id::LineId::of(&origin, line.n).to_string(),
        conversion_id: Some(sale.id.to_string()),
        partner_id: line.partner.to_string(),
        program_id: credit.map(|credit| credit.program.to_string()),
        customer_id: sale.customer.as_ref().map(ToString::to_string),
        invoice_id: Some(sale.invoice.clone()),
        commission_amount: Money::to_text(line.amount),
        currency: line.amount.currency().to_string(),
        kind: line.kind.word(),
        part: Some(word_of(line.part)),
        item: Some(line.part.item),
        status: state.status(),
        state: state.word(),
        event_type: Some(sale.event_type),
        event_date: sale.occurred_at,
        booked_on: sale.booked_day,
        available_on: day_of(line.place),
        payout_id: payout,
    }
}

fn day_of(place: Place) -> Option<BusinessDay> {
    match place {
        Place::Slot(slot) => Some(slot.day()),
        Place::Held => None,
    }
}

fn word_of(part: Part) -> &'static str {
    use domain::line::PartKind;
    match part.kind {
        PartKind::Commission => "commission",
        PartKind::VolumeBonus => "volume_bonus",
        PartKind::SecondTier => "second_tier",
        PartKind::SignUp => "sign_up",
    }
}
