//! Single nodes are deleted or replaced where that saves, and every node gets an answer.

use disruption::{Answer, Budget, Consolidation, Kept, Policy, Reason, Rotation, Settings};
use model::fleet::{Cluster, PodBudget};
use model::{MovePrices, NanoUsdPerHour, Objective, Snapshot};
use testkit::fleet;

use crate::support::at;

const TYPES: &str = "
    type small cpu=2 mem=8Gi price=0.1
    type medium cpu=4 mem=16Gi price=0.2
    type large cpu=8 mem=32Gi price=0.4
    pool p
";

fn settings() -> Settings {
    Settings {
        objective: Objective::LIST_PRICES,
        prices: MovePrices::default(),
        nodes_per_move: 1,
        spot_for_spot: false,
        work_limit: 1_000_000,
    }
}

fn world(lines: &str) -> (Snapshot, Cluster) {
    fleet(&format!("{TYPES}{lines}"))
}

fn consolidate((snapshot, cluster): &(Snapshot, Cluster), settings: &Settings) -> Consolidation {
    let found = disruption::consolidate(snapshot, cluster, settings, &Rotation::default(), at(0));
    assert_eq!(found.answers.len(), cluster.nodes.len(), "every node has an answer");
    let checked =
        checker::check_moves(snapshot, cluster, found.moves.clone(), settings.prices, at(0));
    assert_eq!(checked.err(), None);
    found
}

/// What goes, where its pods run then, and the saving in micro-USD per hour.
fn told(snapshot: &Snapshot, found: &Consolidation) -> Vec<String> {
    let line = |one: &model::Move| {
        let names = one.removed.iter().map(|node| snapshot.node(*node).name.to_string());
        let launched = one.launched.iter().map(|node| {
            let offering = snapshot.offering(node.offering);
            let listing = snapshot.listing_of(offering);
            let name = &snapshot.instance_type(listing.instance_type).name;
            format!("{name} x{}", node.pods.len())
        });
        let taken = one
            .taken
            .iter()
            .map(|fill| format!("{} x{}", snapshot.node(fill.node).name, fill.pods.len()));
        let to: Vec<String> = launched.chain(taken).collect();
        let names: Vec<String> = names.collect();
        format!("{} -> {} saves {}", names.join("+"), to.join(", "), one.saving.get())
    };
    found.moves.iter().map(line).collect()
}

fn kept(found: &Consolidation, place: usize) -> &Kept {
    let kept = match &found.answers[place] {
        Answer::Kept(kept) => Some(kept),
        Answer::Goes(_) => None,
    };
    kept.expect("the node stays")
}

#[test]
fn a_node_goes_when_its_pods_fit_elsewhere() {
    let world = world(
        "node a pool=p type=medium
         node b pool=p type=medium
         pod x x2 cpu=1 mem=1Gi on=a
         pod y cpu=1 mem=1Gi on=b",
    );
    let found = consolidate(&world, &settings());
    assert_eq!(told(&world.0, &found), ["b -> a x1 saves 200000"]);
    assert_eq!(found.answers[1], Answer::Goes(0));
    assert_eq!(*kept(&found, 0), Kept::Takes { pods: 1 });
}

#[test]
fn a_node_is_replaced_by_a_cheaper_one_and_never_by_an_equal_one() {
    let world = world(
        "node a pool=p type=large
         pod x cpu=3 mem=1Gi on=a",
    );
    let found = consolidate(&world, &settings());
    assert_eq!(told(&world.0, &found), ["a -> medium x1 saves 200000"]);
    let equal = self::world("node a pool=p type=medium\npod x cpu=3 mem=1Gi on=a");
    let found = consolidate(&equal, &settings());
    assert!(found.moves.is_empty());
    let nano = NanoUsdPerHour::new;
    let expected = Kept::NoSaving {
        pods: 1,
        seated: 0,
        price: Some(nano(200_000_000)),
        // And a 720th for the two minutes in which both are paid.
        replacement: Some(nano(200_277_778)),
        evictions: nano(0),
    };
    assert_eq!(*kept(&found, 0), expected);
}

