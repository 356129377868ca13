//! Random clusters through the real kube-scheduler: what our plan places is bound, and where.
//!
//! Each cluster's plan becomes a scene: Nodes that it buys beside those that are there, and a seat for each pod.

mod refused;
mod scene;
mod stage;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use peer::cluster::Cluster;
use peer::differential::NODES_LEAST;
use peer::kinds::{self, Kind};
use peer::{beside, compare};

use scene::Scene;
use stage::{Played, Stage};

/// How many clusters are played where all tests are run: 6 s each.
const FEW: u64 = 12;
/// How many are played for the figures in `docs/benchmarks.md`.
const ALL: u64 = 50;

/// What came of all clusters.
#[derive(Debug, Default)]
struct Tally {
    kinds: BTreeMap<Kind, usize>,
    kinds_each: BTreeMap<usize, usize>,
    nodes: usize,
    pods: usize,
    where_planned: usize,
    elsewhere: usize,
    /// Pods without a node, with what the scheduler says: those that lost the room of their seat to others.
    pending: Vec<String>,
    /// Pods that the scheduler's filters refuse where they are planned.
    refused: Vec<String>,
    left_out: usize,
    found_room: Vec<String>,
}

impl Tally {
    fn add(&mut self, cluster: &Cluster, scene: &Scene, played: &Played) {
        for kind in &cluster.kinds {
            *self.kinds.entry(*kind).or_default() += 1;
        }
        *self.kinds_each.entry(cluster.kinds.len()).or_default() += 1;
        self.nodes += scene.nodes.iter().filter(|one| one["kind"] == "Node").count();
        self.pods += scene.pods.len();
        let as_planned = |(pod, node): &(&String, &String)| scene.seats.get(*pod) == Some(node);
        let where_planned = played.bound.iter().filter(as_planned).count();
        self.where_planned += where_planned;
        self.elsewhere += played.bound.len() - where_planned;
        self.pending.extend(played.pending.iter().map(|(pod, said)| format!("{pod}: {said}")));
        self.left_out += scene.left_out.len();
        let found = played.found_room.iter().map(|(pod, node)| format!("{pod} on {node}"));
        self.found_room.extend(found);
    }

    fn told(&self) -> String {
        let clusters: usize = self.kinds_each.values().sum();
        let mut told = format!("{clusters} clusters, {} nodes\n", self.nodes);
        let each = self.kinds_each.iter().map(|(kinds, count)| format!("{kinds} in {count}"));
        let each = each.collect::<Vec<_>>().join(", ");
        let _ = writeln!(told, "kinds of rule in a cluster: {each}");
        let each = kinds::ALL
            .iter()
            .filter_map(|known| Some(format!("{} {}", known.name, self.kinds.get(&known.kind)?)));
        let each = each.collect::<Vec<_>>().join(", ");
        let _ = writeln!(told, "clusters with each: {each}");
        let _ = writeln!(told, "pods planned         {:5}", self.pods);
        let _ = writeln!(told, "  bound where planned{:5}", self.where_planned);
        let _ = writeln!(told, "  bound elsewhere    {:5}", self.elsewhere);
        let _ = writeln!(told, "  pending            {:5}", self.pending.len());
        let _ = writeln!(told, "  of these refused   {:5}", self.refused.len());
        let _ = writeln!(told, "pods left out        {:5}", self.left_out);
        let _ = writeln!(told, "  bound all the same {:5}", self.found_room.len());
        for line in self.pending.iter().chain(&self.found_room) {
            let _ = writeln!(told, "- {line}");
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_for_a_few_clusters_is_bound() {
    played(FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "five minutes: run it by name"]
async fn what_is_planned_for_fifty_clusters_is_bound() {
    played(ALL).await;
}

/// Plays the first `clusters` of the row.
async fn played(clusters: u64) {
    let mut stage = Stage::start().await;
    let mut tally = Tally::default();
    for seed in 1..=clusters {
        let cluster =
            compare::of_seed(seed, NODES_LEAST, &kinds::by_default()).expect("it can be lowered");
        let cluster = cluster.expect("a cluster of the row has three nodes");
        let snapshot = beside::lowered(&cluster.objects).expect("it was lowered before").snapshot;
        let plan = compare::ours(&snapshot, compare::PRICED);
        let scene = |name: String| Scene::new(&name, &cluster.objects, &snapshot, &plan);
        let (scene, again) = (scene(format!("s{seed}")), scene(format!("x{seed}")));
        let _ = checker::check(&snapshot, plan).expect("the plan is sound");
        let played = stage.play(&scene).await;
        tally.add(&cluster, &scene, &played);
        if !played.pending.is_empty() {
            let refused = stage.play_exactly(&again).await;
            tally.refused.extend(refused.iter().map(|(pod, said)| format!("{pod}: {said}")));
        }
    }
    eprintln!("{}", tally.told());
    assert!(tally.refused.is_empty(), "{:#?}", tally.refused);
    // Seats are handed over, not forced: a pod that is bound elsewhere may take another's room.
    assert!(tally.pending.len() * 20 <= tally.pods, "{:#?}", tally.pending);
}
