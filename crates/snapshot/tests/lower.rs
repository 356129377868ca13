//! Inputs joined with the catalog: what pools can buy, the room on it, nodes, and what is said.
//!
//! Every snapshot made here is folded a second time by `naive`, listing by listing with whole maps
//! of labels, and must come out the same.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use ec2::Catalog;
use model::{
    CapacityType, FindingCode, LabelKey, LabelValue, Labels, Offering, OfferingIndex, PodShape,
    Requirements, Resources, Snapshot, untolerated, well_known,
};
use snapshot::{LowerOptions, Lowered, MinValuesPolicy, Policies, ReadOptions, Source};

#[path = "lower/claims.rs"]
mod claims;
#[path = "lower/fleet.rs"]
mod fleet;
#[path = "lower/nodes.rs"]
mod nodes;

const P1: &str = include_str!("../../../simulations/pools/p1.yaml");
const P1_32: &str = include_str!("../../../simulations/pools/p1-32vcpu-ds.yaml");

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

fn options() -> LowerOptions {
    LowerOptions {
        live_market: None,
        unavailable: snapshot::Unavailable::new(),
        now: model::Timestamp(0),
        existing_only: false,
        watched: false,
        region: "us-east-1".to_owned(),
        pods: None,
        architectures: Vec::new(),
        capacity_types: Vec::new(),
        estimate_prices: false,
        policies: snapshot::Policies::default(),
    }
}

fn lowered(yaml: &str) -> Lowered {
    lowered_with(yaml, &options())
}

fn lowered_with(yaml: &str, options: &LowerOptions) -> Lowered {
    let lowered = unchecked(yaml, options);
    naive::check(&lowered.snapshot);
    lowered
}

fn unchecked(yaml: &str, options: &LowerOptions) -> Lowered {
    let source = Source { name: "test.yaml".to_owned(), bytes: yaml.as_bytes().to_vec() };
    let inputs = snapshot::read(&[source], &ReadOptions::default()).expect("readable");
    snapshot::lower(inputs, &CATALOG, options).expect("a known region")
}

/// Folding once more, the slow way.
mod naive {
    use super::*;

    pub(super) fn check(snapshot: &Snapshot) {
        let listing_labels: Vec<Labels> = (snapshot.listings.iter())
            .map(|listing| {
                let mut labels = snapshot.instance_type(listing.instance_type).labels.clone();
                let mut set = |key: &str, value: &str| labels.insert(key.into(), value.into());
                set(well_known::ZONE, listing.zone.as_str());
                set(well_known::CAPACITY_TYPE, listing.capacity_type.as_str());
                set(well_known::REGION, snapshot.region.as_str());
                if !listing.zone_id.as_str().is_empty() {
                    set(well_known::ZONE_ID, listing.zone_id.as_str());
                }
                labels
            })
            .collect();
        let mut expected = BTreeSet::new();
        for (pool_index, pool) in snapshot.pools.iter().enumerate() {
            let class = snapshot.node_class(pool.node_class);
            let suits: BTreeSet<_> = class.machines.iter().map(|one| one.instance_type).collect();
            for (position, listing) in snapshot.listings.iter().enumerate() {
                let labels = &listing_labels[position];
                let market_admits = pool.requirements.iter().all(|(key, requirement)| {
                    custom(key, pool) || requirement.admits(value(labels, key))
                });
                let template_agrees = pool
                    .labels
                    .iter()
                    .all(|(key, text)| value(labels, key).is_none_or(|here| here == text.as_str()));
                if suits.contains(&listing.instance_type) && market_admits && template_agrees {
                    expected.insert((pool_index, position));
                }
            }
        }
        let offered: Vec<(usize, usize, &Labels)> = (snapshot.offerings.iter())
            .map(|one| (one.pool.get(), one.listing.get(), &one.chosen_labels))
            .collect();
        assert!(offered.is_sorted(), "by pool, listing, chosen labels");
        let found: BTreeSet<(usize, usize)> = offered.iter().map(|one| (one.0, one.1)).collect();
        assert_eq!(found, expected, "offerings");
        for offering in &snapshot.offerings {
            let mut labels = listing_labels[offering.listing.get()].clone();
            let pool = snapshot.pool(offering.pool);
            labels.extend(pool.labels.clone());
            labels.extend(offering.chosen_labels.clone());
            labels.insert(well_known::NODE_POOL.into(), pool.name.as_str().into());
            check_offering(snapshot, offering, labels);
        }
        for node in &snapshot.nodes {
            let mut labels = node.labels.clone();
            if node.pool.is_some() {
                add_joined(&mut labels);
            }
            let mut beyond = daemons(snapshot, &node.taints, &labels);
            beyond.subtract(&node.bound_daemons);
            let mut room = node.allocatable.clone();
            room.subtract(&node.bound);
            for (name, amount) in beyond.iter().filter(|(_, amount)| amount.get() > 0) {
                room.subtract(&Resources::new().with(name.as_str(), amount.get()));
            }
            assert_eq!(node.room, room, "room of node {}", node.name);
        }
    }