#[test]
fn a_move_must_pay_its_evictions_within_the_horizon() {
    let world = world(
        "node a pool=p type=large
         node b pool=p type=large
         pod x x4 cpu=1 mem=1Gi on=a
         pod y x3 cpu=1 mem=1Gi on=b",
    );
    // 0.4 dollars an hour are 9.6 dollars a day; three pods at 3.2 dollars are as much.
    let prices = |eviction| MovePrices { eviction, ..MovePrices::default() };
    let dear = Settings { prices: prices(3_200_000), ..settings() };
    let found = consolidate(&world, &dear);
    assert!(found.moves.is_empty(), "{:?}", told(&world.0, &found));
    let cheaper = Settings { prices: prices(3_199_999), ..settings() };
    let found = consolidate(&world, &cheaper);
    assert_eq!(told(&world.0, &found), ["b -> a x3 saves 400000"]);
    assert!(found.moves[0].price < NanoUsdPerHour::new(400_000_000));
}

#[test]
fn what_does_not_fit_elsewhere_gets_a_smaller_node() {
    let world = world(
        "node a pool=p type=large
         node b pool=p type=small
         pod x x4 cpu=1 mem=1Gi on=a
         pod y cpu=1 mem=1Gi on=b",
    );
    let found = consolidate(&world, &settings());
    assert_eq!(told(&world.0, &found), ["b -> a x1 saves 100000"]);
    // The small one has to stay, and takes one of the four.
    let mut pinned = world.clone();
    pinned.1.nodes[1].do_not_disrupt = true;
    let found = consolidate(&pinned, &settings());
    assert_eq!(told(&pinned.0, &found), ["a -> medium x3, b x1 saves 200000"]);
    assert_eq!(*kept(&found, 1), Kept::DoNotDisrupt);
}

#[test]
fn policy_quiet_and_destinations_are_as_the_pool_says() {
    let lines = "node a pool=p type=medium
         node b pool=p type=medium
         pod x x2 cpu=1 mem=1Gi on=a
         pod y cpu=1 mem=1Gi on=b";
    let mut when_empty = world(lines);
    when_empty.1.pools[0].policy = Policy::WhenEmpty;
    let found = consolidate(&when_empty, &settings());
    assert_eq!(*kept(&found, 1), Kept::NotEmpty { pods: 1 });
    // A node within its own time of quiet takes nobody's pods either.
    let mut busy = world(lines);
    busy.1.pools[0].consolidate_after = Some(60);
    busy.1.nodes[0].quiet_since = Some(at(-10));
    let found = consolidate(&busy, &settings());
    assert_eq!(told(&busy.0, &found), ["b -> small x1 saves 100000"]);
    assert_eq!(*kept(&found, 0), Kept::NotQuiet { after: 60, until: Some(at(50)) });
    assert_eq!(found.again, Some(at(50)));
    // One that waits for a pod neither goes nor takes.
    let mut nominated = world(lines);
    nominated.1.nodes[0].nominated = true;
    let found = consolidate(&nominated, &settings());
    assert_eq!(told(&nominated.0, &found), ["b -> small x1 saves 100000"]);
}

#[test]
fn budgets_of_pools_and_of_pods_hold() {
    let lines = "node a pool=p type=large
         node b pool=p type=medium
         node c pool=p type=medium
         pod x cpu=2 mem=1Gi on=a
         pod y x2 cpu=500m mem=1Gi on=b
         pod z x2 cpu=500m mem=1Gi on=c";
    let mut one = world(lines);
    one.1.pools[0].budgets = vec![Budget::read(Some("1"), None, None, None)];
    let found = consolidate(&one, &settings());
    assert_eq!(found.moves.len(), 1);
    let budget = Kept::Budget {
        reason: Reason::Underutilized,
        allowed: 1,
        total: 3,
        consuming: 0,
        taken: 1,
    };
    let stays = found.answers.iter().filter(|answer| **answer == Answer::Kept(budget.clone()));
    assert_eq!(stays.count(), 1);
    let mut none = world(lines);
    let reasons = ["Underutilized".to_owned()];
    none.1.pools[0].budgets.push(Budget::read(Some("0"), None, None, Some(&reasons)));
    assert!(consolidate(&none, &settings()).moves.is_empty());
    let mut pods = world(lines);
    for node in &mut pods.1.nodes {
        for pod in &mut node.pods {
            pod.budget = PodBudget::Covers { budget: "default/all".to_owned(), allowed: 1 };
        }
    }
    let found = consolidate(&pods, &settings());
    assert_eq!(found.moves.len(), 1, "{:?}", told(&pods.0, &found));
    let spent = |answer: &&Answer| matches!(answer, Answer::Kept(Kept::PodBudgetSpent { .. }));
    assert_eq!(found.answers.iter().filter(spent).count(), 1);
}

