//! moto has an account, a network and images for each test, and its instances become Nodes.

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use testcluster::kubelets::{Kubelets, NodeShape, Settings};
use testcluster::moto::{Account, Moto, Network, images};
use testcluster::wait::until;

use crate::support::{OrStop as _, SOON, cluster};

/// `NodeConfig` with the taint of a node that nobody has registered, in Base64.
const USER_DATA: &str = "YXBpVmVyc2lvbjogbm9kZS5la3MuYXdzL3YxYWxwaGExCmtpbmQ6IE5vZGVDb25maWcKc3BlYzoKICBrdWJlbGV0OgogICAgY29uZmlnOgogICAgICByZWdpc3RlcldpdGhUYWludHM6CiAgICAgIC0ge2tleToga2FycGVudGVyLnNoL3VucmVnaXN0ZXJlZCwgZWZmZWN0OiBOb0V4ZWN1dGV9Cg==";

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_apart_and_instances_become_nodes() {
    let moto = Moto::start(1).await.or_stop();
    let account = moto.account("111111111111", "us-east-1").await.or_stop();
    let zones = ["us-east-1a", "us-east-1c"].map(str::to_owned).to_vec();
    let network = Network { cluster: "test".to_owned(), zones };
    let vpc = account.seed_vpc(&network).await.or_stop();
    network_is_found_by_its_tags(&account, &vpc.subnets[1].id).await;
    let other = moto.account("222222222222", "us-east-1").await.or_stop();
    let seen = describe_subnets(&other).await;
    assert!(!seen.contains(&vpc.subnets[1].id), "another account sees {seen}");

    let id = launch(&account, &vpc.subnets[1].id).await;
    let cluster = cluster().await;
    let client = cluster.client();
    let shape = |machine: &_| {
        NodeShape::of(&[("cpu", "4"), ("memory", "16Gi"), ("pods", "58")])
            .with_registration(machine)
    };
    let _kubelets = Kubelets::start(client.clone(), account.clone(), Settings::prompt(shape));
    let nodes: Api<Node> = Api::all(client);
    let node = until("the instance is a node", SOON, async || {
        Ok::<_, kube::Error>(nodes.list(&ListParams::default()).await?.items.pop())
    });
    let node = node.await.or_stop();
    let spec = node.spec.unwrap();
    assert_eq!(spec.provider_id, Some(format!("aws:///us-east-1c/{id}")));
    let taints: Vec<_> = spec.taints.into_iter().flatten().map(|taint| taint.key).collect();
    assert!(taints.iter().any(|key| key == "karpenter.sh/unregistered"), "{taints:?}");
    assert_eq!(node.metadata.labels.unwrap()["kubernetes.io/arch"], "arm64");

    let which = [("InstanceId.1", id)];
    account.call("ec2", "TerminateInstances", &which).await.or_stop();
    until("the node goes with its instance", SOON, async || {
        Ok::<_, kube::Error>(
            nodes.list(&ListParams::default()).await?.items.is_empty().then_some(()),
        )
    })
    .await
    .or_stop();
}

async fn network_is_found_by_its_tags(account: &Account, subnet: &str) {
    let found = describe_subnets(account).await;
    assert!(found.contains(subnet), "{found}");
    assert!(found.contains("<availabilityZone>us-east-1c</availabilityZone>"), "{found}");
}

async fn describe_subnets(account: &Account) -> String {
    let filter = [
        ("Filter.1.Name", "tag:karpenter.sh/discovery".to_owned()),
        ("Filter.1.Value.1", "test".to_owned()),
    ];
    account.call("ec2", "DescribeSubnets", &filter).await.or_stop()
}

/// Launches one instance by a template, as the product does, and gives its id.
async fn launch(account: &Account, subnet: &str) -> String {
    let image = images().into_iter().find(|image| image.architecture == "arm64");
    let image = image.expect("there are images for arm64").id;
    let template = [
        ("LaunchTemplateName", "test".to_owned()),
        ("LaunchTemplateData.ImageId", image),
        ("LaunchTemplateData.UserData", USER_DATA.to_owned()),
    ];
    account.call("ec2", "CreateLaunchTemplate", &template).await.or_stop();
    let fleet = [
        ("Type", "instant"),
        ("TargetCapacitySpecification.TotalTargetCapacity", "1"),
        ("TargetCapacitySpecification.DefaultTargetCapacityType", "on-demand"),
        ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName", "test"),
        ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version", "$Latest"),
        ("LaunchTemplateConfigs.1.Overrides.1.InstanceType", "m7g.xlarge"),
        ("LaunchTemplateConfigs.1.Overrides.1.SubnetId", subnet),
    ];
    let fleet = fleet.map(|(name, value)| (name, value.to_owned()));
    let answer = account.call("ec2", "CreateFleet", &fleet).await.or_stop();
    let (_, after) = answer.split_once("<instanceIds><item>").expect("one instance is launched");
    after.split('<').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_images_and_types_are_refused() {
    let moto = Moto::start(2).await.or_stop();
    let account = moto.account("333333333333", "eu-west-1").await.or_stop();
    let run = async |image: &str, instance_type: &str| {
        let parameters = [
            ("ImageId", image.to_owned()),
            ("InstanceType", instance_type.to_owned()),
            ("MinCount", "1".to_owned()),
            ("MaxCount", "1".to_owned()),
        ];
        account.call("ec2", "RunInstances", &parameters).await
    };
    let image = &images()[0].id;
    run(image, "m5.large").await.or_stop();
    let refused = run("ami-00000000000000000", "m5.large").await.unwrap_err().to_string();
    assert!(refused.contains("InvalidAMIID.NotFound"), "{refused}");
    let refused = run(image, "m5.hugest").await.unwrap_err().to_string();
    assert!(refused.contains("InvalidInstanceType"), "{refused}");
}