    fn check_offering(snapshot: &Snapshot, offering: &Offering, mut labels: Labels) {
        let pool = snapshot.pool(offering.pool);
        let view = snapshot.labels_of(offering);
        assert_eq!(pool.requirements.first_refused(|key| view.get(key)), None);
        for (key, text) in &labels {
            assert_eq!(view.get(key), Some(text.as_str()), "{key}");
        }
        add_joined(&mut labels);
        let machine = snapshot.machine_of(offering);
        let listing = snapshot.listing_of(offering);
        assert_eq!(machine.instance_type, listing.instance_type);
        let mut room = machine.capacity.clone();
        room.subtract(&machine.overhead);
        room.subtract(&daemons(snapshot, &pool.taints, &labels));
        assert_eq!(offering.room, room, "room of {} {listing:?}", pool.name);
    }

    fn daemons(snapshot: &Snapshot, taints: &[model::Taint], labels: &Labels) -> Resources {
        let mut requests = Resources::new();
        for set in &snapshot.daemon_sets {
            let PodShape { requests: own, alternatives, tolerations, .. } = &set.shape;
            let admits = |one: &Requirements| {
                one.iter().all(|(key, requirement)| requirement.admits(value(labels, key)))
            };
            if untolerated(taints, tolerations).is_none() && alternatives.iter().any(admits) {
                requests.add(own);
            }
        }
        requests
    }

    fn add_joined(labels: &mut Labels) {
        for key in ["karpenter.sh/registered", "karpenter.sh/initialized"] {
            labels.insert(key.into(), "true".into());
        }
    }

    fn value<'a>(labels: &'a Labels, key: &LabelKey) -> Option<&'a str> {
        labels.get(key).map(LabelValue::as_str)
    }

    /// Whether neither the market nor the template decides the label.
    fn custom(key: &LabelKey, pool: &model::NodePool) -> bool {
        let domain = key.as_str().split_once('/').map_or("", |(domain, _)| domain);
        pool.labels.contains_key(key) || domain.is_empty() || domain == "example.com"
    }
}

/// A NodePool and no class.
fn pool(name: &str, spec: &str, requirements: &[&str]) -> String {
    let mut yaml = format!(
        "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {{name: {name}}}\nspec:\n{spec}  \
         template:\n    metadata: {{labels: {{example.com/fixed: \"yes\"}}}}\n    spec:\n      \
         nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}\n      \
         requirements:\n      - {{key: karpenter.k8s.aws/instance-family, operator: In, values: \
         [m7i, m7g, g5]}}\n"
    );
    for requirement in requirements {
        writeln!(yaml, "      - {{{requirement}}}").expect("a string");
    }
    yaml + "---\n"
}

fn class(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata: {{name: {name}}}\nspec:\n  \
         amiSelectorTerms: [{{alias: al2023@latest}}]\n{spec}---\n"
    )
}

