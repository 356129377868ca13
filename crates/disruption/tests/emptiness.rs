//! Empty nodes go, all others stay for a reason.

use disruption::{Cluster, Kept, Node, Pod, PodBudget, Pool, Protection, Reason, Waiting, decide};
use model::MicroUsdPerHour;

use crate::support::{at, cluster, daemon, gone, node, pod, pool, settle};

fn kept(pool: Pool, node: Node) -> Option<Kept> {
    let decision = settle(&cluster(pool, vec![node]));
    assert_eq!(decision.kept.contains_key(&0), decision.delete.is_empty());
    decision.kept.get(&0).cloned()
}

#[test]
fn an_empty_node_goes_and_only_after_it_was_empty_for_a_while() {
    let cluster = cluster(pool("10%"), vec![node("a")]);
    let first = decide(&cluster, &Waiting::new(), at(0));
    assert_eq!(first.kept[&0], Kept::Validating { reason: Reason::Empty, until: at(15) });
    assert_eq!(first.again, Some(at(15)));
    let early = decide(&cluster, &first.waiting, at(14));
    assert!(early.delete.is_empty());
    let due = decide(&cluster, &early.waiting, at(15));
    assert_eq!(gone(&due), ["a"]);
    assert_eq!((due.delete[0].rule, due.delete[0].reason), ("empty", Reason::Empty));
}

#[test]
fn a_pod_that_comes_in_between_begins_the_wait_anew() {
    let empty = cluster(pool("10%"), vec![node("a")]);
    let first = decide(&empty, &Waiting::new(), at(0));
    let busy = cluster(pool("10%"), vec![Node { pods: vec![pod("p")], ..node("a") }]);
    let second = decide(&busy, &first.waiting, at(10));
    assert!(second.waiting.is_empty());
    let third = decide(&empty, &second.waiting, at(16));
    assert_eq!(third.kept[&0], Kept::Validating { reason: Reason::Empty, until: at(31) });
}

#[test]
fn what_need_not_move_keeps_no_node() {
    let over = Pod { active: false, reschedulable: false, ..pod("job") };
    let low = Pod { priority: -(1 << 25), ..pod("low") };
    let cheap = Pod { deletion_cost: -(1 << 27), ..pod("cheap") };
    for pods in [vec![daemon("d")], vec![over], vec![low], vec![cheap]] {
        assert_eq!(kept(pool("1"), Node { pods: pods.clone(), ..node("a") }), None, "{pods:?}");
    }
    let almost = Pod { priority: -(1 << 25) + 1, ..pod("low") };
    let pods = vec![almost, pod("p"), daemon("d")];
    let busy = kept(pool("1"), Node { pods, ..node("a") });
    assert_eq!(busy, Some(Kept::NotEmpty { pods: 2 }));
}

#[test]
fn what_bars_a_node_is_said_in_order() {
    let base = || node("a");
    let cases = [
        (Node { claim: None, ..base() }, Kept::NotManaged),
        (Node { name: None, initialized: false, ..base() }, Kept::NoNode),
        (Node { deleting: true, nominated: true, ..base() }, Kept::Deleting),
        (Node { terminating: true, ..base() }, Kept::Deleting),
        (Node { initialized: false, nominated: true, ..base() }, Kept::NotInitialized),
        (Node { nominated: true, do_not_disrupt: true, ..base() }, Kept::Nominated),
        (Node { do_not_disrupt: true, pool: None, ..base() }, Kept::DoNotDisrupt),
        (Node { pool: None, ..base() }, Kept::NoPool),
        (Node { pool: Some("other".into()), ..base() }, Kept::PoolNotFound("other".into())),
    ];
    for (node, expected) in cases {
        assert_eq!(kept(pool("100%"), node.clone()), Some(expected), "{node:?}");
    }
}

#[test]
fn pods_bar_a_node_also_those_of_daemon_sets() {
    let always = Pod { protection: Protection::Always, ..daemon("d") };
    let until = Pod { protection: Protection::Until(at(60)), ..daemon("d") };
    let past = Pod { protection: Protection::Until(at(0)), ..daemon("d") };
    let forbids = Pod { budget: PodBudget::Forbids("ns/b".to_owned()), ..daemon("d") };
    let several = Pod { budget: PodBudget::Several(2), ..daemon("d") };
    let stays = Pod { evictable: false, ..forbids.clone() };
    let ended = Pod { active: false, ..always.clone() };
    let protected = |until| Kept::PodDoNotDisrupt { pod: "d".into(), until };
    let cases = [
        (always, Some(protected(None))),
        (until, Some(protected(Some(at(60))))),
        (past, None),
        (forbids, Some(Kept::PodBudget { pod: "d".into(), budget: "ns/b".to_owned() })),
        (several, Some(Kept::SeveralPodBudgets { pod: "d".into(), budgets: 2 })),
        (stays, None),
        (ended, None),
    ];
    for (pod, expected) in cases {
        let node = Node { pods: vec![pod.clone()], ..node("a") };
        assert_eq!(kept(pool("1"), node), expected, "{pod:?}");
    }
}

#[test]
fn the_pools_settings_hold() {
    let fixed = Pool { is_static: true, ..pool("1") };
    assert_eq!(kept(fixed, node("a")), Some(Kept::StaticPool));
    let never = Pool { consolidate_after: None, ..pool("1") };
    assert_eq!(kept(never, node("a")), Some(Kept::ConsolidationDisabled));
    let hour = || Pool { consolidate_after: Some(7200), ..pool("1") };
    let expected = Kept::NotQuiet { after: 7200, until: Some(at(3600)) };
    assert_eq!(kept(hour(), node("a")), Some(expected));
    let unknown = Node { quiet_since: None, ..node("a") };
    assert_eq!(kept(hour(), unknown), Some(Kept::NotQuiet { after: 7200, until: None }));
    let at_once = Pool { consolidate_after: Some(0), ..pool("1") };
    assert_eq!(kept(at_once, Node { quiet_since: Some(at(15)), ..node("a") }), None);
}

#[test]
fn within_a_budget_the_dearest_go_first_and_the_rest_says_why() {
    let priced =
        |name: &str, price| Node { price: Some(MicroUsdPerHour::new(price)), ..node(name) };
    let nodes = vec![priced("a", 1), priced("b", 3), priced("c", 2), priced("d", 3)];
    let decision = settle(&cluster(pool("3"), nodes));
    assert_eq!(gone(&decision), ["b", "d", "c"]);
    let expected =
        Kept::Budget { reason: Reason::Empty, allowed: 3, total: 4, consuming: 0, taken: 3 };
    assert_eq!(decision.kept[&0], expected);
}

#[test]
fn every_node_is_answered_once() {
    let nodes = vec![
        node("a"),
        Node { pods: vec![pod("p")], ..node("b") },
        Node { claim: None, ..node("c") },
        node("d"),
    ];
    let cluster: Cluster = cluster(pool("1"), nodes);
    let decision = settle(&cluster);
    assert_eq!(decision.kept.len() + decision.delete.len(), cluster.nodes.len());
}