#[test]
fn a_pod_of_which_nothing_is_known_keeps_its_node() {
    let mut world = world("node a pool=p type=large\npod x cpu=1 mem=1Gi on=a");
    world.1.nodes[0].pods[0].place = disruption::Place::NotHonoured("spec.volumes".to_owned());
    let found = consolidate(&world, &settings());
    let field = "spec.volumes".to_owned();
    assert_eq!(*kept(&found, 0), Kept::PodNotPlanned { pod: "default/x".into(), field });
}

#[test]
fn balanced_moves_save_at_least_half_of_what_they_disrupt() {
    // Nothing cheaper holds what runs on a, and what runs on b fits beside it.
    let lines = "node a pool=p type=large
         node b pool=p type=small
         pod x x2 cpu=3 mem=1Gi on=a
         pod y x2 cpu=500m mem=1Gi on=b";
    let mut world = world(lines);
    world.1.pools[0].policy = Policy::Balanced;
    let found = consolidate(&world, &settings());
    // b is a fifth of the cost and half of the disruption.
    let low = Kept::Balanced { pool: "p".into(), score: 400 };
    assert_eq!(*kept(&found, 1), low);
}

#[test]
fn whose_turn_did_not_come_is_looked_at_first_the_next_time() {
    let lines = "node a pool=p type=small
         node b pool=p type=small
         node c pool=p type=small
         pod x cpu=1500m mem=1Gi on=a
         pod y cpu=1500m mem=1Gi on=b
         pod z cpu=1500m mem=1Gi on=c";
    let world = world(lines);
    let short = Settings { work_limit: 1, ..settings() };
    let first = consolidate(&world, &short);
    assert_eq!(*kept(&first, 1), Kept::Later { place: 1 });
    assert_eq!(*kept(&first, 2), Kept::Later { place: 2 });
    assert_eq!(first.rotation.next, Some("b".into()));
    let second = disruption::consolidate(&world.0, &world.1, &short, &first.rotation, at(0));
    assert!(matches!(kept(&second, 1), Kept::NoSaving { .. }));
    assert_eq!(second.rotation.next, Some("c".into()));
    let all = consolidate(&world, &settings());
    assert_eq!(all.rotation.next, None);
}

/// Fifteen types and more that hold a pod for less than `dear`, each sold as spot.
fn market(types: usize) -> String {
    let one = |n| format!("type t{n} cpu=2 mem=8Gi price=0.9 spot=0.03{n:02}\n");
    let all = (0..types).map(one).collect::<Vec<_>>().concat();
    format!("{all}type dear cpu=8 mem=32Gi price=0.9 spot=0.2\npool p\n")
}

#[test]
fn spot_nodes_give_way_to_spot_nodes_where_that_is_asked_for_and_types_are_many() {
    let one = "node a pool=p type=dear capacity=spot\npod x cpu=1 mem=1Gi on=a";
    let asked = Settings { spot_for_spot: true, ..settings() };
    for (types, settings, expected) in [
        (15, settings(), Some(Kept::SpotForSpot { types: None })),
        (14, asked.clone(), Some(Kept::SpotForSpot { types: Some(14) })),
        (15, asked, None),
    ] {
        for nodes_per_move in [1, 16] {
            let world = fleet(&format!("{}{one}", market(types)));
            let found = consolidate(&world, &Settings { nodes_per_move, ..settings.clone() });
            let expected_moves: &[&str] =
                if expected.is_some() { &[] } else { &["a -> t0 x1 saves 170000"] };
            assert_eq!(told(&world.0, &found), expected_moves, "{types} types");
            if let Some(expected) = &expected {
                assert_eq!(kept(&found, 0), expected, "{types} types");
            }
        }
    }
}

