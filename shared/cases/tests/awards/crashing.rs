//! A process that dies, or an answer that is lost, at any request: whoever goes on ends where one clean run ends.

use testkit::Fault;

use super::*;

/// More requests than any of these steps makes.
const REQUESTS_MAX: usize = 60;
/// At which requests it dies: at every other one, each fault at those that the other leaves out.
const FAULTS: [(Fault, usize); 2] = [(Fault::Refuse, 0), (Fault::LoseAnswer, 1)];

#[tokio::test]
async fn an_award_is_begun_once_wherever_its_first_run_died() {
    for (fault, first_at) in FAULTS {
        let (mut died, mut world) = (0, World::new().await);
        for after in (first_at..REQUESTS_MAX).step_by(2) {
            // Each time a tenant of its own, where nothing has happened yet.
            world.move_to(u128::try_from(after).expect("small") + 2).await;
            furnish(&world, "100000.00").await;
            member(&world, 1, 300).await;
            member(&world, 2, 200).await;
            let desk = awards(&world, "usr_ada").await;
            world.database.fail_after(after, REQUESTS_MAX, fault);
            let first = desk.initiate(None, "one").await;
            world.database.heal();
            world.database.forget_answers().await;
            died += u32::from(first.is_err());
            let begun = begin(&world, "usr_ada", "one").await;
            assert_eq!(begun.stored.award.id, member_id_award(1, 1), "{fault:?} after {after}");
            let payout = begun.payout.expect("a payout");
            assert_eq!(payout.payout.amount.to_text(), "100000.00");
            assert_eq!((given(&world).await, waiting(&world).await), (1, vec![member_id(2)]));
            world.verified().await;
            if first.is_ok() {
                break;
            }
        }
        assert!(died > 5, "{fault:?} met {died} requests");
    }
}

#[tokio::test]
async fn an_award_is_withdrawn_once_wherever_the_first_run_died() {
    for (fault, first_at) in FAULTS {
        let (mut died, mut world) = (0, World::new().await);
        for after in (first_at..REQUESTS_MAX).step_by(2) {
            // Each time a tenant of its own, where nothing has happened yet.
            world.move_to(u128::try_from(after).expect("small") + 2).await;
            furnish(&world, "100000.00").await;
            member(&world, 1, 300).await;
            let begun = begin(&world, "usr_ada", "one").await;
            let payout = begun.payout.clone().expect("a payout");
            let no = Command::Reject { reason: "no".to_owned() };
            let moved = world.command(&payout.payout.id, Role::Admin, "usr_ben", no).await;
            let Moved::Done(rejected) = moved else { panic!("{moved:?}") };
            let by = actor("usr_ben");
            world.database.fail_after(after, REQUESTS_MAX, fault);
            let first = follow(&world.store, &world.tenant, &rejected.payout, (&by, world.now)).await;
            world.database.heal();
            world.database.forget_answers().await;
            died += u32::from(first.is_err());
            // The daily round goes on where the first one died.
            let round = awards(&world, "machine").await.settle_all().await.expect("store");
            assert!(round.iter().all(Result::is_ok), "{round:?}");
            assert!(matches!(award_state(&world, &begun).await, AwardState::Withdrawn { .. }));
            assert_eq!(
                (given(&world).await, waiting(&world).await),
                (0, vec![member_id(1)]),
                "{fault:?} after {after}"
            );
            world.verified().await;
            if first.is_ok() {
                break;
            }
        }
        assert!(died > 2, "{fault:?} met {died} requests");
    }
}
