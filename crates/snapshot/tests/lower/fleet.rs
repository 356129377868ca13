//! What runs, as disruption looks at it: claims with their Nodes, pods with what covers them.

use model::fleet::{Limit, Node, Place, Pod, PodBudget, Policy, Protection};
use model::{PodIndex, Timestamp};
use snapshot::{LoweredFleet, PodSelection, ReadOptions, Source};

use crate::{CATALOG, class, naive, options, pod, pool};

const LABELS: &str = "karpenter.sh/nodepool: p, karpenter.sh/capacity-type: on-demand, \
     node.kubernetes.io/instance-type: m7i.xlarge, topology.kubernetes.io/zone: us-east-1a";
const JOINED: &str = "karpenter.sh/registered: \"true\", karpenter.sh/initialized: \"true\", ";
const READY: &str = "conditions: [{type: Ready, status: \"True\"}], ";

/// A claim for the instance `id`.
fn claim(name: &str, metadata: &str, id: &str, status: &str) -> String {
    format!(
        "apiVersion: karpenter.sh/v1\nkind: NodeClaim\nmetadata: {{name: {name}, {metadata}labels: \
         {{{LABELS}}}}}\nspec: {{nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, \
         name: default}}}}\nstatus: {{{status}providerID: \"aws:///us-east-1a/{id}\", conditions: \
         [{{type: Initialized, status: \"True\", lastTransitionTime: \"1970-01-01T00:01:40Z\"}}]}}\n\
         ---\n"
    )
}

/// A Node of the instance `id`.
fn node(name: &str, metadata: &str, labels: &str, id: &str, conditions: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, {metadata}labels: \
         {{{labels}{LABELS}}}}}\nspec: {{providerID: \"aws:///us-east-1a/{id}\"}}\nstatus: \
         {{{conditions}capacity: {{cpu: 4, memory: 16Gi, pods: 58}}, allocatable: {{cpu: 3900m, \
         memory: 15Gi, pods: 58}}}}\n---\n"
    )
}

/// A claim with its Node that is all that it should be.
fn settled() -> String {
    claim("p-1", "", "i-1", "") + &node("n1", "", JOINED, "i-1", READY)
}

/// A pod on n1, with what is put before its labels and containers.
fn on(name: &str, metadata: &str, spec: &str) -> String {
    pod(name, &format!("nodeName: n1, {spec}"), "cpu: 1")
        .replace("metadata: {", &format!("metadata: {{{metadata}"))
}

fn budget(name: &str, spec: &str, allowed: u32) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\nspec: \
         {{{spec}}}\nstatus: {{disruptionsAllowed: {allowed}}}\n---\n"
    )
}

fn fleet(yaml: &str) -> LoweredFleet {
    let yaml = class("default", "") + &pool("p", "", &[]) + yaml;
    fleet_of(&yaml, &[])
}

fn fleet_of(yaml: &str, findings: &[&str]) -> LoweredFleet {
    let source = Source { name: "test.yaml".to_owned(), bytes: yaml.as_bytes().to_vec() };
    let inputs = snapshot::read(&[source], &ReadOptions::default()).expect("readable");
    // Whatever the options say of pods, those that run are looked at.
    let options = snapshot::LowerOptions { pods: Some(PodSelection::All), ..options() };
    let fleet = snapshot::lower_fleet(inputs, &CATALOG, &options).expect("a known region");
    naive::check(&fleet.lowered.snapshot);
    assert_eq!(crate::found(&fleet.lowered), findings, "{yaml}");
    fleet
}

fn only_node(yaml: &str) -> Node {
    let nodes = fleet(yaml).cluster.nodes;
    assert_eq!(nodes.len(), 1, "{nodes:?}");
    nodes[0].clone()
}

fn only_pod(yaml: &str) -> Pod {
    let pods = only_node(&(settled() + yaml)).pods;
    assert_eq!(pods.len(), 1, "{pods:?}");
    pods[0].clone()
}

