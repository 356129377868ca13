//! Objects in, pods out: each case is YAML, and the set of pods as text.

mod ports;
mod rivals;
mod services;
mod soft;
mod spread_by_default;
mod spreads;
mod terms;
mod volumes;

use std::fmt::Write as _;

use model::{PodShape, Resources};

use super::{PodSet, collect};
use crate::{Going, PodSelection, PreferencePolicy, ReadOptions, Source, read};

/// A container list with these resources.
fn containers(resources: &str) -> String {
    format!("containers: [{{name: a, resources: {resources}}}]")
}

/// A pod of the default namespace with this spec.
fn pod(name: &str, spec: &str) -> String {
    format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

/// An object of the default namespace.
fn object(api_version: &str, kind: &str, metadata: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
    )
}

fn set_of(text: &str, selection: PodSelection) -> PodSet {
    set_with(text, selection, PreferencePolicy::Respect)
}

fn set_with(text: &str, selection: PodSelection, preferences: PreferencePolicy) -> PodSet {
    let source = Source { name: "test.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let mut inputs = read(&[source], &ReadOptions::default()).expect("readable");
    super::resolve_namespaces(&mut inputs.objects);
    assert_eq!(inputs.findings, [], "{text}");
    let going = Going::new(inputs.objects.nodes.iter(), inputs.objects.node_claims.iter());
    let promises = std::collections::BTreeMap::new();
    collect(&inputs.objects, selection, (&promises, &going), (false, preferences))
}

#[track_caller]
fn check(text: &str, selection: PodSelection, expected: &[&str]) {
    let set = set_of(text, selection);
    assert_eq!(rendered(&set), expected, "{text}");
}

fn rendered(set: &PodSet) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, shape) in &set.pods {
        let shape = &set.shapes[usize::try_from(*shape).expect("small")];
        lines.push(format!("{name}:{}", shape_text(shape)));
    }
    for daemon in &set.daemon_sets {
        lines.push(format!("daemon {}:{}", daemon.name, resources_text(&daemon.shape.requests)));
    }
    for (node, bound) in &set.bound {
        let (all, daemons) = (resources_text(&bound.all), resources_text(&bound.daemons));
        lines.push(format!("on {node}:{all}, daemons{daemons}"));
    }
    for finding in &set.findings {
        lines.push(format!(
            "{} x{}: {} {}",
            finding.code.as_str(),
            finding.count,
            finding.object,
            finding.field
        ));
    }
    lines
}

fn shape_text(shape: &PodShape) -> String {
    let mut text = resources_text(&shape.requests);
    for requirements in &shape.alternatives {
        let conditions: Vec<String> =
            requirements.iter().map(|(key, requirement)| format!("{key} {requirement}")).collect();
        if !conditions.is_empty() {
            write!(text, " | {}", conditions.join(", ")).expect("a string");
        }
    }
    for toleration in &shape.tolerations {
        let key = toleration.key.as_deref().unwrap_or("*");
        write!(text, " ~{key}={}", toleration.value).expect("a string");
    }
    if shape.priority != 0 {
        write!(text, " priority {}", shape.priority).expect("a string");
    }
    text
}

/// Without the one pod that each pod is.
fn resources_text(resources: &Resources) -> String {
    let named =
        resources.iter().filter(|(name, amount)| name.as_str() != "pods" || amount.get() != 1);
    named.fold(String::new(), |text, (name, amount)| format!("{text} {name}={}", amount.get()))
}

