//! What tests run on a cluster: Deployments, DaemonSets, disruption budgets, and how their pods are.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Pod, Toleration};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::wait::until;
use crate::{Error, Result};

/// The label that a workload's pods carry, with the workload's name.
pub const APP_LABEL: &str = "app";
/// The namespace of the workloads made here.
pub const NAMESPACE: &str = "default";

/// What a pod asks for. Nothing is assumed: a field left empty is left out.
#[derive(Clone, Debug, Default)]
pub struct PodShape {
    /// Labels besides [`APP_LABEL`].
    pub labels: BTreeMap<String, String>,
    /// Annotations, such as `karpenter.sh/do-not-disrupt`.
    pub annotations: BTreeMap<String, String>,
    /// Requests of its one container, as Kubernetes quantities; extended resources become limits too.
    pub requests: BTreeMap<String, String>,
    /// Labels that its node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Further fields of the pod's spec (`affinity`, `topologySpreadConstraints`, ...), or null.
    pub spec: Value,
}

impl PodShape {
    /// A pod with requests, such as `[("cpu", "500m"), ("memory", "1Gi")]`.
    pub fn requesting(requests: &[(&str, &str)]) -> Self {
        Self { requests: owned(requests), ..Self::default() }
    }

    /// The same pod with one more toleration: of the taint `key` with any value and effect, or of every
    /// taint where `key` is empty.
    pub fn tolerating(mut self, key: &str) -> Self {
        let key = (!key.is_empty()).then(|| key.to_owned());
        let operator = Some("Exists".to_owned());
        self.tolerations.push(Toleration { key, operator, ..Toleration::default() });
        self
    }

    /// The same pod on nodes with these labels alone.
    pub fn selecting(mut self, labels: &[(&str, &str)]) -> Self {
        self.node_selector.extend(owned(labels));
        self
    }

    fn template(&self, app: &str) -> Value {
        let mut labels = self.labels.clone();
        labels.insert(APP_LABEL.to_owned(), app.to_owned());
        let is_extended = |(name, _): &(&String, &String)| name.contains('/');
        let limits: BTreeMap<_, _> = self.requests.iter().filter(is_extended).collect();
        let mut spec = json!({
            "terminationGracePeriodSeconds": 1,
            "nodeSelector": self.node_selector,
            "tolerations": self.tolerations,
            "containers": [{
                "name": "main",
                "image": "test",
                "resources": {"requests": self.requests, "limits": limits},
            }],
        });
        if let (Some(spec), Some(further)) = (spec.as_object_mut(), self.spec.as_object()) {
            spec.extend(further.clone());
        }
        json!({"metadata": {"labels": labels, "annotations": self.annotations}, "spec": spec})
    }
}

/// A Deployment of `replicas` like pods.
pub fn deployment(name: &str, replicas: u32, shape: &PodShape) -> Deployment {
    from(json!({
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {APP_LABEL: name}},
            "template": shape.template(name),
        },
    }))
}

/// A DaemonSet; its controller adds tolerations of its own, as of a node that is not ready (NoExecute).
pub fn daemon_set(name: &str, shape: &PodShape) -> DaemonSet {
    from(json!({
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {APP_LABEL: name}},
            "template": shape.template(name),
        },
    }))
}

/// A budget under which at most `max_unavailable` pods of the workload `app` are gone at a time.
pub fn disruption_budget(app: &str, max_unavailable: u32) -> PodDisruptionBudget {
    from(json!({
        "metadata": {"name": app, "namespace": NAMESPACE},
        "spec": {
            "maxUnavailable": max_unavailable,
            "selector": {"matchLabels": {APP_LABEL: app}},
        },
    }))
}

/// Creates an object in [`NAMESPACE`] and gives it as the API server has it.
pub async fn create<K>(client: &Client, object: &K) -> Result<K>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), NAMESPACE);
    let name = object.meta().name.clone().unwrap_or_default();
    let doing = format!("creating {} `{name}`", K::kind(&()));
    api.create(&kube::api::PostParams::default(), object).await.map_err(Error::kube(doing))
}

/// The pods of the workload `app` that are not being deleted.
pub async fn pods(client: &Client, app: &str) -> Result<Vec<Pod>> {
    let api: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let which = ListParams::default().labels(&format!("{APP_LABEL}={app}"));
    let list =
        api.list(&which).await.map_err(Error::kube(format!("listing the pods of `{app}`")))?;
    let lives = |pod: &Pod| pod.metadata.deletion_timestamp.is_none();
    Ok(list.items.into_iter().filter(lives).collect())
}

/// Waits until exactly `count` pods of the workload `app` are there and all of them run; gives them.
pub async fn running(
    client: &Client,
    app: &str,
    count: usize,
    within: Duration,
) -> Result<Vec<Pod>> {
    let what = format!("{count} pods of `{app}` run");
    until(&what, within, async || {
        let pods = pods(client, app).await.map_err(|error| error.chain())?;
        let running = pods.iter().filter(|pod| is_running(pod)).count();
        let bound = pods.iter().filter(|pod| node_of(pod).is_some()).count();
        if pods.len() == count && running == count {
            return Ok(Some(pods));
        }
        Err(format!("{} pods, {bound} bound, {running} running", pods.len()))
    })
    .await
}

/// Whether a kubelet says that the pod runs.
pub fn is_running(pod: &Pod) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
}

/// The node that the pod is bound to.
pub fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// Changes the number of a Deployment's pods.
pub async fn scale(client: &Client, name: &str, replicas: u32) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), NAMESPACE);
    let patch = kube::api::Patch::Merge(json!({"spec": {"replicas": replicas}}));
    let scaled = api.patch_scale(name, &kube::api::PatchParams::default(), &patch).await;
    scaled.map(|_| ()).map_err(Error::kube(format!("scaling `{name}` to {replicas}")))
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("the literal above has the object's fields")
}