/// A pod or the pod template of a DaemonSet; `spec` is flow YAML without braces.
fn pod(name: &str, spec: &str, requests: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{spec}containers: \
         [{{name: c, resources: {{requests: {{{requests}}}}}}}]}}\n---\n"
    )
}

fn daemon_set(name: &str, spec: &str, requests: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}, namespace: kube-system}}\n\
         spec: {{template: {{spec: {{{spec}containers: [{{name: c, resources: {{requests: \
         {{{requests}}}}}}}]}}}}}}\n---\n"
    )
}

/// Required node affinity with one term for each entry, as flow YAML.
fn affinity(terms: &[&str]) -> String {
    let terms: Vec<String> =
        terms.iter().map(|term| format!("{{matchExpressions: [{{{term}}}]}}")).collect();
    format!(
        "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
         {{nodeSelectorTerms: [{}]}}}}}}, ",
        terms.join(", ")
    )
}

/// The findings that are about pools, classes, nodes and options, as `code object field`.
fn found(lowered: &Lowered) -> Vec<String> {
    lowered
        .findings
        .iter()
        .filter(|finding| finding.code != FindingCode::MissingFact)
        .map(|one| format!("{} {} {}", one.code.as_str(), one.object, one.field))
        .collect()
}

/// Distinct values of a label over the offerings of pool `name`.
fn values<'a>(snapshot: &'a Snapshot, name: &str, key: &str) -> BTreeSet<&'a str> {
    let key = LabelKey::from(key);
    let offerings = snapshot.offerings.iter();
    offerings
        .filter(|one| snapshot.pool(one.pool).name.as_str() == name)
        .map(|one| snapshot.labels_of(one).get(&key).unwrap_or("-"))
        .collect()
}

fn pool_names(snapshot: &Snapshot) -> Vec<&str> {
    let pools = snapshot.pools.iter();
    pools.map(|pool| pool.name.as_str()).collect()
}

#[test]
fn the_shipped_pools_admit_what_they_say() {
    for (yaml, vcpu_max) in [(P1, 448), (P1_32, 32)] {
        let lowered = lowered(yaml);
        let snapshot = &lowered.snapshot;
        assert_eq!(found(&lowered), Vec::<String>::new());
        assert_eq!(pool_names(snapshot), ["p1"]);
        for (key, expected) in [
            (well_known::ARCH, vec!["amd64"]),
            (well_known::CAPACITY_TYPE, vec!["on-demand"]),
            ("karpenter.k8s.aws/instance-category", vec!["c", "g", "m", "p", "r"]),
            ("karpenter.k8s.aws/instance-hypervisor", vec!["nitro", "xen"]),
            (well_known::NODE_POOL, vec!["p1"]),
        ] {
            let expected: BTreeSet<&str> = expected.into_iter().collect();
            assert_eq!(values(snapshot, "p1", key), expected, "{key}");
        }
        let numbers = |key: &str| -> BTreeSet<i64> {
            let texts = values(snapshot, "p1", key).into_iter();
            texts.map(|text| text.parse().expect("a number")).collect()
        };
        let generations = numbers("karpenter.k8s.aws/instance-generation");
        assert_eq!(generations.first(), Some(&3));
        let vcpus = numbers("karpenter.k8s.aws/instance-cpu");
        assert!(vcpus.last().is_some_and(|most| *most <= vcpu_max && *most >= 32));
        assert_eq!(snapshot.daemon_sets.len(), usize::from(vcpu_max == 32));
    }
}

