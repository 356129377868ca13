//! The cloud port on AWS: EC2, EKS, IAM, Pricing and SSM behind [`cloud::Cloud`],
//! and SQS behind [`cloud::InterruptionQueue`].
//!
//! In: launch requests with ranked choices, node classes to resolve. Out: instances, resolved classes,
//! the market, classed errors. It chooses only what the request leaves to it: the subnet with the most
//! free addresses in a zone, and the newest image that suits a type.

mod connect;
mod eks;
mod errors;
mod hash;
mod instances;
mod launch;
mod market;
mod port;
mod profile;
mod queue;
mod release;
mod resolve;
mod status;
mod tidy;
mod whole;

pub use connect::{AwsCloud, AwsConfig, ConnectError};
pub use eks::EksCluster;
pub use queue::{AwsQueue, VISIBILITY};
