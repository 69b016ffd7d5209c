//! API-3 by the running binaries: of a thousand calls at once, over as many processes as there may be of a function, exactly
//! the allowed ones pass.
//!
//! Each crowd comes at the beginning of a window of the cloud's own clock. One that is not through when the window ends
//! says nothing of either window: another comes at the beginning of the next.

use domain::time::Timestamp;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Asked};
use crate::world::World;

const CALLS: usize = 1_000;
/// How many are under way at once: each keeps files open, here and in the cloud.
const ABREAST: usize = 200;
/// How many crowds may take longer than their window: two busy cores are slow.
const CROWDS_MAX: usize = 5;
/// How many strangers call at once so that all processes start, and how often they may have to.
const STRANGERS: usize = 16;
const STRANGERS_COME_MAX: usize = 1_000;

/// Calls of one person at one door.
struct Crowd<'a> {
    /// Whose door it is.
    function: &'a str,
    method: Method,
    path: &'a str,
    key: &'a str,
    body: Option<Value>,
    window_s: i64,
}

impl Crowd<'_> {
    async fn call(&self, world: &World, key: &str, once: &str) -> Answer {
        let once = self.body.is_some().then_some(once);
        world.api.send(self.method.clone(), self.path, Asked { key, once, body: self.body.as_ref() }).await
    }

    /// Starts all processes of the function. Strangers are counted nowhere.
    async fn spread(&self, world: &World) {
        for _ in 0..STRANGERS_COME_MAX {
            let calls = (0..STRANGERS).map(|_| async move { self.call(world, "", "stranger").await.expect(401) });
            join_all(calls).await;
            let state = world.cloud.state().await;
            let mut functions = state["functions"].as_array().into_iter().flatten();
            let own = functions.find(|one| one["name"] == self.function).expect("the function");
            let processes = own["processes"].as_array().expect("processes");
            if processes.len() > 1 && processes.iter().all(|process| process["pid"].is_u64()) {
                return;
            }
        }
        panic!("{} does not run in several processes", self.function);
    }

    /// The answers to a crowd that came and went within one window.
    async fn within_a_window(&self, world: &World) -> Vec<Answer> {
        for crowd in 0..CROWDS_MAX {
            let begins = next_window(world, self.window_s).await;
            self.spread(world).await;
            let calls =
                (0..CALLS).map(|n| async move { self.call(world, self.key, &format!("crowd-{crowd}-{n}")).await });
            let answers: Vec<Answer> = stream::iter(calls).buffer_unordered(ABREAST).collect().await;
            if world.cloud.now().await.as_second() < begins + self.window_s {
                return answers;
            }
        }
        panic!("{CROWDS_MAX} crowds took longer than their window");
    }
}

/// The clock goes to where the next window begins, so that the whole of it is left.
async fn next_window(world: &World, window_s: i64) -> i64 {
    let begins = (world.cloud.now().await.as_second().div_euclid(window_s) + 1) * window_s;
    world.cloud.set_clock(Timestamp::from_second(begins).expect("an instant")).await;
    begins
}

/// So many passed to where they were answered so; to each another call was the last. All others were told when to come again.
fn assert_exactly(answers: &[Answer], allowed: u32, status: u16, window_s: i64) {
    let (refused, passed): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 429);
    let others: Vec<&Answer> = passed.iter().copied().filter(|answer| answer.status != status).collect();
    assert!(others.is_empty(), "{others:?}");
    let number = |answer: &Answer, name: &str| answer.header(name).parse::<i64>().expect("a number");
    let mut left: Vec<i64> = passed.iter().map(|answer| number(answer, "ratelimit-remaining")).collect();
    left.sort_unstable();
    assert_eq!(left, (0..i64::from(allowed)).collect::<Vec<_>>(), "each that passed was counted for itself");
    assert_eq!(refused.len() + passed.len(), CALLS);
    for answer in refused {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
        let told = (&answer.body["type"], &answer.body["status"], number(answer, "ratelimit-remaining"));
        assert_eq!(told, (&json!("urn:tributary:problem:too-many-requests"), &json!(429), 0));
        let after_s = number(answer, "retry-after");
        assert!((1..=window_s).contains(&after_s), "to be tried again after {after_s} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_calls_over_several_processes_exactly_100_of_a_user_pass() {
    // API-3
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let crowd = Crowd {
        function: "partner-api",
        method: Method::GET,
        path: "/v1/partners/dashboard",
        key: &partner.key,
        body: None,
        window_s: 900,
    };
    assert_exactly(&crowd.within_a_window(&world).await, 100, 200, crowd.window_s);
    next_window(&world, crowd.window_s).await;
    crowd.call(&world, &partner.key, "afterwards").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_approvals_over_several_processes_exactly_10_are_looked_at() {
    // API-3
    let world = World::new().await;
    let partner = world.partner("ada").await;
    // Nobody asked for it: each approval that is looked at is told so, and moves nothing.
    let path = format!("/v1/revenue/payouts/{}USD000001/approve", partner.id.replace("par_", "pay_"));
    let crowd = Crowd {
        function: "payout-approval",
        method: Method::PUT,
        path: &path,
        key: &world.admin,
        body: Some(json!({"seal": "0".repeat(64)})),
        window_s: 60,
    };
    assert_exactly(&crowd.within_a_window(&world).await, 10, 404, crowd.window_s);
    // Whoever may approve no more may do all else.
    world.api.get(&world.admin, "/v1/revenue/payouts").await.expect(200);
    next_window(&world, crowd.window_s).await;
    crowd.call(&world, &world.admin, "afterwards").await.expect(404);
}
