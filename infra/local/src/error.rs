//! Why the small cloud cannot start or go on.

/// One error for start-up and upkeep: a developer reads it, no code decides by it.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// A file or socket refused.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Another cloud runs on the same data.
    #[error("another cloud runs on {folder}; stop it, or take another folder with --data (DATA=)")]
    FolderTaken {
        /// The folder of data.
        folder: String,
    },
    /// The cloud's own file refused.
    #[error("{doing}")]
    Keep {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// The template is refused.
    #[error(transparent)]
    Template(#[from] crate::template::TemplateError),
    /// A table is refused.
    #[error(transparent)]
    Table(#[from] crate::tables::TableError),
    /// The embedded database cannot be opened.
    #[error("opening the tables")]
    Database(#[source] dynoxide::DynoxideError),
    /// An embedded service answered what it should not.
    #[error("{service}: {why}")]
    Service {
        /// The service.
        service: &'static str,
        /// Its answer.
        why: String,
    },
    /// A function does not start.
    #[error("{function}: {why}")]
    Function {
        /// The function.
        function: String,
        /// What it said.
        why: String,
    },
}

/// For `map_err` at a file or socket.
pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> CloudError {
    let doing = doing.into();
    move |source| CloudError::Io { doing, source }
}

/// For `map_err` at the cloud's own file.
pub(crate) fn keep(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> CloudError {
    move |source| CloudError::Keep { doing, source }
}

/// An error with its causes, in one line.
pub fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
