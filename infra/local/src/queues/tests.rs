use std::collections::BTreeMap;

use crate::clock::Clock;
use crate::keep::Keep;
use crate::queues::{Depth, Queues};
use crate::template::{QueuePlan, Redrive};

fn plan(name: &str, redrive: Option<&str>) -> QueuePlan {
    QueuePlan {
        name: name.to_owned(),
        url: format!("https://queue/{name}"),
        arn: format!("arn:aws:sqs:us-east-1:123456789012:{name}"),
        visibility_seconds: 30,
        delay_seconds: 0,
        retention_seconds: 345_600,
        wait_seconds: 0,
        redrive: redrive.map(|queue| Redrive { queue: queue.to_owned(), max_receive_count: 2 }),
    }
}

struct Bench {
    queues: Queues,
    clock: Clock,
    folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let (queues, clock) = open(&folder);
    Bench { queues, clock, folder }
}

fn open(folder: &tempfile::TempDir) -> (Queues, Clock) {
    let keep = Keep::open(&folder.path().join("cloud.db")).expect("a file");
    let clock = Clock::restore(keep.clone()).expect("a clock");
    let plans = [plan("jobs", Some("dead")), plan("dead", None)];
    (Queues::new(keep, clock.clone(), plans.into_iter()), clock)
}

fn send(queues: &Queues, body: &str) {
    queues.send("jobs", body, &BTreeMap::new(), None).expect("sent");
}

fn bodies(queues: &Queues, queue: &str) -> Vec<String> {
    let received = queues.receive(queue, 10, None).expect("received");
    received.into_iter().map(|message| message.body).collect()
}

#[test]
fn a_received_message_is_hidden_until_its_time_runs_out_by_the_settable_clock() {
    let bench = bench();
    send(&bench.queues, "a");
    assert_eq!(bodies(&bench.queues, "jobs"), ["a"]);
    assert!(bodies(&bench.queues, "jobs").is_empty());
    bench.clock.set_offset_ms(31_000).expect("set");
    assert_eq!(bodies(&bench.queues, "jobs"), ["a"]);
}

#[test]
fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let bench = bench();
    send(&bench.queues, "poison");
    for turn in 1..=3 {
        bench.clock.set_offset_ms(turn * 31_000).expect("set");
        let expected: &[&str] = if turn < 3 { &["poison"] } else { &[] };
        assert_eq!(bodies(&bench.queues, "jobs"), expected, "turn {turn}");
    }
    assert_eq!(bench.queues.peek("dead", 10).expect("peeked"), ["poison"]);
    assert_eq!(bench.queues.redrive("dead").expect("moved"), 1);
    assert_eq!(bodies(&bench.queues, "jobs"), ["poison"], "it starts anew where it came from");
}

#[test]
fn only_the_latest_receipt_deletes() {
    let bench = bench();
    send(&bench.queues, "a");
    let first = bench.queues.receive("jobs", 1, Some(0)).expect("received").remove(0);
    let second = bench.queues.receive("jobs", 1, None).expect("received").remove(0);
    bench.queues.delete("jobs", &first.receipt).expect("no error, as SQS has none");
    assert_eq!(bench.queues.depth("jobs").expect("depth").in_flight, 1);
    bench.queues.delete("jobs", &second.receipt).expect("deleted");
    assert_eq!(bench.queues.depth("jobs").expect("depth"), Depth::default());
}

#[test]
fn messages_and_the_clock_outlive_the_process() {
    let bench = bench();
    bench.clock.set_offset_ms(5_000).expect("set");
    send(&bench.queues, "a");
    bench.queues.send("jobs", "late", &BTreeMap::new(), Some(60)).expect("sent");
    let (queues, clock) = open(&bench.folder);
    assert_eq!(clock.offset_ms(), 5_000);
    let depth = queues.depth("jobs").expect("depth");
    assert_eq!((depth.visible, depth.delayed), (1, 1));
    assert_eq!(queues.release().expect("released"), 1);
    assert_eq!(bodies(&queues, "jobs"), ["a", "late"]);
}
