//! A control plane on which one scene after another is played: its objects are created, the seats are handed over
//! to kube-scheduler, and where it binds pods is seen.
//!
//! The hand-over is the controller's: Nodes are cordoned until every seat is nominated, and a pod that loses its
//! nomination gets it again ([`executor::place`]). KWOK plays kubelets; volumes that a class is to make are made here.

use std::collections::BTreeMap;
use std::time::Duration;

use executor::{Request, Target, place};
use futures::future::try_join_all;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount,
};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::storage::v1::{CSINode, StorageClass};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use testcluster::wait::until;
use testcluster::{Options, OrStop as _, TestCluster};
use tokio::time::Instant;

use super::scene::{Scene, name_in};

/// Far more than anything here takes on idle cores.
const SOON: Duration = Duration::from_mins(2);
/// A scene is at rest when for so long no pod was bound. The scheduler tries a pod that it refused again within a second
/// of whatever may have helped it.
const REST: Duration = Duration::from_secs(6);
/// What the controller writes nominations as.
const MANAGER: &str = api::names::FIELD_MANAGER;
const CORDON: &str = "node.kubernetes.io/unschedulable";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const ZONE: &str = model::well_known::ZONE;

type Written = Result<(), kube::Error>;

/// The control plane.
pub(crate) struct Stage {
    cluster: TestCluster,
    client: Client,
}

/// Where the pods of a scene are in the end, by namespace and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    /// The node that each is bound to.
    pub(crate) bound: BTreeMap<String, String>,
    /// What the scheduler says of those that are not.
    pub(crate) pending: BTreeMap<String, String>,
    /// Pods that the plan leaves out and the scheduler binds all the same.
    pub(crate) found_room: BTreeMap<String, String>,
}

impl Stage {
    /// Starts it. The scheduler tries again after a second, not after ten.
    pub(crate) async fn start() -> Self {
        let scheduler = json!({"podInitialBackoffSeconds": 1, "podMaxBackoffSeconds": 1});
        let cluster = TestCluster::start(Options { scheduler, ..Options::default() }).await;
        let cluster = cluster.or_stop();
        Self { client: cluster.client(), cluster }
    }

    /// Plays a scene to its rest and clears the stage.
    pub(crate) async fn play(&mut self, scene: &Scene) -> Played {
        self.set_up(scene).await;
        self.reserve(scene).await;
        self.let_go(scene).await.expect("Nodes can be let go");
        let mut played = self.at_rest(scene).await;
        if played.pending.is_empty() {
            played.found_room = self.offer(scene).await;
        }
        self.clear(scene).await.expect("the stage can be cleared");
        self.cluster.check().or_stop();
        played
    }

    /// Plays a scene once more, a pod at a time, with no node free but the pod's own, as long as any is bound, and
    /// then with all free, as some spreads do not count nodes that are held: what is pending at the end, the
    /// scheduler's filters refuse where it is planned.
    pub(crate) async fn play_exactly(&mut self, scene: &Scene) -> BTreeMap<String, String> {
        self.set_up(scene).await;
        let mut waiting: Vec<&Value> = scene.pods.iter().collect();
        let mut before = usize::MAX;
        while waiting.len() < before {
            before = waiting.len();
            let mut refused = Vec::new();
            for pod in waiting {
                if !self.is_bound_to_its_seat(scene, pod).await {
                    refused.push(pod);
                }
            }
            waiting = refused;
        }
        let waiting: Vec<Value> = waiting.into_iter().cloned().collect();
        self.create(&waiting).await.expect("pods are created");
        self.let_go(scene).await.expect("Nodes can be let go");
        let pending = self.at_rest(scene).await.pending;
        self.clear(scene).await.expect("the stage can be cleared");
        self.cluster.check().or_stop();
        pending
    }

