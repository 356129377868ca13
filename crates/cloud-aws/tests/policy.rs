//! The published IAM policy names every action that is called.

use std::collections::BTreeSet;

use cloud::Cloud as _;
use cloud::conformance::run_all;

use crate::support::Aws;

#[tokio::test(flavor = "multi_thread")]
async fn every_action_that_is_called_is_in_the_policy() {
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
    let aws = Aws::start(1).await;
    assert_eq!(run_all(&aws).await, []);
    aws.cloud.market().await.unwrap();
    let called: BTreeSet<String> = aws.proxy.log().into_iter().map(|call| call.action).collect();
    let lacks: Vec<&String> = called.difference(&allowed).collect();
    assert!(lacks.is_empty(), "called and not in deploy/iam-policy.json: {lacks:?}");
    // A list without most calls would prove nothing.
    assert!(called.len() >= 20, "{called:?}");
}
