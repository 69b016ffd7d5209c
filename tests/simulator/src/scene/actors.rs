//! Those who are at work: handlers, each with its event and a clock of its own.

use std::cmp::Reverse;
use std::future::Future;
use std::pin::Pin;

use aws_lambda_events::sqs::SqsEvent;
use cases::payouts::{Asked, Command, Moved, Requested};
use domain::audit::Actor as Person;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutId};
use domain::line::Account;
use domain::money::Money;
use domain::payout::{PayoutState, Sent};
use domain::role::Role;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::{Store, TenantKey};

use super::{Scene, TOGETHER_MS, Trouble};
use crate::errands::{Errand, Office, Told, person};
use crate::faults::Strikes;
use crate::furniture::{Clients, Unfurnished, instant};
use crate::laws::Breach;
use crate::plan::{HOUR_MS, SETTLED_MS, Step, What, partner_id};

/// What somebody has in hand.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// A batch of messages: events, by number.
    Facts(Vec<usize>),
    /// A night.
    Night,
    /// A visit.
    Visit(String),
    /// A request for a payout.
    Ask(What),
    /// A step of a payout.
    Step(Step),
    /// A message of the payouts' queue, and how often it came.
    Carry(String, u8),
    /// A look for outcomes.
    Look,
    /// What a person does at the desk.
    Errand(Errand),
}

/// How somebody ended.
pub(super) enum End {
    /// In the middle.
    Died,
    /// With the places in the batch of what failed.
    Batch(Vec<usize>),
    /// With an error, or none.
    Done(Result<(), String>),
    /// With an answer to a request.
    Asked(Result<Requested, String>),
    /// With an answer to a step.
    Moved(Result<Moved, String>),
    /// With an answer to an errand.
    Told(Result<Told, String>),
}

/// Somebody at work.
pub(super) struct Actor {
    pub(super) work: Work,
    pub(super) future: Pin<Box<dyn Future<Output = End>>>,
    /// Stands still until then.
    pub(super) wakes_ms: i64,
}

/// How often a message of the payouts' queue comes out before it is put aside.
const TRIES_MAX: u8 = 5;
/// The record of a batch that no one can read.
const POISON_RECORD: &str = "{not json";

