//! A deletion and whatever would make a history, one within the other: at each request of either, the other one is done
//! whole. Nothing hangs on chance, and each of the two wins somewhere.

use std::future::Future;

use serde_json::{Value, json};

use super::super::setup::{Answer, Bench};
use super::super::users::admin_of;

/// More requests than either sends.
const REQUESTS_MAX: usize = 60;

/// A fresh partner, the programme, and a number that nobody had.
struct Round<'b> {
    bench: &'b Bench,
    admin: &'b str,
    program: &'b str,
    partner: String,
    number: usize,
}

impl<'b> Round<'b> {
    async fn new((bench, admin, program): (&'b Bench, &'b str, &'b str), number: usize) -> Self {
        let email = format!("partner{number}@example.com");
        let body = json!({"name": "Ada Lovelace", "email": email, "program_id": program});
        let made = bench.post(admin, "/v1/partners", &body).await.expect(201);
        Self { bench, admin, program, partner: made["id"].as_str().expect("an id").to_owned(), number }
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}", self.partner)
    }

    /// What would be made of a kind: where, and the body.
    fn wish(&self, kind: &str) -> (String, Value) {
        let Self { partner, program, number, .. } = self;
        match kind {
            "link" => (
                "/v1/revenue/affiliates".to_owned(),
                json!({"partner_id": partner, "destination": "https://a.example/"}),
            ),
            "coupon" => {
                let code = format!("ADA{number}");
                ("/v1/coupons".to_owned(), json!({"code": code, "partner_id": partner, "program_id": program}))
            }
            _ => (format!("{}/users", self.path()), json!({"email": format!("user{number}@example.com")})),
        }
    }
}

/// Runs the outer one up to its request `n`, the inner one whole, and the outer one to its end. The third says whether the
/// outer one came so far.
async fn within<T, U>(
    bench: &Bench,
    n: usize,
    outer: impl Future<Output = T>,
    inner: impl Future<Output = U>,
) -> (T, U, bool) {
    let held = bench.database.hold_after(n);
    let mut outer = std::pin::pin!(outer);
    let early = tokio::select! {
        done = &mut outer => Some(done),
        () = held.reached() => None,
    };
    // Where it ended before, nothing is held any more that the inner one could wait for.
    if early.is_some() {
        bench.database.hold_nothing();
    }
    let inner = inner.await;
    drop(held);
    match early {
        Some(done) => (done, inner, false),
        None => (outer.await, inner, true),
    }
}

/// How often each of the two won, with the maker within the deletion or the other way round, at every request.
async fn wins(kind: &str, deletion_is_outer: bool) -> (usize, usize) {
    let bench = Bench::new().await;
    // A person: a key that is nobody's invites nobody.
    let admin = admin_of(&bench).await;
    let program = bench.program(&admin).await;
    let (mut deleted, mut made) = (0, 0);
    for n in 0..REQUESTS_MAX {
        let round = Round::new((&bench, &admin, &program), n).await;
        let (path, (door, body)) = (round.path(), round.wish(kind));
        let (deletion, making) = (bench.delete(round.admin, &path), round.bench.post(round.admin, &door, &body));
        let (gone, there, came): (Answer, Answer, bool) = if deletion_is_outer {
            within(&bench, n, deletion, making).await
        } else {
            let (there, gone, came) = within(&bench, n, making, deletion).await;
            (gone, there, came)
        };
        let (is_gone, is_made) = (gone.status == 204, there.status == 201);
        assert!(
            is_gone != is_made,
            "{kind} at {n}, deletion outside: {deletion_is_outer}: {} {}",
            gone.body,
            there.body
        );
        assert_eq!(bench.get(&admin, &path).await.status == 404, is_gone, "{kind} at {n}");
        deleted += usize::from(is_gone);
        made += usize::from(is_made);
        if !came {
            return (deleted, made);
        }
    }
    panic!("{kind}: more than {REQUESTS_MAX} requests");
}

#[tokio::test]
async fn wherever_a_deletion_stands_when_a_link_coupon_or_user_is_made_one_of_the_two_is_done() {
    for kind in ["link", "coupon", "user"] {
        for deletion_is_outer in [true, false] {
            let (deleted, made) = wins(kind, deletion_is_outer).await;
            assert!(deleted > 0 && made > 0, "{kind}, deletion outside: {deletion_is_outer}: {deleted} {made}");
        }
    }
}
