//! What is made of single replies: codes, pages, missing fields, replies that are cut off.

use std::fmt::Write as _;

use awsproxy::{Fault, Proxy, Rule};
use cloud::{Cloud as _, ErrorClass, LaunchError};
use cloud_aws::AwsCloud;
use model::CapacityType;

use crate::support::{choices, class, made_up, request};

const RETRY: ErrorClass = ErrorClass::Retry { after: None };
const MANY: u32 = 1_000;

fn reply(action: &str, inner: &str) -> Fault {
    Fault::Reply(
        200,
        format!(
            "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r\
             </requestId>{inner}</{action}Response>"
        ),
    )
}

fn answers(proxy: &Proxy, action: &'static str, inner: &str, times: u32) {
    proxy.add_rule(Rule::new(action, reply(action, inner), times));
}

fn instance(id: &str, fields: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("instanceState", "<code>16</code><name>running</name>"),
        ("instanceType", "m7i.large"),
        ("placement", "<availabilityZone>us-east-1a</availabilityZone>"),
        ("imageId", "ami-1"),
        ("launchTime", "2026-11-01T00:00:10.000Z"),
        ("stateReason", "<code></code><message></message>"),
    ];
    for (name, value) in fields {
        all.retain(|(one, _)| one != name);
        all.push((*name, *value));
    }
    let mut text = format!("<item><instanceId>{id}</instanceId>");
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _: std::fmt::Result = write!(text, "<{name}>{value}</{name}>");
    }
    text + "</item>"
}

fn instances(instances: &[String], token: &str) -> String {
    let token =
        if token.is_empty() { token.to_owned() } else { format!("<nextToken>{token}</nextToken>") };
    format!(
        "<reservationSet><item><instancesSet>{}</instancesSet></item></reservationSet>{token}",
        instances.concat()
    )
}

/// A launch for which EC2 answers with these errors: code, and type, zone and subnet where it says them.
async fn launch_failing(errors: &[(&str, Option<(&str, &str)>)]) -> (LaunchError, Proxy, AwsCloud) {
    let (cloud, proxy) = made_up(1).await;
    let subnet = |id: &str, zone: &str| {
        format!(
            "<item><subnetId>{id}</subnetId><availabilityZone>{zone}</availabilityZone>\
             <availableIpAddressCount>9</availableIpAddressCount></item>"
        )
    };
    let subnets = subnet("subnet-a", "us-east-1a") + &subnet("subnet-b", "us-east-1b");
    answers(&proxy, "DescribeSubnets", &format!("<subnetSet>{subnets}</subnetSet>"), MANY);
    answers(&proxy, "CreateLaunchTemplate", "<launchTemplate></launchTemplate>", MANY);
    let items = errors.iter().map(|(code, place)| {
        let place = place.map_or_else(String::new, |(name, zone)| {
            format!(
                "<launchTemplateAndOverrides><overrides><instanceType>{name}</instanceType>\
                 <availabilityZone>{zone}</availabilityZone></overrides></launchTemplateAndOverrides>"
            )
        });
        format!("<item>{place}<lifecycle>spot</lifecycle><errorCode>{code}</errorCode></item>")
    });
    let items: String = items.collect();
    answers(&proxy, "CreateFleet", &format!("<errorSet>{items}</errorSet>"), MANY);
    let mut class = class("x");
    class.status.instance_profile = Some("nodes".to_owned());
    class.status.amis =
        vec![api::AmiStatus { id: "ami-1".to_owned(), ..api::AmiStatus::default() }];
    let failed = cloud.launch(&request("made-up", class)).await.unwrap_err();
    (failed, proxy, cloud)
}