#[test]
fn requests_are_those_that_the_scheduler_sees() {
    let cases = [
        // Limits stand in for absent requests, one by one.
        (containers("{requests: {cpu: 100m}, limits: {cpu: 1, memory: 1Mi}}"), " cpu=100 memory=1048576"),
        // Numbers are quantities; sums are exact and rounded up once.
        (containers("{requests: {cpu: 0.1, memory: 1.5}}"), " cpu=100 memory=2"),
        ("containers: [{resources: {requests: {cpu: 500u}}}, {resources: {requests: {cpu: 500u}}}]".to_owned(), " cpu=1"),
        (containers("{limits: {nvidia.com/gpu: 2}}"), " nvidia.com/gpu=2"),
        // Init containers run one after another before the others.
        ("containers: [{resources: {requests: {cpu: 2, memory: 10}}}], \
          initContainers: [{resources: {requests: {cpu: 3, memory: 1}}}, {resources: {requests: {cpu: 1, memory: 20}}}]".to_owned(),
         " cpu=3000 memory=20"),
        // A sidecar stays: it adds to the containers and to init containers after it, not before.
        ("containers: [{resources: {requests: {cpu: 2}}}], \
          initContainers: [{resources: {requests: {cpu: 3}}}, \
          {restartPolicy: Always, resources: {requests: {cpu: 1}}}, {resources: {requests: {cpu: 3}}}]".to_owned(),
         " cpu=4000"),
        ("containers: [{resources: {requests: {cpu: 2}}}], \
          initContainers: [{resources: {requests: {cpu: 3}}}, {restartPolicy: Always, resources: {requests: {cpu: 500m}}}]".to_owned(),
         " cpu=3000"),
        // Overhead comes on top of all.
        (format!("{}, overhead: {{cpu: 250m, memory: 5}}", containers("{requests: {cpu: 1}}")), " cpu=1250 memory=5"),
        // What is requested for the whole pod replaces the sum, for CPU, memory and huge pages.
        (format!("{}, resources: {{requests: {{cpu: 3}}}}", containers("{requests: {cpu: 1, memory: 7}}")), " cpu=3000 memory=7"),
        (format!("{}, resources: {{limits: {{cpu: 3, memory: 9}}}}", containers("{requests: {cpu: 1}}")), " cpu=1000 memory=9"),
        // Null is absent.
        ("containers: [{resources: {requests: null}}], nodeSelector: null, tolerations:".to_owned(), ""),
    ];
    for (spec, expected) in cases {
        check(&pod("p", &spec), PodSelection::All, &[&format!("default/p:{expected}")]);
    }
}

#[test]
fn limit_ranges_fill_what_neither_request_nor_limit_says() {
    let ranges = [
        object("v1", "LimitRange", "name: b", "limits: [{type: Container, defaultRequest: {cpu: 9, memory: 9}}]"),
        object("v1", "LimitRange", "name: a", "limits: [{type: Pod, max: {cpu: 8}}, {type: Container, default: {cpu: 200m}, min: {memory: 3}}]"),
        object("v1", "LimitRange", "name: c, namespace: other", "limits: [{type: Container, max: {ephemeral-storage: 1}}]"),
    ]
    .concat();
    let cases = [
        (containers("{}"), " cpu=200 memory=3"),
        (containers("{limits: {cpu: 2}}"), " cpu=2000 memory=3"),
        (containers("{requests: {cpu: 1, memory: 1}}"), " cpu=1000 memory=1"),
        ("containers: [{}, {}], initContainers: [{}]".to_owned(), " cpu=400 memory=6"),
    ];
    for (spec, expected) in cases {
        let text = format!("{ranges}{}", pod("p", &spec));
        check(&text, PodSelection::All, &[&format!("default/p:{expected}")]);
    }
    // aws#3199: a DaemonSet without requests gets them from the LimitRange on every node. A pod
    // that the API server has admitted has been through it.
    let daemon = object("apps/v1", "DaemonSet", "name: d", "template: {spec: {containers: [{}]}}");
    let admitted = object("v1", "Pod", "name: p, uid: u", "containers: [{}]");
    check(
        &format!("{ranges}{daemon}{admitted}"),
        PodSelection::All,
        &["default/p:", "daemon default/d: cpu=200 memory=3"],
    );
}

#[test]
fn wrong_fields_are_named_and_only_that_pod_is_left_out() {
    let term = |expression: &str| {
        format!(
            "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
             {{nodeSelectorTerms: [{{{expression}}}]}}}}}}"
        )
    };
    let path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]";
    let cases = [
        (
            containers("{requests: {cpu: 1x}}"),
            "spec.containers[0].resources.requests.cpu".to_owned(),
        ),
        (
            containers("{limits: {memory: -1}}"),
            "spec.containers[0].resources.limits.memory".to_owned(),
        ),
        (
            containers("{limits: {nvidia.com/gpu: 0.5}}"),
            "spec.containers[0].resources.limits.nvidia.com/gpu".to_owned(),
        ),
        (
            "initContainers: [{resources: {requests: {cpu: ''}}}]".to_owned(),
            "spec.initContainers[0].resources.requests.cpu".to_owned(),
        ),
        (
            "tolerations: [{operator: Exists}, {key: a, operator: Has}]".to_owned(),
            "spec.tolerations[1].operator".to_owned(),
        ),
        (
            "tolerations: [{operator: Equal, value: a}]".to_owned(),
            "spec.tolerations[0].key".to_owned(),
        ),
        (
            "tolerations: [{key: a, effect: Never}]".to_owned(),
            "spec.tolerations[0].effect".to_owned(),
        ),
        (
            term("matchExpressions: [{key: a, operator: Gte, values: ['1']}]"),
            format!("{path}.matchExpressions[0].operator"),
        ),
        (
            term("matchExpressions: [{key: a, operator: In}]"),
            format!("{path}.matchExpressions[0].values"),
        ),
        (
            term("matchExpressions: [{key: a, operator: Gt, values: [b]}]"),
            format!("{path}.matchExpressions[0].values"),
        ),
        (
            term("matchFields: [{key: spec.x, operator: In, values: [b]}]"),
            format!("{path}.matchFields[0]"),
        ),
    ];
    for (spec, field) in cases {
        let text = pod("bad", &spec) + &pod("good", &containers("{}"));
        check(
            &text,
            PodSelection::All,
            &["default/good:", &format!("bad-field x1: Pod default/bad {field}")],
        );
    }
}

