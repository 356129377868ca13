//! How calls fail over the wire, and what is made of it.

use awsproxy::{Fault, Rule};
use base64::Engine as _;
use cloud::{Cloud as _, ErrorClass};
use model::CapacityType;

use crate::support::{Aws, choices, pool};

const RETRY: ErrorClass = ErrorClass::Retry { after: None };

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_launches_once_and_the_token_finds_the_machine() {
    let aws = Aws::start(1).await;
    let request = aws.request("lost").await;
    aws.proxy.add_rule(Rule::new("CreateFleet", Fault::LoseReply, 1));
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
        (Fault::Reply(503, String::new()), RETRY),
        (Fault::Reset, RETRY),
        (Fault::Error(403, "UnauthorizedOperation"), ErrorClass::Refused),
        (Fault::Error(400, "VcpuLimitExceeded"), ErrorClass::Capacity),
        (Fault::Error(400, "InvalidParameterValue"), ErrorClass::Refused),
        (Fault::Truncate, RETRY),
    ] {
        aws.proxy.add_rule(Rule::new("CreateFleet", fault.clone(), 1));
        let failed = aws.cloud.launch(&request).await.unwrap_err();
        assert_eq!(failed.error.class, class, "{fault:?}: {:?}", failed.error);
    }
    // A list fails as a whole, and never answers with less than there is.
    aws.proxy.add_rule(Rule::new("DescribeInstances", Fault::Truncate, 1));
    assert_eq!(aws.cloud.instances().await.unwrap_err().class, RETRY);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_calls_are_tried_again_by_the_sdk() {
    let aws = Aws::start(3).await;
    aws.proxy.add_rule(Rule::new("DescribeInstances", Fault::Throttle, 2));
    assert_eq!(aws.cloud.instances().await.unwrap(), []);
    assert_eq!(aws.proxy.calls("DescribeInstances").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_template_that_went_away_is_made_again() {
    let aws = Aws::start(1).await;
    let mut request = aws.request("template").await;
    let first = aws.cloud.launch(&request).await.unwrap();
    aws.cloud.terminate(&first.instance.id).await.unwrap();
    let code = "InvalidLaunchTemplateName.NotFoundException";
    aws.proxy.add_rule(Rule::new("CreateFleet", Fault::Error(400, code), 1));
    request.token = cloud::ClientToken::new("uid-template", 1);
    assert!(aws.cloud.launch(&request).await.is_ok());
    assert_eq!(aws.proxy.calls("CreateLaunchTemplate").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_subnet_is_a_refusal_and_goes_last() {
    let aws = Aws::start(1).await;
    let mut request = aws.request("subnet").await;
    let [first, second] = choices().try_into().unwrap();
    aws.proxy.refuse(pool(&first, CapacityType::OnDemand), "InsufficientFreeAddressesInSubnet");
    let launch = aws.cloud.launch(&request).await.unwrap();
    assert_eq!(launch.instance.zone, second.zone);
    assert_eq!(launch.refused.len(), 1);
    assert_eq!(launch.refused[0].code, "InsufficientFreeAddressesInSubnet");
    // Its zone's only subnet is asked for all the same: it may have addresses again.
    aws.proxy.refill();
    request.token = cloud::ClientToken::new("uid-subnet", 1);
    assert_eq!(aws.cloud.launch(&request).await.unwrap().instance.zone, first.zone);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_hold_what_the_class_and_the_request_say() {
    let aws = Aws::start(1).await;
    let mut request = aws.request("one").await;
    request.node_class.spec.associate_public_ip_address = Some(false);
    request.node_class.spec.tags.insert("team".to_owned(), "web".to_owned());
    aws.cloud.launch(&request).await.unwrap();
    // The same claim's next group needs no other template, other labels do.
    request.token = cloud::ClientToken::new("uid-one", 1);
    aws.cloud.launch(&request).await.unwrap();
    request.token = cloud::ClientToken::new("uid-one", 2);
    request.labels.insert("tier".to_owned(), "front".to_owned());
    aws.cloud.launch(&request).await.unwrap();
    let made = aws.proxy.calls("CreateLaunchTemplate");
    assert_eq!(made.len(), 2);
    assert_ne!(made[0].get("LaunchTemplateName"), made[1].get("LaunchTemplateName"));
    let data = |name: &str| made[0].get(&format!("LaunchTemplateData.{name}")).map(str::to_owned);
    for (name, value) in [
        ("IamInstanceProfile.Name", "nodes"),
        ("MetadataOptions.HttpTokens", "required"),
        ("MetadataOptions.HttpPutResponseHopLimit", "1"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "false"),
        ("CapacityReservationSpecification.CapacityReservationPreference", "none"),
    ] {
        assert_eq!(data(name).as_deref(), Some(value), "{name}: {:#?}", made[0].parameters);
    }
    assert!(data("NetworkInterface.1.SecurityGroupId.1").is_some_and(|id| id.starts_with("sg-")));
    let text = base64::engine::general_purpose::STANDARD.decode(data("UserData").unwrap()).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("team=web"));
    assert!(made[0].parameters.iter().any(|(_, value)| value == "karpenter.k8s.aws/ec2nodeclass"));

    // What was made for the class goes with it.
    aws.cloud.release(&request.node_class).await.unwrap();
    assert_eq!(aws.proxy.calls("DeleteLaunchTemplate").len(), 2);
    aws.cloud.release(&request.node_class).await.unwrap();
    assert_eq!(aws.proxy.calls("DeleteLaunchTemplate").len(), 2);
}
