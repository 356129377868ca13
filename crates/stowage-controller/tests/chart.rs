//! The chart on a real API server: its objects are taken, its pods are admitted where security is strict,
//! and the binary starts with the environment that they give to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{EnvVar, Namespace, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::ListParams;
use testcluster::chart;
use testcluster::wait::until;

use crate::process::Running;
use crate::world::{OrStop as _, SOON, World};

const NAMESPACE: &str = "stowage-system";
/// All settings at once, beside what the chart must be told.
const VALUES: &str = r#"
controller: {image: {repository: stowage-controller}, resources: {requests: {cpu: "1", memory: 512Mi}}}
serviceAccount: {annotations: {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/stowage"}}
additionalClusterRoleRules: [{apiGroups: [""], resources: [services], verbs: [list]}]
logLevel: debug
settings:
  clusterName: binary
  clusterEndpoint: https://127.0.0.1:6443
  clusterCABundle: ""
  region: us-east-1
  isolatedVPC: true
  batchIdleDuration: 1s
  batchMaxDuration: 1m30s
  preferencePolicy: Respect
  minValuesPolicy: Strict
  schedulerConfig: {podTopologySpread: {defaultConstraints: [
    {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}]}}
  eksControlPlane: false
  vmMemoryOverheadPercent: 0.075
  reservedENIs: 0
  ignoreDRARequests: true
  enableZonalShift: false
  disableClusterStateObservability: false
  disableDryRun: false
  legacyNodeRepair: false
  amiRefreshInterval: 1m
  subnetRefreshInterval: 1m
  securityGroupRefreshInterval: 1m
  featureGates: {nodeRepair: false, reservedCapacity: true}
  awsFeatureGates: {draEFA: false}
  shadow: true
  nominate: true
  launchTTL: 5m
  registrationTTL: 15m
  planWork: 2000000
  preferencePrice: 2.5
  evictionPrice: 0.02
  profile: compat
  recordMaxMB: 8
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(chart::FOLDER)
}

/// A namespace that takes only pods of the strictest kind.
async fn strict_namespace(world: &World) {
    let namespace = format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {NAMESPACE}, labels: \
         {{pod-security.kubernetes.io/enforce: restricted}}}}}}"
    );
    world.cluster.apply_text(&namespace).await.or_stop();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    assert!(namespaces.get_opt(NAMESPACE).await.unwrap().is_some());
}

/// The chart's pods, once there are as many as it asks for.
async fn pods(world: &World) -> Vec<Pod> {
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), NAMESPACE);
    let ours = ListParams::default().labels("app.kubernetes.io/name=stowage");
    until("the pods of the chart are admitted", SOON, async || {
        let found = pods.list(&ours).await?.items;
        Ok::<_, kube::Error>((found.len() == 2).then_some(found))
    })
    .await
    .or_stop()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_the_chart_and_the_binary_starts_as_its_pods_say() {
    let world = World::start().await;
    strict_namespace(&world).await;
    let values = world.cluster.folder().join("values.yaml");
    std::fs::write(&values, VALUES).unwrap();
    let file = values.to_string_lossy();
    let rendered = chart::rendered(&folder(), NAMESPACE, &["--include-crds", "--values", &file]);
    world.cluster.apply_text(&rendered.or_stop()).await.or_stop();
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    assert_eq!(definitions.list(&ListParams::default()).await.unwrap().items.len(), 3);

    let pod = pods(&world).await.remove(0);
    let container = pod.spec.unwrap().containers.remove(0);
    let settings = container.env.unwrap_or_default();
    for one in ["CLUSTER_NAME", "STOWAGE_SHADOW", "LEADER_ELECTION_NAMESPACE"] {
        assert!(settings.iter().any(|setting| setting.name == one), "{one} is not set");
    }
    starts_as(&world, settings).await;
}

/// Starts the binary with a pod's environment: but for its ports, which may be taken here.
async fn starts_as(world: &World, settings: Vec<EnvVar>) {
    // The account of the pods: the chart's, with the rights that it has now.
    let account = world.cluster.service_account(NAMESPACE, "stowage").await.or_stop();
    let mut command = world.command(&[]);
    command.environment.retain(|(name, _)| *name != "KUBECONFIG");
    command.environment.push(("KUBECONFIG", account.into()));
    command.flags = vec!["--metrics-port=0".to_owned(), "--health-probe-port=0".to_owned()];
    let own = command.environment.clone();
    let is_own = |name: &str| own.iter().any(|(own, _)| *own == name && name.starts_with("AWS_"));
    for EnvVar { name, value, .. } in settings {
        if let Some(value) = value.filter(|_| !is_own(&name)) {
            command.environment.retain(|(other, _)| *other != name);
            // Once a test: names of programs' variables live as long as the tests.
            command.environment.push((name.leak(), OsString::from(value)));
        }
    }
    let running = Running::start(command);
    running.ready().await;
    let text = running.text();
    assert!(!text.contains("no effect yet"), "defaults are said to have no effect: {text}");
    running.stop().await;
    world.check_logs();
}
