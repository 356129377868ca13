//! The binary as a process: how tests start it, look at it and end it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::Value;
use testcluster::wait::until;
use testcluster::{Process, Program, Signal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{OrStop as _, SOON};

/// From SIGTERM to the end, with a Lease to let go of.
const STOP_MAX: Duration = Duration::from_mins(1);

/// What is started: the flags, the environment, where the log goes.
pub(crate) struct Command {
    pub(crate) flags: Vec<String>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    pub(crate) folder: PathBuf,
    pub(crate) log: PathBuf,
}

/// A controller in a process of its own. Dropping it kills it.
pub(crate) struct Running {
    process: Process,
    log: PathBuf,
    began: Instant,
}

impl Running {
    pub(crate) fn start(command: Command) -> Self {
        let Command { flags, environment, folder, log } = command;
        let program = Program {
            name: "stowage-controller",
            path: env!("CARGO_BIN_EXE_stowage-controller").into(),
            arguments: flags.into_iter().map(OsString::from).collect(),
            environment,
            inherits: false,
            folder,
            log: log.clone(),
        };
        let began = now();
        Self { process: Process::start(&program).or_stop(), log, began }
    }

    /// Waits until it says that it is ready; gives the time since its start.
    pub(crate) async fn ready(&self) -> Duration {
        until("the controller is ready", SOON, async || {
            let probes = self.address("probes").ok_or_else(|| self.text())?;
            let answer = get(probes, "/readyz").await.map_err(|error| error.to_string())?;
            Ok::<_, String>(answer.starts_with("HTTP/1.1 200").then_some(()))
        })
        .await
        .or_stop();
        self.began.elapsed()
    }

    /// An address that it says it listens on: `metrics` or `probes`.
    pub(crate) fn address(&self, which: &str) -> Option<SocketAddr> {
        let lines = lines(&self.log);
        let listening = lines.iter().find(|line| line["message"] == "listening")?;
        listening[which].as_str()?.parse().ok()
    }

    /// All that it wrote.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.status().or_stop()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ends(mut self) -> (ExitStatus, String) {
        let ended = until("the controller ends", SOON, async || Ok::<_, String>(self.ended()));
        let status = ended.await.or_stop();
        (status, self.text())
    }

    /// Ends it as Kubernetes does; it must end in good order.
    pub(crate) async fn stop(mut self) {
        self.process.signal(Signal::Terminate).or_stop();
        let ended = until("the controller stops", STOP_MAX, async || Ok::<_, String>(self.ended()));
        let status = ended.await.or_stop();
        assert!(status.success(), "{status}: {}", self.text());
    }

    /// Ends it as a machine that loses power does.
    pub(crate) async fn kill(self) {
        self.process.stop(Signal::Kill, STOP_MAX).await.or_stop();
    }
}

/// The log's lines. Each is one JSON object, as Karpenter's are.
pub(crate) fn lines(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    // The last line may be half written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line:?}"));
    whole.lines().map(read).collect()
}

/// What is answered to a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[expect(clippy::disallowed_methods, reason = "processes are measured in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
