//! Every call: how it fails, that it is tried again, and that all its pages are read.

use awsproxy::{Fault, Rule};
use cloud::{
    ClientToken, Cloud as _, CloudError, ErrorClass, InterruptionQueue as _, LaunchRequest, Receipt,
};
use cloud_aws::{AwsQueue, EksCluster, VISIBILITY};
use std::collections::BTreeMap;
use std::time::Duration;

use model::InstanceId;

use crate::support::{Aws, CLUSTER, class, made_up};

const RETRY: ErrorClass = ErrorClass::Retry { after: None };

/// What the port is asked, and an action of AWS that this comes to.
const CALLS: [(&str, &str); 27] = [
    ("check", "DescribeInstanceTypes"),
    ("resolve", "DescribeSubnets"),
    ("resolve", "DescribeSecurityGroups"),
    ("resolve", "GetParameter"),
    ("resolve", "DescribeImages"),
    ("resolve", "GetInstanceProfile"),
    ("prepare", "GetInstanceProfile"),
    ("prepare", "CreateInstanceProfile"),
    ("prepare", "AddRoleToInstanceProfile"),
    ("launch", "CreateLaunchTemplate"),
    ("launch", "CreateFleet"),
    ("instances", "DescribeInstances"),
    ("instances_of", "DescribeInstances"),
    ("instance", "DescribeInstances"),
    ("terminate", "TerminateInstances"),
    ("tag", "CreateTags"),
    ("statuses", "DescribeInstanceStatus"),
    ("tidy", "DescribeLaunchTemplates"),
    ("tidy", "ListInstanceProfiles"),
    ("release", "DescribeLaunchTemplates"),
    ("release", "DeleteLaunchTemplate"),
    ("release", "ListInstanceProfiles"),
    ("release", "RemoveRoleFromInstanceProfile"),
    ("release", "DeleteInstanceProfile"),
    ("queue", "GetQueueUrl"),
    ("receive", "ReceiveMessage"),
    ("cluster", "DescribeCluster"),
];

/// A class with a role, of a name that no other call uses.
fn fresh(aws: &Aws) -> api::Ec2NodeClass {
    let number = aws.proxy.log().len();
    let mut class = class(CLUSTER);
    class.metadata.name = format!("class-{number}");
    class.metadata.uid = Some(format!("uid-{number}").into());
    class.spec.instance_profile = None;
    class.spec.role = Some("node".to_owned());
    class
}

/// What a call is made for.
struct Made {
    class: api::Ec2NodeClass,
    request: Option<LaunchRequest>,
    id: InstanceId,
}

/// Makes what the call needs: once for all ways in which it fails, as a call that failed is made again.
async fn made(aws: &Aws, what: &str) -> Made {
    let class = fresh(aws);
    let mut id = "i-0123456789abcdef0".into();
    if !matches!(what, "launch" | "instance" | "terminate" | "tag" | "release" | "tidy") {
        return Made { class, request: None, id };
    }
    let mut request = aws.request("calls").await;
    request.token = ClientToken::new("uid-calls", u32::try_from(aws.proxy.log().len()).unwrap());
    // Another class has another template.
    request.node_class.metadata.name.clone_from(&class.metadata.name);
    if what != "launch" {
        aws.cloud.prepare(&class).await.unwrap();
        id = aws.cloud.launch(&request).await.unwrap().instance.id;
    }
    Made { class, request: Some(request), id }
}