#[tokio::test]
async fn each_code_of_a_fleet_has_its_class() {
    let place = Some(("m7i.large", "us-east-1a"));
    for (code, class) in [
        ("InsufficientInstanceCapacity", ErrorClass::Capacity),
        ("MaxSpotInstanceCountExceeded", ErrorClass::Capacity),
        ("VcpuLimitExceeded", ErrorClass::Capacity),
        ("UnfulfillableCapacity", ErrorClass::Capacity),
        ("Unsupported", ErrorClass::Capacity),
        ("InsufficientFreeAddressesInSubnet", ErrorClass::Capacity),
        ("ReservationCapacityExceeded", ErrorClass::Capacity),
        ("SpotMaxPriceTooLow", ErrorClass::Capacity),
        ("InvalidParameterValue", ErrorClass::Refused),
        ("InvalidAMIID.NotFound", ErrorClass::Refused),
        ("UnauthorizedOperation", ErrorClass::Refused),
        ("SomethingNew", ErrorClass::Refused),
        ("RequestLimitExceeded", RETRY),
        ("InternalError", RETRY),
        ("InvalidLaunchTemplateName.NotFoundException", RETRY),
    ] {
        let (failed, _, _) = launch_failing(&[(code, place)]).await;
        assert_eq!((failed.error.class, failed.error.code.as_str()), (class, code));
        let refused: Vec<&str> = failed.refused.iter().map(|one| one.code.as_str()).collect();
        let expected: &[&str] = if class == ErrorClass::Capacity { &[code] } else { &[] };
        assert_eq!(refused, expected, "{code}");
    }
}

#[tokio::test]
async fn one_error_that_is_not_for_lack_of_capacity_decides() {
    let errors = [
        ("InsufficientInstanceCapacity", Some(("m7i.large", "us-east-1a"))),
        ("InvalidParameterValue", Some(("c7i.xlarge", "us-east-1b"))),
    ];
    let (failed, _, _) = launch_failing(&errors).await;
    assert_eq!(failed.error.code, "InvalidParameterValue");
    assert_eq!(failed.refused.len(), 1);
}

#[tokio::test]
async fn an_error_that_names_no_type_refuses_every_choice() {
    let code = "AuthFailure.ServiceLinkedRoleCreationNotPermitted";
    let (failed, _, _) = launch_failing(&[(code, None)]).await;
    assert_eq!(failed.error.class, ErrorClass::Capacity);
    let refused = failed.refused.iter().map(|one| (&one.instance_type, one.zone.as_ref()));
    let choices = choices();
    let expected = choices.iter().map(|one| (&one.instance_type, Some(&one.zone)));
    assert!(refused.eq(expected), "{:?}", failed.refused);
}

#[tokio::test]
async fn a_template_that_a_choice_lacks_is_made_again_once() {
    let code = "InvalidLaunchTemplateName.NotFoundException";
    let (_, proxy, _) = launch_failing(&[(code, Some(("m7i.large", "us-east-1a")))]).await;
    assert_eq!(proxy.calls("CreateFleet").len(), 2);
    assert_eq!(proxy.calls("CreateLaunchTemplate").len(), 2);
}

#[tokio::test]
async fn a_fleet_is_asked_for_as_the_plan_ranks_it() {
    let (_, proxy, _) = launch_failing(&[("InvalidParameterValue", None)]).await;
    let calls = proxy.calls("CreateFleet");
    let get = |name: &str| calls[0].get(name).unwrap_or_else(|| panic!("{name}: {calls:#?}"));
    let config = |name: &str| get(&format!("LaunchTemplateConfigs.1.{name}")).to_owned();
    assert_eq!(get("Type"), "instant");
    assert_eq!(get("ClientToken"), "uid-made-up-0");
    assert_eq!(get("TargetCapacitySpecification.TotalTargetCapacity"), "1");
    assert_eq!(get("OnDemandOptions.AllocationStrategy"), "prioritized");
    assert_eq!(config("Overrides.1.InstanceType"), "m7i.large");
    assert_eq!(config("Overrides.1.SubnetId"), "subnet-a");
    assert_eq!(config("Overrides.2.AvailabilityZone"), "us-east-1b");
    assert!(config("Overrides.1.Priority").starts_with('0'));
    assert!(config("Overrides.2.Priority").starts_with('1'));
    let has = |value: &str| calls[0].parameters.iter().any(|(_, one)| one == value);
    for value in ["karpenter.sh/nodeclaim", "kubernetes.io/cluster/conformance", "volume", "fleet"]
    {
        assert!(has(value), "{value}: {calls:#?}");
    }
}

