//! A small API server and a small cloud, and a driver that can be stopped before or after any request.

use std::collections::{BTreeMap, BTreeSet};

use api::names;
use cloud::{CloudError, ErrorClass, Instance, InstanceState, Launch, LaunchError, Refusal};
use executor::{ClaimMemory, ClaimView, CloudRequest, Kind, MachineFacts, Request};
use model::Timestamp;
use serde_json::{Value, json};

use crate::support::{at, class, instance, merge, text};

/// Seconds for which a machine just launched is in no list and not found by id.
pub(crate) const INVISIBLE: i64 = 8;
/// Seconds that an instance takes to end.
const ENDING: i64 = 12;
/// Seconds from a pod's end to the detachment of its volume.
const DETACHES: i64 = 15;
/// Seconds from a launch to its Node.
const JOINS: i64 = 20;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    /// By kind and name.
    pub(crate) objects: BTreeMap<(Kind, String), Value>,
    pub(crate) instances: Vec<Instance>,
    /// When an instance was told to end.
    pub(crate) ending: BTreeMap<String, i64>,
    /// Instance by token.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Launches that created a machine.
    pub(crate) launches: usize,
    /// Grants of evictions by pod.
    pub(crate) evictions: BTreeMap<String, usize>,
    /// The first group of choices is not to be had.
    pub(crate) no_spot: bool,
    /// It is there again from the stop on.
    pub(crate) spot_returns: bool,
    /// Volumes that are attached to Nodes: the Node, and when the pod that used it was evicted.
    pub(crate) attached: BTreeMap<String, (String, Option<i64>)>,
    /// Instances that were told to end while volumes were attached to their Nodes.
    pub(crate) cut_off: usize,
    pub(crate) version: u64,
    /// Looks at what every request leaves.
    pub(crate) watch: Option<fn(&World)>,
    /// Requests performed so far.
    pub(crate) performed: usize,
}

/// Where the driver is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Never,
    Before(usize),
    After(usize),
}

#[derive(Default)]
pub(crate) struct Driver {
    memory: BTreeMap<String, ClaimMemory>,
}