impl Scene<'_> {
    /// The next deed is set going.
    pub(super) fn start_next(&mut self) -> Result<(), Trouble> {
        let Some((at_ms, what)) = self.take_next() else { return Ok(()) };
        self.now_ms = self.now_ms.max(at_ms);
        let skew_ms = self.strike(|strikes| if let Strikes::Clock(ms) = strikes { Some(*ms) } else { None });
        if let Some(items) =
            self.strike(|strikes| if let Strikes::Pages(items) = strikes { Some(*items) } else { None })
        {
            self.cloud.with_database(|database| database.shorten_pages(Some(items)));
            self.pages_until = self.steps + 300;
        }
        let clock = instant(self.now_ms + skew_ms.unwrap_or(0));
        let Some((work, future)) = self.actor_for(what, clock)? else { return Ok(()) };
        let id = self.next_actor;
        self.note(|| format!("{id:>3} begins: {work:?}, clock {clock}"));
        self.next_actor += 1;
        self.actors.insert(id, Actor { work, future, wakes_ms: i64::MIN });
        self.poll(id)
    }

    fn take_next(&mut self) -> Option<(i64, What)> {
        let Reverse((at_ms, number)) = self.agenda.pop()?;
        Some((at_ms, self.deeds.remove(&number)?))
    }

    #[expect(clippy::type_complexity, reason = "an actor before it has a number")]
    fn actor_for(
        &mut self,
        what: What,
        clock: Timestamp,
    ) -> Result<Option<(Work, Pin<Box<dyn Future<Output = End>>>)>, Trouble> {
        let (clients, tenant) = (self.clients.clone(), self.tenant.clone());
        Ok(Some(match what {
            What::Deliver { event } => {
                let Some(events) = self.batch_from(event) else { return Ok(None) };
                let poison = self.strike(|strikes| matches!(strikes, Strikes::PoisonRecord).then_some(()));
                let mut bodies: Vec<String> = events.iter().map(|event| self.messages[*event].clone()).collect();
                bodies.extend(poison.map(|()| POISON_RECORD.to_owned()));
                (Work::Facts(events), Box::pin(record(clients, bodies, clock)))
            }
            // In a world of one month, none settles it before everything is told.
            What::Night if self.plan.is_within_a_month() && self.now_ms >= SETTLED_MS => return Ok(None),
            What::Night => {
                self.tally.nights += 1;
                let scheduled_ms = self.now_ms - self.now_ms.rem_euclid(HOUR_MS);
                (Work::Night, Box::pin(night(clients, tenant, instant(scheduled_ms), clock)))
            }
            What::Visit { message } => {
                self.tally.visits += 1;
                (Work::Visit(message.clone()), Box::pin(visit(clients, message, clock)))
            }
            What::Ask { partner, currency, under } => {
                let asked = asked(partner, currency, under)?;
                let store = clients.store;
                let future = async move {
                    let requested = cases::payouts::request(&store, &tenant, &asked, clock).await;
                    End::Asked(requested.map_err(|error| error.to_string()))
                };
                (Work::Ask(what), Box::pin(future))
            }
            What::Step { partner, currency, step } => {
                let account = account(partner, currency)?;
                let back = u32::from(self.dice.percent(10));
                (Work::Step(step), Box::pin(take_step(clients.store, tenant, account, step, back, clock)))
            }
            What::Carry { message, tries } => {
                (Work::Carry(message.clone(), tries), Box::pin(carry(clients, message, clock)))
            }
            What::Look => (Work::Look, Box::pin(look(clients, clock))),
            What::Errand(errand) => {
                *self.tally.errands.entry(errand.name).or_default() += 1;
                let office = Office { store: clients.store, tenant, now: clock, hold_days: self.plan.hold_days };
                (Work::Errand(errand.clone()), Box::pin(run_errand(office, errand)))
            }
        }))
    }

    /// A message, and perhaps others that come out of the queue with it. `None` when it does not arrive.
    fn batch_from(&mut self, event: usize) -> Option<Vec<usize>> {
        if self.strike(|strikes| matches!(strikes, Strikes::LoseMessage).then_some(())).is_some() {
            let at_ms = self.now_ms + self.dice.between(1, 24) * HOUR_MS;
            self.plan_deed(at_ms, What::Deliver { event });
            return None;
        }
        let mut events = vec![event];
        while events.len() < 4 && self.dice.percent(30) {
            let Some(Reverse((at_ms, number))) = self.agenda.peek() else { break };
            let is_near = *at_ms <= self.now_ms + TOGETHER_MS;
            let Some(What::Deliver { event }) = self.deeds.get(number).filter(|_| is_near) else { break };
            events.push(*event);
            self.take_next();
        }
        Some(events)
    }

    /// Somebody is done, or dead: what is left of their work is planned again.
    pub(super) fn ended(&mut self, work: Work, end: End) -> Result<(), Trouble> {
        let soon_ms = self.now_ms + self.dice.between(30_000, 20 * 60_000);
        match (work, end) {
            (Work::Facts(events), End::Batch(failed)) => {
                for (place, event) in events.into_iter().enumerate() {
                    let is_left = failed.contains(&place) && !self.plan.events[event].is_poison;
                    self.booked[event] |= !failed.contains(&place);
                    if is_left {
                        self.plan_deed(soon_ms, What::Deliver { event });
                    }
                }
            }
            (Work::Facts(events), _) => {
                events.into_iter().for_each(|event| self.plan_deed(soon_ms, What::Deliver { event }));
            }
            (Work::Night, End::Died | End::Done(Err(_))) => self.plan_deed(soon_ms, What::Night),
            (Work::Visit(message), End::Died | End::Done(Err(_))) => self.plan_deed(soon_ms, What::Visit { message }),
            // Behind so many tries it lies among the dead letters, and a person looks.
            (Work::Carry(message, tries), End::Died | End::Done(Err(_))) if tries < TRIES_MAX => {
                self.plan_deed(soon_ms, What::Carry { message, tries: tries + 1 });
            }
            // Whoever got no answer asks again, under the same name; most of them.
            (Work::Ask(what), End::Died | End::Asked(Err(_))) if self.dice.percent(60) => {
                self.plan_deed(soon_ms, what);
            }
            (_, End::Asked(Ok(Requested::Created(stored)))) => {
                let payout = &stored.payout;
                if self.seals.insert(payout.id.to_string(), payout.seal).is_none() {
                    self.tally.payouts += 1;
                }
            }
            (Work::Step(step), End::Moved(Ok(moved))) => return self.moved(step, &moved),
            (Work::Errand(errand), End::Died | End::Told(Err(_))) => self.plan_deed(soon_ms, What::Errand(errand)),
            (Work::Errand(errand), End::Told(Ok(told))) => {
                self.note(|| format!("    {} {}: {}", errand.name, errand.payment, told.answer));
            }
            _ => {}
        }
        Ok(())
    }

    fn moved(&mut self, step: Step, moved: &Moved) -> Result<(), Trouble> {
        self.note(|| format!("    {step:?}: {moved:?}"));
        let taken = matches!(moved, Moved::Done(_) | Moved::Voided(_));
        if step == Step::ApproveOther {
            self.tally.checked.add("seal", 1);
            if taken {
                let found = "an approval of another seal than the payout's was taken".to_owned();
                return Err(Breach { law: "seal", found }.into());
            }
        }
        // PAY-4: nobody approves what they asked for.
        if step == Step::ApproveOwn {
            self.tally.checked.add("own approval", 1);
            if taken {
                let found = "whoever asked for a payout has approved it".to_owned();
                return Err(Breach { law: "own approval", found }.into());
            }
        }
        // PAY-8: what was sent is on its way, and paid by a confirmed reference alone.
        if let (Step::Send, Moved::Done(stored)) = (step, moved) {
            self.tally.checked.add("export", 1);
            if !matches!(stored.payout.state, PayoutState::Submitted { .. }) {
                let found = format!("{} was sent, and is {}", stored.payout.id, stored.payout.state.word());
                return Err(Breach { law: "export", found }.into());
            }
        }
        if step == Step::Confirm && taken {
            self.tally.paid += 1;
        }
        Ok(())
    }
}

