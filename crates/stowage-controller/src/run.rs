//! From settings to a running controller: the runtime, the cloud, the signals.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use cloud::Cloud;
use cloud_aws::{AwsCloud, AwsConfig, AwsQueue, EksCluster};
use controller::{
    Config, Connection, Controller, Crash, CrashEnd, Election, Ports, Recording, StartError,
    StartLimits,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::{self, Arguments};

/// Tasks that do not end by themselves are cut off this long after the controller has ended.
const LEFTOVERS_MAX: Duration = Duration::from_secs(1);

/// Runs the controller until a signal says to stop.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for flag in arguments.without_effect() {
        tracing::warn!(controller = "main", flag, "this setting has no effect yet");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the runtime")?;
    let result = runtime.block_on(start(arguments));
    runtime.shutdown_timeout(LEFTOVERS_MAX);
    result
}

async fn start(arguments: &Arguments) -> anyhow::Result<()> {
    let stop = signals()?;
    let controller = Controller::new(config(arguments)).await?;
    let (metrics, probes) = controller.addresses().context("the ports were lost")?;
    tracing::info!(controller = "main", %metrics, %probes, "listening");
    let connection = Connection::infer().await?;
    let config = aws(arguments, &connection).await?;
    let controller = match arguments.aws.interruption_queue.as_str() {
        "" => controller,
        name => {
            let queue = AwsQueue::connect(&config, name).await;
            let queue = queue.with_context(|| {
                format!("--interruption-queue: {name:?} cannot be read; create it, or allow it")
            })?;
            controller.listening_on(Arc::new(queue))
        }
    };
    let cloud: Arc<dyn Cloud> = Arc::new(AwsCloud::connect(config).await?);
    controller.run(connection, cloud, stop).await.map_err(explained)
}

/// Names the settings that a failure to start may come from.
fn explained(error: StartError) -> anyhow::Error {
    match error {
        StartError::Cloud(_) => anyhow::Error::from(error).context(
            "AWS does not answer as it should: the region is --region, the credentials are those of \
             the AWS SDK (a role of the service account, or AWS_ACCESS_KEY_ID and its kin), the \
             address is AWS's own unless AWS_ENDPOINT_URL is set",
        ),
        StartError::Listen(_) | StartError::Region(_) => error.into(),
    }
}

/// How the cloud is reached that machines are bought from, and what nodes must know of the cluster.
async fn aws(arguments: &Arguments, connection: &Connection) -> anyhow::Result<AwsConfig> {
    let Arguments { aws, ours, .. } = arguments;
    let args::Cloud::Aws = ours.cloud;
    let facts = connection.cluster().await?;
    let ca = Some(aws.cluster_ca_bundle.clone()).filter(|text| !text.is_empty());
    let mut config = AwsConfig {
        cluster_name: aws.cluster_name.clone(),
        region: ours.region.clone(),
        endpoint_url: ours.aws_endpoint_url.clone(),
        kubernetes_version: facts.version,
        cluster_endpoint: aws.cluster_endpoint.clone(),
        cluster_ca: ca,
        service_cidr: facts.service_cidr,
        cluster_dns: facts.dns,
        isolated_vpc: aws.isolated_vpc,
        attempts: 3,
    };
    if config.is_incomplete() {
        match EksCluster::describe(&config).await {
            Ok(cluster) => config.complete(cluster),
            Err(error) => {
                tracing::info!(controller = "main", %error, "EKS says nothing of the cluster");
            }
        }
    }
    if config.cluster_endpoint.is_empty() {
        config.cluster_endpoint = facts.endpoint;
    }
    config.cluster_ca = config.cluster_ca.or(facts.ca);
    let endpoint = &config.cluster_endpoint;
    if endpoint.contains(".svc") {
        bail!(
            "nodes cannot reach {endpoint}, and EKS does not know the cluster or may not be asked; set \
             --cluster-endpoint to the API server's own address"
        );
    }
    Ok(config)
}

/// True once SIGTERM or SIGINT came.
fn signals() -> anyhow::Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let (sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!(controller = "main", "asked to stop");
        sender.send_replace(true);
        // Keeps the channel open, as a closed one would look like a signal.
        std::future::pending::<()>().await;
    });
    Ok(stop)
}

fn config(arguments: &Arguments) -> Config {
    let Arguments { core, aws, ours } = arguments;
    let start = started();
    let election = (!core.disable_leader_election).then(|| Election {
        name: core.leader_election_name.clone(),
        namespace: core.leader_election_namespace.clone(),
        identity: identity(start),
    });
    Config {
        cluster_name: aws.cluster_name.clone(),
        region: ours.region.clone(),
        ca_bundle: Some(aws.cluster_ca_bundle.clone()).filter(|text| !text.is_empty()),
        shadow: ours.shadow,
        election,
        ports: Ports {
            address: ours.listen_address,
            metrics: core.metrics_port,
            probes: core.health_probe_port,
        },
        batch_idle: core.batch_idle_duration,
        batch_max: core.batch_max_duration,
        kube_qps: core.kube_client_qps,
        kube_burst: core.kube_client_burst,
        work_limit: ours.plan_work,
        preference_price: ours.preference_price,
        eviction_price: ours.eviction_price,
        spot_for_spot: core.replaces_spot_by_spot(),
        policies: controller::Policies { profile: ours.profile.into(), ..core.policies() },
        recording: ours
            .record_to
            .clone()
            .map(|to| Recording { to, bytes_max: ours.record_max_mb.saturating_mul(1_000_000) }),
        nominate: ours.nominate,
        start_limits: StartLimits { launch: ours.launch_ttl, registration: ours.registration_ttl },
        crash: ours.crash_at.map(|point| Crash { point, end: CrashEnd::Abort }),
        seed: u64::try_from(start.as_nanos() % u128::from(u64::MAX)).unwrap_or(0),
    }
}

/// Unique among processes, and telling to people: the pod's name comes first.
fn identity(start: Duration) -> String {
    let host = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    let host = host.unwrap_or_else(|_| "stowage".to_owned());
    format!("{host}_{}_{:x}", std::process::id(), start.as_nanos())
}

#[expect(clippy::disallowed_methods, reason = "the moment of the start tells processes apart")]
fn started() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
