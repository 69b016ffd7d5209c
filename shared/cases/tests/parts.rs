//! PAY-1: payouts of a part. Whatever is asked for, and however it ends, every law of the ledger holds and no cent is lost.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use cases::desk::Desk;
use cases::desk::adjustments::{self, Asked as Adjusting, Wish};
use cases::payouts::returned::take_back;
use cases::payouts::{Command, Moved, Requested};
use cases::verify::verify;
use domain::audit::Actor;
use domain::currency::Currency;
use domain::entry::{EntryKind, kind_of};
use domain::id::{AdjustmentId, PayoutId};
use domain::money::Money;
use domain::payout::hold::Hold;
use domain::payout::policy::{Band, Minimum, PayoutPolicy};
use domain::payout::{PayoutState, Sent};
use domain::role::Role;
use domain::time::Zone;
use proptest::prelude::*;
use store::payouts::StoredPayout;
use testkit::Fault;
use world::World;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn person(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

/// A world whose partner has this much to be paid.
async fn having(minor: i64) -> World {
    let world = World::new().await;
    world.earn("in_0", &usd(minor).to_text(), Zone::utc().day_of(world.now)).await;
    world
}

async fn ask(world: &World, n: i64, minor: i64) -> Requested {
    world.try_request_of(n, Some(usd(minor))).await.expect("an answer")
}

fn created(requested: Requested) -> StoredPayout {
    let Requested::Created(stored) = requested else { panic!("{requested:?}") };
    *stored
}

async fn available(world: &World) -> i64 {
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    head.available_on(Zone::utc().day_of(world.now)).expect("in range").minor()
}

#[tokio::test]
async fn a_part_is_paid_and_the_rest_can_be_asked_for_again() {
    let world = having(10_000).await;
    let part = created(ask(&world, 1, 3_000).await);
    assert_eq!((part.payout.amount, available(&world).await), (usd(3_000), 7_000));
    world.verified().await;
    let id = part.payout.id;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "w".to_owned() };
    let confirm = Command::Confirm { completed_at: world.now, reference: "w1".to_owned() };
    for (role, who, step) in [
        (Role::Admin, "usr_a", world.approval(&id).await),
        (Role::FinanceManager, "usr_f", Command::MarkSent(sent)),
        (Role::FinanceManager, "usr_f", confirm),
    ] {
        assert!(matches!(world.command(&id, role, who, step).await, Moved::Done(_)));
    }
    let rest = created(world.try_request_at(2).await.expect("an answer"));
    assert_eq!((rest.payout.amount, available(&world).await), (usd(7_000), 0));
    assert_eq!(rest.payout.from, Some(part.payout.to), "it covers what the part did not");
    world.verified().await;
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let carried: Vec<_> = lines.iter().filter(|line| kind_of(line) == Some(EntryKind::Carry)).collect();
    assert_eq!(carried.iter().map(|line| line.amount.minor()).collect::<Vec<_>>(), [-7_000, 7_000]);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_with_the_figures() {
    let world = having(10_000).await;
    let over = Hold::OverBalance { asked: usd(10_001), available: usd(10_000) };
    assert_eq!(ask(&world, 1, 10_001).await, Requested::Held(vec![over]));
    let policy = PayoutPolicy {
        minimums: vec![Minimum { amount: usd(5_000), partner: None, tier: None, rail: None }],
        ..PayoutPolicy::default()
    };
    replace_policy(&world, &policy).await;
    let below = Hold::BelowMinimum { amount: usd(4_999), available: usd(10_000), minimum: usd(5_000) };
    assert_eq!(ask(&world, 2, 4_999).await, Requested::Held(vec![below]));
    assert_eq!(created(ask(&world, 3, 5_000).await).payout.amount, usd(5_000));
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(lines.len(), 3, "a refusal leaves nothing behind");
}

async fn replace_policy(world: &World, policy: &PayoutPolicy) {
    let told = domain::audit::append(
        domain::audit::ChainEnd::START,
        "payout_policy",
        domain::audit::Deed {
            at: world.now,
            actor: person(Role::Admin, "usr_a"),
            action: "payout_policy.replaced",
            old: Default::default(),
            new: Default::default(),
        },
    );
    world.store.replace_payout_policy(&world.tenant, policy, &told).await.expect("store");
}

/// PAY-4: nobody gets below a band by asking in parts.
#[tokio::test]
async fn a_part_is_approved_by_as_many_as_the_whole_would_be() {
    let world = having(10_000_000).await;
    assert_eq!(created(ask(&world, 1, 100).await).payout.approvers(), 2);
    let world = having(9_000).await;
    let band = Band { automatic_below: Some(usd(5_000)), two_from: usd(50_000) };
    replace_policy(&world, &PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() }).await;
    let part = created(ask(&world, 1, 4_000).await).payout;
    assert_eq!((part.approvers(), part.state), (1, PayoutState::PendingApproval));
}

