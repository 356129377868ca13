//! How many nodes may go at once.

use disruption::{Allowance, Budget, BudgetError, Limit, Node, Pool, Reason};

use crate::support::{at, cluster, gone, node, pool, settle};

fn budget(nodes: &str, window: Option<(&str, i64)>, reasons: Option<&[&str]>) -> Budget {
    let reasons: Option<Vec<String>> =
        reasons.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
    let (schedule, duration) = window.unzip();
    Budget::read(Some(nodes), schedule, duration, reasons.as_deref()).unwrap()
}

fn with(budgets: Vec<Budget>) -> Pool {
    Pool { budgets: budgets.into_iter().map(Ok).collect(), ..pool("0") }
}

fn nodes(count: usize) -> Vec<Node> {
    (0..count).map(|number| node(&format!("n{number:03}"))).collect()
}

#[test]
fn a_percentage_is_rounded_up() {
    let cases = [("10%", 10, 1), ("5%", 10, 1), ("10%", 11, 2), ("0%", 10, 0), ("100%", 7, 7)];
    for (text, total, expected) in cases {
        assert_eq!(budget(text, None, None).limit.of(total), expected, "{text} of {total}");
    }
    assert_eq!(Limit::Percent(1).of(1), 1);
    assert_eq!(Limit::Percent(100).of(0), 0);
    assert_eq!(budget("3", None, None).limit, Limit::Count(3));
    assert_eq!(Budget::read(None, None, None, None).unwrap().limit, Limit::Percent(10));
}

#[test]
fn what_cannot_be_read_says_so_and_allows_none() {
    for text in ["", "ten", "-1", "101%", "1.5", "%", "+3"] {
        let error = Budget::read(Some(text), None, None, None).unwrap_err();
        assert_eq!(error, BudgetError::Nodes(text.to_owned()));
    }
    let half = Budget::read(None, Some("@daily"), None, None);
    assert_eq!(half.unwrap_err(), BudgetError::Window);
    let reason = Budget::read(None, None, None, Some(&["Bored".to_owned()]));
    assert_eq!(reason.unwrap_err(), BudgetError::Reason("Bored".to_owned()));
    let broken = Budget::read(None, Some("61 * * * *"), Some(60), None);
    let pool = Pool { budgets: vec![broken], ..pool("0") };
    let cluster = cluster(pool.clone(), nodes(3));
    let allowance = Allowance::new(&cluster, &pool, Reason::Empty, at(0));
    assert_eq!((allowance.left(), allowance.blocks()), (0, true));
    assert!(settle(&cluster).delete.is_empty());
}

#[test]
fn the_smallest_active_budget_for_the_reason_holds() {
    let pool = with(vec![
        budget("50%", None, None),
        budget("1", None, Some(&["Drifted"])),
        budget("0", None, Some(&[])),
    ]);
    let cluster = cluster(pool.clone(), nodes(10));
    let left = |reason| Allowance::new(&cluster, &pool, reason, at(0)).left();
    assert_eq!(left(Reason::Empty), 5);
    assert_eq!(left(Reason::Drifted), 1);
    assert_eq!(gone(&settle(&cluster)).len(), 5);
}

#[test]
fn without_a_budget_that_applies_nothing_is_limited() {
    let pool = with(vec![budget("0", None, Some(&["Drifted"]))]);
    let cluster = cluster(pool, nodes(10));
    assert_eq!(gone(&settle(&cluster)).len(), 10);
}

#[test]
fn nodes_on_their_way_out_or_not_ready_take_up_the_budget() {
    let mut all = nodes(10);
    all[0].deleting = true;
    all[1].ready = false;
    // Not counted at all: not initialized, machine ending, nobody's.
    all[2].initialized = false;
    all[3].terminating = true;
    all[4].claim = None;
    let pool = pool("50%");
    let cluster = cluster(pool.clone(), all);
    let allowance = Allowance::new(&cluster, &pool, Reason::Empty, at(0));
    assert_eq!(allowance, Allowance { total: 7, allowed: Some(4), consuming: 2 });
    let repair = Allowance::new(&cluster, &pool, Reason::Unhealthy, at(0));
    assert_eq!(repair.consuming, 1);
    assert_eq!(gone(&settle(&cluster)).len(), 2);
}

#[test]
fn a_window_holds_from_its_beginning_for_its_duration() {
    // From 09:00 for two hours, on weekdays; `at(0)` is a Thursday's midnight.
    let budget = budget("0", Some(("0 9 * * mon-fri", 7200)), None);
    let hour = 3600;
    let cases = [
        (9 * hour - 1, false),
        (9 * hour, true),
        (11 * hour - 1, true),
        (11 * hour, false),
        (24 * hour + 9 * hour, true),
        (48 * hour + 9 * hour, false),
    ];
    for (seconds, expected) in cases {
        assert_eq!(budget.is_active(at(seconds)), expected, "{seconds}");
    }
}

#[test]
fn windows_that_overlap_go_on_into_each_other() {
    let budget = budget("0", Some(("@hourly", 2 * 3600)), None);
    assert!((0..48).all(|half| budget.is_active(at(half * 1800))));
}
