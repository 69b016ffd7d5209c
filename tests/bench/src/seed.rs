//! Accounts of very many lines, made from one that was booked: the same items, with other ids, slots and counts.
//!
//! They are put into the engine itself, as requests would take hours. A process of its own serves them, so that the
//! memory of whoever reads them is theirs alone.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use std::io::{BufRead, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use domain::fact::PaymentKey;
use domain::id::{PartnerId, SaleId};
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::Reward;
use domain::slot::Slot;
use domain::time::{BusinessDay, Zone};
use dynoxide::types::{AttributeValue, Item};
use dynoxide::{Database, ImportOptions};
use revenue_recorder::booking::Recorder;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::partners::{Enrolment, Partner, PartnerStatus};
use store::people::Person;
use store::{Store, Tables};
use world::World;

/// How many items go into the engine at once.
const BATCH: u64 = 20_000;
/// The argument that makes the program the one that serves.
pub const SERVE: &str = "serve";

/// Lines to put into accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The number of the first account's partner.
    pub first: u64,
    /// How many accounts.
    pub accounts: u64,
    /// How many lines each gets.
    pub lines: u64,
    /// Over how many days, one slot each.
    pub days: u32,
    /// The first of these days, counted from the first of the year.
    pub from_day: u32,
}

/// The partner of a number.
#[must_use]
pub fn partner(number: u64) -> PartnerId {
    PartnerId::from_ulid(u128::from(number).into())
}

/// The day of a number.
#[must_use]
pub fn day(number: u32) -> BusinessDay {
    let first = BusinessDay::new(2026, 1, 1).expect("a day");
    first.plus_days(i32::try_from(number).expect("small")).expect("a day")
}

/// The process that serves, seen from the one that measures.
pub struct Served {
    child: Child,
    orders: ChildStdin,
    answers: std::io::BufReader<ChildStdout>,
    /// The database that it serves.
    pub database: testkit::Database,
}

#[derive(Serialize, Deserialize)]
struct Address {
    endpoint: String,
    core: String,
    clicks: String,
    ops: String,
}

impl Served {
    /// Starts it: this very program, with another argument.
    #[must_use]
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let command = Command::new(program).arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = command.expect("the program starts again");
        let orders = child.stdin.take().expect("its input");
        let mut answers = std::io::BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("an address");
        let address: Address = serde_json::from_str(&line).expect("an address");
        let database = testkit::Database::attached(&address.endpoint, &address.core, &address.clicks, &address.ops);
        Self { child, orders, answers, database }
    }

    /// The store over it.
    #[must_use]
    pub fn store(&self) -> Store {
        let database = &self.database;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        Store::new(database.client.clone(), tables)
    }

    /// Puts lines into accounts.
    pub fn seed(&mut self, order: Order) {
        writeln!(self.orders, "{}", serde_json::to_string(&order).expect("JSON")).expect("an order");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        assert_eq!(line.trim(), "done", "{order:?}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until its input ends: says where, then puts in what it is told to.
#[expect(clippy::print_stdout, reason = "its answers go to the program that started it")]
pub async fn serve() {
    let (database, engine) = testkit::serving().await;
    let address = Address {
        endpoint: database.endpoint.clone(),
        core: database.core.clone(),
        clicks: database.clicks.clone(),
        ops: database.ops.clone(),
    };
    let seeder = Seeder::over(database, engine).await;
    println!("{}", serde_json::to_string(&address).expect("JSON"));
    loop {
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        });
        let line = read.await.expect("a thread").expect("an order");
        if line.is_empty() {
            return;
        }
        seeder.put(serde_json::from_str(&line).expect("an order")).await;
        println!("done");
    }
}

/// One booked sale, as its items are stored.
struct Seeder {
    world: World,
    engine: Database,
    sale: Item,
    line: Item,
    head: Item,
    amount_minor: u64,
    slot: Slot,
}

