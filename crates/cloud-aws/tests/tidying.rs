//! What is deleted because nothing uses it, and above all what is not.

use std::time::Duration;

use awsproxy::{Fault, Proxy, Rule};
use cloud::{ClientToken, Cloud as _, Tidied};

use crate::support::{Aws, CLUSTER, class, made_up};

const MANY: u32 = 99;
const OLD: &str = "2020-01-01T00:00:00.000Z";
/// Far in the future, as the clock of the machine that runs the test is.
const YOUNG: &str = "2099-01-01T00:00:00.000Z";

fn template(name: &str, made: &str) -> String {
    format!(
        "<item><launchTemplateId>lt-{name}</launchTemplateId><launchTemplateName>{name}\
         </launchTemplateName>{made}</item>"
    )
}

fn profile(name: &str, made: &str) -> String {
    format!(
        "<member><Path>/karpenter/us-east-1/{CLUSTER}/0d9f/</Path><InstanceProfileName>{name}\
         </InstanceProfileName><InstanceProfileId>i</InstanceProfileId><Arn>a</Arn><CreateDate>{made}\
         </CreateDate><Roles></Roles></member>"
    )
}

fn answer(proxy: &Proxy, action: &'static str, inner: &str) {
    let text = format!("<{action}Response>{inner}</{action}Response>");
    proxy.add_rule(Rule::new(action, Fault::Reply(200, text), MANY));
}

/// Machines, each with the text of its profile.
fn machines(proxy: &Proxy, profiles: &[&str]) {
    let items = profiles
        .iter()
        .map(|profile| format!("<item><instanceId>i-1</instanceId>{profile}</item>"));
    let items: String = items.collect();
    let inner = format!(
        "<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"
    );
    answer(proxy, "DescribeInstances", &inner);
}

fn arn(name: &str) -> String {
    format!(
        "<iamInstanceProfile><arn>arn:aws:iam::1:instance-profile/karpenter/us-east-1/c/u/{name}\
         </arn></iamInstanceProfile>"
    )
}

fn deleted(proxy: &Proxy, action: &str, parameter: &str) -> Vec<String> {
    let calls = proxy.calls(action);
    calls.iter().map(|call| call.get(parameter).unwrap().to_owned()).collect()
}

/// What goes of these profiles, made long ago but for `young`, where machines have `held`.
async fn profiles_gone(held: &[&str], classes: &[api::Ec2NodeClass]) -> Vec<String> {
    let (cloud, proxy) = made_up(1).await;
    answer(&proxy, "DescribeLaunchTemplates", "<launchTemplates/>");
    answer(&proxy, "DeleteInstanceProfile", "");
    let members = profile("one", OLD) + &profile("two", OLD) + &profile("young", YOUNG);
    let inner = format!(
        "<ListInstanceProfilesResult><InstanceProfiles>{members}</InstanceProfiles>\
         </ListInstanceProfilesResult>"
    );
    answer(&proxy, "ListInstanceProfiles", &inner);
    machines(&proxy, held);
    let tidied = cloud.tidy(classes, Duration::ZERO).await.unwrap();
    let gone = deleted(&proxy, "DeleteInstanceProfile", "InstanceProfileName");
    assert_eq!(tidied, Tidied { templates: 0, profiles: gone.len() });
    gone
}

fn class_of(profile: &str) -> api::Ec2NodeClass {
    let mut class = class(CLUSTER);
    class.spec.instance_profile = None;
    class.spec.role = Some("node".to_owned());
    class.status.instance_profile = Some(profile.to_owned());
    class
}

#[tokio::test]
async fn a_profile_stays_while_a_class_or_a_machine_has_it() {
    let other = class_of("other");
    assert_eq!(profiles_gone(&[], std::slice::from_ref(&other)).await, ["one", "two"]);
    assert_eq!(profiles_gone(&[], &[class_of("one")]).await, ["two"]);
    assert_eq!(profiles_gone(&[&arn("two")], std::slice::from_ref(&other)).await, ["one"]);
    assert_eq!(
        profiles_gone(&[&arn("two"), &arn("one")], std::slice::from_ref(&other)).await,
        [""; 0]
    );
    // A machine that does not say which it has may have any.
    assert_eq!(profiles_gone(&[&arn("two"), ""], &[other]).await, [""; 0]);
    // Not by a list of classes that is empty by mistake.
    assert_eq!(profiles_gone(&[], &[]).await, [""; 0]);
}

#[tokio::test]
async fn a_template_goes_when_it_is_old_and_ours() {
    let (cloud, proxy) = made_up(1).await;
    let made = |at: &str| format!("<createTime>{at}</createTime>");
    let templates = template("karpenter.k8s.aws/old", &made(OLD))
        + &template("karpenter.k8s.aws/young", &made(YOUNG))
        + &template("karpenter.k8s.aws/ageless", "")
        + &template("somebody-elses", &made(OLD));
    let inner = format!("<launchTemplates>{templates}</launchTemplates>");
    answer(&proxy, "DescribeLaunchTemplates", &inner);
    answer(&proxy, "DeleteLaunchTemplate", "");
    // What an earlier process used is not known, so that this one must have run for as long.
    let long = Duration::from_hours(1);
    assert_eq!(cloud.tidy(&[], long).await.unwrap(), Tidied::default());
    assert!(proxy.calls("DescribeLaunchTemplates").is_empty());
    let tidied = cloud.tidy(&[], Duration::ZERO).await.unwrap();
    assert_eq!(tidied.templates, 1);
    let gone = deleted(&proxy, "DeleteLaunchTemplate", "LaunchTemplateId");
    assert_eq!(gone, ["lt-karpenter.k8s.aws/old"]);
    let asked = &proxy.calls("DescribeLaunchTemplates")[0];
    let has = |value: &str| asked.parameters.iter().any(|(_, one)| one == value);
    assert!(has("tag:eks:eks-cluster-name") && has(CLUSTER), "{asked:?}");
}

#[tokio::test]
async fn a_failed_look_at_machines_deletes_no_profile() {
    let (cloud, proxy) = made_up(1).await;
    answer(&proxy, "DescribeLaunchTemplates", "<launchTemplates/>");
    let members = profile("one", OLD);
    let inner = format!(
        "<ListInstanceProfilesResult><InstanceProfiles>{members}</InstanceProfiles>\
         </ListInstanceProfilesResult>"
    );
    answer(&proxy, "ListInstanceProfiles", &inner);
    proxy.add_rule(Rule::new("DescribeInstances", Fault::Throttle, 1));
    cloud.tidy(&[class_of("other")], Duration::ZERO).await.unwrap_err();
    assert!(proxy.calls("DeleteInstanceProfile").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_makes_again_what_was_deleted_under_it() {
    let aws = Aws::start(1).await;
    let mut request = aws.request("tidied").await;
    aws.cloud.launch(&request).await.unwrap();
    // Another process deletes the template; this one believes that it is there.
    let other = aws.another().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let tidied = other.tidy(&[request.node_class.clone()], Duration::ZERO).await.unwrap();
        if tidied.templates == 1 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{tidied:?}");
    }
    request.token = ClientToken::new("uid-tidied", 1);
    aws.cloud.launch(&request).await.unwrap();
    assert_eq!(aws.proxy.calls("CreateLaunchTemplate").len(), 2);
}
