//! How far a long command has come: on a terminal one line that is written over and gone in the end; a file or a pipe of
//! output has no use for it, and gets none.

use std::borrow::Cow;
use std::time::Duration;

use domain::aging::days_between;
use domain::time::BusinessDay;
use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is drawn anew while nothing is told.
const REDRAWN_MS: u64 = 100;
/// What a bar says: where it is, of how much, and when that will be all.
const BAR: &str = "{wide_bar} {pos} of {len} {prefix}, {elapsed} gone, {eta} left {msg}";
/// What a line says, of which nobody knows the end.
const LINE: &str = "{spinner} {prefix}: {msg} ({elapsed})";

/// A bar over so many steps, of which each is one `what`.
pub(crate) fn bar(steps: u64, what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let bar = ProgressBar::new(steps).with_prefix(what);
    // A template that cannot be read shows the crate's own bar.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    bar
}

/// A line for work whose end nobody knows: what there is to say is told by `set_message`.
pub(crate) fn line(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_prefix(what);
    if let Ok(style) = ProgressStyle::with_template(LINE) {
        line.set_style(style);
    }
    line.enable_steady_tick(Duration::from_millis(REDRAWN_MS));
    line
}

/// A bar over the days from one to another, with both.
pub(crate) fn days(first: BusinessDay, last: BusinessDay) -> ProgressBar {
    bar(days_through(first, last), "days")
}

/// How many days there are from one to another, with both.
pub(crate) fn days_through(first: BusinessDay, last: BusinessDay) -> u64 {
    days_between(first, last).map_or(0, |days| u64::try_from(days + 1).unwrap_or(0))
}

/// The bar of work that somebody did a part of before. What is left is told by the pace of now: were the part counted as done
/// in this instant, there would seem to be next to nothing left of the rest.
pub(crate) fn goes_on(bar: &ProgressBar, done: u64) {
    bar.set_position(done);
    // The estimate forgets times, and not how far it had seen the bar: it sees the part first, and then begins.
    bar.tick();
    bar.reset_eta();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bar_and_a_line_say_can_be_read() {
        for template in [BAR, LINE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn what_was_done_before_counts_as_done_and_not_as_the_pace_of_now() {
        let day = |text: &str| BusinessDay::parse(text).expect("a day");
        assert_eq!(days_through(day("2026-11-01"), day("2026-11-01")), 1);
        assert_eq!(days_through(day("2026-11-02"), day("2026-11-01")), 0);
        let bar = days(day("2026-11-01"), day("2026-11-30"));
        goes_on(&bar, 27);
        assert_eq!((bar.position(), bar.length()), (27, Some(30)));
        assert!(bar.per_sec().max(0.0) < 1.0, "{} days a second, of which none was done yet", bar.per_sec());
        // A part that is counted as done in an instant is a pace that nobody has.
        let jumped = days(day("2026-11-01"), day("2026-11-30"));
        jumped.set_position(27);
        jumped.tick();
        assert!(jumped.per_sec() > 1.0, "{}", jumped.per_sec());
        bar.finish_and_clear();
        jumped.finish_and_clear();
    }
}
