//! What a partner earned: over a span, and piece by piece.

pub(crate) mod earnings;
pub(crate) mod metrics;
pub(crate) mod projection;

use cases::figures::{self, Books, Found, OPEN_LINES_MAX, PART_LINES};
use domain::currency::Currency;
use domain::figures::{Figures, Span};
use domain::id::PartnerId;
use domain::ledger::Head;
use domain::line::Account;
use domain::money::{Money, MoneyError};
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::clock::Stopwatch;
use edge::problem::Problem;
use store::TenantKey;

use crate::App;

/// How long one request counts what is closed before it says that it goes on with the next.
const COUNTING_MS_MAX: u64 = 5_000;

/// A partner's account in one currency, and the calendar of its ledger.
pub(crate) struct Ledger<'a> {
    app: &'a App,
    tenant: TenantKey,
    /// Whose.
    pub(crate) account: Account,
    /// As read a moment ago; a new one where nothing was booked yet.
    pub(crate) head: Head,
    /// The ledger's zone.
    pub(crate) zone: Zone,
    /// The present.
    pub(crate) now: Timestamp,
}

impl<'a> Ledger<'a> {
    /// The account that is asked for: the only one where no currency is said.
    ///
    /// # Errors
    /// 404 without such a partner, 400 when there are several accounts and nobody says which.
    pub(crate) async fn open(
        app: &'a App,
        tenant: TenantKey,
        partner: PartnerId,
        currency: Option<&str>,
    ) -> Result<Self, Problem> {
        let asked = currency.map(Currency::parse).transpose();
        let asked = asked.map_err(|why| Problem::bad_parameter("currency", why.to_string()))?;
        let missing = || Problem::not_found("no such partner");
        app.store.get_partner(&tenant, &partner).await?.ok_or_else(missing)?;
        let heads = app.store.list_heads(&tenant, &partner).await?;
        let currency = match (asked, heads.as_slice()) {
            (Some(currency), _) => currency,
            (None, [only]) => only.currency,
            (None, []) => currency_of(app, &tenant, &partner).await?,
            (None, several) => {
                let codes: Vec<String> = several.iter().map(|head| head.currency.to_string()).collect();
                let detail = format!("say which: there are accounts in {}", codes.join(", "));
                return Err(Problem::impossible_parameter("currency", detail));
            }
        };
        let head = heads.into_iter().find(|head| head.currency == currency).unwrap_or_else(|| Head::new(currency));
        let zone = app.store.get_settings(&tenant).await?.ledger_zone;
        let now = edge::clock::to_ms(app.clock.now());
        Ok(Self { app, tenant, account: Account { partner, currency }, head, zone, now })
    }

    /// What the account came to in a span.
    ///
    /// # Errors
    /// 503 while what is closed is still counted; 422 when too many lines are open.
    pub(crate) async fn figures(&self, span: Span) -> Result<Figures, Problem> {
        let Self { app, tenant, account, zone, .. } = self;
        let watch = Stopwatch::start();
        let is_over = || watch.elapsed_ms() >= COUNTING_MS_MAX;
        let books = Books { store: &app.store, tenant, account, zone, part_lines: PART_LINES };
        match figures::of(books, span, &is_over).await.map_err(wrong)? {
            Found::Whole(figures) => Ok(*figures),
            Found::Counting => {
                let detail = "the commissions of this account are counted for the first time; ask again in a moment";
                Err(Problem::unavailable(detail).kind("counting"))
            }
            Found::TooManyOpen => {
                let detail = format!("more than {OPEN_LINES_MAX} commissions wait to be closed; the night closes them");
                Err(Problem::unprocessable(detail).kind("too-many-open"))
            }
        }
    }

    /// Today in the ledger's zone.
    pub(crate) fn today(&self) -> BusinessDay {
        self.zone.day_of(self.now)
    }

    /// Minor units of the account as text.
    pub(crate) fn text(&self, minor: i64) -> String {
        Money::from_minor(minor, self.account.currency).to_text()
    }
}

/// The currency in which a partner without an account will have one: that of the programme it is enrolled in.
async fn currency_of(app: &App, tenant: &TenantKey, partner: &PartnerId) -> Result<Currency, Problem> {
    let enrolled = app.store.list_enrolments(tenant, partner).await?;
    let Some(first) = enrolled.first() else { return Ok(Currency::USD) };
    let program = app.store.get_program(tenant, &first.program).await?;
    Ok(program.map_or(Currency::USD, |program| program.currency))
}

fn wrong(error: cases::error::CaseError) -> Problem {
    match error {
        cases::error::CaseError::Store(error) => error.into(),
        cases::error::CaseError::Busy => Problem::unavailable("the account is being closed at the moment; try again"),
        error => {
            tracing::error!(reason = edge::telemetry::chain(&error), "the figures of an account cannot be worked out");
            Problem::internal()
        }
    }
}

fn out_of_range(error: &MoneyError) -> Problem {
    tracing::error!(%error, "the figures of an account are out of range");
    Problem::internal()
}

/// A day as it stands in a query, or what is wrong with it.
pub(crate) fn day(name: &'static str, text: &str) -> Result<BusinessDay, Problem> {
    BusinessDay::parse(text).map_err(|_| Problem::bad_parameter(name, "a date such as 2026-09-30"))
}

/// A day's first instant.
pub(crate) fn start(name: &'static str, day: BusinessDay, zone: &Zone) -> Result<Timestamp, Problem> {
    zone.start_of(day).map_err(|why| Problem::impossible_parameter(name, why.to_string()))
}
