//! An adapter, the proxy and moto behind it.

use std::time::Duration;

use async_trait::async_trait;
use awsproxy::{Moto, Pool, Proxy};
use cloud::conformance::Fixture;
use cloud::{Choice, ClaimIdentity, ClientToken, Cloud, LaunchRequest, ResolvedNodeClass};
use cloud_aws::{AwsCloud, AwsConfig};
use model::{CapacityType, MicroUsdPerHour};

pub(crate) struct Aws {
    pub(crate) cloud: AwsCloud,
    pub(crate) proxy: Proxy,
    _moto: Moto,
}

impl Aws {
    /// `attempts`: of one call; more than one only where retries are the matter.
    pub(crate) async fn start(attempts: u32) -> Self {
        let moto = Moto::start().await.unwrap();
        let proxy = Proxy::start(moto.address()).await.unwrap();
        for (machine, id) in
            [("x86_64", "ami-0a1000000000000a1"), ("arm64", "ami-0a1000000000000b2")]
        {
            let path = format!(
                "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/{machine}/standard/\
                 recommended/image_id"
            );
            proxy.set_parameter(&path, id);
        }
        proxy.set_on_demand("m7i.large", "0.1008000000");
        proxy.set_spot("m7i.large", "us-east-1a", "0.0421000000");
        let config = AwsConfig {
            cluster_name: "conformance".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint_url: Some(proxy.url()),
            kubernetes_version: "1.36".to_owned(),
            cluster_endpoint: "https://127.0.0.1:6443".to_owned(),
            cluster_ca: Some("Q0E=".to_owned()),
            service_cidr: Some("10.100.0.0/16".to_owned()),
            cluster_dns: None,
            attempts,
        };
        let credentials = aws_sdk_ec2::config::Credentials::new("test", "test", None, None, "test");
        let cloud = AwsCloud::connect_as(config, credentials).await.unwrap();
        Self { cloud, proxy, _moto: moto }
    }

    pub(crate) fn choice(instance_type: &str, zone: &str) -> Choice {
        let price = MicroUsdPerHour::new(100_000);
        Choice { instance_type: instance_type.into(), zone: zone.into(), price }
    }

    /// A request for the claim of that name, of the class as it is resolved.
    pub(crate) async fn request(&self, claim: &str) -> LaunchRequest {
        let mut class = self.class();
        let resolved = self.cloud.resolve(&class).await.unwrap();
        assert_eq!(resolved.problems, []);
        write_status(&mut class, &resolved);
        let uid = format!("uid-{claim}");
        LaunchRequest {
            token: ClientToken::new(&uid, 0),
            claim: ClaimIdentity { name: claim.into(), uid, pool: "default".into() },
            node_class: class,
            capacity_type: CapacityType::OnDemand,
            choices: self.choices(),
            labels: std::collections::BTreeMap::new(),
            taints: Vec::new(),
        }
    }
}

fn write_status(class: &mut api::Ec2NodeClass, resolved: &ResolvedNodeClass) {
    let status = &mut class.status;
    status.instance_profile.clone_from(&resolved.instance_profile);
    status.security_groups = (resolved.security_groups.iter())
        .map(|one| api::SecurityGroupStatus { id: one.id.clone(), name: one.name.clone() })
        .collect();
    status.amis = (resolved.images.iter())
        .map(|one| api::AmiStatus {
            id: one.id.clone(),
            name: one.name.clone(),
            deprecated: one.deprecated,
            requirements: one.requirements.clone(),
        })
        .collect();
}

fn class(subnet: &str) -> api::Ec2NodeClass {
    let mut class = api::Ec2NodeClass::default();
    "default".clone_into(&mut class.metadata.name);
    let spec = &mut class.spec;
    spec.subnet_selector_terms = vec![api::SubnetSelectorTerm {
        // Every default subnet carries no tags; they are told apart by nothing but their ids.
        id: Some(subnet.to_owned()),
        ..api::SubnetSelectorTerm::default()
    }];
    spec.security_group_selector_terms = vec![api::SecurityGroupSelectorTerm {
        name: Some("default".to_owned()),
        ..api::SecurityGroupSelectorTerm::default()
    }];
    spec.ami_selector_terms = vec![api::AmiSelectorTerm {
        alias: Some("al2023@latest".to_owned()),
        ..api::AmiSelectorTerm::default()
    }];
    spec.instance_profile = Some("nodes".to_owned());
    class
}

#[async_trait]
impl Fixture for Aws {
    fn cloud(&self) -> &dyn Cloud {
        &self.cloud
    }

    fn class(&self) -> api::Ec2NodeClass {
        // `*` in a filter's value is any text.
        class("subnet-*")
    }

    fn class_without_subnets(&self) -> api::Ec2NodeClass {
        class("subnet-nowhere")
    }

    fn choices(&self) -> Vec<Choice> {
        vec![Self::choice("m7i.large", "us-east-1a"), Self::choice("c7i.xlarge", "us-east-1b")]
    }

    async fn empty(&self, choice: &Choice, capacity_type: CapacityType) {
        self.proxy.empty(Pool {
            capacity_type: capacity_type.as_str().to_owned(),
            instance_type: choice.instance_type.to_string(),
            zone: choice.zone.to_string(),
        });
    }

    async fn refill(&self) {
        self.proxy.refill();
    }

    async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
