//! What DaemonSets do to the nodes that they run on.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::node::{failed, is_missing, nodes, set_status};
use crate::workloads::{APP_LABEL, is_running, node_of};
use crate::{Error, Result};

/// A DaemonSet's program, which acts on a node once its pod runs there. The pod is found by
/// [`APP_LABEL`], in any namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Agent {
    /// Takes its startup taint away, as network plugins do.
    RemovesTaint {
        /// The DaemonSet's app label.
        app: String,
        /// The key of the taint.
        taint: String,
    },
    /// Makes the node's devices known, as GPU plugins do: the resource is in the Node's status only from
    /// then on.
    Publishes {
        /// The DaemonSet's app label.
        app: String,
        /// Such as `nvidia.com/gpu`.
        resource: String,
        /// Units of it on a node of an instance type; a node whose type is not listed has none.
        units: BTreeMap<String, u32>,
    },
}

impl Agent {
    fn app(&self) -> &str {
        match self {
            Self::RemovesTaint { app, .. } | Self::Publishes { app, .. } => app,
        }
    }
}

/// Lets every agent act on those of the `ready` nodes where its pod runs and there is something to do.
pub(super) async fn act(client: &Client, agents: &[Agent], ready: &BTreeSet<String>) -> Result<()> {
    if agents.is_empty() || ready.is_empty() {
        return Ok(());
    }
    let api = nodes(client);
    let list = api.list(&ListParams::default()).await;
    let list = list.map_err(Error::kube("listing nodes"))?.items;
    for agent in agents {
        let at = running_on(client, agent.app()).await?;
        for node in list.iter().filter(|node| at.contains(&node.name_any())) {
            match agent {
                Agent::RemovesTaint { taint, .. } => remove_taint(client, node, taint).await?,
                Agent::Publishes { resource, units, .. } => {
                    publish(client, node, resource, units).await?;
                }
            }
        }
    }
    Ok(())
}

/// Names of the nodes on which a pod of `app` runs.
async fn running_on(client: &Client, app: &str) -> Result<BTreeSet<String>> {
    let pods: Api<Pod> = Api::all(client.clone());
    let which = ListParams::default().labels(&format!("{APP_LABEL}={app}"));
    let pods = pods.list(&which).await.map_err(Error::kube(format!("listing pods of `{app}`")))?;
    let running = pods.items.iter().filter(|pod| is_running(pod));
    Ok(running.filter_map(node_of).map(str::to_owned).collect())
}

/// The whole list is written, under the version that was read: another's change is never undone.
async fn remove_taint(client: &Client, node: &Node, key: &str) -> Result<()> {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let (gone, kept): (Vec<_>, Vec<_>) = taints.partition(|taint| taint.key == key);
    if gone.is_empty() {
        return Ok(());
    }
    let name = node.name_any();
    let patch = json!({
        "metadata": {"resourceVersion": node.resource_version()},
        "spec": {"taints": kept},
    });
    let patched = nodes(client).patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await;
    match patched {
        // Changed by somebody since: the next look reads it again.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        result if is_missing(&result) => Ok(()),
        result => result.map(|_| ()).map_err(failed("removing a taint of", &name)),
    }
}

async fn publish(
    client: &Client,
    node: &Node,
    resource: &str,
    units: &BTreeMap<String, u32>,
) -> Result<()> {
    let instance_type = node.labels().get("node.kubernetes.io/instance-type");
    let Some(count) = instance_type.and_then(|name| units.get(name)) else { return Ok(()) };
    let allocatable = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
    if allocatable.is_some_and(|resources| resources.contains_key(resource)) {
        return Ok(());
    }
    let published = json!({resource: count.to_string()});
    let status = json!({"capacity": published, "allocatable": published});
    set_status(client, &node.name_any(), &status).await
}
