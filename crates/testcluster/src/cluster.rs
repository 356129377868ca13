//! A control plane of real processes: how it starts, stops and is reached.
//!
//! Order: etcd and API server together (the API server waits for its store), then, once it is ready,
//! the rest. Ready means that the controllers work too: the default service account is there.

mod arguments;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::binaries::{self, Binaries};
use crate::folder::Folder;
use crate::pki::{Authority, Identity};
use crate::process::{Process, Program, Signal};
use crate::wait::{self, Deadline};
use crate::{Error, Result, crds, ports};

/// A node with this annotation, `fake`, is KWOK's: it renews the Lease and runs the pods.
pub const NODE_ANNOTATION: &str = "kwok.x-k8s.io/node";

/// From the start of a process to its first good answer; 3 s on two idle cores, and far more where
/// several builds share them.
const START_MAX: Duration = Duration::from_mins(5);
/// From a signal to the end of a process.
const STOP_MAX: Duration = Duration::from_mins(1);
/// Starts with other ports before giving up, as a free port may be taken before it is used.
const TRIES_MAX: u32 = 3;
/// Requests a second and burst of scheduler and controllers. Their defaults (50 and 20) are for
/// clusters that share their API server; here they would only make tests wait.
const QPS: u32 = 1_000;

/// What differs from a plain cluster.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Fields of the `KubeSchedulerConfiguration` (`profiles`, `percentageOfNodesToScore`, ...); `null`
    /// leaves the scheduler's defaults.
    pub scheduler: Value,
    /// Further arguments of the API server, such as `--feature-gates=...`.
    pub api_server: Vec<String>,
    /// Further arguments of the controller manager.
    pub controller_manager: Vec<String>,
    /// Further arguments of the scheduler.
    pub scheduler_arguments: Vec<String>,
    /// How long pods take to start and to end.
    pub pods: PodPace,
    /// The user whose requests are recorded for [`TestCluster::asked`], such as
    /// `system:serviceaccount:kube-system:stowage`.
    pub audited: Option<String>,
}

/// KWOK's two sets of stages for pods.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PodPace {
    /// Pods run and end at once.
    #[default]
    Fast,
    /// Each step of a pod's life takes some seconds, with init containers and readiness one by one.
    General,
}

/// A running control plane; dropping it ends all of it.
pub struct TestCluster {
    // Fields are dropped in this order: clients of the API server first, the store after it, and the
    // folder when nobody writes to it any more.
    kwok: Option<Process>,
    scheduler: Option<Process>,
    controller_manager: Option<Process>,
    api_server: Option<Process>,
    etcd: Process,
    programs: Programs,
    kubeconfig: Kubeconfig,
    kubeconfig_path: PathBuf,
    config: Config,
    client: Client,
    folder: Folder,
}

/// How each process is started, and started again.
#[derive(Debug)]
struct Programs {
    etcd: Program,
    api_server: Program,
    controller_manager: Program,
    scheduler: Program,
    kwok: Program,
}

