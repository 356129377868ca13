//! What is recorded of disruption is read back, and decided again to the same bytes.

use disruption::{Answer, Decision, Waiting, decide};
use model::fleet::{Budget, Cluster, Place, Pod, PodBudget, Protection, Reason};
use model::{MovePrices, Objective, Snapshot, Timestamp};
use planner::{Pass, Question, Seed, Settings, pass};
use proptest::prelude::*;
use record::{
    Encoded, Ending, Passing, Problem, Recorded, Segment, Stream, encode_ending, encode_pass,
    replay_any,
};

use crate::support::{all, lines, shown};

const NOW: Timestamp = Timestamp(1_790_000_000);

/// Two pools; nodes that are full, half empty, empty; the pods of some must not all go.
const FLEET: &str = "zones a,b
type s cpu=4 mem=16Gi pods=20 price=0.2
type l cpu=16 mem=64Gi pods=60 price=0.75
pool p
pool q
node a pool=p type=l
node b pool=p type=s
node c pool=p type=s zone=b
node d pool=q type=s
node e pool=q type=l
node f pool=q type=l
pod w x3 cpu=1 mem=1Gi on=a
pod x x2 cpu=1 mem=1Gi on=b
pod y x1 cpu=2 mem=4Gi on=c
pod z x2 cpu=500m mem=1Gi on=e
pod v x3 cpu=3 mem=1Gi on=f
";

/// What is special about one of the fleets.
fn fleet(marks: u32) -> (Snapshot, Cluster, Question) {
    let (snapshot, mut cluster) = testkit::fleet(FLEET);
    let has = |mark: u32| marks >> mark & 1 == 1;
    let mut drifted = disruption::Drifted::new();
    if has(0) {
        cluster.nodes[5].expires = Some(NOW);
    }
    if has(1) {
        for place in [0, 4] {
            let claim = cluster.nodes[place].claim.clone().expect("it has a claim");
            drifted.insert(claim, Timestamp(NOW.0 - 60));
        }
    }
    if has(2) {
        for pod in cluster.nodes.iter_mut().flat_map(|node| &mut node.pods) {
            pod.budget = PodBudget::Covers { budget: "default/pdb".to_owned(), allowed: 2 };
        }
    }
    if has(3) {
        let read = |nodes, schedule, duration, reasons: Option<&[String]>| {
            Budget::read(nodes, schedule, duration, reasons)
        };
        let reasons = ["Drifted".to_owned(), "Empty".to_owned()];
        cluster.pools[0].budgets = vec![
            read(Some("30%"), Some("0 9 * * mon-fri"), Some(3_600), None),
            read(Some("2"), None, None, Some(&reasons)),
        ];
        cluster.pools[1].budgets = vec![
            read(Some("many"), None, None, None),
            read(None, Some("0 9 * * 9"), Some(60), None),
            read(None, Some("@often"), Some(60), None),
            read(None, Some("0 9"), Some(60), None),
            read(None, None, Some(60), None),
            read(None, None, None, Some(&["Boredom".to_owned()])),
        ];
    }
    if has(4) {
        let pods = &mut cluster.nodes[1].pods;
        pods[0].protection = Protection::Until(Timestamp(NOW.0 + 5));
        pods[1].place = Place::NotHonoured("spec.overhead".to_owned());
        let (deletion_cost, priority) = (-7, 9);
        pods[1] = Pod { deletion_cost, priority, ..pods[1].clone() };
        cluster.nodes[2].pods[0].budget = PodBudget::Forbids("default/none".to_owned());
        cluster.nodes[4].quiet_since = None;
    }
    let prices = if has(5) {
        MovePrices { eviction: 20_000, ..MovePrices::default() }
    } else {
        MovePrices::default()
    };
    let objective = Objective::LIST_PRICES;
    let question = Question {
        consolidation: disruption::Settings {
            objective,
            prices,
            nodes_per_move: 16,
            spot_for_spot: true,
            work_limit: if has(6) { 300 } else { 200_000 },
        },
        settings: Settings { price_weights: false, objective, work_limit: 20_000 },
        drifted,
        rotation: disruption::Rotation { next: has(7).then(|| "c".into()) },
        now: NOW,
        seed: Seed(7),
    };
    (snapshot, cluster, question)
}

fn of_pass((snapshot, cluster, question): &(Snapshot, Cluster, Question), pass: &Pass) -> Encoded {
    let findings = &[];
    encode_pass(&Passing { question, snapshot, cluster, pass, findings, shown: shown() })
}

