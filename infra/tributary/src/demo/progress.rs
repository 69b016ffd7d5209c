//! How far the telling has come, and the names that the product gave to what was made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::WEEK_S;
use crate::Error;

/// What was told so far, kept in a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    #[serde(skip)]
    path: PathBuf,
    /// When the story begins, in seconds of Unix.
    pub(super) began_s: Option<i64>,
    /// The next week to tell.
    pub(super) week: u32,
    /// Is all told?
    pub(super) is_told: bool,
    /// Keys of people, by role.
    pub(super) keys: BTreeMap<String, String>,
    /// Programmes by currency.
    pub(super) programs: BTreeMap<String, String>,
    /// Partners by their number in the cast.
    pub(super) partners: BTreeMap<u32, Known>,
    /// Click tokens of customers by their number in the cast.
    pub(super) tokens: BTreeMap<u32, String>,
}

/// A partner as the product knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) code: String,
}

impl Progress {
    pub(super) fn read(path: PathBuf) -> Result<Self, Error> {
        let kept: Self = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        Ok(Self { path, ..kept })
    }

    /// Writes it down: a new file in place of the old, never half of one.
    pub(super) fn keep(&self) -> Result<(), Error> {
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, serde_json::to_string_pretty(self)?)?;
        Ok(std::fs::rename(&beside, &self.path)?)
    }

    /// An instant of the story: hours after the beginning of a week.
    pub(super) fn instant(&self, week: u32, hours: i64) -> Result<Timestamp, Error> {
        let began = self.began_s.ok_or("the story has not begun")?;
        Ok(Timestamp::from_second(began + i64::from(week) * WEEK_S + hours * 3_600)?)
    }

    pub(super) fn partner(&self, n: u32) -> Result<&Known, Error> {
        Ok(self.partners.get(&n).ok_or("a partner is not known yet")?)
    }

    pub(super) fn program(&self, name: &str) -> Result<&str, Error> {
        Ok(self.programs.get(name).ok_or("a programme is not made yet")?)
    }

    pub(super) fn key(&self, role: &str) -> Result<&str, Error> {
        Ok(self.keys.get(role).ok_or("a key is not made yet")?)
    }
}