async fn paid(world: &World, id: &PayoutId) {
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "w".to_owned() };
    let confirm = Command::Confirm { completed_at: world.now, reference: format!("paid {id}") };
    for (role, who, step) in [
        (Role::Admin, "usr_a", world.approval(id).await),
        (Role::Admin, "usr_b", world.approval(id).await),
        (Role::FinanceManager, "usr_f", Command::MarkSent(sent)),
        (Role::FinanceManager, "usr_f", confirm),
    ] {
        world.command(id, role, who, step).await;
    }
    let stored = world.store.get_payout(&world.tenant, id).await.expect("store").expect("a payout");
    assert_eq!(stored.payout.state.word(), "paid");
}

/// PAY-4: what a part left is that balance still, also where what was asked for meanwhile was taken back.
#[tokio::test]
async fn what_a_part_left_is_approved_by_as_many_as_the_whole_would_be() {
    let mut world = having(10_004_900).await;
    let part = created(ask(&world, 1, 5_000).await).payout;
    assert_eq!(part.approvers(), 2);
    paid(&world, &part.id).await;
    let rest = created(world.try_request_at(2).await.expect("an answer")).payout;
    assert_eq!((rest.amount, rest.approvers()), (usd(9_999_900), 2));
    world.command(&rest.id, Role::Partner, "par", Command::Cancel { reason: "again".to_owned() }).await;
    assert_eq!(created(ask(&world, 3, 9_000_000).await).payout.approvers(), 2);
    let taken_back = PayoutId::of(&world.partner, Currency::USD, 3);
    world.command(&taken_back, Role::Partner, "par", Command::Cancel { reason: "again".to_owned() }).await;
    // After thirty days it is a balance of its own.
    world.pass_days(31);
    let later = created(world.try_request_at(4).await.expect("an answer")).payout;
    assert_eq!((later.amount, later.approvers()), (usd(9_999_900), 1));
    world.verified().await;
}

#[tokio::test]
async fn behind_a_whole_payout_the_bands_begin_anew_and_parts_do_not_make_one_go_by_itself() {
    let mut world = having(100_000).await;
    let band = Band { automatic_below: Some(usd(50_000)), two_from: usd(1_000_000) };
    replace_policy(&world, &PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() }).await;
    paid(&world, &created(ask(&world, 1, 50_100).await).payout.id).await;
    let rest = created(world.try_request_at(2).await.expect("an answer")).payout;
    assert_eq!((rest.amount, rest.approvers(), rest.state), (usd(49_900), 1, PayoutState::PendingApproval));
    paid(&world, &rest.id).await;
    world.pass_days(1);
    world.earn("in_1", "400.00", Zone::utc().day_of(world.now)).await;
    let small = created(world.try_request_at(3).await.expect("an answer")).payout;
    assert_eq!((small.approvers(), small.state), (0, PayoutState::Approved));
    world.verified().await;
}

/// PAY-4: however many parts were asked for and taken back, who approves today sees a refund of today.
#[tokio::test]
async fn parts_leave_room_in_the_day_for_a_refund_that_voids_what_was_asked_for() {
    let mut story = Story { world: having(10_000).await, n: 0, total: 10_000, payout: None };
    for n in 0..60 {
        let Requested::Created(stored) = ask(&story.world, n, 100).await else { break };
        let cancel = Command::Cancel { reason: "again".to_owned() };
        story.world.command(&stored.payout.id, Role::Partner, "par", cancel).await;
    }
    story.n = 100;
    story.tell(Deed::Correct { minor: -1 }).await;
    story.tell(Deed::Ask { minor: None }).await;
    story.tell(Deed::Correct { minor: -5_000 }).await;
    assert_eq!(available(&story.world).await, -5_000, "it is due today");
    story.tell(Deed::Approve).await;
    let id = story.payout.clone().expect("a payout");
    let stored = story.world.store.get_payout(&story.world.tenant, &id).await.expect("store").expect("a payout");
    assert_eq!(stored.payout.state.word(), "cancelled");
    story.world.verified().await;
}