/// The facts of a node, each by its word where it holds.
fn words(node: &Node) -> String {
    let Node {
        claim,
        name,
        pool,
        initialized,
        ready,
        deleting,
        terminating,
        nominated,
        do_not_disrupt,
        quiet_since,
        expires,
        price,
        pods,
    } = node;
    let text = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    let (claim, name) = (claim.as_ref().map(ToString::to_string), name.as_ref());
    let mut all = vec![text(claim), text(name.map(ToString::to_string))];
    all.extend(pool.as_ref().map(|pool| format!("of {pool}")));
    let facts = [
        (*initialized, "initialized"),
        (*ready, "ready"),
        (*deleting, "deleting"),
        (*terminating, "terminating"),
        (*nominated, "nominated"),
        (*do_not_disrupt, "do-not-disrupt"),
        (price.is_some(), "priced"),
    ];
    all.extend(facts.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word.to_owned()));
    all.extend(quiet_since.map(|since| format!("since {}", since.0)));
    all.extend(expires.map(|expires| format!("expires {}", expires.0)));
    all.extend((!pods.is_empty()).then(|| format!("{} pods", pods.len())));
    all.join(" ")
}

#[test]
fn a_claim_and_its_node_are_one_with_the_facts_of_both() {
    let going = "deletionTimestamp: \"2026-01-01T00:00:00Z\", ";
    let ready = |status: &str| format!("conditions: [{{type: Ready, status: \"{status}\"}}], ");
    let quiet = "lastPodEventTime: \"1970-01-01T00:03:20Z\", ";
    let annotated =
        |value: &str| format!("annotations: {{karpenter.sh/do-not-disrupt: \"{value}\"}}, ");
    let plain = claim("p-1", "", "i-1", "");
    let n1 = |metadata: &str| node("n1", metadata, JOINED, "i-1", READY);
    let disrupted = n1("")
        .replace("spec: {", "spec: {taints: [{key: karpenter.sh/disrupted, effect: NoSchedule}], ");
    let waits = pod("waits", "", "cpu: 1") + "status: {nominatedNodeName: n1}\n";
    let waits = waits.replace("---\nstatus", "status") + "---\n";
    let usual = "p-1 n1 of p initialized ready";
    for (yaml, expected) in [
        (settled(), format!("{usual} priced since 100")),
        (plain.clone(), "p-1 - of p since 100".to_owned()),
        (n1(""), "- n1 of p initialized ready priced".to_owned()),
        (
            plain.clone() + &node("n1", "", "", "i-1", &ready("False")),
            "p-1 n1 of p priced since 100".to_owned(),
        ),
        (plain.clone() + &n1(going), format!("{usual} deleting priced since 100")),
        (claim("p-1", going, "i-1", "") + &n1(""), format!("{usual} deleting priced since 100")),
        (plain.clone() + &disrupted, format!("{usual} deleting priced since 100")),
        (
            plain.clone() + &n1(&annotated("true")),
            format!("{usual} do-not-disrupt priced since 100"),
        ),
        // Durations are a pod's alone.
        (plain.clone() + &n1(&annotated("5m")), format!("{usual} priced since 100")),
        (claim("p-1", "", "i-1", quiet) + &n1(""), format!("{usual} priced since 200")),
        (
            claim("p-1", "", "i-1", "").replace("Initialized", "InstanceTerminating") + &n1(""),
            format!("{usual} terminating priced"),
        ),
        (settled() + &waits, format!("{usual} nominated priced since 100")),
        (
            settled() + &on("a", "", "") + &on("b", "", ""),
            format!("{usual} priced since 100 2 pods"),
        ),
        (
            plain + &n1("").replace("instance-type: m7i.xlarge", "instance-type: m99.huge"),
            format!("{usual} since 100"),
        ),
    ] {
        let yaml = class("default", "") + &pool("p", "", &[]) + &yaml;
        let source = Source { name: "test.yaml".to_owned(), bytes: yaml.as_bytes().to_vec() };
        let inputs = snapshot::read(&[source], &ReadOptions::default()).expect("readable");
        let fleet = snapshot::lower_fleet(inputs, &CATALOG, &options()).expect("a known region");
        let nodes: Vec<String> = fleet.cluster.nodes.iter().map(words).collect();
        assert_eq!(nodes, [expected], "{yaml}");
    }
}