    /// Whether the scheduler binds the pod to the node of its seat, which alone is free; else the pod goes again.
    async fn is_bound_to_its_seat(&self, scene: &Scene, pod: &Value) -> bool {
        let seat = &scene.seats[&name_in(pod)];
        self.free(seat, true).await.expect("the Node can be let go");
        let these = std::slice::from_ref(pod);
        self.create(these).await.expect("the pod is created");
        // A first trial may come before the scheduler has heard of the Node; the next follows within a second or two.
        let began = Instant::now();
        let bound = until("the pod is bound, or tried for a while", SOON, async || {
            self.make_volumes(scene).await?;
            let pods = self.these(scene, these).await?;
            let bound = pods.iter().any(|pod| pod.spec.node_name.as_ref() == Some(seat));
            let is_over = bound || began.elapsed() > REST;
            Ok::<_, kube::Error>(is_over.then_some(bound))
        })
        .await
        .or_stop();
        self.free(seat, false).await.expect("the Node can be held");
        if !bound {
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
            let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let _ = pods.delete(name, &at_once).await.expect("the pod can be deleted");
        }
        bound
    }

    /// Frees a Node for pods, or holds it; a taint of the cordon is the node controller's.
    async fn free(&self, node: &str, is_free: bool) -> Written {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let cordon = json!({"spec": {"unschedulable": !is_free}});
        nodes.patch(node, &PatchParams::default(), &Patch::Merge(cordon)).await?;
        until("the cordon is a taint, or none", SOON, async || {
            let taints = nodes.get(node).await?.spec.and_then(|spec| spec.taints);
            let is_held = taints.iter().flatten().any(|one| one.key == CORDON);
            Ok::<_, kube::Error>((is_held != is_free).then_some(()))
        })
        .await
        .or_stop();
        Ok(())
    }

