//! How the command ends: exit codes and the one place where errors are printed.

use std::io;
use std::process::ExitCode;

/// What stops a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input or the arguments are refused: exit code 2.
    Refused(anyhow::Error),
    /// Input or output failed, or Stowage has a bug: exit code 1.
    Broken(anyhow::Error),
}

impl Failure {
    /// A refusal of what the user gave.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self::Refused(error.into())
    }

    /// The same with exit code 2, for commands in which 1 is an answer.
    pub(crate) fn into_refusal(self) -> Self {
        match self {
            Self::Refused(error) | Self::Broken(error) => Self::Refused(error),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// The exit code of a command that ended as it should; otherwise prints what went wrong, with its
/// causes, and picks 1 or 2.
pub(crate) fn exit(result: Result<ExitCode, Failure>) -> ExitCode {
    let (error, code) = match result {
        Ok(code) => return code,
        Err(Failure::Refused(error)) => (error, 2),
        Err(Failure::Broken(error)) => (error, 1),
    };
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

/// Whoever read the output has seen enough, such as `head`: no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_errors = (error.chain()).filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors.map(io::Error::kind).any(|kind| kind == io::ErrorKind::BrokenPipe)
}
