//! A node class's selectors, resolved against the account.

/// What the selectors of a node class stand for at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedNodeClass {
    /// Subnets, by free addresses descending, then id.
    pub subnets: Vec<Subnet>,
    /// Security groups, by id.
    pub security_groups: Vec<SecurityGroup>,
    /// Images, newest first.
    pub images: Vec<Image>,
    /// The instance profile's name.
    pub instance_profile: Option<String>,
    /// What could not be resolved; empty: the class is ready.
    pub problems: Vec<ClassProblem>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its zone by name.
    pub zone: String,
    /// Its zone by id.
    pub zone_id: String,
    /// Addresses left.
    pub free_addresses: u32,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A machine image with what it needs of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether its owner has deprecated it.
    pub deprecated: bool,
    /// What the node must be, such as `kubernetes.io/arch In [arm64]`.
    pub requirements: Vec<api::NodeSelectorRequirement>,
}

/// What was deleted because nothing uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Launch templates, or what serves as one.
    pub templates: usize,
    /// Instance profiles.
    pub profiles: usize,
}

/// A condition of the class that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassProblem {
    /// The condition's type, such as `SubnetsReady`.
    pub condition: &'static str,
    /// The reason, such as `SubnetsNotFound`.
    pub reason: &'static str,
    /// What is wrong and what to do about it.
    pub message: String,
}