#[test]
fn a_claim_finds_its_node_by_instance_before_name() {
    let other = "apiVersion: v1\nkind: Node\nmetadata: {name: strange}\nstatus: \
                 {allocatable: {cpu: 1, memory: 1Gi, pods: 8}}\n---\n";
    let named = "nodeName: n2, ";
    let nodes = claim("p-1", "", "i-1", named)
        + &claim("p-2", "", "i-9", named)
        + &node("n1", "", JOINED, "i-1", READY)
        + &node("n2", "", JOINED, "i-2", READY)
        + &node("n3", "", JOINED, "i-3", READY)
        + other;
    let found: Vec<String> = fleet(&nodes).cluster.nodes.iter().map(words).collect();
    let expected = [
        "p-1 n1 of p initialized ready priced since 100",
        "p-2 n2 of p initialized ready priced since 100",
        // A pool's Node that no claim stands behind; one of no pool is none of ours.
        "- n3 of p initialized ready priced",
    ];
    assert_eq!(found, expected);
}

const OWNED: &str =
    "ownerReferences: [{apiVersion: apps/v1, kind: KIND, name: own, controller: true}], ";
const GOING: &str = "deletionTimestamp: \"2026-01-01T00:00:00Z\", ";

#[test]
fn a_pod_says_whether_it_runs_elsewhere_and_may_be_evicted() {
    let of = |kind: &str| OWNED.replace("KIND", kind);
    let mirror = "annotations: {kubernetes.io/config.mirror: x}, ";
    let tolerates = "tolerations: [{key: karpenter.sh/disrupted, operator: Exists}], ";
    let tolerates_value =
        "tolerations: [{key: karpenter.sh/disrupted, value: other, effect: NoSchedule}], ";
    let tolerates_all = "tolerations: [{operator: Exists}], ";
    // Active, reschedulable, evictable.
    for (metadata, spec, expected) in [
        (of("ReplicaSet"), "", (true, true, true)),
        (String::new(), "", (true, true, true)),
        (of("DaemonSet"), "", (true, false, true)),
        (of("Node"), "", (true, false, false)),
        (mirror.to_owned(), "", (true, false, false)),
        (of("ReplicaSet") + GOING, "", (false, false, true)),
        (of("StatefulSet") + GOING, "", (false, true, true)),
        (of("ReplicaSet"), tolerates, (true, true, false)),
        (of("ReplicaSet"), tolerates_all, (true, true, false)),
        (of("ReplicaSet"), tolerates_value, (true, true, true)),
    ] {
        let yaml = on("web", &metadata, spec);
        let set = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: own}\nspec: {template: \
                   {spec: {nodeSelector: {example.com/none: x}, containers: []}}}\n---\n";
        let pod = only_pod(&(yaml.clone() + set));
        assert_eq!((pod.active, pod.reschedulable, pod.evictable), expected, "{yaml}");
    }
    let over = on("web", "", "").replace("---\n", "status: {phase: Succeeded}\n---\n");
    let pod = only_pod(&over);
    assert_eq!((pod.active, pod.reschedulable), (false, false));
}

