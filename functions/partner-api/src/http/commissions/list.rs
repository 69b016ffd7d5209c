//! One page of commissions, across the partner's accounts.

use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::ProgramId;
use domain::ledger::Head;
use domain::line::{Account, Line, LineState};
use domain::money::Money;
use domain::slot::Slot;
use domain::time::{BusinessDay, Zone};
use edge::auth::Caller;
use edge::problem::Problem;
use store::TenantKey;
use store::commissions::{LineRange, LineSpot};

use super::{Asked, Books, CommissionBody, Status, body};
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::who;
use crate::shown;

const OFFSET_MAX: u32 = 10_000;
/// How many lines are looked at for one page; a page that finds too few by then says where to go on.
const LOOKED_AT_MAX: usize = 20_000;
/// How many lines are read at once.
const READ_AT_ONCE: usize = 500;

/// Where a list stands: the account's currency, and the last line shown there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor {
    currency: Currency,
    spot: LineSpot,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (currency, spot) = text.split_once('#')?;
        Some(Self { currency: Currency::parse(currency).ok()?, spot: LineSpot::parse(spot)? })
    }

    fn to_text(&self) -> String {
        format!("{}#{}", self.currency, self.spot.to_text())
    }
}

/// Which commissions are asked for.
struct Wanted {
    status: Option<Status>,
    currency: Option<Currency>,
    program: Option<ProgramId>,
    customer: Option<PaymentKey>,
    from: Option<BusinessDay>,
    to: Option<BusinessDay>,
    zone: Zone,
}

impl Wanted {
    fn of(asked: &Asked, zone: Zone) -> Result<Self, Problem> {
        let currency = asked.currency.as_deref().map(Currency::parse).transpose();
        let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
        let customer = asked.customer_id.as_deref().map(PaymentKey::parse).transpose();
        if asked.from.zip(asked.to).is_some_and(|(from, to)| from > to) {
            return Err(Problem::impossible_parameter("to", "must not be before from"));
        }
        Ok(Self {
            status: asked.status,
            currency: currency.map_err(|why| Problem::bad_parameter("currency", why.to_string()))?,
            program: program.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?,
            customer: customer.map_err(|why| Problem::bad_parameter("customer_id", why.to_string()))?,
            from: asked.from,
            to: asked.to,
            zone,
        })
    }

    fn takes(&self, line: &Line, state: LineState) -> bool {
        let is_named = |wanted: Option<bool>| wanted.unwrap_or(true);
        let day = self.zone.day_of(line.occurred_at);
        is_named(self.status.map(|status| status == status_of(state)))
            && is_named(self.program.as_ref().map(|program| line.trace.program.as_ref() == Some(program)))
            && is_named(self.customer.as_ref().map(|customer| line.trace.customer.as_ref() == Some(customer)))
            && is_named(self.from.map(|from| from <= day))
            && is_named(self.to.map(|to| day <= to))
    }
}

/// A page while it is being filled.
struct Filling {
    limit: usize,
    /// Matches still to be left out.
    skip: u32,
    looked_at: usize,
    data: Vec<CommissionBody>,
    /// The last line that was looked at.
    last: Option<Cursor>,
    has_more: bool,
}

pub(super) async fn page(app: &App, caller: &Caller, asked: &Asked) -> Result<Listed<CommissionBody>, Problem> {
    let partner = who::asked_partner(caller, asked.partner_id.as_deref())?;
    let limit = page::limit(asked.limit)?;
    let skip = asked.offset.unwrap_or(0);
    if skip > OFFSET_MAX {
        return Err(Problem::bad_parameter("offset", format!("must be from 0 to {OFFSET_MAX}; go on with a cursor")));
    }
    let after = page::after(asked.cursor.as_deref(), Cursor::parse)?;
    let tenant = caller.tenant_key();
    let zone = app.store.get_settings(&tenant).await?.ledger_zone;
    let today = zone.day_of(app.clock.now());
    let wanted = Wanted::of(asked, zone)?;
    let mut heads = app.store.list_heads(&tenant, &partner).await?;
    heads.retain(|head| wanted.currency.is_none_or(|currency| currency == head.currency));
    let mut filling = Filling { limit, skip, looked_at: 0, data: Vec::new(), last: None, has_more: false };
    for head in heads {
        let begins_behind = after.as_ref().is_some_and(|after| head.currency < after.currency);
        if begins_behind || filling.has_more {
            continue;
        }
        let before = after.as_ref().filter(|after| after.currency == head.currency).map(|after| after.spot.clone());
        let account = Account { partner: partner.clone(), currency: head.currency };
        let books = Books { account, head, today };
        filling.take_from(app, &tenant, &books, &wanted, before).await?;
    }
    let next = filling.last.filter(|_| filling.has_more).map(|last| last.to_text());
    Ok(Listed::new(filling.data, next.as_deref()))
}