#[test]
fn pools_are_assumed_where_none_is_given() {
    let cpu = pod("cpu", "", "cpu: 1");
    let gpu = pod("gpu", "", "nvidia.com/gpu: 1");
    for (yaml, arm, spot, pools) in [
        (cpu.clone(), false, false, vec!["default"]),
        (cpu.clone() + &gpu, false, false, vec!["default", "default-gpu"]),
        (cpu + &gpu, true, true, vec!["default", "default-gpu"]),
    ] {
        let options = LowerOptions {
            architectures: Vec::from_iter(arm.then(|| "arm64".to_owned())),
            capacity_types: Vec::from_iter(spot.then_some(CapacityType::Spot)),
            ..options()
        };
        let lowered = lowered_with(&yaml, &options);
        let snapshot = &lowered.snapshot;
        assert_eq!(pool_names(snapshot), pools);
        assert_eq!(found(&lowered), Vec::<String>::new());
        let categories = |pool| values(snapshot, pool, "karpenter.k8s.aws/instance-category");
        assert_eq!(categories("default"), BTreeSet::from(["c", "m", "r"]));
        if pools.len() == 2 {
            assert_eq!(categories("default-gpu"), BTreeSet::from(["g", "p"]));
        }
        let arches = values(snapshot, "default", well_known::ARCH);
        assert_eq!(arches.contains("arm64"), arm);
        let capacity_types = values(snapshot, "default", well_known::CAPACITY_TYPE);
        assert_eq!(capacity_types.contains("spot"), spot);
        assert!(arches.contains("amd64") && capacity_types.contains("on-demand"));
        let said = lowered.summary.default_pools.expect("a description");
        assert!(said.contains("amd64") && said.contains("c m r"), "{said}");
        assert_eq!(said.contains("arm64"), arm, "{said}");
    }
    let given = lowered(&pool("own", "", &[]));
    assert_eq!(given.summary.default_pools, None);
}

#[test]
fn a_bad_pool_is_left_out_and_the_others_stay() {
    let good = class("default", "") + &pool("good", "", &[]);
    for (spec, requirement, field) in [
        ("", "key: a, operator: Maybe, values: [x]", "requirements[1]"),
        ("", "key: a, operator: In, values: []", "requirements[1]"),
        ("", "key: a, operator: Gt, values: [\"1\", \"2\"]", "requirements[1]"),
        ("", "key: a, operator: Gt, values: [\"-1\"]", "requirements[1]"),
        ("", "key: a, operator: Lt, values: [x]", "requirements[1]"),
        ("", "key: a, operator: In, values: [\"-\"]", "requirements[1]"),
        ("", "key: a, operator: In, values: [x], minValues: 2", "requirements[1]"),
        ("", "key: a, operator: Exists, minValues: 51", "requirements[1]"),
        ("", "key: karpenter.sh/nodepool, operator: Exists", "requirements[1]"),
        ("", "key: karpenter.sh/x, operator: Exists", "requirements[1]"),
        ("", "key: kubernetes.io/hostname, operator: Exists", "requirements[1]"),
        ("", "key: karpenter.k8s.aws/x, operator: Exists", "requirements[1]"),
        ("", "key: karpenter.sh/capacity-type, operator: In, values: [cheap]", "requirements[1]"),
        ("  weight: 0\n", "", "spec.weight"),
        ("  weight: 101\n", "", "spec.weight"),
        ("  limits: {cpu: lots}\n", "", "spec.limits.cpu"),
        ("  replicas: 3\n", "", "spec.replicas"),
    ] {
        let bad = match requirement {
            "" => pool("bad", spec, &[]),
            _ => pool("bad", spec, &[requirement]),
        };
        let lowered = lowered(&(bad + &good));
        assert_eq!(pool_names(&lowered.snapshot), ["good"], "{spec}{requirement}");
        let found = found(&lowered);
        assert_eq!(found.len(), 1, "{spec}{requirement}: {found:?}");
        assert!(found[0].contains("NodePool bad") && found[0].ends_with(field), "{found:?}");
    }
}

