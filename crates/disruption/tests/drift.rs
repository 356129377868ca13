//! Which drifted nodes go, and how many at once.

use disruption::{Cluster, Drifted, Kept, Node, drift};

use crate::support::{at, cluster, node, pool};

/// Five nodes of which those with these letters are drifted, the later the letter the later.
fn drifted(names: &str) -> Drifted {
    let letters = names.chars().map(|name| name.to_string());
    letters
        .enumerate()
        .map(|(place, name)| {
            let since = i64::try_from(place).unwrap();
            (name.as_str().into(), at(since - 100))
        })
        .collect()
}

fn fleet(budget: &str, change: fn(&mut Vec<Node>)) -> Cluster {
    let mut nodes: Vec<Node> = ["a", "b", "c", "d", "e"].map(node).into();
    change(&mut nodes);
    cluster(pool(budget), nodes)
}

#[test]
fn one_goes_first_and_others_follow_within_the_budget_once_its_replacement_is_ready() {
    type Change = fn(&mut Vec<Node>);
    let cases: [(&str, &str, &str, Change, &str, &str); 9] = [
        ("a canary goes alone", "abcde", "100%", |_| {}, "a", "canary"),
        (
            "none more while it is in replacement",
            "abcde",
            "100%",
            |n| n[0].deleting = true,
            "",
            "canary",
        ),
        (
            "none while what replaces it has not joined",
            "abcd",
            "100%",
            |n| n[4].initialized = false,
            "",
            "canary",
        ),
        (
            "none while what replaced it is sick",
            "abcd",
            "100%",
            |n| n[4].ready = false,
            "",
            "canary",
        ),
        ("then as many as the budget allows", "abcd", "40%", |_| {}, "ab", "budget"),
        ("less those that are going", "abcd", "40%", |n| n[3].deleting = true, "a", "budget"),
        ("none without a budget", "abcd", "0", |_| {}, "", "budget"),
        ("empty ones go first of those as old", "abcde", "1", |n| n[0].pods.clear(), "a", "canary"),
        ("what is barred stays", "ab", "1", |n| n[0].do_not_disrupt = true, "b", "do_not_disrupt"),
    ];
    for (what, names, budget, change, expected, kept) in cases {
        let cluster = fleet(budget, change);
        let decision = drift(&cluster, &drifted(names), at(0));
        let go: String = (decision.go.iter())
            .map(|place| cluster.nodes[*place].name.as_ref().unwrap().as_str())
            .collect();
        assert_eq!(go, expected, "{what}");
        assert!(decision.kept.values().any(|why| why.as_str() == kept), "{what}: {decision:?}");
        let going = cluster.nodes.iter().filter(|node| node.deleting).count();
        assert_eq!(
            decision.kept.len() + go.len(),
            names.len(),
            "each has an answer, {what}, {going}"
        );
    }
}

#[test]
fn a_pool_with_a_fixed_number_of_nodes_says_so() {
    let mut cluster = fleet("100%", |_| {});
    cluster.pools[0].is_static = true;
    let decision = drift(&cluster, &drifted("ab"), at(0));
    assert!(decision.go.is_empty());
    assert!(decision.kept.values().all(|why| *why == Kept::StaticPool));
}
