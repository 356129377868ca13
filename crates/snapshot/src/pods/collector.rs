//! Collects pods, bound requests and `DaemonSets` one object at a time.
//!
//! Input: pods, workloads and `DaemonSets`, each once. Output: the [`PodSet`] they come to.

use std::collections::{BTreeMap, BTreeSet};

use api::PodSpec;
use model::{
    DaemonSet, DaemonSetName, Finding, FindingCode, NodeName, PodName, PodShape, ResourceName,
    Resources, Rivals, RivalsName, TermIndex,
};

use super::between::{groups, looks, ports, spreads};
use super::fate::{Fate, Places, fate};
use super::features::{self, Asker, Others};
use super::limit_ranges::LimitRanges;
use super::owners::namespace;
use super::ports::HostPorts;
use super::priority::Priorities;
use super::rivals::{Groups, Terms};
use super::selectors::Looks;
use super::soft::Wishes;
use super::spreads::{Constraints, Spreads};
use super::tally::Tally;
use super::volumes::{Attachment, Volumes};
use super::workloads::Workload;
use super::{
    PodSet, Problem, Running, affinity, full_name, name_of, requests, tolerations, volumes,
};
use crate::claims::Promises;
use crate::{Going, Objects, PodSelection, PreferencePolicy};

/// Most pods that workloads without pods stand for, together: a million is a large fleet, and a
/// slip of the keyboard in `replicas` must not fill the memory.
const EXPANDED_PODS_MAX: u32 = 5_000_000;

/// Who asks for what a spec says.
struct Subject<'a> {
    /// Kind, namespace and name.
    object: &'a str,
    /// Its labels and namespace.
    looks: Looks<'a>,
    /// The name of the pod, where it is one.
    pod: &'a str,
    /// The path to the pod spec.
    path: &'a str,
    /// Whether admission has been over it.
    admitted: bool,
    /// Claims that its workload makes for it.
    templates: &'a [api::VolumeClaimTemplate],
}

/// What a pod asks for beside its shape.
struct Asks {
    /// See [`Asker::others`].
    others: Others,
    /// See [`Asker::has_unknown_claims`].
    has_unknown_claims: bool,
    /// What its node attaches.
    attached: BTreeSet<Attachment>,
}

/// What the caller chose: pods, what is known of promises and of nodes that go, whether shapes of running
/// pods are wanted and preferences are looked at.
pub(super) type Chosen<'a> = (PodSelection, (&'a Promises, &'a Going), (bool, PreferencePolicy));

/// What is known and decided so far.
pub(super) struct Collector<'a> {
    selection: PodSelection,
    promises: &'a Promises,
    going: &'a Going,
    limit_ranges: LimitRanges,
    priorities: Priorities<'a>,
    nodes: BTreeSet<&'a str>,
    daemon_sets: BTreeSet<String>,
    rivals: Groups,
    ports: HostPorts,
    spreads: Spreads,
    volumes: Volumes<'a>,
    /// What nodes attach for pods to plan.
    attached: BTreeSet<Attachment>,
    index_by_shape: BTreeMap<PodShape, u32>,
    names: BTreeSet<PodName>,
    expanded: u32,
    tally: Tally,
    set: PodSet,
    /// Whether shapes of running pods are wanted.
    runs: bool,
    preferences: PreferencePolicy,
}