#[test]
fn taints_class_references_and_states_of_pools_are_checked() {
    let good = pool("a", "", &[]);
    for (from, to, pools, fields) in [
        ("group: karpenter.k8s.aws", "group: example.com", 0, vec!["nodeClassRef"]),
        ("name: default", "name: \"\"", 0, vec!["nodeClassRef.name"]),
        ("name: default", "name: other", 1, vec!["nodeClassRef.name"]),
        (
            "      requirements:",
            "      taints: [{key: a, effect: Never}]\n      requirements:",
            0,
            vec!["taints[0]"],
        ),
        (
            "      requirements:",
            "      taints: [{key: a, effect: NoSchedule}]\n      startupTaints: [{key: a, effect: \
             NoSchedule}]\n      requirements:",
            0,
            vec!["startupTaints[0]"],
        ),
        (
            "      requirements:",
            "      startupTaints: [{key: a, effect: NoSchedule}]\n      requirements:",
            1,
            vec![],
        ),
        (
            "metadata: {name: a}",
            "metadata: {name: a, deletionTimestamp: \"2026-01-01T00:00:00Z\"}",
            0,
            vec!["metadata.deletionTimestamp"],
        ),
        (
            "spec:\n  template",
            "status: {conditions: [{type: Ready, status: \"False\", reason: R}]}\nspec:\n  template",
            0,
            vec!["status.conditions[Ready]"],
        ),
        (
            "fixed: \"yes\"",
            "fixed: \"yes\", karpenter.sh/nodepool: b",
            0,
            vec!["labels[karpenter.sh/nodepool]"],
        ),
    ] {
        let yaml = class("default", "") + &good.replacen(from, to, 1);
        let lowered = lowered(&yaml);
        assert_eq!(lowered.snapshot.pools.len(), pools, "{to}");
        assert!(lowered.snapshot.pools.iter().all(|pool| pool.taints.is_empty()));
        let found = found(&lowered);
        assert_eq!(found.len(), fields.len(), "{to}: {found:?}");
        for (found, field) in found.iter().zip(fields) {
            assert!(found.ends_with(field), "{found}");
        }
    }
}

/// The pool's own condition follows its class's, and may be behind.
#[test]
fn a_pool_whose_class_is_not_ready_opens_no_nodes() {
    let ready = |status: &str| {
        format!("status: {{conditions: [{{type: Ready, status: {status:?}, reason: R}}]}}\n")
    };
    let going = class("default", "").replacen(
        "{name: default}",
        "{name: default, deletionTimestamp: \"2026-01-01T00:00:00Z\"}",
        1,
    );
    for (class, pools) in [
        (class("default", ""), 1),
        (class("default", &ready("True")), 1),
        (class("default", &ready("False")), 0),
        (class("default", &ready("Unknown")), 0),
        (going, 0),
    ] {
        let pool = pool("a", "", &[]).replacen("spec:\n", &(ready("True") + "spec:\n"), 1);
        let lowered = lowered(&(class.clone() + &pool));
        assert_eq!(lowered.snapshot.pools.len(), pools, "{class}");
        let found = found(&lowered);
        assert_eq!(found.len(), 1 - pools, "{found:?}");
        assert!(found.iter().all(|one| one == "note NodePool a spec.template.spec.nodeClassRef"));
    }
}

#[test]
fn pools_are_ordered_by_weight_then_name_and_keep_what_they_say() {
    let yaml = class("default", "")
        + &pool("b", "  weight: 10\n  limits: {cpu: 1500m, nodes: 0, memory: 1Gi}\n", &[])
        + &pool("c", "", &["key: example.com/x, operator: Exists, minValues: 2"])
        + &pool("a", "  weight: 10\n", &[]);
    let lowered = lowered(&yaml);
    let snapshot = &lowered.snapshot;
    assert_eq!(pool_names(snapshot), ["a", "b", "c"]);
    let limits: Vec<(&str, i64)> = (snapshot.pools[1].limits.iter())
        .map(|(name, limit)| (name.as_str(), limit.get()))
        .collect();
    assert_eq!(limits, [("cpu", 1500), ("memory", 1 << 30), ("nodes", 0)]);
    assert_eq!(found(&lowered), [""; 0]);
    assert_eq!(snapshot.pools[2].min_values, [("example.com/x".into(), 2)]);
    let policies = Policies { min_values: MinValuesPolicy::BestEffort, ..Policies::default() };
    let relaxed = lowered_with(&yaml, &LowerOptions { policies, ..options() });
    assert!(relaxed.snapshot.pools[2].min_values.is_empty());
}