#[tokio::test]
async fn a_list_is_all_its_pages_or_fails() {
    let (cloud, proxy) = made_up(1).await;
    let spot = [("instanceLifecycle", "spot")];
    let ending = [
        ("instanceState", "<code>32</code><name>shutting-down</name>"),
        ("stateReason", "<code>Server.SpotInstanceTermination</code><message>m</message>"),
    ];
    let first = instances(&[instance("i-2", &spot)], "next");
    let last = instances(&[instance("i-1", &ending)], "");
    answers(&proxy, "DescribeInstances", &first, 1);
    answers(&proxy, "DescribeInstances", &last, 1);
    let all = cloud.instances().await.unwrap();
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["i-1", "i-2"]);
    assert_eq!(all[0].state_reason.as_deref(), Some("Server.SpotInstanceTermination"));
    assert_eq!((all[1].capacity_type, &all[1].state_reason), (CapacityType::Spot, &None));
    assert_eq!(all[1].launched_at.0, 1_793_491_210);
    let calls = proxy.calls("DescribeInstances");
    assert_eq!(calls[0].get("MaxResults"), Some("1000"));
    assert_eq!(calls[1].get("NextToken"), Some("next"));

    answers(&proxy, "DescribeInstances", &first, 1);
    let expired = Fault::Error(400, "InvalidNextToken");
    proxy.add_rule(Rule::new("DescribeInstances", expired, 1));
    let error = cloud.instances().await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Refused, "InvalidNextToken"));
}