#[test]
fn selectors_and_affinity_are_alternatives() {
    let affinity = |terms: &str| {
        format!(
            "nodeSelector: {{beta.kubernetes.io/arch: arm64}}, affinity: {{nodeAffinity: \
             {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{terms}]}}}}}}"
        )
    };
    let arm = "kubernetes.io/arch In [arm64]";
    let cases = [
        ("nodeSelector: {topology.ebs.csi.aws.com/zone: z}".to_owned(), " | topology.kubernetes.io/zone In [z]".to_owned()),
        (
            affinity("{matchExpressions: [{key: a, operator: In, values: [x, z]}]}, {}, {matchExpressions: [{key: b, operator: DoesNotExist}]}"),
            format!(" | a In [x, z], {arm} | b DoesNotExist, {arm}"),
        ),
        (affinity("{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}"), format!(" | {arm}, kubernetes.io/hostname In [n1]")),
        (affinity("{matchExpressions: [{key: g, operator: Gt, values: ['3']}]}"), format!(" | g >= 4, {arm}")),
        (affinity("{}"), " | kubernetes.io/hostname In []".to_owned()),
        (
            "tolerations: [{key: b, operator: Exists}, {key: a, value: x}, {key: b, operator: Exists}, {operator: Exists}]".to_owned(),
            " ~*= ~a=x ~b=".to_owned(),
        ),
    ];
    for (spec, expected) in cases {
        check(&pod("p", &spec), PodSelection::All, &[&format!("default/p:{expected}")]);
    }
}

#[test]
fn priority_comes_from_the_pod_its_class_or_the_default_class() {
    let classes = "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n\
                   ---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: usual}\nvalue: 7\nglobalDefault: true\n";
    let cases = [
        ("priority: 5, priorityClassName: high", vec!["default/p: priority 5"]),
        ("priorityClassName: high", vec!["default/p: priority 1000"]),
        ("priorityClassName: system-node-critical", vec!["default/p: priority 2000001000"]),
        ("", vec!["default/p: priority 7"]),
        (
            "priorityClassName: none",
            vec!["default/p:", "missing-reference x1: Pod default/p spec.priorityClassName"],
        ),
    ];
    for (spec, expected) in cases {
        check(&format!("{classes}{}", pod("p", spec)), PodSelection::All, &expected);
    }
}

/// Metadata, spec and status of a pod that asks for one core; what comes of it with pending pods
/// planned, and with all.
const FATES: [(&str, &str, &str, &str, &str); 15] = [
    ("", "", "", "default/p: cpu=1000", "default/p: cpu=1000"),
    ("", "nodeName: n1, ", "", "on n1: cpu=1000, daemons", "default/p: cpu=1000"),
    ("", "nodeName: n1, ", "phase: Succeeded", "", ""),
    ("", "", "phase: Failed", "", ""),
    (
        "",
        "",
        "nominatedNodeName: n1",
        "on n1: cpu=1000, daemons;note x1: Pod default/p status.nominatedNodeName",
        "default/p: cpu=1000",
    ),
    (
        "managedFields: [{manager: stowage, fieldsV1: {'f:status': {'f:nominatedNodeName': {}}}}]",
        "",
        "nominatedNodeName: n1",
        "default/p: cpu=1000",
        "default/p: cpu=1000",
    ),
    ("", "", "nominatedNodeName: gone", "default/p: cpu=1000", "default/p: cpu=1000"),
    (
        "annotations: {kubernetes.io/config.mirror: x}",
        "nodeName: n1, ",
        "",
        "on n1: cpu=1000, daemons",
        "",
    ),
    ("deletionTimestamp: now", "nodeName: n1, ", "", "on n1: cpu=1000, daemons", ""),
    ("deletionTimestamp: now", "", "", "", ""),
    (
        "deletionTimestamp: now, ownerReferences: [{kind: StatefulSet, name: s, controller: true}]",
        "nodeName: n1, ",
        "",
        "on n1: cpu=1000, daemons",
        "default/p: cpu=1000",
    ),
    (
        "ownerReferences: [{kind: DaemonSet, name: d, controller: true}]",
        "nodeName: n1, ",
        "",
        "daemon default/d:;on n1: cpu=1000, daemons cpu=1000",
        "daemon default/d:",
    ),
    (
        "",
        "schedulingGates: [{name: g}], ",
        "",
        "note x1: Pod default/p spec.schedulingGates",
        "note x1: Pod default/p spec.schedulingGates",
    ),
    (
        "",
        "nodeName: elsewhere, ",
        "",
        "on elsewhere: cpu=1000, daemons;missing-reference x1: Pod default/p spec.nodeName",
        "default/p: cpu=1000",
    ),
    (
        "",
        "schedulerName: other, ",
        "",
        "default/p: cpu=1000;note x1: Pod default/p spec.schedulerName",
        "default/p: cpu=1000;note x1: Pod default/p spec.schedulerName",
    ),
];