#[test]
fn custom_labels_have_one_offering_for_each_difference_that_pods_see() {
    let team = |values: &str| format!("key: example.com/team, operator: In, values: [{values}]");
    let wants = |spec: &str| pod("p", spec, "cpu: 1");
    let selector = "nodeSelector: {example.com/team: b}, ";
    for (requirements, pods, key, expected) in [
        (vec![team("a, b, c")], vec![wants("")], "example.com/team", vec!["a"]),
        (vec![team("a, b, c")], vec![wants(selector)], "example.com/team", vec!["a", "b"]),
        (
            vec![team("a, b"), "key: example.com/team, operator: NotIn, values: [a]".to_owned()],
            vec![wants("")],
            "example.com/team",
            vec!["b"],
        ),
        (
            vec!["key: example.com/team, operator: Exists".to_owned()],
            vec![wants(selector)],
            "example.com/team",
            vec!["0", "b"],
        ),
        (
            vec!["key: example.com/team, operator: NotIn, values: [b]".to_owned()],
            vec![wants(selector)],
            "example.com/team",
            vec!["-"],
        ),
        (vec![], vec![wants(selector)], "example.com/team", vec!["-"]),
        (
            vec!["key: example.com/fixed, operator: In, values: [no]".to_owned()],
            vec![],
            "example.com/fixed",
            vec![],
        ),
        (vec![], vec![], "example.com/fixed", vec!["yes"]),
    ] {
        let requirements: Vec<&str> = requirements.iter().map(String::as_str).collect();
        let yaml = class("default", "") + &pool("p", "", &requirements) + &pods.concat();
        let lowered = lowered(&yaml);
        let expected: BTreeSet<&str> = expected.into_iter().collect();
        assert_eq!(values(&lowered.snapshot, "p", key), expected, "{requirements:?}");
    }
}

#[test]
fn too_many_combinations_are_cut_and_said() {
    let keys = ["a", "b", "c"];
    let requirements = keys.map(|key| format!("key: example.com/{key}, operator: Exists"));
    let requirements: Vec<&str> = requirements.iter().map(String::as_str).collect();
    let pods: String = keys
        .iter()
        .flat_map(|key| (0..5).map(move |number| (key, number)))
        .map(|(key, number)| {
            let spec = format!("nodeSelector: {{example.com/{key}: v{number}}}, ");
            pod(&format!("{key}{number}"), &spec, "cpu: 1")
        })
        .collect();
    let lowered = lowered(&(class("default", "") + &pool("p", "", &requirements) + &pods));
    let choices: BTreeSet<&Labels> =
        (lowered.snapshot.offerings.iter()).map(|offering| &offering.chosen_labels).collect();
    assert_eq!(choices.len(), 64);
    let cut = "not-honoured NodePool p spec.template.spec.requirements";
    assert!(found(&lowered).iter().any(|found| found == cut));
    assert!(lowered.findings.iter().any(|one| one.message.starts_with("216 ")));
}

