//! What can go wrong between a test and the processes that it needs.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Stops a test where its surroundings fail.
pub trait OrStop<T> {
    /// The value; a panic with all causes of the error where there is none.
    fn or_stop(self) -> T;
}

impl<T> OrStop<T> for Result<T> {
    #[expect(clippy::panic, reason = "a test stops where its surroundings fail")]
    fn or_stop(self) -> T {
        self.unwrap_or_else(|error| panic!("{}", error.chain()))
    }
}

/// A failure of the test's surroundings, never of what is tested.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, folder, pipe or socket.
    #[error("{doing}")]
    Io {
        /// What was being done to which object.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The API server refused or could not be reached.
    #[error("{doing}")]
    Kube {
        /// What was being done to which object.
        doing: String,
        /// Why it failed.
        source: Box<kube::Error>,
    },
    /// A certificate or key could not be made.
    #[error("making the certificate of `{name}`")]
    Certificate {
        /// The common name.
        name: String,
        /// Why it failed.
        source: rcgen::Error,
    },
    /// A command that builds or installs failed.
    #[error("`{command}` failed ({status}); {remedy}")]
    Command {
        /// The command as one would type it.
        command: String,
        /// How it ended.
        status: String,
        /// What to look at.
        remedy: String,
    },
    /// A process ended by itself.
    #[error("{name} ended by itself ({status}); the end of {}:\n{tail}", log.display())]
    Exited {
        /// The program.
        name: String,
        /// How it ended.
        status: String,
        /// Its whole log.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// Something that was waited for did not happen.
    #[error("{what}: not within {within:?}; last seen: {last}")]
    Late {
        /// What was waited for.
        what: String,
        /// The deadline.
        within: Duration,
        /// The last answer or error.
        last: String,
    },
    /// A service answered with an error or with something unexpected.
    #[error("{doing}: {answer}")]
    Answer {
        /// What was asked for.
        doing: String,
        /// The answer.
        answer: String,
    },
}

impl Error {
    /// Names what was being done when an operation of the system failed.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Names what was being done when the API server said no.
    pub(crate) fn kube(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Kube { doing, source: Box::new(source) }
    }

    /// The message with all its causes, as tests and waits print it.
    pub fn chain(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}
