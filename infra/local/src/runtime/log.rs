//! What a function wrote: a file for reading later, and the last lines for the page.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{CloudError, io};

const LINES_KEPT: usize = 200;

/// The log of one function.
#[derive(Debug, Clone)]
pub struct Log(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    file: File,
    lines: VecDeque<String>,
}

impl Log {
    /// Opens the log for appending.
    pub(crate) fn open(path: &Path) -> Result<Self, CloudError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(io(format!("opening {}", path.display())))?;
        Ok(Self(Arc::new(Mutex::new(Inner { file, lines: VecDeque::new() }))))
    }

    /// Adds a line; a full disk does not stop a function.
    pub(crate) fn line(&self, line: &str) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(inner.file, "{line}");
        if inner.lines.len() == LINES_KEPT {
            inner.lines.pop_front();
        }
        inner.lines.push_back(line.to_owned());
    }

    /// The last lines, oldest first.
    pub fn last(&self, count: usize) -> Vec<String> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = inner.lines.len().saturating_sub(count);
        inner.lines.iter().skip(skipped).cloned().collect()
    }
}
