//! A process that dies, or a store that goes away, at any request: whatever was asked of the rail is found again.

use testkit::Fault;

use super::*;

/// Each way in which the rail itself behaves, under each request of the store at which all is lost.
#[tokio::test]
async fn a_crash_at_any_request_leaves_one_transfer_and_one_end() {
    for (fault, end) in [(None, "paid"), (Some(r#""status":null"#), "paid"), (Some(r#""is_unheard":true"#), "paid")] {
        let mut requests = usize::MAX;
        let mut after = 0;
        while after < requests {
            let mut scene = Scene::new().await;
            let id = scene.submitted("in_1", "250.50").await;
            if let Some(fault) = fault {
                scene.order(fault).await;
            }
            let before = scene.world.database.requests();
            if requests == usize::MAX {
                // Once in peace, to count.
                scene.execute(&id).await.expect("done");
                requests = scene.world.database.requests() - before;
            } else {
                // Until the client gives up, and so the executor: as if it had died there.
                scene.world.database.fail_after(after, 3, Fault::LoseAnswer);
                let _ = scene.execute(&id).await;
                scene.world.database.heal();
                after += 1;
            }
            scene.world.verified().await;
            // The message comes again, as often as the queue gives it, and the schedule looks.
            for _ in 0..5 {
                scene.later(6);
                let _ = scene.execute(&id).await;
            }
            scene.look_for_two_days().await;
            let place = format!("{fault:?}, after {after} of {requests}");
            assert_eq!(scene.word(&id).await, end, "{place}");
            assert_eq!(scene.transfers(&id).await.len(), 1, "{place}");
            scene.world.verified().await;
        }
        assert!(requests > 4, "{requests}");
    }
}
