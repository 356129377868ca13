//! The published IAM policy names every action that is called.

use std::collections::BTreeSet;

use crate::support::Aws;

/// Calls of the tests themselves.
const OWN: [&str; 2] = ["CreateQueue", "SendMessage"];

/// Allowed and not called here: what EC2 and IAM ask for on behalf of other actions, and what the start
/// of the controller calls.
const OTHERS: [&str; 4] = ["DescribeCluster", "PassRole", "RunInstances", "TagInstanceProfile"];

/// Holds what was called, by the conformance suite and for the market, against the policy.
pub(crate) fn check(aws: &Aws) {
    let text = include_str!("../../../deploy/iam-policy.json");
    let policy: serde_json::Value = serde_json::from_str(text).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|one| match &one["Action"] {
        serde_json::Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let allowed: BTreeSet<String> = actions
        .map(|action| action.as_str().unwrap().split_once(':').unwrap().1.to_owned())
        .collect();
    let called = aws.proxy.log().into_iter().map(|call| call.action);
    let called: BTreeSet<String> =
        called.filter(|action| !OWN.contains(&action.as_str())).collect();
    let lacks: Vec<&String> = called.difference(&allowed).collect();
    assert!(lacks.is_empty(), "called and not in deploy/iam-policy.json: {lacks:?}");
    let idle: Vec<&str> = allowed.difference(&called).map(String::as_str).collect();
    assert_eq!(idle, OTHERS, "allowed and not called");
}