#[tokio::test]
async fn so_many_parts_in_a_day_that_its_slots_are_used_up_wait_for_the_next() {
    let mut world = having(10_000).await;
    let mut last = None;
    for n in 0..60 {
        match ask(&world, n, 100).await {
            Requested::Created(stored) => {
                let cancel = Command::Cancel { reason: "again".to_owned() };
                let moved = world.command(&stored.payout.id, Role::Partner, "par", cancel).await;
                assert!(matches!(moved, Moved::Done(_)));
            }
            refused => {
                last = Some((n, refused));
                break;
            }
        }
    }
    let refused = Requested::Held(vec![Hold::TooManyParts { available: usd(10_000) }]);
    assert_eq!(last, Some((24, refused)));
    world.verified().await;
    world.pass_days(1);
    let part = created(ask(&world, 100, 100).await);
    world.command(&part.payout.id, Role::Partner, "par", Command::Cancel { reason: "all".to_owned() }).await;
    assert_eq!(created(world.try_request_at(101).await.expect("an answer")).payout.amount, usd(10_000));
    world.verified().await;
}

#[tokio::test]
async fn of_four_who_ask_for_parts_at_once_one_is_born() {
    let world = having(10_000).await;
    let [one, two, three, four] = [1_i64, 2, 3, 4].map(|n| ask(&world, n, n * 1_000));
    let (one, two, three, four) = tokio::join!(one, two, three, four);
    let asked = [one, two, three, four];
    let born: Vec<_> = asked.iter().filter(|asked| matches!(asked, Requested::Created(_))).collect();
    assert_eq!(born.len(), 1, "{asked:?}");
    world.verified().await;
}

#[tokio::test]
async fn a_request_for_a_part_whose_answer_is_lost_anywhere_is_one_payout() {
    for passing in 0..24 {
        let world = having(10_000).await;
        world.database.fail_after(passing, 2, Fault::LoseAnswer);
        let first = world.try_request_of(1, Some(usd(3_000))).await;
        world.database.heal();
        let again = created(ask(&world, 1, 3_000).await);
        assert_eq!(again.payout.amount, usd(3_000), "after {passing}: {first:?}");
        assert_eq!(again.payout.id, PayoutId::of(&world.partner, Currency::USD, 1), "after {passing}");
        world.verified().await;
    }
}

/// A forged half of the pair is a broken law.
#[tokio::test]
async fn a_rest_that_is_not_where_its_payout_ends_is_found() {
    let world = having(10_000).await;
    let id = created(ask(&world, 1, 3_000).await).payout.id;
    let entry = domain::id::EntryId::of(&domain::payout::carry::CarryHalf::Out.key(&id));
    let key = format!("{}#entry#{entry}", world.tenant.tenant());
    let key = [("pk", key), ("sk", "entry".to_owned())];
    let mut update = world.database.client.update_item().table_name(&world.database.core);
    for (name, value) in key {
        update = update.key(name, aws_sdk_dynamodb::types::AttributeValue::S(value));
    }
    let minor = aws_sdk_dynamodb::types::AttributeValue::N("-6999".to_owned());
    let update = update.update_expression("SET amount_minor = :minor").expression_attribute_values(":minor", minor);
    update.condition_expression("attribute_exists(pk)").send().await.expect("forged");
    let verified = verify(&world.store, &world.tenant).await.expect("store");
    let laws: Vec<_> = verified.breaches.iter().map(|breach| breach.law).collect();
    assert!(laws.contains(&"V1") && laws.contains(&"V9"), "{verified}");
}

/// What happens to an account.
#[derive(Clone, Debug)]
enum Deed {
    /// Behind today: behind a payout of today this day is final.
    Earn {
        minor: i64,
        days: i32,
    },
    Correct {
        minor: i64,
    },
    Ask {
        minor: Option<i64>,
    },
    Approve,
    Reject,
    Cancel,
    Send,
    Confirm,
    Fail,
    ComeBack,
    Days {
        days: i64,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1_i64..9_000, 1_i32..4).prop_map(|(minor, days)| Deed::Earn { minor, days }),
        2 => (-6_000_i64..6_000).prop_map(|minor| Deed::Correct { minor }),
        6 => proptest::option::weighted(0.8, 1_i64..9_000).prop_map(|minor| Deed::Ask { minor }),
        4 => Just(Deed::Approve),
        1 => Just(Deed::Reject),
        1 => Just(Deed::Cancel),
        4 => Just(Deed::Send),
        4 => Just(Deed::Confirm),
        1 => Just(Deed::Fail),
        1 => Just(Deed::ComeBack),
        4 => (1_i64..4).prop_map(|days| Deed::Days { days }),
    ]
}

/// One account, and what is known of it beside its rows.
struct Story {
    world: World,
    n: i64,
    /// What was earned and corrected, and what came back.
    total: i64,
    payout: Option<PayoutId>,
}

