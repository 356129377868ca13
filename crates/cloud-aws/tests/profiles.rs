//! Instance profiles: what IAM is asked for, in which order, and what is made of its answers.

use awsproxy::{Fault, Proxy, Rule};
use cloud::{Cloud as _, ErrorClass};

use crate::support::{Aws, class, made_up};

const RETRY: ErrorClass = ErrorClass::Retry { after: None };
const ACTIONS: [&str; 6] = [
    "GetInstanceProfile",
    "ListInstanceProfiles",
    "CreateInstanceProfile",
    "AddRoleToInstanceProfile",
    "RemoveRoleFromInstanceProfile",
    "DeleteInstanceProfile",
];

fn class_with(role: &str) -> api::Ec2NodeClass {
    let mut class = class("conformance");
    class.metadata.uid = Some("0d9f".into());
    class.spec.instance_profile = None;
    class.spec.role = Some(role.to_owned());
    class
}

/// The calls to IAM so far, in order.
fn asked(proxy: &Proxy) -> Vec<String> {
    let calls = proxy.log().into_iter().map(|call| call.action);
    calls.filter(|action| ACTIONS.contains(&action.as_str())).collect()
}

fn reply(action: &str, inner: &str) -> Fault {
    Fault::Reply(
        200,
        format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>\
             {inner}</{action}Result></{action}Response>"
        ),
    )
}