#[test]
fn do_not_disrupt_holds_for_good_or_for_a_time_from_the_start() {
    let started = "status: {startTime: \"1970-01-01T00:16:40Z\"}\n---\n";
    for (value, status, expected) in [
        ("\"true\"", "---\n", Protection::Always),
        ("\"5m\"", started, Protection::Until(Timestamp(1_300))),
        ("\"1h30m\"", started, Protection::Until(Timestamp(6_400))),
        ("\"5m\"", "---\n", Protection::Always),
        ("\"0s\"", started, Protection::None),
        ("\"-5m\"", started, Protection::None),
        ("\"false\"", started, Protection::None),
    ] {
        let metadata = format!("annotations: {{karpenter.sh/do-not-disrupt: {value}}}, ");
        let yaml = on("web", &metadata, "").replace("---\n", status);
        assert_eq!(only_pod(&yaml).protection, expected, "{yaml}");
    }
}

#[test]
fn what_a_move_costs_is_read_from_annotations_and_priority() {
    let new = "karpenter.sh/disruption-cost";
    let old = "controller.kubernetes.io/pod-deletion-cost";
    for (annotations, expected) in [
        (String::new(), 0),
        (format!("{old}: \"7\""), 7),
        (format!("{new}: \"-3\", {old}: \"7\""), -3),
        (format!("{new}: \"1.5\", {old}: \"7\""), 0),
    ] {
        let metadata = format!("annotations: {{{annotations}}}, ");
        let pod = only_pod(&on("web", &metadata, "priority: 9, "));
        assert_eq!((pod.deletion_cost, pod.priority), (expected, 9), "{annotations}");
    }
}

#[test]
fn budgets_cover_the_pods_that_their_selectors_match() {
    let web = "labels: {app: web, tier: a}, ";
    let covers = |budget: &str, allowed| PodBudget::Covers { budget: budget.to_owned(), allowed };
    let forbids = |budget: &str| PodBudget::Forbids(budget.to_owned());
    let selector = |selector: &str| format!("selector: {{{selector}}}, ");
    let app = selector("matchLabels: {app: web}");
    let expression = |one: &str| selector(&format!("matchExpressions: [{{{one}}}]"));
    for (budgets, expected) in [
        (String::new(), PodBudget::Allows),
        (budget("one", &app, 2), covers("default/one", 2)),
        (budget("one", &app, 0), forbids("default/one")),
        (budget("one", &selector("matchLabels: {app: other}"), 0), PodBudget::Allows),
        (budget("one", "", 0), PodBudget::Allows),
        (budget("one", &selector(""), 0), forbids("default/one")),
        (
            budget("one", &expression("key: tier, operator: In, values: [a, b]"), 0),
            forbids("default/one"),
        ),
        (
            budget("one", &expression("key: tier, operator: NotIn, values: [a]"), 0),
            PodBudget::Allows,
        ),
        (budget("one", &expression("key: tier, operator: Exists"), 0), forbids("default/one")),
        (budget("one", &expression("key: tier, operator: DoesNotExist"), 0), PodBudget::Allows),
        // What is not understood covers rather than not.
        (
            budget("one", &expression("key: tier, operator: Like, values: [z]"), 0),
            forbids("default/one"),
        ),
        (budget("one", &app, 1) + &budget("two", &app, 1), PodBudget::Several(2)),
        (
            budget("one", &app, 0).replace("{name: one}", "{name: one, namespace: other}"),
            PodBudget::Allows,
        ),
    ] {
        let pod = only_pod(&(budgets.clone() + &on("web", web, "")));
        assert_eq!(pod.budget, expected, "{budgets}");
    }
}

#[test]
fn a_pod_that_is_not_ready_may_go_where_its_budget_says_so() {
    let policy = |policy: &str| format!("selector: {{}}, unhealthyPodEvictionPolicy: {policy}, ");
    let broken = "status: {conditions: [{type: Ready, status: \"False\"}]}\n---\n";
    let forbids = PodBudget::Forbids("default/one".to_owned());
    for (policy, status, expected) in [
        (policy("AlwaysAllow"), broken, PodBudget::Allows),
        (policy("AlwaysAllow"), "---\n", forbids.clone()),
        (policy("IfHealthyBudget"), broken, forbids),
    ] {
        let yaml = budget("one", &policy, 0) + &on("web", "", "").replace("---\n", status);
        assert_eq!(only_pod(&yaml).budget, expected, "{yaml}");
    }
}