/// DaemonSets that look at the pool, the type, the place, a chosen label, or at nothing.
fn daemon_sets() -> String {
    let everywhere = daemon_set("all", "tolerations: [{operator: Exists}], ", "cpu: 10m");
    [
        everywhere,
        daemon_set("untolerating", "", "cpu: 20m"),
        daemon_set("arm", "nodeSelector: {beta.kubernetes.io/arch: arm64}, ", "memory: 1Gi"),
        daemon_set(
            "zone-or-gpu",
            &affinity(&[
                "key: topology.kubernetes.io/zone, operator: In, values: [us-east-1a]",
                "key: karpenter.k8s.aws/instance-gpu-count, operator: Exists",
            ]),
            "cpu: 40m",
        ),
        daemon_set("team", "nodeSelector: {example.com/team: b}, ", "cpu: 80m"),
        daemon_set(
            "late",
            &affinity(&["key: karpenter.sh/initialized, operator: In, values: [\"true\"]"]),
            "cpu: 160m",
        ),
        daemon_set("other-pool", "nodeSelector: {karpenter.sh/nodepool: other}, ", "cpu: 320m"),
        daemon_set("spot", "nodeSelector: {karpenter.sh/capacity-type: spot}, ", "cpu: 640m"),
        daemon_set("windows", "nodeSelector: {kubernetes.io/os: windows}, ", "cpu: 1"),
        daemon_set(
            "huge",
            "nodeSelector: {node.kubernetes.io/instance-type: m7i.large}, ",
            "cpu: 9",
        ),
    ]
    .concat()
}

#[test]
fn each_offering_gives_room_to_the_daemon_sets_it_will_run() {
    let tainted = pool("tainted", "", &[]).replacen(
        "      requirements:",
        "      taints: [{key: t, effect: NoSchedule}, {key: u, effect: PreferNoSchedule}]\n      \
         requirements:",
        1,
    );
    let teams = "key: example.com/team, operator: In, values: [a, b]";
    let yaml = class("default", "") + &pool("plain", "", &[teams]) + &tainted + &daemon_sets();
    let lowered = lowered(&yaml);
    let snapshot = &lowered.snapshot;
    assert_eq!(found(&lowered), Vec::<String>::new());
    // The pool, the type, the zone's last letter and team: CPU that DaemonSets leave of 2 cores.
    let net = |instance_type: &str, zone: &str, pool: &str, team: Option<&str>| -> Vec<i64> {
        let offerings = (0..snapshot.offerings.len()).map(OfferingIndex::new);
        let chosen = offerings.map(|index| snapshot.offering(index)).filter(|one| {
            let listing = snapshot.listing_of(one);
            let labels = snapshot.labels_of(one);
            snapshot.instance_type(listing.instance_type).name.as_str() == instance_type
                && listing.zone.as_str().ends_with(zone)
                && listing.capacity_type == CapacityType::OnDemand
                && snapshot.pool(one.pool).name.as_str() == pool
                && labels.get(&"example.com/team".into()) == team
        });
        chosen
            .map(|one| {
                let machine = snapshot.machine_of(one);
                let overhead = machine.overhead.get("cpu").get();
                machine.capacity.get("cpu").get() - overhead - one.room.get("cpu").get()
            })
            .collect()
    };
    for (instance_type, zone, pool, team, taken) in [
        ("m7i.xlarge", "1b", "plain", Some("a"), 10 + 20 + 160),
        ("m7i.xlarge", "1b", "plain", Some("b"), 10 + 20 + 160 + 80),
        ("m7i.xlarge", "1a", "plain", Some("a"), 10 + 20 + 160 + 40),
        ("g5.xlarge", "1b", "plain", Some("a"), 10 + 20 + 160 + 40),
        ("m7i.large", "1b", "plain", Some("a"), 10 + 20 + 160 + 9000),
        ("m7i.xlarge", "1a", "tainted", None, 10),
    ] {
        let found = net(instance_type, zone, pool, team);
        assert_eq!(found, [taken], "{instance_type} {zone} {pool} {team:?}");
    }
}

