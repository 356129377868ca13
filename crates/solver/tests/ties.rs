//! Terms between pods: who goes with whom, and who keeps away.

use std::collections::BTreeMap;

use model::{LabelKey, Plan, PodIndex, Reason, Snapshot, well_known};
use testkit::{assert_sound, left_out, world};

use crate::properties::{cost, solved};

const SOME_WORK: u64 = 600_000;

/// Two sizes in three zones.
const TYPES: &str = "zones a,b,c
    type s cpu=4 mem=16Gi pods=20 price=0.2
    type l cpu=16 mem=64Gi pods=60 price=0.72
    pool p
";

/// The first letter of each pod of every node with pods, and the zone of the node.
fn places(snapshot: &Snapshot, plan: &Plan) -> Vec<(String, BTreeMap<char, usize>)> {
    let zone = LabelKey::from(well_known::ZONE);
    let pods = |pods: &[PodIndex]| {
        let mut counts = BTreeMap::new();
        for pod in pods {
            let name = snapshot.pod(*pod).name.as_str().trim_start_matches("default/");
            *counts.entry(name.chars().next().expect("a name")).or_insert(0) += 1;
        }
        counts
    };
    let mut places = Vec::new();
    for node in &plan.new_nodes {
        let zone = snapshot.labels_of(snapshot.offering(node.offering)).get(&zone);
        places.push((zone.unwrap_or_default().to_owned(), pods(&node.pods)));
    }
    for fill in &plan.existing {
        let zone = snapshot.node(fill.node).labels.get(&zone).map(model::LabelValue::as_str);
        places.push((zone.unwrap_or_default().to_owned(), pods(&fill.pods)));
    }
    places
}

/// The first answer and the improved one, both sound.
fn plans(text: &str) -> (Snapshot, [Plan; 2]) {
    let snapshot = world(text);
    let plans = [0, SOME_WORK].map(|work| {
        let plan = solved(&snapshot, work).plan;
        let replan = |after: &Snapshot| solved(after, work).plan;
        assert_sound(&snapshot, &plan, replan, checker::check);
        plan
    });
    (snapshot, plans)
}

/// All pods are placed for this much, micro-USD per hour, and `holds` of every plan.
#[track_caller]
fn check(text: &str, least: i64, holds: impl Fn(&[(String, BTreeMap<char, usize>)]) -> bool) {
    let (snapshot, plans) = plans(text);
    for plan in &plans {
        assert_eq!(left_out(&snapshot, plan).len(), 0, "{text}");
        let places = places(&snapshot, plan);
        assert!(holds(&places), "{places:?} in\n{text}");
    }
    assert_eq!(cost(&snapshot, &plans[1]), least, "{text}");
}

fn zones_of(places: &[(String, BTreeMap<char, usize>)], pod: char) -> Vec<&str> {
    let mut zones: Vec<&str> =
        places.iter().filter(|(_, pods)| pods.contains_key(&pod)).map(|one| &*one.0).collect();
    zones.sort_unstable();
    zones.dedup();
    zones
}

fn are_apart(places: &[(String, BTreeMap<char, usize>)], one: char, other: char) -> bool {
    places.iter().all(|(_, pods)| !(pods.contains_key(&one) && pods.contains_key(&other)))
}

#[test]
fn pods_that_keep_away_from_others_share_no_node_with_them_and_with_each_other_they_do() {
    let text = format!(
        "{TYPES}pod d x6 cpu=1 of=db
         pod w x6 cpu=1 apart=hostname/db
         pod x x4 cpu=1"
    );
    check(&text, 800_000, |places| are_apart(places, 'd', 'w'));
}

#[test]
fn pods_that_keep_away_from_others_over_zones_share_no_zone_with_them() {
    let text = format!("{TYPES}pod d x3 cpu=1 of=db\npod w x9 cpu=1 apart=zone/db");
    check(&text, 800_000, |places| {
        let (db, web) = (zones_of(places, 'd'), zones_of(places, 'w'));
        db.iter().all(|zone| !web.contains(zone))
    });
}

#[test]
fn what_runs_already_keeps_others_out_and_is_kept_away_from() {
    // A pod on n1 keeps away from db, and one of db is on n2.
    let text = format!(
        "{TYPES}node n1 type=l zone=a apart=hostname/db
         node n2 type=l zone=a of=db
         pod d x2 cpu=1 of=db
         pod w x2 cpu=1 apart=hostname/db"
    );
    let (snapshot, plans) = plans(&text);
    for plan in &plans {
        let fills: Vec<(String, char)> = (plan.existing.iter())
            .flat_map(|fill| fill.pods.iter().map(|pod| (fill.node, *pod)))
            .map(|(node, pod)| {
                let name = snapshot.pod(pod).name.as_str().trim_start_matches("default/");
                (snapshot.node(node).name.to_string(), name.chars().next().expect("a name"))
            })
            .collect();
        assert_eq!(fills.len(), 4, "{fills:?}");
        assert!(fills.iter().all(|(node, pod)| (node == "n2") == (*pod == 'd')), "{fills:?}");
    }
}