#[tokio::test]
async fn an_instance_without_what_must_be_there_makes_no_sense() {
    let (cloud, proxy) = made_up(1).await;
    for (field, value) in [
        ("instanceType", ""),
        ("placement", ""),
        ("instanceState", ""),
        ("instanceState", "<code>99</code><name>dreaming</name>"),
    ] {
        let inner = instances(&[instance("i-1", &[(field, value)])], "");
        answers(&proxy, "DescribeInstances", &inner, 1);
        let error = cloud.instances().await.unwrap_err();
        assert_eq!(
            (error.class, error.code.as_str()),
            (ErrorClass::Bug, "IncompleteReply"),
            "{field}"
        );
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_off_is_never_a_shorter_list() {
    let (cloud, proxy) = made_up(1).await;
    let inner = instances(&[instance("i-1", &[]), instance("i-2", &[])], "");
    let Fault::Reply(_, whole) = reply("DescribeInstances", &inner) else { unreachable!() };
    let cuts: Vec<usize> = whole.match_indices('>').map(|(at, _)| at + 1).collect();
    for cut in cuts.iter().copied().filter(|cut| *cut < whole.len()) {
        let text = whole[..cut].to_owned();
        proxy.add_rule(Rule::new("DescribeInstances", Fault::Reply(200, text), 1));
        let error = cloud.instances().await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (RETRY, "BrokenReply"), "{}", &whole[..cut]);
    }
    proxy.add_rule(Rule::new("DescribeInstances", Fault::Reply(200, whole), 1));
    assert_eq!(cloud.instances().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_ended_instance_is_gone() {
    let (cloud, proxy) = made_up(1).await;
    let ended = [("instanceState", "<code>48</code><name>terminated</name>")];
    let inner = instances(&[instance("i-1", &ended)], "");
    answers(&proxy, "DescribeInstances", &inner, 1);
    assert!(cloud.instance(&"i-1".into()).await.unwrap_err().is_gone());
    answers(&proxy, "DescribeInstances", "<reservationSet/>", 1);
    assert!(cloud.instance(&"i-1".into()).await.unwrap_err().is_gone());
    for code in ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"] {
        proxy.add_rule(Rule::new("TerminateInstances", Fault::Error(400, code), 1));
        assert!(cloud.terminate(&"i-1".into()).await.unwrap_err().is_gone());
    }
}

#[tokio::test]
async fn a_part_of_the_market_that_cannot_be_read_is_missing_and_the_rest_is_there() {
    let (cloud, proxy) = made_up(1).await;
    proxy.set_spot("m7i.large", "us-east-1a", "0.0421");
    let denied = Fault::Reply(400, "{\"__type\":\"AccessDeniedException\"}".to_owned());
    proxy.add_rule(Rule::new("GetProducts", denied, MANY));
    proxy.add_rule(Rule::new("DescribeInstanceTypes", Fault::Throttle, MANY));
    let none = "<instanceTypeOfferingSet/>";
    answers(&proxy, "DescribeInstanceTypeOfferings", none, MANY);
    let zone = "<subnetSet><item><subnetId>s</subnetId><availabilityZone>us-east-1a\
                </availabilityZone><availabilityZoneId>use1-az1</availabilityZoneId></item></subnetSet>";
    answers(&proxy, "DescribeSubnets", zone, MANY);
    let market = cloud.market().await.unwrap();
    assert_eq!((market.on_demand, market.types, market.on_demand_at), (None, None, None));
    // That nothing is offered anywhere cannot be.
    assert_eq!(market.offered, None);
    assert_eq!(market.spot.unwrap().len(), 1);
    assert!(market.spot_at.is_some());
    assert_eq!(market.zones.unwrap()["us-east-1a"].as_str(), "use1-az1");
}

#[tokio::test]
async fn images_by_name_are_the_accounts_own_and_amazons() {
    let (cloud, proxy) = made_up(1).await;
    let term = |name: Option<&str>, id: Option<&str>, tag: bool| api::AmiSelectorTerm {
        name: name.map(str::to_owned),
        id: id.map(str::to_owned),
        tags: tag.then(|| ("team".to_owned(), "*".to_owned())).into_iter().collect(),
        ..api::AmiSelectorTerm::default()
    };
    let mut class = class("x");
    class.spec.ami_family = Some("AL2023".to_owned());
    class.spec.ami_selector_terms = vec![
        term(Some("golden-*"), None, false),
        term(None, Some("ami-9"), false),
        term(None, None, true),
    ];
    answers(&proxy, "DescribeSubnets", "<subnetSet/>", MANY);
    answers(&proxy, "DescribeSecurityGroups", "<securityGroupInfo/>", MANY);
    let image = |id: &str, made: &str, more: &str| {
        format!(
            "<item><imageId>{id}</imageId><name>{id}</name><architecture>x86_64</architecture>\
             <creationDate>{made}</creationDate>{more}</item>"
        )
    };
    let old = "<deprecationTime>2020-01-01T00:00:00.000Z</deprecationTime>";
    let found = image("ami-1", "2026-01-01T00:00:00.000Z", "")
        + &image("ami-2", "2026-10-01T00:00:00.000Z", "")
        + &image("ami-3", "2026-11-01T00:00:00.000Z", old);
    answers(&proxy, "DescribeImages", &format!("<imagesSet>{found}</imagesSet>"), 1);
    answers(&proxy, "DescribeImages", "<imagesSet/>", 2);
    let resolved = cloud.resolve(&class).await.unwrap();
    // Those that their owner gave up come last, else the newest first.
    let ids: Vec<&str> = resolved.images.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["ami-2", "ami-1", "ami-3"]);
    let calls = proxy.calls("DescribeImages");
    let owners = |at: usize| (calls[at].get("Owner.1"), calls[at].get("Owner.2"));
    assert_eq!(owners(0), (Some("self"), Some("amazon")));
    assert_eq!(owners(1), (None, None));
    assert_eq!(owners(2), (Some("self"), None));
    assert_eq!(calls[2].get("Filter.1.Name"), Some("tag-key"));
    let problems: Vec<&str> = resolved.problems.iter().map(|one| one.reason).collect();
    assert_eq!(problems, ["SubnetsNotFound", "SecurityGroupsNotFound"]);
}

#[tokio::test]
async fn where_nothing_listens_the_message_says_why() {
    let (cloud, proxy) = made_up(1).await;
    drop(proxy);
    // The port is given back soon after.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let error = loop {
        let error = cloud.check().await.unwrap_err();
        if error.message.contains("refused") || tokio::time::Instant::now() > deadline {
            break error;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((error.class, error.code.as_str()), (RETRY, "NoConnection"));
    assert!(error.message.contains("refused"), "{error}");
}