fn profile(name: &str, path: &str, role: &str) -> String {
    let role = format!(
        "<member><Path>/</Path><RoleName>{role}</RoleName><RoleId>r</RoleId><Arn>a</Arn>\
         <CreateDate>2026-11-01T00:00:00Z</CreateDate></member>"
    );
    format!(
        "<Path>{path}</Path><InstanceProfileName>{name}</InstanceProfileName><InstanceProfileId>i\
         </InstanceProfileId><Arn>a</Arn><CreateDate>2026-11-01T00:00:00Z</CreateDate><Roles>{role}\
         </Roles>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_has_karpenters_name_path_and_tags() {
    let aws = Aws::start(1).await;
    let mut class = class_with("some/path/node");
    class.spec.tags.insert("team".to_owned(), "web".to_owned());
    aws.cloud.prepare(&class).await.unwrap();
    let made = &aws.proxy.calls("CreateInstanceProfile")[0];
    let name = made.get("InstanceProfileName").unwrap();
    let number = name.strip_prefix("conformance_").unwrap();
    assert!(number.parse::<u64>().is_ok(), "{name}");
    assert_eq!(made.get("Path"), Some("/karpenter/us-east-1/conformance/0d9f/"));
    let tags: Vec<(&str, &str)> = (1..=5)
        .map(|at| {
            let of = |part: &str| made.get(&format!("Tags.member.{at}.{part}")).unwrap();
            (of("Key"), of("Value"))
        })
        .collect();
    assert_eq!(
        tags,
        [
            ("eks:eks-cluster-name", "conformance"),
            ("karpenter.k8s.aws/ec2nodeclass", "default"),
            ("kubernetes.io/cluster/conformance", "owned"),
            ("team", "web"),
            ("topology.kubernetes.io/region", "us-east-1"),
        ]
    );
    // The role's path is not part of its name.
    let added = &aws.proxy.calls("AddRoleToInstanceProfile")[0];
    assert_eq!(added.get("RoleName"), Some("node"));
    assert_eq!(aws.cloud.resolve(&class).await.unwrap().instance_profile.as_deref(), Some(name));
}

/// Wherever a try ends, the next one comes to the same profile.
#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_ends_anywhere_is_taken_up() {
    for action in ["GetInstanceProfile", "CreateInstanceProfile", "AddRoleToInstanceProfile"] {
        for fault in [Fault::LoseReply, Fault::Reset, Fault::Error(503, "ServiceFailure")] {
            let aws = Aws::start(1).await;
            let class = class_with("node");
            aws.proxy.add_rule(Rule::new(action, fault.clone(), 1));
            let error = aws.cloud.prepare(&class).await.unwrap_err();
            assert_eq!(error.class, RETRY, "{action}, {fault:?}: {error}");
            aws.cloud.prepare(&class).await.unwrap();
            let resolved = aws.cloud.resolve(&class).await.unwrap();
            assert!(resolved.problems.is_empty(), "{action}, {fault:?}: {:?}", resolved.problems);
            aws.cloud.release(&class).await.unwrap();
            let deleted = aws.proxy.calls("DeleteInstanceProfile");
            assert_eq!(deleted.len(), 1, "{action}, {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_ends_anywhere_is_taken_up() {
    for action in ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"] {
        for fault in [Fault::LoseReply, Fault::Reset, Fault::Error(409, "DeleteConflict")] {
            let aws = Aws::start(1).await;
            let class = class_with("node");
            aws.cloud.prepare(&class).await.unwrap();
            aws.proxy.add_rule(Rule::new(action, fault.clone(), 1));
            let error = aws.cloud.release(&class).await.unwrap_err();
            assert_eq!(error.class, RETRY, "{action}, {fault:?}: {error}");
            aws.cloud.release(&class).await.unwrap();
            let resolved = aws.cloud.resolve(&class).await.unwrap();
            assert_eq!(resolved.instance_profile, None, "{action}, {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_not_there_is_said_on_the_class() {
    let aws = Aws::start(1).await;
    let class = class_with("nobody");
    let error = aws.cloud.prepare(&class).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Refused, "NoSuchEntity"));
    let problems = aws.cloud.resolve(&class).await.unwrap().problems;
    assert_eq!(problems[0].condition, "InstanceProfileReady");
    let message = &problems[0].message;
    assert!(message.contains("nobody") && message.contains("create the role"), "{message}");
}

#[tokio::test]
async fn what_karpenter_made_is_kept_while_it_holds_the_role() {
    let (cloud, proxy) = made_up(1).await;
    for action in ["DescribeSubnets", "DescribeSecurityGroups", "DescribeImages"] {
        let empty = format!("<{action}Response></{action}Response>");
        proxy.add_rule(Rule::new(action, Fault::Reply(200, empty), 99));
    }
    proxy.set_parameter("/aws/service/eks/x", "y");
    let mut class = class_with("node");
    class.status.instance_profile = Some("conformance_1".to_owned());
    let theirs = profile("conformance_1", "/karpenter/us-east-1/conformance/0d9f/", "node");
    let theirs =
        reply("GetInstanceProfile", &format!("<InstanceProfile>{theirs}</InstanceProfile>"));
    proxy.add_rule(Rule::new("GetInstanceProfile", theirs.clone(), 1));
    let resolved = cloud.resolve(&class).await.unwrap();
    assert_eq!(resolved.instance_profile.as_deref(), Some("conformance_1"));

    // Not for another role.
    class.spec.role = Some("other-node".to_owned());
    proxy.add_rule(Rule::new("GetInstanceProfile", theirs, 1));
    proxy.add_rule(Rule::new("GetInstanceProfile", Fault::Error(404, "NoSuchEntity"), 1));
    let resolved = cloud.resolve(&class).await.unwrap();
    assert_eq!(resolved.instance_profile, None);
    assert_eq!(asked(&proxy), ["GetInstanceProfile"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn launches_go_on_with_the_profile_that_was_made_while_iam_is_away() {
    let aws = Aws::start(1).await;
    let mut class = class_with("node");
    aws.cloud.prepare(&class).await.unwrap();
    let name = aws.cloud.resolve(&class).await.unwrap().instance_profile;
    class.status.instance_profile.clone_from(&name);
    aws.proxy.add_rule(Rule::new("GetInstanceProfile", Fault::Throttle, 2));
    assert_eq!(aws.cloud.resolve(&class).await.unwrap().instance_profile, name);
    // Which profile another role has is not known then.
    class.spec.role = Some("other-node".to_owned());
    assert_eq!(aws.cloud.resolve(&class).await.unwrap_err().class, RETRY);
}

#[tokio::test]
async fn a_release_deletes_what_is_under_the_classs_path_alone() {
    let (cloud, proxy) = made_up(1).await;
    let templates = "<DescribeLaunchTemplatesResponse></DescribeLaunchTemplatesResponse>";
    proxy.add_rule(Rule::new(
        "DescribeLaunchTemplates",
        Fault::Reply(200, templates.to_owned()),
        9,
    ));
    let path = |uid: &str| format!("/karpenter/us-east-1/conformance/{uid}");
    // A service that does not heed the prefix, in two pages.
    let page = |profiles: &[String], more: &str| {
        let members = profiles.iter().map(|one| format!("<member>{one}</member>"));
        let members: String = members.collect();
        let inner = format!("<InstanceProfiles>{members}</InstanceProfiles>{more}");
        Rule::new("ListInstanceProfiles", reply("ListInstanceProfiles", &inner), 1)
    };
    let next = "<IsTruncated>true</IsTruncated><Marker>next</Marker>";
    proxy.add_rule(page(&[profile("theirs", "/", "node")], next));
    let others = profile("another-class", &path("0d9f0/"), "node");
    proxy.add_rule(page(&[others, profile("ours", &path("0d9f/"), "node")], ""));
    for action in ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"] {
        let empty = format!("<{action}Response></{action}Response>");
        proxy.add_rule(Rule::new(action, Fault::Reply(200, empty), 9));
    }
    cloud.release(&class_with("node")).await.unwrap();
    let deleted = proxy.calls("DeleteInstanceProfile");
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    assert_eq!(deleted[0].get("InstanceProfileName"), Some("ours"));
    assert_eq!(proxy.calls("ListInstanceProfiles")[1].get("Marker"), Some("next"));

    // A class without a UID has no path of its own: nothing is listed, nothing deleted.
    let mut nameless = class_with("node");
    nameless.metadata.uid = None;
    cloud.release(&nameless).await.unwrap();
    assert_eq!(proxy.calls("ListInstanceProfiles").len(), 2);
}