#[test]
fn a_pod_is_planned_bound_or_dropped() {
    for (metadata, spec, status, pending, all) in FATES {
        let daemon = if metadata.contains("DaemonSet") {
            object("apps/v1", "DaemonSet", "name: d", "template: {}")
        } else {
            String::new()
        };
        let text = format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n1}}\n---\napiVersion: v1\nkind: Pod\n\
             metadata: {{name: p, uid: u, {metadata}}}\n\
             spec: {{{spec}containers: [{{resources: {{requests: {{cpu: 1}}}}}}]}}\n\
             status: {{{status}}}\n{daemon}"
        );
        for (selection, expected) in [(PodSelection::Pending, pending), (PodSelection::All, all)] {
            let expected: Vec<&str> = expected.split(';').filter(|line| !line.is_empty()).collect();
            check(&text, selection, &expected);
        }
    }
}

/// A pod with a controller.
fn owned(name: &str, kind: &str, owner: &str, labels: &str) -> String {
    object(
        "v1",
        "Pod",
        &format!(
            "name: {name}, labels: {{{labels}}}, ownerReferences: [{{kind: {kind}, name: {owner}, controller: true}}]"
        ),
        "",
    )
}

#[test]
fn pods_of_a_workload_replace_its_expansion() {
    let deployment = object("apps/v1", "Deployment", "name: web", "replicas: 2");
    let replica_set = object(
        "apps/v1",
        "ReplicaSet",
        "name: web-abc, ownerReferences: [{kind: Deployment, name: web, controller: true}]",
        "replicas: 2",
    );
    let cases = [
        (deployment.clone(), vec!["default/web-0:", "default/web-1:"]),
        (format!("{deployment}{replica_set}"), vec!["default/web-0:", "default/web-1:"]),
        (replica_set.clone(), vec!["default/web-abc-0:", "default/web-abc-1:"]),
        (
            format!("{deployment}{replica_set}{}", owned("x", "ReplicaSet", "web-abc", "")),
            vec!["default/x:"],
        ),
        (
            format!(
                "{deployment}{}",
                owned("x", "ReplicaSet", "web-abc", "pod-template-hash: abc")
            ),
            vec!["default/x:"],
        ),
        (
            format!("{deployment}{}", owned("x", "ReplicaSet", "web-other", "")),
            vec!["default/x:", "default/web-0:", "default/web-1:"],
        ),
        (object("apps/v1", "StatefulSet", "name: s", ""), vec!["default/s-0:"]),
        (
            object("apps/v1", "Deployment", "name: web", "replicas: -1"),
            vec!["bad-field x1: Deployment default/web spec.replicas"],
        ),
        (
            object("apps/v1", "Deployment", "name: web", "replicas: 2000000000"),
            vec!["bad-field x1: Deployment default/web "],
        ),
        // A pod that bears a name an expansion would give keeps it.
        (
            format!("{deployment}{}", pod("web-0", "")),
            vec!["default/web-0:", "default/web-0#2:", "default/web-1:"],
        ),
    ];
    for (text, expected) in cases {
        check(&text, PodSelection::All, &expected);
    }
}

