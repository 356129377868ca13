//! Services wholly on one node by a tie are found, and no others.

use std::collections::BTreeMap;

use model::{Objective, PodIndex, PreferencePrice, Snapshot};
use planner::{Seed, Settings, Timestamp, on_one_node, plan};
use testkit::world;

const OBJECTIVE: Objective =
    Objective { restart_cost: 50_000, preference_price: PreferencePrice::DEFAULT };

/// The service found in the plan of the world, where each name of pods is a service.
fn found(text: &str) -> Option<String> {
    let snapshot = world(text);
    let settings = Settings { price_weights: false, objective: OBJECTIVE, work_limit: 100_000 };
    let (plan, _) = plan(&snapshot, &settings, Timestamp(0), Seed(0));
    let _checked = checker::check(&snapshot, plan.clone()).expect("the checker finds nothing");
    assert!(plan.unschedulable.is_empty(), "all have a place");
    let services = services(&snapshot);
    let known = services.iter().map(|(name, pods)| (name.as_str(), pods.as_slice()));
    let finding = on_one_node(&snapshot, &plan, known, OBJECTIVE)?;
    assert_eq!(on_one_node(&snapshot, &plan, [], OBJECTIVE), None);
    Some(format!("{} x{}", finding.object, finding.count))
}

/// Pods by the name before their number.
fn services(snapshot: &Snapshot) -> BTreeMap<String, Vec<PodIndex>> {
    let mut all: BTreeMap<String, Vec<PodIndex>> = BTreeMap::new();
    for (place, pod) in snapshot.pods.iter().enumerate() {
        let name = pod.name.as_str().rsplit_once('-').map_or(pod.name.as_str(), |(name, _)| name);
        all.entry(name.to_owned()).or_default().push(PodIndex::new(place));
    }
    all
}

/// Nodes and pods beside a type of 4 cores.
fn two(nodes: &str, pods: &str) -> String {
    format!(
        "zones a,b
         type s cpu=4 mem=16Gi pods=20 price=0.2
         pool p
         {nodes}
         {pods}"
    )
}

#[test]
fn a_service_on_one_node_is_found_where_another_has_room_for_one_of_its_pods() {
    let nodes = "node a type=s zone=a pool=p\n node b type=s zone=a pool=p";
    assert_eq!(found(&two(nodes, "pod x x2 cpu=1 mem=1Gi")).as_deref(), Some("default/x x1"));
    let both = "pod x x2 cpu=1 mem=1Gi\n pod w x2 cpu=1 mem=1Gi";
    assert_eq!(found(&two(nodes, both)).as_deref(), Some("default/w x2"));
}

#[test]
fn nothing_is_found_where_there_is_no_room_elsewhere_or_somebody_asked_for_it() {
    let nodes = "node a type=s zone=a pool=p\n node b type=s zone=a pool=p";
    for (case, nodes, pods) in [
        ("one node alone", "node a type=s zone=a pool=p", "pod x x2 cpu=1 mem=1Gi"),
        ("the other is full", nodes, "pod x x2 cpu=1500m mem=1Gi\n pod y cpu=4 mem=1Gi"),
        ("they go together", nodes, "pod x x2 cpu=1 mem=1Gi of=x with=hostname/x"),
        ("one pod is no service", nodes, "pod x cpu=1 mem=1Gi"),
    ] {
        assert_eq!(found(&two(nodes, pods)), None, "{case}");
    }
}

#[test]
fn what_the_other_node_lacks_is_no_tie() {
    let other =
        |rest: &str| format!("node a type=s zone=a pool=p\n node b type=s zone=b pool=p {rest}");
    for (case, rest, words) in [
        ("its taint is not tolerated", "taint k=v:NoSchedule", ""),
        ("its taint is disliked", "taint k=v:PreferNoSchedule", ""),
        ("its zone is refused", "", "select zone=a"),
        ("its zone is not preferred", "", "prefer 1:zone=a"),
        ("it takes no pods", "state=unschedulable", ""),
    ] {
        let pods = format!("pod x x2 cpu=1 mem=1Gi {words}");
        assert_eq!(found(&two(&other(rest), &pods)), None, "{case}");
    }
    let tolerant = two(&other("taint k=v:NoSchedule"), "pod x x2 cpu=1 mem=1Gi tolerate k=v");
    assert_eq!(found(&tolerant).as_deref(), Some("default/x x1"));
}