impl World {
    pub(crate) fn put(&mut self, kind: Kind, mut value: Value) {
        self.version += 1;
        value["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        self.objects.insert((kind, name), value);
    }

    pub(crate) fn delete(&mut self, kind: Kind, name: &str) {
        let key = (kind, name.to_owned());
        let Some(object) = self.objects.get(&key) else { return };
        let finalizers = object["metadata"]["finalizers"].as_array().map_or(0, Vec::len);
        let mut object = object.clone();
        if finalizers == 0 {
            self.objects.remove(&key);
        } else if object["metadata"]["deletionTimestamp"].is_null() {
            object["metadata"]["deletionTimestamp"] = json!(text(self.now));
            self.put(kind, object);
        }
    }

    fn of<T: serde::de::DeserializeOwned>(&self, kind: Kind) -> Vec<T> {
        let objects = self.objects.iter().filter(|((one, _), _)| *one == kind);
        objects.map(|(_, value)| serde_json::from_value(value.clone()).unwrap()).collect()
    }

    /// Time passes: volumes are detached, instances end, Nodes join and become Ready.
    fn tick(&mut self) {
        self.now += 1;
        let now = self.now;
        self.attached.retain(|_, (_, free)| free.is_none_or(|free| now < free + DETACHES));
        for instance in &mut self.instances {
            let ends = self.ending.get(instance.id.as_str());
            if ends.is_some_and(|begun| self.now >= begun + ENDING) {
                instance.state = InstanceState::Terminated;
            }
        }
        let running: Vec<Instance> = self.instances.clone();
        for instance in running {
            let name = format!("node-{}", instance.id);
            let joined = self.objects.contains_key(&(Kind::Node, name.clone()));
            let due = self.now >= instance.launched_at.0 - at(0).0 + JOINS;
            if instance.state == InstanceState::Running && due && !joined {
                self.put(
                    Kind::Node,
                    json!({
                        "metadata": { "name": name, "uid": format!("uid-{name}") },
                        "spec": {
                            "providerID": instance.provider_id(),
                            "taints": [{ "key": names::UNREGISTERED_TAINT, "effect": "NoExecute" }],
                        },
                        "status": {
                            "conditions": [{ "type": "Ready", "status": "True" }],
                            "allocatable": { "cpu": "2", "memory": "7Gi" },
                        },
                    }),
                );
            }
        }
    }

    fn perform(&mut self, driver: &mut Driver, request: &Request) {
        match request {
            Request::Patch { target, body, .. } => {
                let key = (target.kind, target.name.clone());
                let Some(object) = self.objects.get(&key) else { return };
                let expected = &body["metadata"]["resourceVersion"];
                if !expected.is_null() && *expected != object["metadata"]["resourceVersion"] {
                    return;
                }
                let mut object = object.clone();
                merge(&mut object, body);
                let finalizers = object["metadata"]["finalizers"].as_array().map_or(0, Vec::len);
                if finalizers == 0 && !object["metadata"]["deletionTimestamp"].is_null() {
                    self.objects.remove(&key);
                } else {
                    self.put(target.kind, object);
                }
            }
            Request::Delete { target, .. } => self.delete(target.kind, &target.name),
            Request::Evict { target, uid } => {
                *self.evictions.entry(target.name.clone()).or_default() += 1;
                self.objects.remove(&(Kind::Pod, target.name.clone()));
                if let Some((_, free)) = self.attached.get_mut(&format!("pv-{}", target.name)) {
                    *free = Some(self.now);
                }
                for memory in driver.memory.values_mut() {
                    memory.evicted(at(self.now), uid, true);
                }
            }
            Request::Cloud(request) => self.cloud(driver, request),
            Request::Create { .. } | Request::Nominate { .. } | Request::Note(_) => {}
        }
    }

    fn visible(&self, instance: &Instance) -> bool {
        at(self.now).0 >= instance.launched_at.0 + INVISIBLE
    }

    fn cloud(&mut self, driver: &mut Driver, request: &CloudRequest) {
        let now = at(self.now);
        match request {
            CloudRequest::Launch(launch) => {
                let name = launch.claim.name.as_str().to_owned();
                let answer = self.launch(launch);
                driver.memory.entry(name).or_default().launched(answer);
            }
            CloudRequest::FindInstances(claim) => {
                let found = self.instances.iter().filter(|one| {
                    one.claim() == Some(claim.as_str()) && one.state.exists() && self.visible(one)
                });
                let found = found.cloned().collect();
                driver.memory.entry(claim.as_str().to_owned()).or_default().listed(now, found);
            }
            CloudRequest::GetInstance(claim, id) => {
                let found = self.instances.iter().find(|one| one.id == *id);
                let found = found.filter(|one| one.state.exists() && self.visible(one));
                let answer = found.cloned().ok_or_else(|| gone("DescribeInstances"));
                driver.memory.entry(claim.as_str().to_owned()).or_default().looked(now, answer);
            }
            CloudRequest::Terminate(_, id) => {
                let node = format!("node-{id}");
                self.cut_off += usize::from(self.attached.values().any(|(at, _)| *at == node));
                let visible = |one: &Instance| at(self.now).0 >= one.launched_at.0 + INVISIBLE;
                let found = self.instances.iter_mut().find(|one| one.id == *id);
                if let Some(one) = found.filter(|one| one.state.exists() && visible(one)) {
                    one.state = InstanceState::ShuttingDown;
                    self.ending.entry(id.to_string()).or_insert(self.now);
                }
            }
            CloudRequest::Tag(claim, ..) => {
                driver.memory.entry(claim.as_str().to_owned()).or_default().tagged = true;
            }
            CloudRequest::Prepare(_) | CloudRequest::Tidy(..) | CloudRequest::Release(_) => {}
        }
    }

    fn launch(&mut self, request: &cloud::LaunchRequest) -> Result<Launch, LaunchError> {
        if self.no_spot && request.capacity_type == model::CapacityType::Spot {
            let refused = request.choices.iter().map(|choice| Refusal {
                instance_type: choice.instance_type.clone(),
                zone: Some(choice.zone.clone()),
                capacity_type: request.capacity_type,
                code: "InsufficientInstanceCapacity".to_owned(),
            });
            let code = "InsufficientInstanceCapacity";
            return Err(LaunchError {
                claim: request.claim.name.clone(),
                refused: refused.collect(),
                error: CloudError::new("CreateFleet", ErrorClass::Capacity, code, "none left"),
            });
        }
        let token = request.token.as_str().to_owned();
        let id = self.tokens.get(&token).cloned().unwrap_or_else(|| {
            self.launches += 1;
            let id = format!("i-{}", self.launches);
            let one = instance(&id, Some(request.claim.name.as_str()), self.now);
            self.instances.push(Instance { capacity_type: request.capacity_type, ..one });
            id
        });
        self.tokens.insert(token, id.clone());
        let one = self.instances.iter().find(|one| one.id.as_str() == id).cloned().unwrap();
        Ok(Launch { instance: one, refused: Vec::new() })
    }
}

fn gone(action: &'static str) -> CloudError {
    CloudError::new(action, ErrorClass::Gone, "InvalidInstanceID.NotFound", "no such instance")
}

/// The requests that the steps ask for, for every claim and its Node.
fn requests(world: &World, driver: &mut Driver) -> Vec<Request> {
    let now: Timestamp = at(world.now);
    let claims: Vec<api::NodeClaim> = world.of(Kind::NodeClaim);
    let nodes: Vec<api::Node> = world.of(Kind::Node);
    let pods: Vec<api::Pod> = world.of(Kind::Pod);
    let class = class();
    let mut all = Vec::new();
    for claim in &claims {
        let provider = claim.status.provider_id.as_deref();
        let own: Vec<&api::Node> = (nodes.iter())
            .filter(|node| provider.is_some() && node.spec.provider_id.as_deref() == provider)
            .collect();
        let view = ClaimView {
            claim,
            node_class: Some(&class),
            nodes: &own,
            machine: &|_| Some(MachineFacts::default()),
            hold: true,
        };
        let memory = driver.memory.entry(claim.metadata.name.clone()).or_default();
        all.extend(executor::launch(&view, memory, now));
        all.extend(executor::register(&view, now));
        all.extend(executor::initialize(&view, now));
        all.extend(executor::tag(&view, memory));
        all.extend(executor::liveness(&view, executor::StartLimits::default(), now));
        all.extend(executor::terminate_claim(&view, memory, now));
        for node in &own {
            let here: Vec<&api::Pod> = (pods.iter())
                .filter(|pod| pod.spec.node_name.as_deref() == Some(&node.metadata.name))
                .collect();
            let attached = world.attached.iter().filter(|(_, (at, _))| *at == node.metadata.name);
            let volumes: Vec<String> = attached.map(|(volume, _)| volume.clone()).collect();
            let on_node =
                executor::NodeView { node, pods: &here, volumes: &volumes, unreplaced: false };
            all.extend(executor::terminate_node(claim, &on_node, memory, now));
        }
    }
    all
}

/// Runs until nothing is asked for during a minute and `settled` holds, or the time is up. A stop
/// loses the driver's memory, once.
pub(crate) fn run(
    world: &mut World,
    mut stop: Stop,
    seconds: i64,
    settled: &dyn Fn(&World) -> bool,
) -> bool {
    let mut driver = Driver::default();
    let mut quiet = 0;
    let end = world.now + seconds;
    while world.now < end {
        world.tick();
        let asked = requests(world, &mut driver);
        let asked: Vec<Request> =
            asked.into_iter().filter(|one| !matches!(one, Request::Note(_))).collect();
        quiet = if asked.is_empty() { quiet + 1 } else { 0 };
        for request in asked {
            if stop == Stop::Before(world.performed) {
                stop = Stop::Never;
                driver = Driver::default();
                world.no_spot &= !world.spot_returns;
                break;
            }
            world.perform(&mut driver, &request);
            world.performed += 1;
            if let Some(watch) = world.watch {
                watch(world);
            }
            if stop == Stop::After(world.performed - 1) {
                stop = Stop::Never;
                driver = Driver::default();
                world.no_spot &= !world.spot_returns;
                break;
            }
        }
        if quiet > 60 && settled(world) {
            return true;
        }
    }
    settled(world)
}

/// Names of objects of a kind.
pub(crate) fn names_of(world: &World, kind: Kind) -> BTreeSet<&str> {
    let keys = world.objects.keys().filter(|(one, _)| *one == kind);
    keys.map(|(_, name)| name.as_str()).collect()
}
