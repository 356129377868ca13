//! A process that ends with whoever started it.
//!
//! Between a test and its server stands a shell that waits on a pipe. The test holds the other end: a
//! line names a signal to pass on, and the end of the pipe, which the kernel brings about however the
//! test ends, kills the server. No thread, no parent-death signal (that follows the thread that
//! started the process, not its process) and no unsafe code is needed.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait::{self, Deadline};
use crate::{Error, Result};

/// The watcher is a child of the shell, so that killing the shell alone does not free the server. The log
/// is the program's alone: the shell's own word on how it ended goes nowhere.
const SUPERVISOR: &str = r#"
exec 3<&0 4>&2 2>/dev/null
ulimit -c 0
"$@" 3<&- 2>&4 4>&- </dev/null &
child=$!
exec 4>&-
{ while read -r signal; do kill -s "$signal" "$child"; done; kill -s KILL "$child"; } <&3 3<&- &
watcher=$!
exec 3<&- </dev/null
wait "$child"
code=$?
kill -s KILL "$watcher"
exit "$code"
"#;

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 15;

/// How to end a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// SIGTERM: it may finish what it does.
    Terminate,
    /// SIGKILL: it is gone between two instructions.
    Kill,
    /// SIGSTOP: it stands still and keeps its connections.
    Stop,
    /// SIGCONT: it goes on after a stop.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// What to run: a program with its arguments and settings, under a name for messages.
#[derive(Clone, Debug)]
pub struct Program {
    /// For messages.
    pub name: &'static str,
    /// The executable file.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that it gets.
    pub environment: Vec<(&'static str, OsString)>,
    /// Whether it gets all variables of the test besides.
    pub inherits: bool,
    /// The folder it runs in; relative files that it writes end up there.
    pub folder: PathBuf,
    /// Both its outputs are appended here.
    pub log: PathBuf,
}

/// A running program. Dropping it kills the program and waits until it is gone.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    log: PathBuf,
    supervisor: Child,
    /// `None` once it is closed.
    control: Option<ChildStdin>,
}

impl Process {
    /// Starts the program.
    pub fn start(program: &Program) -> Result<Self> {
        let Program { name, path, arguments, environment, inherits, folder, log } = program;
        let failed = || Error::io(format!("starting {} as {name}", path.display()));
        let output = OpenOptions::new().create(true).append(true).open(log).map_err(failed())?;
        let errors = output.try_clone().map_err(failed())?;
        let mut command = Command::new("/bin/sh");
        if !inherits {
            command.env_clear();
        }
        let mut supervisor = command
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(path)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            // A Ctrl-C at the terminal ends the test, and the test ends its servers.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(failed())?;
        let control = supervisor.stdin.take();
        Ok(Self { name, log: log.clone(), supervisor, control })
    }

    /// An error with the end of the log if the program is no longer running.
    pub fn check(&mut self) -> Result<()> {
        let ended = self.status()?;
        ended.map_or(Ok(()), |status| {
            let log = self.log.clone();
            let tail = tail(&log);
            Err(Error::Exited { name: self.name.to_owned(), status: status.to_string(), log, tail })
        })
    }

    /// Passes a signal on.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        let failed = Error::io(format!("sending {} to {}", signal.name(), self.name));
        let Some(control) = &mut self.control else { return Ok(()) };
        let sent = writeln!(control, "{}", signal.name()).and_then(|()| control.flush());
        match sent {
            // Nobody reads any more: the program is gone, and needs no signal.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent.map_err(failed),
        }
    }

    /// Ends the program by `signal` and waits until it is gone.
    pub async fn stop(mut self, signal: Signal, within: Duration) -> Result<()> {
        self.signal(signal)?;
        let deadline = Deadline::after(within);
        let what = format!("{} ends after {}", self.name, signal.name());
        wait::until_at(&what, deadline, async || self.status()).await?;
        Ok(())
    }

    /// How the program ended, if it did; 128 and the signal's number where a signal ended it.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        self.supervisor.try_wait().map_err(Error::io(format!("waiting for {}", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.control.take());
        // The shell ends when its child has; there is nobody left to tell if waiting fails.
        let _ = self.supervisor.wait();
    }
}

/// The last lines of a log, for an error.
fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