impl TestCluster {
    /// Starts a control plane and waits until its controllers work: about 5 s once the binaries are built.
    pub async fn start(options: Options) -> Result<Self> {
        let found = tokio::task::spawn_blocking(binaries::build).await;
        let found = found.expect("looking for binaries does not panic")?;
        let mut tries = 1;
        loop {
            match Self::start_once(&found, &options).await {
                Err(Error::Exited { tail, .. })
                    if tail.contains("address already in use") && tries < TRIES_MAX =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(binaries: &Binaries, options: &Options) -> Result<Self> {
        let folder = Folder::new("cluster")?;
        let plan = arguments::plan(&folder, binaries, options)?;
        let arguments::Plan { programs, kubeconfig, kubeconfig_path } = plan;
        let etcd = Process::start(&programs.etcd)?;
        let api_server = Some(Process::start(&programs.api_server)?);
        let config = config_of(&kubeconfig).await?;
        let client = client_of(&config)?;
        let mut cluster = Self {
            kwok: None,
            scheduler: None,
            controller_manager: None,
            api_server,
            etcd,
            programs,
            kubeconfig,
            kubeconfig_path,
            config,
            client,
            folder,
        };
        let deadline = Deadline::after(START_MAX);
        cluster.ready(deadline).await?;
        cluster.controller_manager = Some(Process::start(&cluster.programs.controller_manager)?);
        cluster.scheduler = Some(Process::start(&cluster.programs.scheduler)?);
        cluster.kwok = Some(Process::start(&cluster.programs.kwok)?);
        cluster.controllers_work(deadline).await?;
        Ok(cluster)
    }

    /// A client with all rights. It asks once: no limit of its own, and no retry after 429, 503 or 504.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The configuration of [`Self::client`], to make clients that differ.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// What [`Self::kubeconfig_path`] holds.
    pub fn kubeconfig(&self) -> &Kubeconfig {
        &self.kubeconfig
    }

    /// A kubeconfig file with all rights, for binaries under test.
    pub fn kubeconfig_path(&self) -> &Path {
        &self.kubeconfig_path
    }

    /// A folder for the test's own files; it goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The logs of the processes, by name. They outlive a test that panics, until the next day.
    pub fn logs(&self) -> BTreeMap<&'static str, PathBuf> {
        self.programs.all().map(|program| (program.name, program.log.clone())).into()
    }

    /// Ends the API server by `signal` and starts it again on the same port, with the same store; waits
    /// until it is ready.
    pub async fn restart_api_server(&mut self, signal: Signal) -> Result<()> {
        self.stop_api_server(signal).await?;
        self.start_api_server().await
    }

    /// Ends the API server by `signal` and waits until it is gone. Watches break, requests are refused.
    pub async fn stop_api_server(&mut self, signal: Signal) -> Result<()> {
        match self.api_server.take() {
            Some(process) => process.stop(signal, STOP_MAX).await,
            None => Ok(()),
        }
    }

    /// Starts the API server after [`Self::stop_api_server`] and waits until it is ready.
    pub async fn start_api_server(&mut self) -> Result<()> {
        if self.api_server.is_none() {
            self.api_server = Some(Process::start(&self.programs.api_server)?);
        }
        self.ready(Deadline::after(START_MAX)).await
    }

    /// Sends a signal to the API server: stopped, it keeps its connections and answers nothing.
    pub fn signal_api_server(&mut self, signal: Signal) -> Result<()> {
        self.api_server.as_mut().map_or(Ok(()), |process| process.signal(signal))
    }

    /// Ends the scheduler, so that pods stay where they are.
    pub async fn stop_scheduler(&mut self) -> Result<()> {
        match self.scheduler.take() {
            Some(process) => process.stop(Signal::Kill, STOP_MAX).await,
            None => Ok(()),
        }
    }

    /// Starts the scheduler after [`Self::stop_scheduler`].
    pub fn start_scheduler(&mut self) -> Result<()> {
        if self.scheduler.is_none() {
            self.scheduler = Some(Process::start(&self.programs.scheduler)?);
        }
        Ok(())
    }

    /// Creates the custom resource definitions of a folder's YAML files and waits until each is served.
    pub async fn install_crds(&self, folder: &Path) -> Result<()> {
        crds::install(&self.client, folder).await
    }

    /// An error with the end of its log if any process has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.etcd.check()?;
        let processes = [
            &mut self.api_server,
            &mut self.controller_manager,
            &mut self.scheduler,
            &mut self.kwok,
        ];
        processes.into_iter().flatten().try_for_each(Process::check)
    }

    async fn ready(&mut self, deadline: Deadline) -> Result<()> {
        let client = self.client();
        self.until("the API server is ready", deadline, async || is_ready(&client).await).await
    }

    /// The controllers make a namespace's default service account, without which no pod is admitted.
    async fn controllers_work(&mut self, deadline: Deadline) -> Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), "default");
        let probe = async || Ok(accounts.get_opt("default").await?.map(|_| ()));
        self.until("the default service account exists", deadline, probe).await
    }

    /// Waits as long as all processes live.
    async fn until(
        &mut self,
        what: &str,
        deadline: Deadline,
        mut probe: impl AsyncFnMut() -> Result<Option<()>, kube::Error>,
    ) -> Result<()> {
        let outcome = wait::until_at(what, deadline, async || match self.check() {
            Err(dead) => Ok::<_, kube::Error>(Some(Err(dead))),
            Ok(()) => Ok(probe().await?.map(Ok)),
        });
        outcome.await?
    }
}

impl Programs {
    fn all(&self) -> [&Program; 5] {
        [&self.etcd, &self.api_server, &self.controller_manager, &self.scheduler, &self.kwok]
    }
}

async fn is_ready(client: &Client) -> Result<Option<()>, kube::Error> {
    let request = hyper::Request::get("/readyz").body(Vec::new()).expect("the path is a valid one");
    let answer = client.request_text(request).await?;
    Ok((answer == "ok").then_some(()))
}

async fn config_of(kubeconfig: &Kubeconfig) -> Result<Config> {
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await;
    let mut config = config.map_err(|error| Error::Answer {
        doing: "reading the kubeconfig that was just made".to_owned(),
        answer: error.to_string(),
    })?;
    // A refused eviction (429) is an answer that tests ask for; by default the client would ask again
    // for minutes, as often as the server's Retry-After of 10 s allows.
    config.default_retry = false;
    Ok(config)
}

fn client_of(config: &Config) -> Result<Client> {
    Client::try_from(config.clone()).map_err(Error::kube("making a client of the test cluster"))
}

/// A kubeconfig for one user, as JSON, which is YAML too.
fn kubeconfig_json(port: u16, authority: &Authority, user: &Identity) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": authority.certificate,
        }}],
        "users": [{"name": "test", "user": {
            "client-certificate": user.certificate,
            "client-key": user.key,
        }}],
    })
}

/// Free ports of a cluster.
fn free_ports() -> Result<[u16; 3]> {
    ports::free()
}