#[test]
fn pods_of_the_snapshot_are_those_that_run_and_could_run_elsewhere() {
    let daemon = on("agent", &OWNED.replace("KIND", "DaemonSet"), "");
    let set = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: own}\nspec: {template: {spec: \
               {containers: []}}}\n---\n";
    let yaml = settled()
        + &pod("waits", "", "cpu: 1")
        + &on("b", "", "")
        + &daemon
        + set
        + &on("a", "namespace: shop, ", "").replace("cpu: 1", "cpu: 2");
    let fleet = fleet(&yaml);
    let pods = &fleet.lowered.snapshot.pods;
    let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(names, ["default/b", "shop/a"]);
    let places: Vec<(String, Place)> = (fleet.cluster.nodes[0].pods.iter())
        .map(|pod| (pod.name.to_string(), pod.place.clone()))
        .collect();
    let known = |index| Place::Pod(PodIndex::new(index));
    let expected = [
        ("default/b".to_owned(), known(0)),
        ("default/agent".to_owned(), Place::Unknown),
        ("shop/a".to_owned(), known(1)),
    ];
    assert_eq!(places, expected);
    let requests = |index| fleet.lowered.snapshot.shape_of(PodIndex::new(index)).requests.clone();
    assert_eq!(requests(1).get("cpu").get(), 2_000);
    // Room is what is left beside all of them.
    assert_eq!(
        fleet.lowered.snapshot.nodes[0].room.get("cpu").get(),
        3_900 - 1_000 - 1_000 - 2_000
    );
}

#[test]
fn a_pod_that_no_plan_honours_says_by_which_field() {
    let anyway = |when: &str| {
        format!(
            "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, \
             whenUnsatisfiable: {when}, labelSelector: {{}}}}], "
        )
    };
    let claims = "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], ";
    let prefers = "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: \
                   [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname}}]}}, ";
    let requires = "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                    [{topologyKey: kubernetes.io/hostname}]}}, ";
    let anti = |label: &str| {
        format!(
            "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
             [{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: \
             {label}}}}}}}]}}}}, "
        )
    };
    let known = Ok(Place::Pod(PodIndex::new(0)));
    for (spec, expected) in [
        (String::new(), known.clone()),
        // Wishes are priced or passed over, and keep no node.
        (prefers.to_owned(), known.clone()),
        (anyway("ScheduleAnyway"), known.clone()),
        (anti("web"), known.clone()),
        (anti("other"), known.clone()),
        (requires.to_owned(), known),
        (claims.to_owned(), Err("spec.volumes")),
        // Labels of namespaces are not known.
        (
            requires.replace(
                "hostname}",
                "hostname, labelSelector: {}, namespaceSelector: {matchLabels: {a: b}}}",
            ),
            Err("spec.affinity"),
        ),
    ] {
        let expected = expected.unwrap_or_else(|field| Place::NotHonoured(field.to_owned()));
        let yaml = class("default", "") + &pool("p", "", &[]) + &settled();
        let yaml = yaml + &on("web", "uid: u, labels: {app: web}, ", &spec);
        let source = Source { name: "test.yaml".to_owned(), bytes: yaml.as_bytes().to_vec() };
        let inputs = snapshot::read(&[source], &ReadOptions::default()).expect("readable");
        let fleet = snapshot::lower_fleet(inputs, &CATALOG, &options()).expect("a known region");
        assert_eq!(fleet.cluster.nodes[0].pods[0].place, expected, "{spec}");
        let pods = fleet.lowered.snapshot.pods.len();
        assert_eq!(pods, usize::from(matches!(expected, Place::Pod(_))), "{spec}");
    }
}