    /// All but the pods that wait is there and settled.
    async fn set_up(&self, scene: &Scene) {
        self.create(&scene.namespaces).await.expect("namespaces are created");
        for namespace in names(&scene.namespaces) {
            let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &namespace);
            let there = async || Ok::<_, kube::Error>(accounts.get_opt("default").await?);
            until("the namespace has a service account", SOON, there).await.or_stop();
        }
        self.create(&scene.beside).await.expect("classes, volumes and DaemonSets are created");
        self.create(&scene.nodes).await.expect("Nodes are created");
        self.create(&scene.bound).await.expect("pods that run are created");
        let expected = scene.daemon_pods() + scene.bound.len();
        until("what runs on the Nodes runs, volumes are bound", SOON, async || {
            let pods = self.pods(scene).await?;
            let running = pods.iter().filter(|pod| pod.spec.node_name.is_some()).count();
            let claims = self.claims(scene).await?;
            let bound = |claim: &Value| {
                claim["spec"]["volumeName"].is_null() || claim["status"]["phase"] == "Bound"
            };
            let settled = running == expected && claims.iter().all(bound);
            Ok::<_, kube::Error>(settled.then_some(()))
        })
        .await
        .or_stop();
    }

    /// The pods wait, and each is nominated for its seat.
    async fn reserve(&self, scene: &Scene) {
        self.try_all(scene, &scene.pods).await;
        until("all pods are nominated", SOON, async || {
            let written = self.nominate(scene).await?;
            Ok::<_, kube::Error>((written == 0).then_some(()))
        })
        .await
        .or_stop();
    }

    /// Pods that the plan leaves out come when the others are placed; gives those that found a node.
    async fn offer(&self, scene: &Scene) -> BTreeMap<String, String> {
        let tried = self.try_all(scene, &scene.left_out).await;
        let bound = |pod: &api::Pod| Some((name_of(pod), pod.spec.node_name.clone()?));
        tried.iter().filter_map(bound).collect()
    }

    /// Creates pods and gives them as they are once the scheduler has bound or refused each.
    async fn try_all(&self, scene: &Scene, pods: &[Value]) -> Vec<api::Pod> {
        self.create(pods).await.expect("pods are created");
        until("the scheduler has tried all pods", SOON, async || {
            self.make_volumes(scene).await?;
            let pods = self.these(scene, pods).await?;
            let is_tried = |pod: &api::Pod| pod.spec.node_name.is_some() || !said(pod).is_empty();
            Ok::<_, kube::Error>(pods.iter().all(is_tried).then_some(pods))
        })
        .await
        .or_stop()
    }

    /// Takes the cordons from all Nodes.
    async fn let_go(&self, scene: &Scene) -> Written {
        let nodes = scene.nodes.iter().filter(|one| one["kind"] == "Node");
        let patch = async |node: &Value| {
            let body = json!({"spec": {"unschedulable": null, "taints": node["spec"]["taints"]}});
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            let nodes: Api<Node> = Api::all(self.client.clone());
            nodes.patch(name, &PatchParams::default(), &Patch::Merge(body)).await
        };
        try_join_all(nodes.map(patch)).await.map(|_| ())
    }

    /// Nominates whoever is not and has a seat; gives how many those were.
    async fn nominate(&self, scene: &Scene) -> Result<usize, kube::Error> {
        let pods = self.pods(scene).await?;
        let seat = |pod: &api::Pod| {
            let seat = scene.seats.get(&name_of(pod))?;
            Some((pod.metadata.uid.as_deref()?.to_owned(), Target::Node(seat.clone())))
        };
        let planned: BTreeMap<String, Target> = pods.iter().filter_map(seat).collect();
        let requests = place(pods.iter(), &planned, &|_| None);
        let write = async |request: &Request| {
            let Request::Nominate { target, uid, node } = request else { return Ok(()) };
            let namespace = target.namespace.as_deref().unwrap_or_default();
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
            let body = json!({"metadata": {"uid": uid}, "status": {"nominatedNodeName": node}});
            let params =
                PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
            pods.patch_status(&target.name, &params, &Patch::Merge(body)).await.map(|_| ())
        };
        try_join_all(requests.iter().map(write)).await?;
        Ok(requests.len())
    }

    /// Hands over again and again, until all seats are taken or nothing happens any more.
    async fn at_rest(&self, scene: &Scene) -> Played {
        let mut last = (0, Instant::now());
        until("the scene is at rest", SOON, async || {
            self.make_volumes(scene).await?;
            self.nominate(scene).await?;
            let mut played = Played::default();
            for pod in self.these(scene, &scene.pods).await? {
                match &pod.spec.node_name {
                    Some(node) => played.bound.insert(name_of(&pod), node.clone()),
                    None => played.pending.insert(name_of(&pod), said(&pod)),
                };
            }
            if played.bound.len() > last.0 {
                last = (played.bound.len(), Instant::now());
            }
            let is_over = played.pending.is_empty() || last.1.elapsed() > REST;
            Ok::<_, kube::Error>(is_over.then_some(played))
        })
        .await
        .or_stop()
    }

    /// What the driver of volumes does: a claim whose pod has a node gets a volume there.
    async fn make_volumes(&self, scene: &Scene) -> Written {
        for claim in self.claims(scene).await? {
            let Some(node) = claim["metadata"]["annotations"][SELECTED_NODE].as_str() else {
                continue;
            };
            if !claim["spec"]["volumeName"].is_null() {
                continue;
            }
            // A CSINode has the name of its Node.
            let is_it = |one: &&Value| one["kind"] == "Node" && one["metadata"]["name"] == node;
            let node = scene.nodes.iter().find(is_it);
            let zone = node.map_or(&Value::Null, |node| &node["metadata"]["labels"][ZONE]);
            let meta = &claim["metadata"];
            let volume = json!({
                "apiVersion": "v1", "kind": "PersistentVolume",
                "metadata": {"name": format!("made-{}", meta["uid"].as_str().unwrap_or_default())},
                "spec": {
                    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                    "storageClassName": claim["spec"]["storageClassName"],
                    "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": meta["name"]},
                    "claimRef": {
                        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": meta["uid"],
                        "namespace": meta["namespace"], "name": meta["name"],
                    },
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                        {"key": ZONE, "operator": "In", "values": [zone]},
                    ]}]}},
                },
            });
            self.create(&[volume]).await?;
        }
        Ok(())
    }

    /// Takes all away; namespaces may take their time.
    async fn clear(&self, scene: &Scene) -> Written {
        let background = DeleteParams::background();
        let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        let all = ListParams::default();
        for namespace in names(&scene.namespaces) {
            let sets: Api<DaemonSet> = Api::namespaced(self.client.clone(), &namespace);
            let _ = sets.delete_collection(&background, &all).await?;
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
            let _ = pods.delete_collection(&at_once, &all).await?;
            let namespaces: Api<Namespace> = Api::all(self.client.clone());
            let _ = namespaces.delete(&namespace, &background).await?;
        }
        let remove = async |object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            self.api(object).delete(name, &at_once).await.map(|_| ())
        };
        try_join_all(scene.nodes.iter().map(remove)).await?;
        until("the Nodes and their pods are gone", SOON, async || {
            let nodes: Api<Node> = Api::all(self.client.clone());
            let nodes = nodes.list(&all).await?.items.len();
            let pods = self.pods(scene).await?.len();
            Ok::<_, kube::Error>((nodes + pods == 0).then_some(()))
        })
        .await
        .or_stop();
        Ok(())
    }

    /// Creates objects all at once; those that are there already are left.
    async fn create(&self, objects: &[Value]) -> Written {
        let create = async |object: &Value| {
            let read = serde_json::from_value::<DynamicObject>(object.clone());
            let read = read.expect("objects have a kind and metadata");
            match self.api(object).create(&kube::api::PostParams::default(), &read).await {
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                written => written.map(|_| ()),
            }
        };
        try_join_all(objects.iter().map(create)).await.map(|_| ())
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let resource = match object["kind"].as_str().unwrap_or_default() {
            "Namespace" => ApiResource::erase::<Namespace>(&()),
            "Node" => ApiResource::erase::<Node>(&()),
            "CSINode" => ApiResource::erase::<CSINode>(&()),
            "RuntimeClass" => ApiResource::erase::<RuntimeClass>(&()),
            "StorageClass" => ApiResource::erase::<StorageClass>(&()),
            "PersistentVolume" => ApiResource::erase::<PersistentVolume>(&()),
            "PersistentVolumeClaim" => ApiResource::erase::<PersistentVolumeClaim>(&()),
            "DaemonSet" => ApiResource::erase::<DaemonSet>(&()),
            _ => ApiResource::erase::<Pod>(&()),
        };
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// These pods as they are.
    async fn these(&self, scene: &Scene, these: &[Value]) -> Result<Vec<api::Pod>, kube::Error> {
        let names: Vec<String> = these.iter().map(name_in).collect();
        let mut pods = self.pods(scene).await?;
        pods.retain(|pod| names.contains(&name_of(pod)));
        Ok(pods)
    }

    /// All pods of the scene's namespaces.
    async fn pods(&self, scene: &Scene) -> Result<Vec<api::Pod>, kube::Error> {
        let pods = self.listed::<Pod>(scene).await?;
        let read = pods.into_iter().map(serde_json::from_value);
        read.collect::<Result<_, _>>().map_err(kube::Error::SerdeError)
    }

    async fn claims(&self, scene: &Scene) -> Result<Vec<Value>, kube::Error> {
        self.listed::<PersistentVolumeClaim>(scene).await
    }

    async fn listed<K>(&self, scene: &Scene) -> Result<Vec<Value>, kube::Error>
    where
        K: kube::Resource<DynamicType = ()>,
    {
        let mut listed = Vec::new();
        for namespace in names(&scene.namespaces) {
            let resource = ApiResource::erase::<K>(&());
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.client.clone(), &namespace, &resource);
            for object in api.list(&ListParams::default()).await? {
                listed.push(serde_json::to_value(object).map_err(kube::Error::SerdeError)?);
            }
        }
        Ok(listed)
    }
}

/// What the scheduler says of a pod that it could not place.
fn said(pod: &api::Pod) -> String {
    let conditions = pod.status.conditions.iter();
    let scheduled = conditions.filter(|one| &*one.kind == "PodScheduled");
    scheduled.map(|one| one.message.clone()).find(|said| !said.is_empty()).unwrap_or_default()
}

fn names(objects: &[Value]) -> Vec<String> {
    let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
    objects.iter().filter_map(name).collect()
}

fn name_of(pod: &api::Pod) -> String {
    format!("{}/{}", pod.metadata.namespace.as_deref().unwrap_or_default(), pod.metadata.name)
}
