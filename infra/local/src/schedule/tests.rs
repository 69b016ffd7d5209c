use jiff::Timestamp;

use super::Schedule;

fn next(text: &str, zone: Option<&str>, after: &str) -> String {
    let schedule = Schedule::parse(text, zone).unwrap_or_else(|why| panic!("{text}: {why}"));
    let after: Timestamp = after.parse().unwrap_or_else(|_| panic!("{after}"));
    schedule.next_after(after).map_or_else(|| "never".to_owned(), |at| at.to_string())
}

#[test]
fn a_schedule_fires_at_its_next_time() {
    let rows = [
        ("cron(0 2 * * ? *)", None, "2026-03-01T01:59:59Z", "2026-03-01T02:00:00Z"),
        ("cron(0 2 * * ? *)", None, "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("cron(0/15 * * * ? *)", None, "2026-03-01T02:01:00Z", "2026-03-01T02:15:00Z"),
        ("cron(0 9 ? * MON-FRI *)", None, "2026-03-06T10:00:00Z", "2026-03-09T09:00:00Z"),
        ("cron(0 0 1 * ? *)", None, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        ("cron(0 0 L * ? *)", None, "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"),
        ("cron(0 0 ? * 6#3 *)", None, "2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z"),
        ("cron(0 0 ? * 6L *)", None, "2026-03-01T00:00:00Z", "2026-03-27T00:00:00Z"),
        ("cron(0 0 1W * ? *)", None, "2026-02-02T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("cron(0 2 * * ? *)", Some("America/New_York"), "2026-07-01T00:00:00Z", "2026-07-01T06:00:00Z"),
        ("cron(0 0 29 2 ? *)", None, "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 1 ? 2020)", None, "2026-03-01T00:00:00Z", "never"),
        ("rate(5 minutes)", None, "2026-03-01T00:01:00Z", "2026-03-01T00:05:00Z"),
        ("rate(1 hour)", None, "2026-03-01T00:01:00Z", "2026-03-01T01:00:00Z"),
        ("at(2026-05-01T10:00:00)", None, "2026-03-01T00:00:00Z", "2026-05-01T10:00:00Z"),
        ("at(2026-05-01T10:00:00)", None, "2026-05-01T10:00:00Z", "never"),
    ];
    for (text, zone, after, expected) in rows {
        assert_eq!(next(text, zone, after), expected, "{text} after {after}");
    }
}

#[test]
fn a_wrong_expression_is_refused_with_its_field() {
    let rows = [
        ("cron(0 2 * * *)", "not six"),
        ("cron(61 2 * * ? *)", "minutes"),
        ("cron(0 24 * * ? *)", "hours"),
        ("cron(0 2 * * * *)", "has to be ?"),
        ("cron(0 2 ? * ? *)", "both ?"),
        ("cron(0 2 32 * ? *)", "day-of-month"),
        ("cron(0 2 * 13 ? *)", "month"),
        ("cron(0 2 ? * 8 *)", "day-of-week"),
        ("cron(0 2 ? * FOO *)", "day-of-week"),
        ("cron(0 2 * * ? 1900)", "year"),
        ("cron(0/0 2 * * ? *)", "step"),
        ("cron(30-10 2 * * ? *)", "upwards"),
        ("cron(+1 2 * * ? *)", "minutes"),
        ("rate(5 minute)", "unit"),
        ("rate(1 minutes)", "unit"),
        ("rate(0 minutes)", "positive"),
        ("every day", "none of"),
    ];
    for (text, part) in rows {
        let why = Schedule::parse(text, None).map(|_| String::new()).unwrap_or_else(|why| why);
        assert!(why.contains(part), "{text}: {why}");
    }
    assert!(Schedule::parse("rate(1 hour)", Some("Mars/Base")).is_err());
}
