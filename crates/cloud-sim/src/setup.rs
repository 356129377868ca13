//! What a simulated cloud is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{CapacityType, InstanceTypeName, MicroUsdPerHour, NodeClassName, ZoneId, ZoneName};

/// A cloud at its beginning.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The cluster's name, for tags and lists.
    pub cluster: String,
    /// Where chance begins.
    pub seed: u64,
    /// Zones by name.
    pub zones: BTreeMap<ZoneName, ZoneId>,
    /// What is sold.
    pub pools: Vec<Pool>,
    /// Networks.
    pub subnets: Vec<Subnet>,
    /// Firewalls.
    pub security_groups: Vec<SecurityGroup>,
    /// Images, newest first.
    pub images: Vec<Image>,
    /// Roles that machines may have; a class that names another gets no profile.
    pub roles: BTreeSet<String>,
    /// How the queue of interruptions is; `None`: there is none.
    pub queue: Option<QueueHabits>,
    /// How long things take.
    pub delays: Delays,
}

/// How a queue treats its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueHabits {
    /// From the sending of a message until it may be received, at most.
    pub late: Duration,
    /// How many messages in a hundred come twice.
    pub twice_percent: u32,
    /// How many in a hundred come with another about a machine of somebody else.
    pub strangers_percent: u32,
    /// From a receive until the message comes again, unless it is deleted.
    pub visibility: Duration,
}

impl Default for QueueHabits {
    /// As SQS promises: a message comes at least once. It is never late, and comes again after 20 s.
    fn default() -> Self {
        let visibility = Duration::from_secs(20);
        Self { late: Duration::ZERO, twice_percent: 0, strangers_percent: 0, visibility }
    }
}

/// Machines of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// On-demand or spot.
    pub capacity_type: CapacityType,
    /// Their type.
    pub instance_type: InstanceTypeName,
    /// Their zone.
    pub zone: ZoneName,
    /// How many there are; `None`: as many as anybody wants. Ended machines come back.
    pub units: Option<u32>,
    /// The price of each.
    pub price: MicroUsdPerHour,
}

/// A network in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its zone.
    pub zone: ZoneName,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Addresses; each machine takes one.
    pub addresses: u32,
}

/// A firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The alias that selects it, such as `al2023@latest`.
    pub alias: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What it needs of the machine.
    pub requirements: Vec<api::NodeSelectorRequirement>,
}

/// How long things take. Nothing takes longer than it says; how much shorter is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// From each call to its answer.
    pub latency: Duration,
    /// From a launch until the machine is on lists and found by id, and from the making of a profile
    /// until it is found, at most.
    pub visibility: Duration,
    /// From a launch until the machine runs.
    pub boot: Duration,
    /// From its termination until the machine is gone.
    pub shutdown: Duration,
}

impl Setup {
    /// A region with zones `a` to `c`, a subnet and a machine of each of `types` in each, on demand
    /// and for spot, one firewall, one image and two roles, `node` and `other-node`; nothing runs dry and nothing takes any time.
    pub fn region(cluster: &str, region: &str, types: &[(&str, i64)]) -> Self {
        let owned = BTreeMap::from([("karpenter.sh/discovery".to_owned(), cluster.to_owned())]);
        let zone = |letter: &str| ZoneName::from(format!("{region}{letter}"));
        let letters = ["a", "b", "c"];
        let mut pools = Vec::new();
        for (instance_type, price) in types {
            for letter in letters {
                for (capacity_type, percent) in
                    [(CapacityType::OnDemand, 100), (CapacityType::Spot, 35)]
                {
                    pools.push(Pool {
                        capacity_type,
                        instance_type: InstanceTypeName::from(*instance_type),
                        zone: zone(letter),
                        units: None,
                        price: MicroUsdPerHour::new(price * percent / 100),
                    });
                }
            }
        }
        let subnet = |letter: &str| Subnet {
            id: format!("subnet-{letter}"),
            zone: zone(letter),
            tags: owned.clone(),
            addresses: 4091,
        };
        Self {
            cluster: cluster.to_owned(),
            seed: 0,
            zones: letters
                .into_iter()
                .zip(1..)
                .map(|(letter, number)| (zone(letter), ZoneId::from(format!("use1-az{number}"))))
                .collect(),
            pools,
            subnets: letters.into_iter().map(subnet).collect(),
            security_groups: vec![SecurityGroup {
                id: "sg-1".to_owned(),
                name: "nodes".to_owned(),
                tags: owned.clone(),
            }],
            images: vec![Image {
                id: "ami-1".to_owned(),
                name: "al2023-1".to_owned(),
                alias: Some("al2023@latest".to_owned()),
                tags: owned,
                requirements: Vec::new(),
            }],
            roles: ["node", "other-node"].map(str::to_owned).into(),
            queue: Some(QueueHabits::default()),
            delays: Delays::default(),
        }
    }

    /// A class named `name` that selects all that [`Setup::region`] makes.
    pub fn class(&self, name: &NodeClassName) -> api::Ec2NodeClass {
        let mut class = api::Ec2NodeClass::default();
        class.metadata.name = name.to_string();
        let tags = BTreeMap::from([("karpenter.sh/discovery".to_owned(), self.cluster.clone())]);
        class.spec.subnet_selector_terms =
            vec![api::SubnetSelectorTerm { tags: tags.clone(), id: None }];
        class.spec.security_group_selector_terms =
            vec![api::SecurityGroupSelectorTerm { tags, id: None, name: None }];
        class.spec.ami_selector_terms = vec![api::AmiSelectorTerm {
            alias: Some("al2023@latest".to_owned()),
            ..api::AmiSelectorTerm::default()
        }];
        class.spec.role = Some("node".to_owned());
        class
    }
}
