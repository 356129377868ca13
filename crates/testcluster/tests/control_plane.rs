//! The control plane starts, runs pods on nodes, keeps its state over a restart, honours budgets.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::EvictParams;
use kube::{Api, Client, ResourceExt as _};
use testcluster::kubelets::{Kubelets, NodeShape, Settings};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};
use testcluster::{Signal, TestCluster};

use crate::support::{Machines, OrStop as _, SOON, cluster};

#[tokio::test(flavor = "multi_thread")]
async fn pods_run_on_joined_nodes_and_budgets_and_restarts_are_honoured() {
    let mut cluster = cluster().await;
    let client = cluster.client();
    let machines = Machines::default();
    machines.add("node-a", "m7g.xlarge");
    machines.add("node-b", "m7g.xlarge");
    let shape = |_: &_| NodeShape::of(&[("cpu", "4"), ("memory", "16Gi"), ("pods", "58")]);
    let _kubelets = Kubelets::start(client.clone(), machines, Settings::prompt(shape));

    let shape = PodShape::requesting(&[("cpu", "300m"), ("memory", "256Mi")]);
    workloads::create(&client, &workloads::deployment("web", 20, &shape)).await.or_stop();
    let pods = workloads::running(&client, "web", 20, SOON).await.or_stop();
    let nodes: BTreeSet<_> = pods.iter().filter_map(workloads::node_of).collect();
    assert_eq!(nodes, BTreeSet::from(["node-a", "node-b"]), "4 cores hold 13 of the 20 pods");

    budgets_limit_evictions(&mut cluster, &pods).await;
    state_outlives_the_api_server(&mut cluster).await;
    roles_limit_service_accounts(&cluster).await;
    cluster.check().or_stop();
}

async fn budgets_limit_evictions(cluster: &mut TestCluster, pods: &[Pod]) {
    let client = &cluster.client();
    let budget = workloads::disruption_budget("web", 1);
    workloads::create(client, &budget).await.or_stop();
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), workloads::NAMESPACE);
    until("the budget allows one disruption", SOON, async || {
        let budget = budgets.get("web").await?;
        let allowed = budget.status.and_then(|status| status.disruptions_allowed);
        Ok::<_, kube::Error>((allowed == Some(1)).then_some(()))
    })
    .await
    .or_stop();
    // The scheduler is stopped, so the first pod's successor is not ready for the second eviction.
    cluster.stop_scheduler().await.or_stop();
    let api: Api<Pod> = Api::namespaced(client.clone(), workloads::NAMESPACE);
    let evict = async |pod: &Pod| api.evict(&pod.name_any(), &EvictParams::default()).await;
    evict(&pods[0]).await.expect("the budget allows one eviction");
    let refused = evict(&pods[1]).await;
    let code = match &refused {
        Err(kube::Error::Api(status)) => status.code,
        _ => 0,
    };
    assert_eq!(code, 429, "{refused:?}");
    cluster.start_scheduler().or_stop();
    workloads::running(client, "web", 20, SOON).await.or_stop();
}

async fn state_outlives_the_api_server(cluster: &mut TestCluster) {
    let client = cluster.client();
    let names = async |client: &Client| -> BTreeSet<String> {
        let pods = workloads::pods(client, "web").await.or_stop();
        pods.iter().filter_map(|pod| pod.metadata.uid.clone()).collect()
    };
    let before = names(&client).await;
    cluster.stop_api_server(Signal::Kill).await.or_stop();
    workloads::pods(&client, "web").await.expect_err("nobody listens");
    cluster.start_api_server().await.or_stop();
    assert_eq!(names(&client).await, before);
    workloads::scale(&client, "web", 22).await.or_stop();
    workloads::running(&client, "web", 22, SOON).await.or_stop();
}

async fn roles_limit_service_accounts(cluster: &TestCluster) {
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client(), "default");
    let request = k8s_openapi::api::authentication::v1::TokenRequest::default();
    let parameters = kube::api::PostParams::default();
    let token = accounts.create_token_request("default", &parameters, &request).await;
    let token = token.expect("tokens are given").status.expect("an answer has a status");
    let mut config = cluster.config();
    config.auth_info =
        kube::config::AuthInfo { token: token.token.map(Into::into), ..Default::default() };
    let client = Client::try_from(config).expect("the configuration is that of another client");
    let pods: Api<Pod> = Api::namespaced(client, "default");
    let refused = pods.list(&kube::api::ListParams::default()).await;
    let code = match &refused {
        Err(kube::Error::Api(status)) => status.code,
        _ => 0,
    };
    assert_eq!(code, 403, "a service account without a role lists nothing: {refused:?}");
}