#[test]
fn a_service_that_goes_with_itself_over_zones_is_in_one_zone() {
    let text = format!("{TYPES}pod e x9 cpu=1 of=e with=zone/e");
    check(&text, 600_000, |places| zones_of(places, 'e').len() == 1);
    // It goes where one of it runs, and where most of it can go.
    let text = format!(
        "{TYPES}node n type=s zone=b of=e bound cpu=3,pods=1\npod e x9 cpu=1 of=e with=zone/e"
    );
    check(&text, 400_000, |places| zones_of(places, 'e') == ["b"]);
    let text = format!(
        "{TYPES}pod e x3 cpu=1 of=e with=zone/e\npod f cpu=1 of=e with=zone/e select zone=c"
    );
    check(&text, 200_000, |places| {
        zones_of(places, 'e') == ["c"] && zones_of(places, 'f') == ["c"]
    });
}

#[test]
fn pods_go_where_those_are_that_they_go_with() {
    let text = format!("{TYPES}pod w x4 cpu=1 with=zone/db\npod d x4 cpu=1 of=db");
    check(&text, 400_000, |places| {
        zones_of(places, 'w').iter().all(|zone| zones_of(places, 'd').contains(zone))
    });
    // Those that are sought come to where those must be that seek them.
    let text = format!("{TYPES}pod w x4 cpu=1 with=zone/db volume=zone=c\npod d cpu=1 of=db");
    check(&text, 400_000, |places| zones_of(places, 'd') == ["c"]);
}

#[test]
fn reasons_say_who_is_missing_or_in_the_way() {
    let text = format!(
        "{TYPES}node n type=s zone=b of=db bound cpu=4
         pod w cpu=1 with=zone/db select zone=a
         pod v cpu=1 with=zone/nobody
         pod x cpu=1 apart=zone/db select zone=b"
    );
    let (_, plans) = plans(&text);
    for plan in plans {
        let mut told = Vec::new();
        for group in plan.unschedulable {
            for reason in group.reasons {
                match reason {
                    Reason::Affinity { selection, there_in, excluded, .. } => {
                        let there = there_in.map_or("nowhere".to_owned(), |one| one.to_string());
                        told.push(format!("{selection} is {there}, not in {excluded}"));
                    }
                    Reason::AntiAffinity { selection, own, pods, excluded, .. } => {
                        told.push(format!("{selection} {own} {pods} in {excluded}"));
                    }
                    Reason::Requirement { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        told.sort();
        let expected = ["db is b, not in 2", "db true 1 in 2", "nobody is nowhere, not in 6"]
            .map(str::to_owned);
        assert_eq!(told, expected);
    }
}

/// All of a service that goes with itself over hostnames are on one node, as large as they need.
#[test]
fn a_service_that_goes_with_itself_on_nodes_is_on_one_node() {
    let text = format!("{TYPES}pod e x9 cpu=1 of=e with=hostname/e\npod f x3 cpu=1");
    check(&text, 720_000, |places| places.len() == 1);
    // More than the largest holds: as many as fit, the others stay out.
    let text = format!("{TYPES}pod e x20 cpu=1 of=e with=hostname/e");
    let (snapshot, plans) = plans(&text);
    for plan in plans {
        assert_eq!(left_out(&snapshot, &plan).len(), 4);
    }
}

/// Pods that go with others on one node are shared out among these, and the nodes are sized for both.
#[test]
fn pods_share_nodes_with_those_that_they_go_with() {
    let text = format!("{TYPES}pod d x4 cpu=1 of=db\npod w x12 cpu=1 with=hostname/db");
    check(&text, 720_000, |places| {
        places.iter().all(|(_, pods)| !pods.contains_key(&'w') || pods.contains_key(&'d'))
    });
    let text = format!("{TYPES}pod d x3 cpu=1 of=db rivals=db\npod w x9 cpu=1 with=hostname/db");
    check(&text, 600_000, |places| {
        places.len() == 3 && places.iter().all(|(_, pods)| pods[&'d'] == 1 && pods[&'w'] == 3)
    });
    // One that runs takes what it has room for.
    let text = format!(
        "{TYPES}node n type=s zone=a of=db bound cpu=1\npod d cpu=3 of=db\npod w x4 cpu=1 with=hostname/db"
    );
    check(&text, 200_000, |places| places.len() == 2);
}