impl Seeder {
    async fn over(database: testkit::Database, engine: Database) -> Self {
        let rate = Reward::Percentage(Rate::parse("0.3").expect("a rate"));
        let world = World::over(database, rate, None).await;
        let zone = Zone::utc();
        let recorder = Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now);
        for fact in [world.seen("cus_1", Some(&world.token)), world.sale("in_0", "cus_1", "99.00")] {
            recorder.book(&fact).await.expect("booked");
        }
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("the head");
        let (slot, minor) = head.open.first_key_value().expect("an open slot");
        let account = format!("account#{}", world.partner);
        let item = |pk: &str, sk: &str| first(&engine, &world, pk, sk);
        Self {
            sale: item(&format!("sale#{}", sale_of("in_0")), "sale"),
            line: item(&account, "USD#line#"),
            head: item(&account, "head#USD"),
            amount_minor: minor.unsigned_abs(),
            slot: *slot,
            world,
            engine,
        }
    }

    async fn put(&self, order: Order) {
        for number in order.first..order.first + order.accounts {
            let partner = partner(number);
            if self.world.store.get_partner(&self.world.tenant, &partner).await.expect("store").is_none() {
                self.enrol(&partner).await;
            }
            self.account(&partner, number, order);
        }
    }

    async fn enrol(&self, partner: &PartnerId) {
        let at = self.world.now;
        let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: at };
        let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: at };
        let program = domain::id::ProgramId::from_ulid(1_u128.into());
        let enrolment = Enrolment { program, tier: domain::tier::Tier::default(), enrolled_at: at };
        self.world.store.create_partner(&self.world.tenant, &record, &person, &enrolment).await.expect("a partner");
    }

    /// The account's lines with their sales, and its head.
    fn account(&self, partner: &PartnerId, number: u64, order: Order) {
        let mut per_day = vec![0_u64; order.days as usize];
        let mut next = 0;
        while next < order.lines {
            let end = (next + BATCH).min(order.lines);
            let mut items = Vec::new();
            for n in next..end {
                let at = u32::try_from(n * u64::from(order.days) / order.lines).expect("small");
                per_day[at as usize] += 1;
                let names = self.names(partner, &format!("in_{number}_{}_{n}", order.from_day), order.from_day + at);
                items.push(renamed(&self.sale, &names));
                items.push(renamed(&self.line, &names));
            }
            self.import(items);
            next = end;
        }
        self.head(partner, order, &per_day);
    }

    fn head(&self, partner: &PartnerId, order: Order, per_day: &[u64]) {
        let template = renamed(&self.head, &self.names(partner, "none", order.from_day));
        let key = json!({ "pk": template["pk"], "sk": template["sk"] });
        let request = json!({ "TableName": self.world.database.core, "Key": key });
        let there = self.engine.get_item(serde_json::from_value(request).expect("a request")).expect("the head").item;
        let mut head = there.unwrap_or(template);
        head.remove(&format!("p{}", Slot::of_day(day(order.from_day))));
        for (at, lines) in (0_u32..).zip(per_day) {
            let net = lines * self.amount_minor;
            head.insert(format!("p{}", Slot::of_day(day(order.from_day + at))), AttributeValue::N(net.to_string()));
        }
        self.import(vec![head]);
    }

    fn import(&self, items: Vec<Item>) {
        let options = ImportOptions { record_streams: false, set_cached_at: false };
        self.engine.import_items(&self.world.database.core, items, options).expect("imported");
    }

    /// What is called what in a copy.
    fn names(&self, partner: &PartnerId, invoice: &str, at: u32) -> Vec<(String, String)> {
        vec![
            (self.world.partner.to_string(), partner.to_string()),
            (sale_of("in_0").to_string(), sale_of(invoice).to_string()),
            ("in_0".to_owned(), invoice.to_owned()),
            (self.slot.to_string(), Slot::of_day(day(at)).to_string()),
        ]
    }
}

fn sale_of(invoice: &str) -> SaleId {
    SaleId::of(&PaymentKey::parse(&format!("stripe:{invoice}")).expect("a key"))
}

fn first(engine: &Database, world: &World, pk: &str, sk: &str) -> Item {
    let request = json!({
        "TableName": world.database.core,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": {
            ":pk": { "S": format!("{}#{pk}", world.tenant.tenant()) },
            ":sk": { "S": sk },
        },
    });
    let answer = engine.query(serde_json::from_value(request).expect("a request")).expect("an answer");
    answer.items.and_then(|items| items.into_iter().next()).expect("an item")
}

/// A copy in which texts and names of attributes are called otherwise.
fn renamed(item: &Item, names: &[(String, String)]) -> Item {
    let text = |text: &str| names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    item.iter().map(|(name, value)| (text(name), renamed_value(value, names))).collect()
}

fn renamed_value(value: &AttributeValue, names: &[(String, String)]) -> AttributeValue {
    match value {
        AttributeValue::S(text) => {
            AttributeValue::S(names.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to)))
        }
        AttributeValue::L(list) => AttributeValue::L(list.iter().map(|value| renamed_value(value, names)).collect()),
        AttributeValue::M(map) => AttributeValue::M(renamed(map, names)),
        other => other.clone(),
    }
}

/// The commission of one line, for totals.
#[must_use]
pub fn money(lines: u64) -> Money {
    Money::from_minor(i64::try_from(lines * 2_970).expect("in range"), domain::currency::Currency::USD)
}