#[test]
fn jobs_are_planned_as_what_runs_at_once() {
    let job = object("batch/v1", "Job", "name: j", "parallelism: 3, completions: 2");
    let cron_job =
        object("batch/v1", "CronJob", "name: c", "jobTemplate: {spec: {parallelism: 1}}");
    let note = "note x1: CronJob default/c ";
    let cases = [
        (job.clone(), vec!["default/j-0:", "default/j-1:"]),
        (format!("{job}status: {{succeeded: 1}}\n"), vec!["default/j-0:"]),
        (format!("{job}status: {{conditions: [{{type: Complete, status: 'True'}}]}}\n"), vec![]),
        (
            object("batch/v1", "Job", "name: j", "suspend: true"),
            vec!["note x1: Job default/j spec.suspend"],
        ),
        (cron_job.clone(), vec!["default/c-0:", note]),
        (format!("{cron_job}{}", owned("x", "Job", "c-29000000", "")), vec!["default/x:"]),
        (format!("{cron_job}{}", pod("x", "")), vec!["default/x:", note]),
        (
            object("batch/v1", "CronJob", "name: c", "suspend: true"),
            vec!["note x1: CronJob default/c spec.suspend"],
        ),
    ];
    for (text, expected) in cases {
        check(&text, PodSelection::All, &expected);
    }
}

#[test]
fn what_is_not_honoured_yet_is_counted() {
    let cases = [
        ("runtimeClassName: gvisor", "runtimeClassName"),
        ("schedulingGroup: {podGroupName: g}", "schedulingGroup"),
    ];
    for (spec, field) in cases {
        let deployment = object(
            "apps/v1",
            "Deployment",
            "name: web",
            &format!("replicas: 2, template: {{spec: {{{spec}}}}}"),
        );
        check(
            &deployment,
            PodSelection::All,
            &[
                "default/web-0:",
                "default/web-1:",
                &format!("not-honoured x2: Deployment default/web spec.template.spec.{field}"),
            ],
        );
    }
    let claims = pod("p", "resourceClaims: [{name: c}]");
    check(&claims, PodSelection::All, &["not-honoured x1: Pod default/p spec.resourceClaims"]);
    let quiet = "volumes: [{name: v, emptyDir: {}}], containers: [{ports: [{containerPort: 1}]}]";
    check(&pod("p", quiet), PodSelection::All, &["default/p:"]);
}

#[test]
fn preferred_node_affinity_is_read_with_its_weights_and_refused_where_it_is_wrong() {
    let prefers = |terms: &str| {
        pod(
            "p",
            &format!(
                "affinity: {{nodeAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{terms}]}}}}"
            ),
        )
    };
    let zone = |weight: i64| {
        format!(
            "{{weight: {weight}, preference: {{matchExpressions: [{{key: \
             failure-domain.beta.kubernetes.io/zone, operator: In, values: [a]}}]}}}}"
        )
    };
    // A term that says nothing has no weight; one that is there twice counts twice.
    let terms = format!("{}, {{weight: 9, preference: {{}}}}, {}, {}", zone(50), zone(1), zone(50));
    let set = set_of(&prefers(&terms), PodSelection::All);
    let read: Vec<String> = (set.shapes[0].preferences.iter())
        .map(|one| {
            let labels = one.labels.iter().map(|(key, wanted)| format!("{key} {wanted}"));
            format!("{} {}", one.weight, labels.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let zone_a = "topology.kubernetes.io/zone In [a]";
    assert_eq!(read, [format!("1 {zone_a}"), format!("50 {zone_a}"), format!("50 {zone_a}")]);
    assert!(set.findings.is_empty());
    let field = "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]";
    for weight in [0, 101] {
        let refused = format!("bad-field x1: Pod default/p {field}.weight");
        check(&prefers(&zone(weight)), PodSelection::All, &[&refused]);
    }
}

#[test]
fn daemon_sets_are_their_templates_and_missing_ones_are_told() {
    let daemon = object(
        "apps/v1",
        "DaemonSet",
        "name: d",
        "template: {spec: {nodeSelector: {a: b}, hostNetwork: true}}",
    );
    let set = set_of(&daemon, PodSelection::All);
    let shape = &set.daemon_sets[0].shape;
    assert_eq!(shape.alternatives.len(), 1);
    assert!(shape_text(shape).starts_with(" | a In [b] ~node.kubernetes.io/disk-pressure="));
    // The six that every daemon has, and the one of the host's network.
    assert_eq!(shape.tolerations.len(), 7);

    let orphan = object(
        "v1",
        "Pod",
        "name: p, ownerReferences: [{kind: DaemonSet, name: gone, controller: true}]",
        "",
    );
    let missing = "missing-reference x1: Pod default/p metadata.ownerReferences";
    check(&orphan, PodSelection::All, &[missing]);
}