/// Makes one call, with `rule` in force.
async fn call(aws: &Aws, what: &str, made: &Made, rule: Option<Rule>) -> Result<(), CloudError> {
    let Made { class, request, id } = made;
    if let Some(rule) = rule {
        aws.proxy.add_rule(rule);
    }
    let cloud = &aws.cloud;
    match what {
        "check" => cloud.check().await,
        "resolve" => cloud.resolve(class).await.map(drop),
        "prepare" => cloud.prepare(class).await,
        "launch" => {
            let request = request.as_ref().unwrap();
            cloud.launch(request).await.map(drop).map_err(|failed| failed.error)
        }
        "instances" => cloud.instances().await.map(drop),
        "instances_of" => cloud.instances_of(&"calls".into()).await.map(drop),
        "instance" => cloud.instance(id).await.map(drop),
        "terminate" => cloud.terminate(id).await,
        "tag" => cloud.tag(id, &BTreeMap::from([("Name".to_owned(), "a".to_owned())])).await,
        "statuses" => cloud.statuses().await.map(drop),
        "tidy" => cloud.tidy(std::slice::from_ref(class), Duration::ZERO).await.map(drop),
        "release" => cloud.release(class).await,
        "queue" => {
            let queue = AwsQueue::connect_as(aws.config(), CLUSTER, aws.key(), VISIBILITY).await;
            queue.map(drop)
        }
        "receive" => aws.queue.receive(Duration::ZERO).await.map(drop),
        "cluster" => EksCluster::describe_as(aws.config(), aws.key()).await.map(drop),
        other => unreachable!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_fails_with_the_class_that_says_what_to_do_and_works_again() {
    let aws = Aws::start(1).await;
    aws.make_cluster("10.100.0.0/16").await;
    for (what, action) in CALLS {
        let made = made(&aws, what).await;
        for (fault, class) in [
            (Fault::Throttle, RETRY),
            (Fault::Error(500, "InternalFailure"), RETRY),
            (Fault::Error(503, "SomethingNew"), RETRY),
            (Fault::Error(403, "AccessDenied"), ErrorClass::Refused),
            (Fault::Error(400, "SomethingNew"), ErrorClass::Refused),
            (Fault::Reset, RETRY),
            (Fault::Reply(200, "neither XML nor JSON".to_owned()), RETRY),
            (Fault::Reply(502, String::new()), RETRY),
        ] {
            let rule = Rule::new(action, fault.clone(), 1);
            let error = call(&aws, what, &made, Some(rule)).await.expect_err(action);
            assert_eq!(error.class, class, "{what}, {action}, {fault:?}: {error}");
            assert!(!error.code.is_empty() && !error.message.is_empty(), "{error:?}");
        }
        call(&aws, what, &made, None).await.expect(action);
    }
    // Each of them is an action of its own, not another's that failed before.
    for (_, action) in CALLS {
        let hit = aws.proxy.calls(action).iter().filter(|call| call.fault.is_some()).count();
        assert!(hit >= 8, "{action} failed {hit} times");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_asked_again_when_it_throttles() {
    let aws = Aws::start(3).await;
    aws.make_cluster("10.100.0.0/16").await;
    for (what, action) in [
        ("check", "DescribeInstanceTypes"),
        ("prepare", "CreateInstanceProfile"),
        ("resolve", "GetParameter"),
        ("receive", "ReceiveMessage"),
        ("cluster", "DescribeCluster"),
    ] {
        let before = aws.proxy.calls(action).len();
        let made = made(&aws, what).await;
        let rule = Rule::new(action, Fault::Throttle, 1);
        call(&aws, what, &made, Some(rule)).await.expect(action);
        let throttled = aws.proxy.calls(action).into_iter().skip(before);
        assert_eq!(throttled.filter(|call| call.fault.is_some()).count(), 1, "{action}");
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let (cloud, proxy) = made_up(1).await;
    let set = |set: &str, item: &str| format!("<{set}><item>{item}</item></{set}>");
    let pages = [
        ("DescribeSubnets", set("subnetSet", "<subnetId>s</subnetId>")),
        ("DescribeSecurityGroups", set("securityGroupInfo", "<groupId>g</groupId>")),
        ("DescribeImages", set("imagesSet", "<imageId>i</imageId>")),
        (
            "DescribeLaunchTemplates",
            set("launchTemplates", "<launchTemplateName>t</launchTemplateName>"),
        ),
        ("DescribeInstanceTypes", set("instanceTypeSet", "<instanceType>m7i.large</instanceType>")),
        ("DescribeInstanceTypeOfferings", set("instanceTypeOfferingSet", "<location>a</location>")),
        ("DescribeInstances", set("reservationSet", "<instancesSet/>")),
    ];
    for (action, inner) in &pages {
        for token in ["<nextToken>next</nextToken>", ""] {
            let text = format!("<{action}Response>{inner}{token}</{action}Response>");
            proxy.add_rule(Rule::new(action, Fault::Reply(200, text), 1));
        }
        // Whatever else the same call of the port asks for.
        let rest = format!("<{action}Response></{action}Response>");
        proxy.add_rule(Rule::new(action, Fault::Reply(200, rest), 99));
    }
    let mut class = class("x");
    class.spec.ami_selector_terms =
        vec![api::AmiSelectorTerm { id: Some("ami-1".to_owned()), ..Default::default() }];
    cloud.resolve(&class).await.unwrap();
    cloud.release(&class).await.unwrap();
    cloud.instances().await.unwrap();
    cloud.market().await.unwrap();
    for (action, _) in pages {
        let calls = proxy.calls(action);
        assert_eq!(calls[1].get("NextToken"), Some("next"), "{action}: {calls:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_is_gone_and_a_receipt_that_is_none_is_refused() {
    let aws = Aws::start(1).await;
    // As SQS itself says it, with no proxy between.
    let direct = aws.direct_config();
    for config in [aws.config(), &direct] {
        let missing = AwsQueue::connect_as(config, "nowhere", aws.key(), VISIBILITY).await;
        let error = missing.unwrap_err();
        assert_eq!(error.class, ErrorClass::Gone, "{error}");
    }
    let error = aws.queue.delete(&Receipt::new("none")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Refused, "{error}");
}
