//! What there is now: nodes, pods, the bill, and what the controller said last.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};
use testcluster::workloads;

use crate::decisions::decisions;
use crate::market;

/// One moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) nodes: Vec<Row>,
    /// Workloads of the pods that are not ending, one entry a pod, sorted: what a bound depends on.
    pub(crate) pods: Vec<String>,
    pub(crate) pending: usize,
    pub(crate) running: usize,
    /// Of all nodes, USD an hour.
    pub(crate) bill: f64,
    /// The last lines of the controller's that say what it did and why, the newest last.
    pub(crate) decisions: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) instance_type: String,
    pub(crate) zone: String,
    pub(crate) capacity_type: String,
    pub(crate) usd: f64,
    /// Shares of what pods may have that they ask for.
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
    pub(crate) pods: usize,
    pub(crate) state: &'static str,
}

impl View {
    /// Whether nothing is on its way: no pod waits, and no node comes or goes.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pending == 0 && self.nodes.iter().all(|row| row.state == "ready")
    }
}

/// Looks at the cluster and at the controller's log.
pub(crate) async fn look(client: &Client, log: &Path) -> anyhow::Result<View> {
    let all = ListParams::default();
    let nodes = Api::<Node>::all(client.clone()).list(&all).await?.items;
    let pods = Api::<Pod>::namespaced(client.clone(), workloads::NAMESPACE).list(&all).await?.items;
    let live = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let mut view = View::default();
    let mut on: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in live {
        view.pods.extend(pod.labels().get(workloads::APP_LABEL).cloned());
        match workloads::node_of(pod) {
            Some(node) => on.entry(node).or_default().push(pod),
            None => view.pending += 1,
        }
        view.running += usize::from(workloads::is_running(pod));
    }
    view.pods.sort();
    for node in nodes {
        let name = node.metadata.name.clone().unwrap_or_default();
        let pods = on.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        view.nodes.push(row(&node, name.clone(), pods));
    }
    view.nodes.sort_by(|a, b| b.usd.total_cmp(&a.usd).then_with(|| a.name.cmp(&b.name)));
    // Not `sum`, which is -0 for no nodes.
    view.bill = view.nodes.iter().fold(0.0, |bill, row| bill + row.usd);
    view.decisions = decisions(&std::fs::read_to_string(log).unwrap_or_default());
    Ok(view)
}

fn row(node: &Node, name: String, pods: &[&Pod]) -> Row {
    let labels = node.metadata.labels.clone().unwrap_or_default();
    let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
    let instance_type = label("node.kubernetes.io/instance-type");
    let capacity_type = label("karpenter.sh/capacity-type");
    let zone = label("topology.kubernetes.io/zone");
    let is_spot = capacity_type == "spot";
    let usd = market::usd_per_hour(&instance_type, &zone, is_spot).unwrap_or(0.0);
    let room = node.status.as_ref().and_then(|status| status.allocatable.clone());
    let share = |resource: &str| {
        let room = room.as_ref().and_then(|room| room.get(resource)).map_or(0, amount);
        let asked: i64 = pods.iter().map(|pod| asked(pod, resource)).sum();
        let thousandths = asked.saturating_mul(1000).checked_div(room).unwrap_or(0);
        f64::from(i32::try_from(thousandths).unwrap_or(i32::MAX)) / 1000.0
    };
    Row {
        cpu: share("cpu"),
        memory: share("memory"),
        pods: pods.len(),
        state: state(node),
        zone,
        name,
        instance_type,
        capacity_type,
        usd,
    }
}

fn state(node: &Node) -> &'static str {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let is_ready = conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True");
    if node.metadata.deletion_timestamp.is_some() {
        "going"
    } else if taints.into_iter().any(|taint| taint.key == "karpenter.sh/disrupted") {
        "draining"
    } else if is_ready {
        "ready"
    } else {
        "joining"
    }
}

/// What a pod's containers ask for together, thousandths.
fn asked(pod: &Pod, resource: &str) -> i64 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let requests = containers.filter_map(|one| one.resources.as_ref()?.requests.as_ref());
    requests.filter_map(|requests| requests.get(resource)).map(amount).sum()
}

/// A quantity in thousandths; none for what cannot be read.
fn amount(quantity: &Quantity) -> i64 {
    quantity.0.parse().map_or(0, model::Quantity::milli_value)
}