fn currency_of(code: &str) -> Result<Currency, Trouble> {
    Currency::parse(&code.to_ascii_uppercase()).map_err(|error| Trouble::from(Unfurnished::because(error)))
}

fn account(partner: usize, currency: &str) -> Result<Account, Trouble> {
    let partner = PartnerId::parse(&partner_id(partner)).map_err(Unfurnished::because)?;
    Ok(Account { partner, currency: currency_of(currency)? })
}

fn asked(partner: usize, currency: &str, under: u64) -> Result<Asked, Trouble> {
    let Account { partner, currency } = account(partner, currency)?;
    let by = person(Role::Partner, partner.as_str());
    // PAY-3: each third asks for a part; the same again under the same name.
    let part = i64::try_from(under % 97).unwrap_or(0) * 113 + 1;
    let amount = under.is_multiple_of(3).then(|| Money::from_minor(part, currency));
    Ok(Asked { partner, currency, amount, by, under: format!("request {under}") })
}

/// An event of a queue with these bodies.
fn batch(bodies: &[String]) -> Value {
    let record = |(place, body): (usize, &String)| json!({ "messageId": place.to_string(), "body": body, "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs" });
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

pub(super) async fn record(clients: Clients, bodies: Vec<String>, clock: Timestamp) -> End {
    let app = clients.recorder(clock);
    let Ok(event) = serde_json::from_value::<SqsEvent>(batch(&bodies)) else { return End::Died };
    let app = &app;
    let answer =
        edge::lambda::sqs_batch(event, |message, delivery| async move { app.handle(message, &delivery).await }).await;
    let failed = answer.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.parse().ok());
    End::Batch(failed.collect())
}

