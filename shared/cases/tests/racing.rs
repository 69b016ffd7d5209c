//! PAY-3: four at once ask, approve, hand over and confirm; of each kind one wins, and no cent is paid beside the balance.
//! `RACES` of each kind; one write in five meets another transaction, and in every fifth race an answer of the store is lost.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use cases::error::CaseError;
use cases::payouts::{Command, Moved, Requested};
use domain::digest::Digest;
use domain::id::{MethodId, PartnerId, PayoutId};
use domain::payee::{Payee, Rail};
use domain::payout::Sent;
use domain::payout::attempt::Attempt;
use domain::role::Role;
use domain::time::Zone;
use store::Written;
use testkit::Fault;
use world::World;

/// How many races of each kind, where nobody says.
const RACES: u32 = 12;
/// How many of them in one ledger.
const IN_ONE_LEDGER: usize = 250;
/// One write of so many meets another transaction.
const CONFLICTS_EACH: usize = 5;
/// More requests than asking for a payout makes.
const REQUESTS_MAX: u32 = 60;
/// What each partner of a race has: two people approve it.
const AMOUNT: &str = "100000.00";

#[expect(clippy::disallowed_methods, reason = "how many races a command wants")]
fn races() -> u32 {
    std::env::var("RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(RACES)
}

/// How far it has come, where there are many.
fn tell(raced: &[u32]) {
    if let Some(last) = raced.last().filter(|_| races() > RACES) {
        eprintln!("{} races of each kind", last + 1);
    }
}

/// A partner of its own with something to pay.
async fn begin(world: &mut World, n: u32) {
    world.partner = PartnerId::from_ulid(nth(n).into());
    world.befriend(&world.partner).await;
    let today = Zone::utc().day_of(world.now);
    world.earn(&format!("in_{n}"), AMOUNT, today).await;
}

fn nth(n: u32) -> u128 {
    u128::from(n) + 1_000
}

/// In every fifth race the store loses an answer, or refuses, some requests from now.
fn disturb(world: &World, n: u32) {
    match n % 10 {
        3 => world.database.fail_after(usize::try_from(n % 17).expect("small"), 2, Fault::LoseAnswer),
        8 => world.database.fail_after(usize::try_from(n % 13).expect("small"), 1, Fault::ServerError),
        _ => world.database.heal(),
    }
}

/// A contender who is told that the store is away, or that too many race, comes again.
async fn ask(world: &World, ms: i64) -> Requested {
    for _ in 0..20 {
        match world.try_request_at(ms).await {
            Ok(requested) => return requested,
            Err(CaseError::Busy | CaseError::Store(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store is away for good")
}

async fn step(world: &World, id: &PayoutId, who: (Role, &str), command: &Command, under: &str) -> Moved {
    let actor = domain::audit::Actor::new(who.0, who.1);
    for _ in 0..20 {
        let by = (&actor, world.now);
        let moved = cases::payouts::command_under(&world.store, (&world.tenant, id), command, by, under).await;
        match moved {
            Ok(moved) => return moved,
            Err(CaseError::Busy | CaseError::Store(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store is away for good")
}

fn done(moved: &[Moved]) -> usize {
    moved.iter().filter(|moved| matches!(moved, Moved::Done(_))).count()
}

/// Four ask at once: one payout.
async fn asked(world: &World) -> PayoutId {
    let (a, b, c, d) = tokio::join!(ask(world, 1), ask(world, 2), ask(world, 3), ask(world, 4));
    let all = [a, b, c, d];
    let born: Vec<&PayoutId> = all
        .iter()
        .filter_map(|requested| match requested {
            Requested::Created(stored) => Some(&stored.payout.id),
            _ => None,
        })
        .collect();
    assert_eq!(born.len(), 1, "{all:?}");
    assert!(all.iter().all(|one| matches!(one, Requested::Created(_) | Requested::OpenPayout(_))), "{all:?}");
    born[0].clone()
}

/// Two people approve, each twice at once: two approvals.
async fn approved(world: &World, id: &PayoutId) {
    let yes = world.approval(id).await;
    let by = |who, under| step(world, id, (Role::Admin, who), &yes, under);
    let (a, b, c, d) = tokio::join!(by("usr_a", "1"), by("usr_a", "2"), by("usr_b", "3"), by("usr_b", "4"));
    let all = [a, b, c, d];
    assert_eq!(done(&all), 2, "{all:?}");
    let stored = world.store.get_payout(&world.tenant, id).await.expect("store").expect("a payout");
    assert_eq!((stored.payout.state.word(), stored.payout.approvals.len()), ("approved", 2));
}

/// Four claim the same attempt at once: one asks the rail.
async fn claimed(world: &World, id: &PayoutId) {
    let stored = world.store.get_payout(&world.tenant, id).await.expect("store").expect("a payout");
    let payee = Payee { method: MethodId::from_ulid(nth(1).into()), rail: Rail::StripeConnect };
    let attempt = Attempt::begin(&stored.payout, 1, (payee, Digest::ZERO), world.now);
    world.database.heal();
    // Of a claim that met another transaction nothing is there: who is told so claims again.
    let claim = async || {
        for _ in 0..20 {
            if let Ok(written) = world.store.create_attempt(&world.tenant, &attempt).await {
                return written;
            }
        }
        panic!("the store is away for good")
    };
    let (a, b, c, d) = tokio::join!(claim(), claim(), claim(), claim());
    let won = [a, b, c, d].into_iter().filter(|claim| matches!(claim, Written::Yes)).count();
    assert_eq!(won, 1);
}

/// Four confirm at once, each by another reference: it is paid once.
async fn confirmed(world: &World, id: &PayoutId) {
    let sent = Command::MarkSent(Sent { sent_at: world.now, expected_arrival: None, reference: "r".to_owned() });
    assert!(matches!(step(world, id, (Role::FinanceManager, "usr_f"), &sent, "5").await, Moved::Done(_)));
    let by = async |under: &str| {
        let confirm = Command::Confirm { completed_at: world.now, reference: format!("{id} {under}") };
        step(world, id, (Role::FinanceManager, "usr_f"), &confirm, under).await
    };
    let (a, b, c, d) = tokio::join!(by("6"), by("7"), by("8"), by("9"));
    let all = [a, b, c, d];
    assert_eq!(done(&all), 1, "{all:?}");
}

#[tokio::test]
async fn of_four_who_do_the_same_at_once_one_wins_and_nothing_is_paid_beside_the_balance() {
    let races: Vec<u32> = (0..races()).collect();
    // In ledgers of their own: what the small database has to read grows with it.
    for some in races.chunks(IN_ONE_LEDGER) {
        raced(some).await;
        tell(some);
    }
}

async fn raced(races: &[u32]) {
    let mut world = World::new().await;
    for &n in races {
        world.database.conflict_each(0);
        begin(&mut world, n).await;
        world.database.conflict_each(CONFLICTS_EACH);
        disturb(&world, n);
        let id = asked(&world).await;
        disturb(&world, n + 1);
        approved(&world, &id).await;
        claimed(&world, &id).await;
        disturb(&world, n + 2);
        confirmed(&world, &id).await;
        world.database.heal();
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
        let whole = domain::money::Money::parse(AMOUNT, head.currency).expect("an amount").minor();
        assert_eq!((head.available, head.reserved, head.settled, head.payout_no), (0, 0, whole, 1), "race {n}");
    }
    world.database.conflict_each(0);
    world.verified().await;
}

#[tokio::test]
async fn whoever_is_overtaken_while_asking_is_told_which_payout_is_open_wherever_it_happened() {
    let mut world = World::new().await;
    for n in 0..REQUESTS_MAX {
        begin(&mut world, n).await;
        let held = world.database.hold_after(usize::try_from(n).expect("small"));
        let mut slow = std::pin::pin!(world.try_request_at(1));
        let early = tokio::select! {
            done = &mut slow => Some(done),
            () = held.reached() => None,
        };
        if early.is_some() {
            assert!(n > 5, "it makes {n} requests");
            return;
        }
        let quick = world.try_request_at(2).await.expect("an answer");
        drop(held);
        match (slow.await.expect("an answer"), quick) {
            (Requested::Created(born), Requested::OpenPayout(told))
            | (Requested::OpenPayout(told), Requested::Created(born)) => assert_eq!(told, born.payout.id, "at {n}"),
            other => panic!("at request {n}: {other:?}"),
        }
    }
    panic!("it asks for ever");
}
