//! How calls fail over the wire, and what is made of it.

use awsproxy::{Fault, Rule};
use cloud::{Cloud as _, ErrorClass};

use crate::support::Aws;

const RETRY: ErrorClass = ErrorClass::Retry { after: None };

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_launches_once_and_the_token_finds_the_machine() {
    let aws = Aws::start(1).await;
    let request = aws.request("lost").await;
    aws.proxy.add_rule(Rule { action: "CreateFleet", fault: Fault::LoseReply, times: 1 });
    let failed = aws.cloud.launch(&request).await.unwrap_err();
    assert_eq!(failed.error.class, RETRY, "{:?}", failed.error);
    let launch = aws.cloud.launch(&request).await.unwrap();
    let all = aws.cloud.instances().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].id, launch.instance.id);
    assert_eq!(all[0].claim(), Some("lost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_class_that_says_what_to_do() {
    let aws = Aws::start(1).await;
    let request = aws.request("faults").await;
    for (fault, class) in [
        (Fault::Throttle, RETRY),
        (Fault::Error(500, "InternalError"), RETRY),
        (Fault::Error(503, "SomethingNew"), RETRY),
        (Fault::Error(403, "UnauthorizedOperation"), ErrorClass::Refused),
        (Fault::Error(400, "VcpuLimitExceeded"), ErrorClass::Capacity),
        (Fault::Error(400, "InvalidParameterValue"), ErrorClass::Refused),
        (Fault::Truncate, RETRY),
    ] {
        aws.proxy.add_rule(Rule { action: "CreateFleet", fault: fault.clone(), times: 1 });
        let failed = aws.cloud.launch(&request).await.unwrap_err();
        assert_eq!(failed.error.class, class, "{fault:?}: {:?}", failed.error);
    }
    // A list that does not arrive is an error, and never an empty answer.
    aws.proxy.add_rule(Rule { action: "DescribeInstances", fault: Fault::LoseReply, times: 1 });
    assert_eq!(aws.cloud.instances().await.unwrap_err().class, RETRY);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_calls_are_tried_again_by_the_sdk() {
    let aws = Aws::start(3).await;
    aws.proxy.add_rule(Rule { action: "DescribeInstances", fault: Fault::Throttle, times: 2 });
    assert_eq!(aws.cloud.instances().await.unwrap(), []);
    let calls = aws.proxy.log().iter().filter(|(action, _)| action == "DescribeInstances").count();
    assert_eq!(calls, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_template_that_went_away_is_made_again() {
    let aws = Aws::start(1).await;
    let mut request = aws.request("template").await;
    let first = aws.cloud.launch(&request).await.unwrap();
    aws.cloud.terminate(&first.instance.id).await.unwrap();
    let code = "InvalidLaunchTemplateName.NotFoundException";
    aws.proxy.add_rule(Rule { action: "CreateFleet", fault: Fault::Error(400, code), times: 1 });
    request.token = cloud::ClientToken::new("uid-template", 1);
    assert!(aws.cloud.launch(&request).await.is_ok());
    let made = aws.proxy.log().iter().filter(|(name, _)| name == "CreateLaunchTemplate").count();
    assert_eq!(made, 2);
}