pub(super) async fn night(clients: Clients, tenant: TenantKey, scheduled_for: Timestamp, clock: Timestamp) -> End {
    let (store, visits) = (&clients.store, &clients.visits);
    let nights = commission_batch::night::run(store, visits, tenant.tenant(), scheduled_for, clock).await;
    End::Done(nights.map(|_| ()).map_err(|error| error.to_string()))
}

pub(super) async fn visit(clients: Clients, message: String, clock: Timestamp) -> End {
    let answer = clients.batch(clock).handle(batch(&[message])).await;
    let failed = answer.as_ref().map_or(1, |answer| answer["batchItemFailures"].as_array().map_or(0, Vec::len));
    End::Done(if failed == 0 { Ok(()) } else { Err("left in the queue".to_owned()) })
}

pub(super) async fn carry(clients: Clients, message: String, clock: Timestamp) -> End {
    let answer = clients.executor(clock).handle(batch(&[message])).await;
    let failed = answer.as_ref().map_or(1, |answer| answer["batchItemFailures"].as_array().map_or(0, Vec::len));
    End::Done(if failed == 0 { Ok(()) } else { Err("left in the queue".to_owned()) })
}

pub(super) async fn look(clients: Clients, clock: Timestamp) -> End {
    End::Done(clients.executor(clock).look().await.map(|_| ()).map_err(|error| error.to_string()))
}

async fn take_step(store: Store, tenant: TenantKey, account: Account, step: Step, back: u32, clock: Timestamp) -> End {
    let head = match store.get_head(&tenant, &account).await {
        Ok(head) => head,
        Err(error) => return End::Moved(Err(error.to_string())),
    };
    let number = head.payout_no.saturating_sub(back);
    if number == 0 {
        return End::Moved(Ok(Moved::NotFound));
    }
    let id = PayoutId::of(&account.partner, account.currency, number);
    let (seal, asker) = match store.get_payout(&tenant, &id).await {
        // One that is not there has no seal to be seen.
        Ok(stored) => {
            stored.map_or((Digest::ZERO, String::new()), |stored| (stored.payout.seal, stored.payout.requested_by.id))
        }
        Err(error) => return End::Moved(Err(error.to_string())),
    };
    let (who, command) = command_of(step, (&id, seal, &asker), clock);
    let moved = cases::payouts::command(&store, &tenant, &id, &command, &who, clock).await;
    End::Moved(moved.map_err(|error| error.to_string()))
}

/// Somebody does what they were sent to do.
pub(super) async fn run_errand(office: Office, errand: Errand) -> End {
    match errand.kind() {
        Some(kind) => End::Told((kind.run)(office, errand).await),
        None => End::Told(Ok(Told::plainly("nobody knows this errand"))),
    }
}

fn command_of(step: Step, (id, seal, asker): (&PayoutId, Digest, &str), at: Timestamp) -> (Person, Command) {
    let (admin, finance) = (person(Role::Admin, "admin"), person(Role::FinanceManager, "finance"));
    let reference = format!("reference of {id}");
    match step {
        Step::Approve => (admin, Command::Approve { seal }),
        Step::ApproveOwn => (person(Role::Admin, asker), Command::Approve { seal }),
        Step::ApproveOther => (admin, Command::Approve { seal: Digest::of_bytes(b"what they saw before") }),
        Step::Reject => (admin, Command::Reject { reason: "no".to_owned() }),
        Step::Cancel => (admin, Command::Cancel { reason: "no".to_owned() }),
        Step::Send => (finance, Command::MarkSent(Sent { sent_at: at, expected_arrival: None, reference })),
        Step::Confirm => (finance, Command::Confirm { completed_at: at, reference }),
        Step::Submit => (finance, Command::Submit),
        Step::Retry => (finance, Command::Retry),
        Step::Fail => (finance, Command::Fail { reason: "no".to_owned() }),
    }
}
