//! A network to launch into, tagged so that node classes find it.

use super::{Account, xml};
use crate::{Error, Result};

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Network {
    /// The cluster's name, the value of all discovery tags.
    pub cluster: String,
    /// One subnet each, at most 16.
    pub zones: Vec<String>,
}

/// What was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vpc {
    /// `vpc-...`
    pub id: String,
    /// In the order of the zones.
    pub subnets: Vec<Subnet>,
    /// `sg-...`
    pub security_group: String,
}

/// A subnet of 4,091 addresses: moto never gives one back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subnet {
    /// `subnet-...`
    pub id: String,
    /// Its zone, by name.
    pub zone: String,
}

impl Account {
    /// Makes a VPC with a subnet in each zone and a security group. Subnets and group carry
    /// `karpenter.sh/discovery=<cluster>` and `kubernetes.io/cluster/<cluster>=shared`.
    pub async fn seed_vpc(&self, network: &Network) -> Result<Vpc> {
        let cluster = &network.cluster;
        let block = ("CidrBlock", "10.1.0.0/16".to_owned());
        let id = self.make("CreateVpc", "vpcId", "vpc", cluster, vec![block]).await?;
        let mut subnets = Vec::new();
        for (at, zone) in network.zones.iter().enumerate() {
            let parameters = vec![
                ("VpcId", id.clone()),
                ("CidrBlock", format!("10.1.{}.0/20", at * 16)),
                ("AvailabilityZone", zone.clone()),
            ];
            let subnet =
                self.make("CreateSubnet", "subnetId", "subnet", cluster, parameters).await?;
            subnets.push(Subnet { id: subnet, zone: zone.clone() });
        }
        let parameters = vec![
            ("VpcId", id.clone()),
            ("GroupName", format!("{cluster}-nodes")),
            ("GroupDescription", "the nodes of a test cluster".to_owned()),
        ];
        let kind = "security-group";
        let security_group =
            self.make("CreateSecurityGroup", "groupId", kind, cluster, parameters).await?;
        Ok(Vpc { id, subnets, security_group })
    }

    /// Makes a tagged thing and gives its id.
    async fn make(
        &self,
        action: &str,
        id: &str,
        kind: &str,
        cluster: &str,
        mut parameters: Vec<(&'static str, String)>,
    ) -> Result<String> {
        parameters.extend([
            ("TagSpecification.1.ResourceType", kind.to_owned()),
            ("TagSpecification.1.Tag.1.Key", "karpenter.sh/discovery".to_owned()),
            ("TagSpecification.1.Tag.1.Value", cluster.to_owned()),
            ("TagSpecification.1.Tag.2.Key", format!("kubernetes.io/cluster/{cluster}")),
            ("TagSpecification.1.Tag.2.Value", "shared".to_owned()),
            ("TagSpecification.1.Tag.3.Key", "Name".to_owned()),
            ("TagSpecification.1.Tag.3.Value", format!("{cluster}-{kind}")),
        ]);
        let answer = self.call("ec2", action, &parameters).await?;
        xml::first(&answer, id)
            .ok_or_else(|| Error::Answer { doing: format!("calling ec2 {action}"), answer })
    }
}
