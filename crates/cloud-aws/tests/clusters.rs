//! What EKS says of a cluster, over the wire.

use cloud::ErrorClass;
use cloud_aws::EksCluster;

use crate::support::{Aws, CLUSTER};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_told_what_eks_knows() {
    let aws = Aws::start(1).await;
    let error = EksCluster::describe_as(aws.config(), aws.key()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Gone, "{error}");
    aws.make_cluster("10.200.0.0/16").await;
    let cluster = EksCluster::describe_as(aws.config(), aws.key()).await.unwrap();
    assert_eq!(cluster.service_cidr.as_deref(), Some("10.200.0.0/16"));
    assert!(cluster.endpoint.is_some_and(|endpoint| endpoint.starts_with("https://")));
    assert!(cluster.ca.is_some_and(|ca| !ca.is_empty()));
    assert_eq!(cluster.version.as_deref(), Some("1.36"));
    assert_eq!(aws.proxy.calls("DescribeCluster").len(), 2, "of {CLUSTER}");
}