#[test]
fn spot_nodes_that_nobody_replaces_go_all_the_same_where_their_pods_fit() {
    let lines = "node a pool=p type=dear capacity=spot
         node b pool=p type=dear capacity=spot
         node c pool=p type=dear capacity=on-demand
         pod x x2 cpu=1 mem=1Gi on=a
         pod y cpu=1 mem=1Gi on=b
         pod z x7 cpu=1 mem=1Gi on=c";
    let world = fleet(&format!("{}{lines}", market(15)));
    for nodes_per_move in [1, 16] {
        let found = consolidate(&world, &Settings { nodes_per_move, ..settings() });
        let removed = |one: &model::Move| one.removed.len();
        assert!(found.moves.iter().map(removed).sum::<usize>() > 0);
        let is_spot = |node: &model::NodeIndex| node.get() < 2;
        for one in &found.moves {
            let spot_alone = one.removed.iter().all(is_spot);
            assert!(!spot_alone || one.launched.is_empty(), "{:?}", told(&world.0, &found));
        }
    }
    let on_demand = "node c pool=p type=dear capacity=on-demand\npod z cpu=1 mem=1Gi on=c";
    let world = fleet(&format!("{}{on_demand}", market(1)));
    let found = consolidate(&world, &settings());
    assert_eq!(told(&world.0, &found), ["c -> t0 x1 saves 870000"]);
}

/// Pods that are spread over zones go to another node of theirs, though others would be cheaper.
#[test]
fn pods_that_are_spread_move_within_their_zone() {
    let lines = |skew: &str| {
        format!(
            "zones a,b
             node a pool=p type=large zone=a
             node b pool=p type=medium zone=b
             node c pool=p type=medium zone=a
             pod e x3 cpu=1 mem=1Gi of=e spread=zone/e/{skew} on=a
             pod f x3 cpu=1 mem=1Gi of=e spread=zone/e/{skew} on=b
             pod g cpu=1 mem=1Gi on=c"
        )
    };
    let world = world(&lines("1"));
    let found = consolidate(&world, &settings());
    assert_eq!(told(&world.0, &found), ["a -> c x3 saves 400000"]);
    // Too many in one zone already: kube-scheduler would refuse them there.
    let uneven = self::world(&lines("1").replace("pod f x3", "pod f x1"));
    let found = consolidate(&uneven, &settings());
    assert!(told(&uneven.0, &found).iter().all(|one| !one.starts_with('a')));
}

#[test]
fn passes_that_share_a_pod_budget_add_up_to_what_is_saved_without_one() {
    let node = |n| format!("node n{n} pool=p type=large\npod w{n} x2 cpu=900m mem=1Gi on=n{n}\n");
    let lines = (0..8).map(node).collect::<Vec<_>>().concat();
    let settings = Settings { nodes_per_move: 16, ..settings() };
    let rest = |allowed: Option<u32>| {
        let mut world = world(&lines);
        let mut passes = 0;
        loop {
            if let Some(allowed) = allowed {
                for pod in world.1.nodes.iter_mut().flat_map(|node| &mut node.pods) {
                    pod.budget = PodBudget::Covers { budget: "default/web".to_owned(), allowed };
                }
            }
            let found = consolidate(&world, &settings);
            if found.moves.is_empty() {
                break;
            }
            let evicted: Vec<usize> = found.moves.iter().map(model::Move::evictions).collect();
            let all: usize = evicted.iter().sum();
            let allowed = allowed.map_or(usize::MAX, |allowed| usize::try_from(allowed).unwrap());
            assert!(all <= allowed || evicted.len() == 1, "{evicted:?} in one pass");
            world = testkit::carry_out(&world.0, &world.1, &found.moves);
            passes += 1;
        }
        let prices = world.0.nodes.iter().filter_map(|node| node.price);
        let cost = prices.sum::<model::MicroUsdPerHour>().get();
        (cost, passes)
    };
    let (free, _) = rest(None);
    for allowed in [1, 2, 5] {
        let (cost, passes) = rest(Some(allowed));
        assert!(cost <= free, "{cost} after {passes} passes of {allowed}, {free} without a budget");
    }
}