fn ended(cluster: &Cluster) -> (Waiting, Decision) {
    let first = decide(cluster, &Waiting::new(), Timestamp(NOW.0 - 20));
    let decision = decide(cluster, &first.waiting, NOW);
    (first.waiting, decision)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn each_kind_of_decision_is_read_back_and_decided_again_to_the_same_bytes(marks in 0..256_u32) {
        let fleet = fleet(marks);
        let (snapshot, cluster, question) = &fleet;
        let came = pass(snapshot, cluster, question);
        let (waiting, decision) = ended(cluster);
        let ending = Ending { now: NOW, cluster, waiting: &waiting, decision: &decision };
        let lines = lines(&[encode_ending(&ending), of_pass(&fleet, &came)]);
        let read = all(&lines);
        let [Recorded::Ending(first), Recorded::Pass(second)] = read.as_slice() else {
            panic!("{read:?}")
        };
        prop_assert_eq!((&first.cluster, &first.waiting), (cluster, &waiting));
        prop_assert_eq!((&first.decision, first.now), (&decision, NOW));
        prop_assert_eq!((&second.snapshot, &second.cluster), (snapshot, cluster));
        prop_assert_eq!((&second.question, &second.pass), (question, &came));
        for recorded in &read {
            prop_assert_eq!(replay_any(recorded), None);
        }
        // Every node has one answer.
        prop_assert_eq!(came.found.answers.len(), cluster.nodes.len());
        let answered = decision.kept.len() + decision.delete.len() + decision.expired.len();
        prop_assert_eq!(answered, cluster.nodes.len());
        let checked = checker::check_moves(
            snapshot, cluster, came.found.moves, question.consolidation.prices, NOW,
        );
        prop_assert!(checked.is_ok(), "{:?}", checked);
    }
}

#[test]
fn among_these_fleets_are_all_kinds_of_ends() {
    let reasons = |marks| {
        let (snapshot, cluster, question) = fleet(marks);
        let moves = pass(&snapshot, &cluster, &question).found.moves;
        moves.iter().map(|one| one.reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons(0)[0], Reason::Empty);
    assert!(reasons(0).contains(&Reason::Underutilized), "{:?}", reasons(0));
    assert_eq!(reasons(0b10), [Reason::Empty, Reason::Drifted]);
    let (_, decision) = ended(&fleet(0b1).1);
    assert_eq!(decision.expired.len(), 1);
    assert_eq!(decision.delete.len(), 1);
}

#[test]
fn a_pass_over_what_did_not_change_takes_one_line() {
    let fleet = fleet(0);
    let came = pass(&fleet.0, &fleet.1, &fleet.2);
    let first = of_pass(&fleet, &came);
    let mut later = fleet.clone();
    later.2.now = Timestamp(NOW.0 + 10);
    let second = of_pass(&later, &pass(&later.0, &later.1, &later.2));
    let mut stream = Stream::new();
    let whole = stream.lacks(&first);
    stream.wrote(&first);
    let more = stream.lacks(&second);
    assert_eq!(more.split_inclusive(|byte| *byte == b'\n').count(), 1, "the decision alone");
    assert_eq!(all(&[whole, more].concat()).len(), 2);
}

#[test]
fn another_answer_is_a_difference_and_a_pod_in_two_places_is_refused() {
    let fleet = fleet(0b100);
    let mut came = pass(&fleet.0, &fleet.1, &fleet.2);
    let last = came.found.answers.len() - 1;
    came.found.answers[last] = Answer::Kept(disruption::Kept::Later { place: 77 });
    let read = all(&lines(&[of_pass(&fleet, &came)]));
    let difference = replay_any(&read[0]).expect("an answer is another");
    assert_eq!(difference.field, format!("found.answers[{last}]"));
    assert!(difference.recorded.is_some_and(|was| was.contains("77")));

    let mut twice = fleet.clone();
    let pod = twice.1.nodes[0].pods[0].clone();
    twice.1.nodes[1].pods.push(pod);
    let lines = lines(&[of_pass(&twice, &came)]);
    let segment = Segment::read("test", &lines);
    let error = segment.decode(&segment.entries[0]).expect_err("it is in two places");
    assert!(matches!(error.problem, Problem::Twice(_)), "{error}");

    let mut decision = ended(&fleet.1).1;
    decision.expired.push("nobody".into());
    let waiting = Waiting::new();
    let ending = Ending { now: NOW, cluster: &fleet.1, waiting: &waiting, decision: &decision };
    let read = all(&crate::support::lines(&[encode_ending(&ending)]));
    assert_eq!(replay_any(&read[0]).expect("nobody expires").field, "decision.expired[0]");
}
