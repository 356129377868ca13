//! Names and ids as types of their own, so that a zone never passes for a pool.
//!
//! Each is an immutable shared string ordered by its bytes. Validity is the business of the reader
//! that makes them; here they are only told apart.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a string as it stands.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self::new(name)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// A pod as `namespace/name`.
    PodName;
    /// A DaemonSet as `namespace/name`.
    DaemonSetName;
    /// A Kubernetes Node.
    NodeName;
    /// A `karpenter.sh/v1` `NodePool`.
    NodePoolName;
    /// A `karpenter.sh/v1` `NodeClaim`.
    NodeClaimName;
    /// A `karpenter.k8s.aws/v1` `EC2NodeClass`.
    NodeClassName;
    /// An EC2 instance, such as `i-0123456789abcdef0`.
    InstanceId;
    /// An EC2 instance type, such as `m7i.xlarge`.
    InstanceTypeName;
    /// An AWS region, such as `us-east-1`.
    RegionName;
    /// An availability zone by its account-specific name, such as `us-east-1a`.
    ZoneName;
    /// An availability zone by its physical id, such as `use1-az2`; empty where unknown.
    ZoneId;
    /// Pods that keep apart, by namespaces and selector; see [`crate::Rivals`].
    RivalsName;
    /// Pods that rules between pods count, by namespaces and selector; see [`crate::Selection`].
    SelectionName;
    /// What can be bought only so many times, such as `cr-0123456789abcdef0`; see [`crate::Supply`].
    SupplyName;
    /// A node label's key, aliases already resolved to the stable name.
    LabelKey;
    /// A node label's value.
    LabelValue;
}

/// Labels of one node, pool or type.
pub type Labels = BTreeMap<LabelKey, LabelValue>;