#[test]
fn a_broken_object_is_a_finding_and_the_rest_goes_on() {
    let base = class("default", "") + &pool("p", "", &[]);
    let broken_pod = on("web", "", "").replace("cpu: 1", "cpu: much");
    let fleet = fleet_of(
        &(base.clone() + &settled() + &broken_pod),
        &["bad-field Pod default/web spec.containers[0].resources.requests.cpu"],
    );
    // Where it would run cannot be said, so its node stays.
    assert_eq!(fleet.cluster.nodes[0].pods[0].place, Place::NotHonoured("spec".to_owned()));
    let broken_claim = claim("p-1", "", "i-1", "").replace("status: {", "status: {imageID: [], ");
    let yaml = base.clone() + &broken_claim + &node("n1", "", JOINED, "i-1", READY);
    let fleet = fleet_of(&yaml, &["bad-input NodeClaim p-1 status.imageID"]);
    assert_eq!(fleet.cluster.nodes[0].claim, None);
    let budget = budget("one", "selector: {}, ", 1)
        .replace("disruptionsAllowed: 1", "disruptionsAllowed: few");
    let yaml = base + &settled() + &budget + &on("web", "", "");
    let _: LoweredFleet =
        fleet_of(&yaml, &["bad-input PodDisruptionBudget default/one status.disruptionsAllowed"]);
}

#[test]
fn pools_keep_their_settings_and_a_budget_that_cannot_be_read_allows_none() {
    let settings = |spec: &str| {
        let yaml = class("default", "") + &pool("p", spec, &[]);
        let source = Source { name: "test.yaml".to_owned(), bytes: yaml.as_bytes().to_vec() };
        let inputs = snapshot::read(&[source], &ReadOptions::default()).expect("readable");
        let fleet = snapshot::lower_fleet(inputs, &CATALOG, &options()).expect("a known region");
        fleet.cluster.pools[0].clone()
    };
    for (text, after, policy, is_static) in [
        ("", Some(0), Policy::WhenEmptyOrUnderutilized, false),
        (
            "  disruption: {consolidateAfter: 90s}\n",
            Some(90),
            Policy::WhenEmptyOrUnderutilized,
            false,
        ),
        (
            "  disruption: {consolidateAfter: Never}\n",
            None,
            Policy::WhenEmptyOrUnderutilized,
            false,
        ),
        ("  disruption: {consolidationPolicy: WhenEmpty}\n", Some(0), Policy::WhenEmpty, false),
        ("  disruption: {consolidationPolicy: Balanced}\n", Some(0), Policy::Balanced, false),
        ("  replicas: 3\n", Some(0), Policy::WhenEmptyOrUnderutilized, true),
    ] {
        let pool = settings(text);
        assert_eq!(
            (pool.consolidate_after, pool.policy, pool.is_static),
            (after, policy, is_static)
        );
    }
    let budgets = |text: &str| -> Vec<Option<Limit>> {
        let pool = settings(text);
        pool.budgets.iter().map(|one| one.as_ref().ok().map(|budget| budget.limit)).collect()
    };
    for (text, expected) in [
        ("", vec![Some(Limit::Percent(10))]),
        ("  disruption: {budgets: []}\n", vec![]),
        (
            "  disruption: {budgets: [{nodes: \"3\"}, {nodes: 20%}]}\n",
            vec![Some(Limit::Count(3)), Some(Limit::Percent(20))],
        ),
        ("  disruption: {budgets: [{nodes: many}]}\n", vec![None]),
        ("  disruption: {budgets: [{nodes: \"1\", schedule: \"@daily\"}]}\n", vec![None]),
        (
            "  disruption: {budgets: [{nodes: \"1\", schedule: \"@daily\", duration: soon}]}\n",
            vec![None],
        ),
        (
            "  disruption: {budgets: [{nodes: \"1\", schedule: \"@daily\", duration: 1h}]}\n",
            vec![Some(Limit::Count(1))],
        ),
    ] {
        assert_eq!(budgets(text), expected, "{text}");
    }
}