impl Story {
    async fn tell(&mut self, deed: Deed) {
        self.n += 1;
        let finance = (Role::FinanceManager, "usr_f");
        match deed {
            Deed::Earn { minor, days } => {
                let day = Zone::utc().day_of(self.world.now).plus_days(days).expect("a day");
                self.world.earn(&format!("in_{}", self.n), &usd(minor).to_text(), day).await;
                self.total += minor;
            }
            Deed::Correct { minor } => self.correct(minor).await,
            Deed::Ask { minor } => self.ask(minor).await,
            Deed::Approve => {
                if let Some(id) = self.payout.clone() {
                    let approval = self.world.approval(&id).await;
                    self.step((Role::Admin, "usr_a"), approval).await;
                }
            }
            Deed::Reject => self.step((Role::Admin, "usr_b"), Command::Reject { reason: "no".to_owned() }).await,
            Deed::Cancel => self.step(finance, Command::Cancel { reason: "no".to_owned() }).await,
            Deed::Send => {
                let sent = Sent { sent_at: self.world.now, expected_arrival: None, reference: "w".to_owned() };
                self.step(finance, Command::MarkSent(sent)).await;
            }
            Deed::Confirm => {
                let reference = format!("w{}", self.n);
                self.step(finance, Command::Confirm { completed_at: self.world.now, reference }).await;
            }
            Deed::Fail => self.step(finance, Command::Fail { reason: "no".to_owned() }).await,
            Deed::ComeBack => self.come_back().await,
            Deed::Days { days } => self.world.pass_days(days),
        }
    }

    async fn correct(&mut self, minor: i64) {
        if minor == 0 {
            return;
        }
        let actor = person(Role::Admin, "usr_ada");
        let desk = Desk::open(&self.world.store, &self.world.tenant, actor, self.world.now).await.expect("a desk");
        let id = AdjustmentId::from_ulid(u128::try_from(self.n).expect("small").into());
        let wish = Wish::Correction { amount: usd(minor) };
        let asked = Adjusting { id, partner: self.world.partner.clone(), wish, reason: "because".to_owned() };
        let moved = adjustments::ask(&desk, &asked).await.expect("an answer");
        assert!(matches!(moved, adjustments::Moved::Done(_)), "{moved:?}");
        self.total += minor;
    }

    async fn ask(&mut self, minor: Option<i64>) {
        let before = available(&self.world).await;
        let answer = self.world.try_request_of(self.n, minor.map(usd)).await.expect("an answer");
        let after = available(&self.world).await;
        match answer {
            Requested::Created(stored) => {
                assert_eq!(stored.payout.amount.minor(), minor.unwrap_or(before), "what was asked for");
                assert_eq!(after, before - stored.payout.amount.minor(), "and no more leaves the balance");
                self.payout = Some(stored.payout.id);
            }
            Requested::Held(holds) => {
                let over = Hold::OverBalance { asked: usd(minor.unwrap_or(0)), available: usd(before) };
                assert_eq!((holds, after), (vec![over], before));
                assert!(minor.is_some_and(|minor| minor > before));
            }
            Requested::NothingAvailable { available, .. } => {
                assert_eq!((available.minor(), before <= 0), (before, true))
            }
            Requested::OpenPayout(_) => assert_eq!(after, before),
            other => panic!("{other:?}"),
        }
    }

    async fn step(&mut self, (role, who): (Role, &str), command: Command) {
        if let Some(id) = self.payout.clone() {
            self.world.command(&id, role, who, command).await;
        }
    }

    async fn come_back(&mut self) {
        let Some(id) = self.payout.clone() else { return };
        let stored = self.world.store.get_payout(&self.world.tenant, &id).await.expect("store").expect("a payout");
        let back = stored.payout.leaving().expect("parts that fit");
        let by = person(Role::FinanceManager, "usr_f");
        let taken = take_back(&self.world.store, &self.world.tenant, stored, (&by, "R03", back), self.world.now).await;
        if taken.expect("an answer").is_some() {
            self.total += back.minor();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// V1 to V14 and the four equalities, after every step of any story.
    #[test]
    fn whatever_part_is_asked_for_and_however_it_ends_every_law_holds(deeds in proptest::collection::vec(deed(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut story = Story { world: having(8_000).await, n: 0, total: 8_000, payout: None };
            for deed in deeds {
                let told = format!("{deed:?}");
                story.tell(deed).await;
                let verified = verify(&story.world.store, &story.world.tenant).await.expect("store");
                assert!(verified.is_intact(), "after {told}: {verified}");
                assert_eq!(story.world.total().await, usd(story.total).to_text(), "after {told}");
            }
        });
    }
}