impl<'a> Collector<'a> {
    /// A collector that knows the policies and nodes and has met no pod yet.
    pub(super) fn new(
        objects: &'a Objects,
        workloads: &[Workload<'_>],
        (selection, (promises, going), (runs, preferences)): Chosen<'a>,
        limit_ranges: LimitRanges,
        tally: Tally,
    ) -> Self {
        let nodes = objects.nodes.iter();
        let nodes = nodes.map(|node| node.metadata.name.as_str()).collect();
        let daemon_sets = objects.daemon_sets.iter();
        let places = Places { selection, nodes: &nodes, going };
        let rivals = groups(objects, workloads, places);
        Self {
            ports: ports(objects, workloads, (places, runs), &rivals)
                .beside(objects.daemon_sets.iter().map(|set| &set.spec.template.spec)),
            rivals,
            spreads: spreads(objects, workloads, places, (runs, preferences)),
            volumes: Volumes::new(objects),
            attached: BTreeSet::new(),
            selection,
            promises,
            going,
            limit_ranges,
            priorities: Priorities::new(&objects.priority_classes),
            nodes,
            daemon_sets: daemon_sets.map(|set| full_name(&set.metadata)).collect(),
            index_by_shape: BTreeMap::new(),
            names: BTreeSet::new(),
            expanded: 0,
            tally,
            set: PodSet::default(),
            runs,
            preferences,
        }
    }

    /// Decides on one pod.
    pub(super) fn add_pod(&mut self, pod: &api::Pod) {
        let object = name_of("Pod", &pod.metadata);
        let runs = self.runs && pod.spec.node_name.as_deref().is_some_and(|name| !name.is_empty());
        let subject = Subject {
            object: &object,
            looks: looks(&pod.metadata, &pod.metadata),
            pod: &pod.metadata.name,
            path: "spec",
            admitted: pod.metadata.uid.is_some() || runs,
            templates: &[],
        };
        self.expect_daemon_set(pod, &object);
        let promised = pod.metadata.uid.as_deref().and_then(|uid| self.promises.get(uid));
        let places = Places { selection: self.selection, nodes: &self.nodes, going: self.going };
        match fate(pod, places) {
            Fate::Planned if promised.is_some() => {
                let node = promised.map_or("", String::as_str);
                self.bind(&subject, pod, node, false);
            }
            Fate::Displaced(node) => self.displace(&subject, pod, node, promised),
            Fate::Dropped => {}
            Fate::Gated => {
                let message = "pods with scheduling gates are not planned";
                self.tally.note(&object, "spec.schedulingGates", message, 1);
            }
            Fate::Daemon(node) => self.bind(&subject, pod, node, true),
            Fate::Bound(node) => {
                self.bind(&subject, pod, node, false);
                let elsewhere = promised.filter(|promised| promised.as_str() != node);
                if let Some(elsewhere) =
                    elsewhere.filter(|_| !self.runs && self.going.may_displace(pod))
                {
                    self.reserve(&subject, pod, elsewhere);
                }
                let is_mirror = pod.metadata.controller().is_some_and(|one| &*one.kind == "Node");
                if self.runs && !is_mirror {
                    self.run(&subject, pod);
                }
            }
            Fate::Promised(node) => {
                let message = "a node is nominated for the pod: it takes room there";
                self.tally.note(&object, "status.nominatedNodeName", message, 1);
                self.bind(&subject, pod, node, false);
            }
            Fate::Planned => self.plan_one(&subject, pod),
        }
    }

    /// A pod whose node is going takes the seat that it is promised, or is planned. On its old node, which takes
    /// no pods, it counts for nothing: it is not in its own way, nor in that of its like.
    fn displace(
        &mut self,
        subject: &Subject<'_>,
        pod: &api::Pod,
        node: &str,
        promised: Option<&String>,
    ) {
        if let Some(promised) = promised.filter(|promised| promised.as_str() != node) {
            self.bind(subject, pod, promised, false);
        } else if !self.runs {
            let message = "the pod's node is being deleted: it is planned on another";
            self.tally.note(subject.object, "spec.nodeName", message, 1);
            self.plan_one(subject, pod);
        }
        if self.runs {
            self.run(subject, pod);
        }
    }

    fn plan_one(&mut self, subject: &Subject<'_>, pod: &api::Pod) {
        if let Some(shape) = self.shape(subject, &pod.spec, 1) {
            self.set.services.plan(pod, self.set.pods.len());
            self.plan(&full_name(&pod.metadata), shape);
        }
    }

    /// Keeps a pod that runs, with what it would ask for elsewhere.
    fn run(&mut self, subject: &Subject<'_>, pod: &api::Pod) {
        let field = self.hard_feature(subject, &pod.spec);
        let shape = match (field, self.shape(subject, &pod.spec, 1)) {
            (Some(field), _) => Err(field),
            (None, Some(shape)) => Ok(shape),
            // The finding says what is wrong.
            (None, None) => Err("spec".to_owned()),
        };
        let name = PodName::new(full_name(&pod.metadata));
        self.set.running.push(Running { name, shape });
    }

    /// The first field by which a pod asks for what no plan honours and is refused for.
    fn hard_feature(&self, subject: &Subject<'_>, spec: &PodSpec) -> Option<String> {
        if !spec.resource_claims.is_empty() {
            return Some(format!("{}.resourceClaims", subject.path));
        }
        let (_, asks) = self.asks(subject, spec).ok()?;
        let asker = Asker {
            spec,
            admitted: subject.admitted,
            others: asks.others,
            has_unknown_claims: asks.has_unknown_claims,
        };
        let hard = features::asked(&asker).find(|feature| !feature.is_wish);
        hard.map(|feature| format!("{}.{}", subject.path, feature.field))
    }

    /// Plans the pods that a workload stands for.
    pub(super) fn add_workload(&mut self, workload: &Workload<'_>) {
        let object = name_of(workload.kind, workload.metadata);
        let subject = Subject {
            object: &object,
            looks: looks(workload.metadata, &workload.template.metadata),
            pod: "",
            path: workload.path,
            admitted: false,
            templates: workload.claim_templates,
        };
        let expanded = self.expanded.saturating_add(workload.replicas);
        if expanded > EXPANDED_PODS_MAX {
            let problem = Problem {
                field: String::new(),
                message: format!("workloads stand for more than {EXPANDED_PODS_MAX} pods together"),
                remedy: "lower the number of replicas, or plan in parts".to_owned(),
            };
            self.tally.bad_field(&object, problem, 1);
            return;
        }
        self.expanded = expanded;
        let count = u64::from(workload.replicas);
        if !workload.template.spec.scheduling_gates.is_empty() {
            let field = format!("{}.schedulingGates", workload.path);
            let message = "pods with scheduling gates are not planned";
            self.tally.note(&object, &field, message, count);
            return;
        }
        if let Some(shape) = self.shape(&subject, &workload.template.spec, count) {
            let base = full_name(workload.metadata);
            let first = self.set.pods.len();
            for ordinal in 0..workload.replicas {
                self.plan(&format!("{base}-{ordinal}"), shape);
            }
            let places = first..self.set.pods.len();
            self.set.services.expand(workload.kind, &object, places);
        }
    }

    /// A `DaemonSet` is its template: its pods carry the name of their node instead of the
    /// template's node affinity.
    pub(super) fn add_daemon_set(&mut self, daemon_set: &api::DaemonSet) {
        let object = name_of("DaemonSet", &daemon_set.metadata);
        let subject = Subject {
            object: &object,
            looks: looks(&daemon_set.metadata, &daemon_set.spec.template.metadata),
            pod: "",
            path: "spec.template.spec",
            admitted: false,
            templates: &[],
        };
        let spec = &daemon_set.spec.template.spec;
        if !self.rivals.matched(subject.looks).is_empty() {
            let message = "pods of the DaemonSet match required hostname anti-affinity of others, \
                           which is not honoured yet on new nodes: they share them";
            let field = "spec.template.metadata.labels".to_owned();
            self.not_honoured(&subject, field, message, 1);
        }
        if !self.spreads.matched(subject.looks).is_empty() {
            let message = "pods of the DaemonSet are of those that others are spread with, go with or keep away from, which is \
                           not honoured yet on new nodes: they are not counted there";
            let field = "spec.template.metadata.labels".to_owned();
            self.not_honoured(&subject, field, message, 1);
        }
        match self.placement(&subject, spec) {
            Ok(mut shape) => {
                tolerations::add_of_daemons(&mut shape.tolerations, spec.host_network);
                shape.requests.add(&self.ports.requests(&self.ports.taken(spec)));
                self.set.daemon_sets.push(DaemonSet {
                    name: DaemonSetName::new(full_name(&daemon_set.metadata)),
                    shape,
                });
            }
            Err(problem) => self.tally.bad_field(&object, problem, 1),
        }
    }

    /// Tells of a `DaemonSet` whose pods are there and which is not.
    fn expect_daemon_set(&mut self, pod: &api::Pod, object: &str) {
        let Some(owner) = pod.metadata.controller() else {
            return;
        };
        let name = format!("{}/{}", namespace(&pod.metadata), owner.name);
        if &*owner.kind == "DaemonSet" && !self.daemon_sets.contains(&name) {
            self.tally.add(Finding {
                code: FindingCode::MissingReference,
                object: object.to_owned(),
                field: "metadata.ownerReferences".to_owned(),
                message: format!(
                    "DaemonSet {name} is not in the input: new nodes are planned without its pods"
                ),
                remedy: "add the DaemonSet to the input".to_owned(),
                count: 1,
            });
        }
    }

    /// The index of the shape of `count` like pods; `None` where a field is wrong.
    fn shape(&mut self, subject: &Subject<'_>, spec: &PodSpec, count: u64) -> Option<u32> {
        if !spec.resource_claims.is_empty() {
            let field = format!("{}.resourceClaims", subject.path);
            let message = "pods with resource claims are not planned: dynamic resource allocation is \
                           not supported yet";
            self.not_honoured(subject, field, message, count);
            return None;
        }
        let (mut shape, asks) = match self.asks(subject, spec) {
            Ok(read) => read,
            Err(problem) => {
                self.tally.bad_field(subject.object, problem, count);
                return None;
            }
        };
        shape.priority = self.priority(subject, spec, count);
        let asker = Asker {
            spec,
            admitted: subject.admitted,
            others: asks.others,
            has_unknown_claims: !subject.templates.is_empty() || asks.has_unknown_claims,
        };
        for feature in features::asked(&asker) {
            let field = format!("{}.{}", subject.path, feature.field);
            self.not_honoured(subject, field, feature.message, count);
        }
        self.note_scheduler(subject, spec, count);
        self.note_shared(subject, asks.attached);
        let next = self.set.shapes.len();
        if let Some(index) = self.index_by_shape.get(&shape) {
            return Some(*index);
        }
        let index = u32::try_from(next).expect("there are fewer shapes than pods");
        self.set.shapes.push(shape.clone());
        self.index_by_shape.insert(shape, index);
        Some(index)
    }

    /// All of a shape but the priority, and what is known beside.
    fn asks(&self, subject: &Subject<'_>, spec: &PodSpec) -> Result<(PodShape, Asks), Problem> {
        let Subject { looks, path, .. } = *subject;
        let terms = Terms::read(spec, looks, path)?;
        let constraints = Constraints::read(spec, looks, &terms, path)?;
        let reach = self.volumes.reach(spec, (looks.namespace, subject.pod), path)?;
        let mut shape = self.placement(subject, spec)?;
        let wishes = match self.preferences {
            PreferencePolicy::Respect => {
                shape.preferences = affinity::preferences(spec, path)?;
                Wishes::read(spec, looks, path)?
            }
            PreferencePolicy::Ignore => Wishes::default(),
        };
        shape.rivals = self.rivals.carried(&terms);
        let ports = self.ports.carried(spec);
        shape.requests.add(&self.ports.requests(&ports));
        shape.rivals.extend(ports);
        shape.rules = self.spreads.rules(looks, &constraints, &terms);
        shape.rules.soft = self.spreads.wished(&wishes.all);
        constraints.require_keys(&mut shape.alternatives);
        if !reach.is_anywhere() {
            let narrowed = reach.narrow(shape.alternatives.clone(), path)?;
            let own = std::mem::replace(&mut shape.alternatives, narrowed);
            if !shape.rules.spreads.is_empty() && own != shape.alternatives {
                shape.rules.affinity = own;
            }
        }
        let attached = self.attached(subject, spec);
        shape.requests.add(&volumes::counted(&attached));
        let asks = Asks {
            others: Others { required: terms.others, preferred: wishes.others },
            has_unknown_claims: reach.has_unknown,
            attached,
        };
        Ok((shape, asks))
    }

    fn attached(&self, subject: &Subject<'_>, spec: &PodSpec) -> BTreeSet<Attachment> {
        let pod = (subject.looks.namespace, subject.pod);
        self.volumes.attached(spec, pod, subject.templates)
    }

    fn not_honoured(&mut self, subject: &Subject<'_>, field: String, message: &str, count: u64) {
        self.tally.add(Finding {
            code: FindingCode::NotHonoured,
            object: subject.object.to_owned(),
            field,
            message: message.to_owned(),
            remedy: String::new(),
            count,
        });
    }

    /// All of a shape but the priority and rules between pods.
    fn placement(&self, subject: &Subject<'_>, spec: &PodSpec) -> Result<PodShape, Problem> {
        Ok(PodShape {
            requests: self.requests(subject, spec)?,
            alternatives: affinity::alternatives(spec, subject.path)?,
            tolerations: tolerations::read(&spec.tolerations, subject.path)?,
            ..PodShape::default()
        })
    }

    fn requests(&self, subject: &Subject<'_>, spec: &PodSpec) -> Result<Resources, Problem> {
        // What has passed admission has its defaults; a later LimitRange does not change it.
        let defaults =
            if subject.admitted { None } else { self.limit_ranges.of(subject.looks.namespace) };
        requests::effective(spec, subject.path, defaults)
    }

    fn priority(&mut self, subject: &Subject<'_>, spec: &PodSpec, count: u64) -> i32 {
        match self.priorities.of(spec, subject.admitted) {
            Ok(priority) => priority,
            Err(class) => {
                self.tally.add(Finding {
                    code: FindingCode::MissingReference,
                    object: subject.object.to_owned(),
                    field: format!("{}.priorityClassName", subject.path),
                    message: format!("PriorityClass {class} is not in the input: 0 is assumed"),
                    remedy: "add the PriorityClass to the input".to_owned(),
                    count,
                });
                0
            }
        }
    }

    fn note_scheduler(&mut self, subject: &Subject<'_>, spec: &PodSpec, count: u64) {
        let scheduler = spec.scheduler_name.as_deref().unwrap_or_default();
        if !matches!(scheduler, "" | "default-scheduler") {
            let field = format!("{}.schedulerName", subject.path);
            let message = format!("pods of {scheduler} are planned as by the default scheduler");
            self.tally.note(subject.object, &field, &message, count);
        }
    }

    /// Tells of volumes that several pods to plan have: each counts them.
    fn note_shared(&mut self, subject: &Subject<'_>, attached: BTreeSet<Attachment>) {
        if subject.pod.is_empty() {
            return;
        }
        for attachment in attached {
            if !self.attached.insert(attachment) {
                let message = "a volume that several pods to plan have is counted for each of them \
                               against what a node can attach";
                self.tally.note(subject.object, "spec.volumes", message, 1);
            }
        }
    }

    /// Plans a pod; a name seen before gets a number behind it.
    fn plan(&mut self, name: &str, shape: u32) {
        let mut unique = PodName::from(name);
        let mut repeat = 2_u32;
        while !self.names.insert(unique.clone()) {
            unique = PodName::new(format!("{name}#{repeat}"));
            repeat += 1;
        }
        self.set.pods.push((unique, shape));
    }

    fn bind(&mut self, subject: &Subject<'_>, pod: &api::Pod, node: &str, is_daemon: bool) {
        self.set.services.seat(pod);
        let requests = match self.requests(subject, &pod.spec) {
            Ok(requests) => requests,
            Err(problem) => return self.tally.bad_field(subject.object, problem, 1),
        };
        if !self.nodes.contains(node) {
            self.tally.add(Finding {
                code: FindingCode::MissingReference,
                object: subject.object.to_owned(),
                field: "spec.nodeName".to_owned(),
                message: "the pod's node is not in the input: neither is planned".to_owned(),
                remedy: "add the Node to the input, or plan all pods afresh with --pods all"
                    .to_owned(),
                count: 1,
            });
        }
        let mut rivals = self.rivals.matched(subject.looks);
        rivals.extend(self.ports.taken(&pod.spec));
        let is_going = pod.metadata.deletion_timestamp.is_some();
        let counted = if is_going { Vec::new() } else { self.spreads.matched(subject.looks) };
        let apart = self.kept_apart(subject, &pod.spec);
        let attached = self.attached(subject, &pod.spec);
        let bound = self.set.bound.entry(NodeName::from(node)).or_default();
        bound.rivals.extend(rivals);
        for term in apart {
            *bound.apart.entry(term).or_default() += 1;
        }
        for selection in counted {
            *bound.matched.entry(selection).or_default() += 1;
        }
        bound.attached.extend(attached);
        bound.all.add(&requests);
        if is_daemon {
            bound.daemons.add(&requests);
        }
    }

    /// The listed terms apart that a pod carries; what is wrong with them was told when it came.
    fn kept_apart(&self, subject: &Subject<'_>, spec: &PodSpec) -> Vec<TermIndex> {
        if !self.spreads.has_terms() || spec.affinity.is_none() {
            return Vec::new();
        }
        let terms = Terms::read(spec, subject.looks, "").unwrap_or_default();
        self.spreads.listed(&terms.averse)
    }

    /// Takes the room on a node that a pod of another node is promised, beside the room that it has.
    fn reserve(&mut self, subject: &Subject<'_>, pod: &api::Pod, node: &str) {
        // What cannot be read was said where the pod runs.
        let Ok(requests) = self.requests(subject, &pod.spec) else { return };
        let mut rivals = self.rivals.matched(subject.looks);
        rivals.extend(self.ports.taken(&pod.spec));
        let attached = self.attached(subject, &pod.spec);
        let bound = self.set.bound.entry(NodeName::from(node)).or_default();
        bound.rivals.extend(rivals);
        bound.attached.extend(attached);
        bound.all.add(&requests);
    }

    /// All that was decided.
    pub(super) fn finish(mut self) -> PodSet {
        let asked: BTreeSet<&ResourceName> =
            (self.set.shapes.iter().flat_map(|shape| shape.requests.iter()))
                .map(|(name, _)| name)
                .collect();
        for bound in self.set.bound.values_mut() {
            // On a node a volume is attached once, however many of its pods have it.
            let attached = std::mem::take(&mut bound.attached);
            let attached = attached.iter().filter(|(resource, _)| asked.contains(resource));
            bound.all.add(&volumes::counted(attached));
        }
        self.set.daemon_sets.sort_by(|a, b| a.name.cmp(&b.name));
        self.set.rivals = self.rivals.rivals();
        let ports = self.ports.names().map(|name| Rivals { name: RivalsName::new(name) });
        self.set.rivals.extend(ports);
        (self.set.selections, self.set.spreads, self.set.terms, self.set.soft_rules) =
            self.spreads.into_lists();
        self.set.findings = self.tally.into_findings();
        self.set
    }
}
