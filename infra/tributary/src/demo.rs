//! `tributary demo`: a tenant with half a year of history, told to a running small cloud as it would have happened:
//! requests to the API, clicks on links, events from Stripe, nights, and the clock moved on week by week.
//!
//! What was told is noted in `demo.json` beside the ready file: a telling that was broken off goes on where it stood,
//! and one that is complete is not told again. Every name is derived, so the week that was broken off, told again,
//! changes nothing that it had already done.

mod cast;
mod client;
mod forms;
mod guild;
mod keys;
mod links;
mod payouts;
mod progress;
mod story;
pub mod stripe;
mod totals;
mod track;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use domain::time::Timestamp;

use crate::Error;
use crate::place::Place;
use client::Client;
use keys::Keys;
use progress::Progress;
use story::Story;

/// How many weeks are told.
const WEEKS: u32 = 26;
const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;

/// Where to tell it.
#[derive(Debug, Args)]
pub struct Demo {
    /// The file that the small cloud wrote when it was ready.
    #[arg(long, default_value = ".local/ready.json")]
    ready_file: PathBuf,
    /// Where to write the addresses and keys as shell exports; `env` beside the ready file when absent.
    #[arg(long)]
    env_file: Option<PathBuf>,
    /// Make a programme, a partner and the three keys, and tell no history.
    #[arg(long)]
    keys_only: bool,
}

/// Tells the history, or what is left of it.
pub(crate) async fn tell(demo: &Demo) -> Result<crate::Said, Error> {
    let place = Place::read(&demo.ready_file)?;
    let client = Client::new(&place).await?;
    let beside = |name: &str| demo.ready_file.with_file_name(name);
    let mut progress = Progress::read(beside("demo.json"))?;
    let env_file = demo.env_file.clone().unwrap_or_else(|| beside("env"));
    let now = Timestamp::now();
    if progress.began_s.is_none() {
        // Midnight, so that the days of the story do not hang on the hour of its telling.
        let midnight_s = now.as_second() - now.as_second().rem_euclid(86_400);
        // The last week ends yesterday: nothing of the story lies in the future.
        progress.began_s = Some(midnight_s - DAY_S - i64::from(WEEKS) * WEEK_S);
        progress.keep()?;
    }
    let mut story = Story { place: &place, client: &client, progress };
    if !story.progress.is_told && !demo.keys_only {
        story.go_to_week(story.progress.week).await?;
    }
    let keys = Keys::of(&mut story).await?;
    keys.write(&env_file, &story)?;
    say(&keys.shown(&env_file));
    // While history is told the clock moves, and a link would have run out before anybody presses it.
    if story.progress.is_told || demo.keys_only {
        say(&links::shown(&story, keys.partner_id()).await?);
    }
    if demo.keys_only {
        return Ok(crate::Said { text: String::new(), good: true });
    }
    if !story.progress.is_told {
        say(&format!("Telling {WEEKS} weeks of history in the background; the clock moves, so wait for its end."));
        story.tell().await?;
        say(&links::shown(&story, keys.partner_id()).await?);
    }
    totals::told(&story).await
}

/// One line for whoever reads the output; a closed pipe is nobody's error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
