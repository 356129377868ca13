//! AWS in memory, by moto: EC2, SSM, SQS, IAM, STS and EKS on a free loopback port.
//!
//! What moto cannot do (capacity, prices, client tokens, throttling, public parameters of EKS and
//! Bottlerocket) is for a proxy before it. It is started with both of its validations, so that an unknown
//! image or instance type is an error as in AWS, and with the images of [`images()`].
//!
//! One process serves several tests: each takes an [`Account`] of its own, whose access key selects it.

mod account;
mod images;
mod machines;
mod network;
mod queue;
mod xml;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Request;

pub use account::{Account, Credentials};
pub use images::{Image, images};
pub use network::{Network, Subnet, Vpc};
pub use queue::Queue;

use crate::binaries::python;
use crate::folder::Folder;
use crate::process::{Process, Program};
use crate::wait::{self, Deadline};
use crate::{Error, Result, http, ports};

/// From its start to its first answer: half a second on an idle machine.
const START_MAX: Duration = Duration::from_mins(5);

/// A running moto; dropping it ends it.
#[derive(Debug)]
pub struct Moto {
    process: Process,
    port: u16,
    log: PathBuf,
    _folder: Folder,
}

impl Moto {
    /// Starts moto and waits until it answers; installs it first where that was never done (30 s).
    ///
    /// The same `seed` and the same calls give the same ids, as long as one test calls at a time.
    pub async fn start(seed: u32) -> Result<Self> {
        let programs = tokio::task::spawn_blocking(python::programs).await;
        let programs = programs.expect("looking for moto does not panic")?;
        let folder = Folder::new("moto")?;
        let [port] = ports::free()?;
        let file = folder.path().join("images.json");
        let failed = Error::io(format!("writing {}", file.display()));
        fs::write(&file, images::json().to_string()).map_err(failed)?;
        let log = folder.logs().join("moto.log");
        let program = Program {
            name: "moto",
            path: programs.join("moto_server"),
            arguments: ["-H", "127.0.0.1", "-p", &port.to_string()].map(OsString::from).to_vec(),
            environment: vec![
                ("MOTO_AMIS_PATH", file.into()),
                ("MOTO_ENABLE_AMI_VALIDATION", "1".into()),
                ("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "1".into()),
            ],
            inherits: true,
            folder: folder.path().to_owned(),
            log: log.clone(),
        };
        let process = Process::start(&program)?;
        let mut moto = Self { process, port, log, _folder: folder };
        moto.answers().await?;
        moto.control(&format!("seed?a={seed}")).await?;
        Ok(moto)
    }

    /// Where it listens, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its log: one line a request, and the trace of what moto does not know.
    pub fn log(&self) -> &PathBuf {
        &self.log
    }

    /// An account that no other test uses, by its twelve digits, in a region.
    pub async fn account(&self, id: &str, region: &str) -> Result<Account> {
        Account::open(self.port, id, region).await
    }

    /// Forgets everything in all accounts.
    pub async fn reset(&self) -> Result<()> {
        self.control("reset").await
    }

    async fn answers(&mut self) -> Result<()> {
        let port = self.port;
        let deadline = Deadline::after(START_MAX);
        let outcome = wait::until_at("moto answers", deadline, async || {
            if let Err(dead) = self.process.check() {
                return Ok(Some(Err(dead)));
            }
            // The list of services: it needs no data to be loaded.
            let request = Request::get("/moto-api/").body(String::new()).expect("a valid path");
            let answer = http::send(port, "asking moto whether it is there", request).await;
            answer
                .map(|answer| (answer.status < 500).then_some(Ok(())))
                .map_err(|error| error.chain())
        });
        outcome.await?
    }

    async fn control(&self, what: &str) -> Result<()> {
        let path = format!("/moto-api/{what}");
        let request = Request::post(path).body(String::new()).expect("a valid path");
        let doing = format!("asking moto to {what}");
        let answer = http::send(self.port, &doing, request).await?;
        if answer.status == 200 {
            return Ok(());
        }
        Err(Error::Answer { doing, answer: format!("{}: {}", answer.status, answer.text) })
    }
}