impl Filling {
    async fn take_from(
        &mut self,
        app: &App,
        tenant: &TenantKey,
        books: &Books,
        wanted: &Wanted,
        mut before: Option<LineSpot>,
    ) -> Result<(), Problem> {
        let Some(range) = range_of(wanted.status, &books.head, books.today) else { return Ok(()) };
        loop {
            if self.is_full() {
                // Whether another line follows is found by looking for one.
                let more = app.store.list_lines_newest(tenant, &books.account, range, before.as_ref(), 1).await?;
                self.has_more = !more.items.is_empty();
                return Ok(());
            }
            let at_once = READ_AT_ONCE.min(self.limit + usize::try_from(self.skip).unwrap_or(READ_AT_ONCE));
            let read = app.store.list_lines_newest(tenant, &books.account, range, before.as_ref(), at_once).await?;
            let is_through = self.take(app, tenant, books, wanted, &read.items).await?;
            before = self.last.as_ref().map(|last| last.spot.clone());
            if self.is_full() && (!is_through || read.next.is_some()) {
                self.has_more = true;
                return Ok(());
            }
            if read.next.is_none() && is_through {
                return Ok(());
            }
        }
    }

    fn is_full(&self) -> bool {
        self.data.len() >= self.limit || self.looked_at >= LOOKED_AT_MAX
    }

    /// Takes lines until the page is full; was it through all of them?
    async fn take(
        &mut self,
        app: &App,
        tenant: &TenantKey,
        books: &Books,
        wanted: &Wanted,
        lines: &[Line],
    ) -> Result<bool, Problem> {
        let faces = faces(app, tenant, books, lines).await?;
        let states: Vec<LineState> = faces.iter().map(|face| face.state).collect();
        let payouts = books.payouts_for(app, tenant, &states).await?;
        for (line, face) in lines.iter().zip(faces) {
            if self.is_full() {
                return Ok(false);
            }
            self.looked_at += 1;
            self.last = Some(Cursor { currency: books.account.currency, spot: LineSpot::of(line) });
            let Some(amount) = face.amount else { continue };
            if !wanted.takes(line, face.state) {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.data.push(body(line, (face.state, amount), &payouts));
        }
        Ok(true)
    }
}

/// How a line is shown.
struct Face {
    state: LineState,
    /// None where another line shows it.
    amount: Option<Money>,
}

/// The faces of lines in the order of their list. The lines of one sale in one place stand together; where the
/// page cuts through them, the rest is read.
async fn faces(app: &App, tenant: &TenantKey, books: &Books, lines: &[Line]) -> Result<Vec<Face>, Problem> {
    let mut faces = Vec::with_capacity(lines.len());
    for group in lines.chunk_by(|a, b| a.place == b.place && a.origin == b.origin) {
        let Some(first) = group.first() else { continue };
        let beside = if is_at_edge(lines, group) {
            app.store.list_lines_of(tenant, &books.account, first.place, &first.origin).await?
        } else {
            group.to_vec()
        };
        faces.extend(group.iter().map(|line| Face {
            state: shown::state_of(line, &beside, &books.head, books.today),
            amount: shown::amount_of(line, &beside),
        }));
    }
    Ok(faces)
}

/// Does the group stand at the beginning or the end of the page?
fn is_at_edge(lines: &[Line], group: &[Line]) -> bool {
    let same = |a: Option<&Line>, b: Option<&Line>| {
        a.map(|line| (&line.origin, line.n)) == b.map(|line| (&line.origin, line.n))
    };
    same(lines.first(), group.first()) || same(lines.last(), group.last())
}

/// The slots in which lines of a status stand; `None` when there can be none.
fn range_of(status: Option<Status>, head: &Head, today: BusinessDay) -> Option<LineRange> {
    let matured = Slot::last_of_day(today);
    match status {
        // A line that was wholly taken back may stand in any slot.
        None | Some(Status::Rejected) => Some(LineRange { after: None, last: None }),
        Some(Status::Paid) => head.paid.map(|paid| LineRange { after: None, last: Some(paid) }),
        Some(Status::Approved) => Some(LineRange { after: head.paid, last: Some(matured) }),
        Some(Status::Pending) => Some(LineRange { after: Some(matured), last: None }),
    }
}

fn status_of(state: LineState) -> Status {
    match state {
        LineState::Pending | LineState::Held => Status::Pending,
        LineState::Approved | LineState::InPayout => Status::Approved,
        LineState::Paid => Status::Paid,
        LineState::Reversed => Status::Rejected,
    }
}