#[test]
fn a_class_decides_what_its_machines_hold() {
    let capacity = |spec: &str, resource: &str, instance_type: &str| -> (i64, i64, Vec<String>) {
        let lowered = lowered(&(class("default", spec) + &pool("p", "", &[])));
        let snapshot = &lowered.snapshot;
        let machines = &snapshot.node_classes[0].machines;
        let machine = machines
            .iter()
            .find(|one| snapshot.instance_type(one.instance_type).name.as_str() == instance_type)
            .expect("the class has the type");
        let get = |resources: &Resources| resources.get(resource).get();
        (get(&machine.capacity), get(&machine.overhead), found(&lowered))
    };
    let gib = 1 << 30;
    let disk = "  blockDeviceMappings: [{deviceName: /dev/xvda, ebs: {volumeSize: 100Gi}}]\n";
    let root = "  blockDeviceMappings: [{deviceName: /dev/xvda, ebs: {volumeSize: 4Gi}}, \
                {deviceName: /dev/xvdz, rootVolume: true, ebs: {volumeSize: 50Gi}}]\n";
    for (spec, resource, expected) in [
        ("", "pods", (58, 0)),
        ("  kubelet: {maxPods: 20}\n", "pods", (20, 0)),
        ("  kubelet: {podsPerCore: 3}\n", "pods", (12, 0)),
        ("", "cpu", (4000, 80)),
        (
            "  kubelet: {kubeReserved: {cpu: 100m}, systemReserved: {cpu: \"1\"}}\n",
            "cpu",
            (4000, 1100),
        ),
        (disk, "ephemeral-storage", (100 * gib, 11 * gib)),
        (root, "ephemeral-storage", (50 * gib, 6 * gib)),
    ] {
        let (capacity, overhead, found) = capacity(spec, resource, "m7i.xlarge");
        assert_eq!((capacity, overhead), expected, "{spec}");
        assert_eq!(found, Vec::<String>::new(), "{spec}");
    }
    for (spec, field) in [
        ("  kubelet: {maxPods: vcpus * 10}\n", "spec.kubelet.maxPods"),
        ("  kubelet: {maxPods: -1}\n", "spec.kubelet.maxPods"),
        ("  kubelet: {kubeReserved: {cpu: some}}\n", "spec.kubelet.kubeReserved.cpu"),
        (
            "  kubelet: {evictionHard: {memory.available: 101%}}\n",
            "spec.kubelet.evictionHard[memory.available]",
        ),
        ("  amiFamily: Ubuntu\n", "spec.amiFamily"),
        (
            "  capacityReservationSelectorTerms: [{id: cr-1}]\n",
            "spec.capacityReservationSelectorTerms",
        ),
    ] {
        let (pods, _, found) = capacity(spec, "pods", "m7i.xlarge");
        assert_eq!(pods, 58, "{spec}");
        assert_eq!(found.len(), 1, "{spec}: {found:?}");
        assert!(found[0].ends_with(field), "{found:?}");
    }
}

#[test]
fn nodes_stand_only_where_the_class_has_subnets() {
    let status = |zones: &[&str]| {
        let subnets: Vec<String> = zones.iter().map(|zone| format!("{{zone: {zone}}}")).collect();
        format!("status: {{subnets: [{}]}}\n", subnets.join(", "))
    };
    for (zones, expected) in [
        (vec!["us-east-1a", "us-east-1b"], vec!["us-east-1a", "us-east-1b"]),
        (vec!["eu-west-1a"], vec![]),
    ] {
        let yaml = class("default", &status(&zones)) + &pool("p", "", &[]);
        let lowered = unchecked(&yaml, &options());
        let found_zones = values(&lowered.snapshot, "p", well_known::ZONE);
        assert_eq!(found_zones, expected.iter().copied().collect());
        // A pool that can buy nothing is said to; what is known of addresses is told.
        let found = found(&lowered);
        assert!(found.iter().any(|one| one.ends_with("status.subnets")), "{found:?}");
        assert_eq!(found.len(), 1 + usize::from(expected.is_empty()));
    }
    let refusal = snapshot::lower(
        snapshot::Inputs::default(),
        &CATALOG,
        &LowerOptions { region: "mars-1".to_owned(), ..options() },
    );
    let refusal = refusal.expect_err("an unknown region").to_string();
    assert!(refusal.contains("mars-1") && refusal.contains("us-east-1"), "{refusal}");
}
