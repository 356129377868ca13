//! Settings that Karpenter does not have.

use std::net::IpAddr;

use clap::{ArgAction, Args, ValueEnum};
use controller::{CrashPoint, PreferencePrice, RecordTo};

use super::value::{limit, record_to, truth, usd};

/// Which cloud machines are bought from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cloud {
    /// EC2, by the credentials and settings of the AWS SDK.
    Aws,
}

/// How preferences are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    Cost,
    Compat,
}

impl From<Profile> for controller::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Cost => Self::Cost,
            Profile::Compat => Self::Compat,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Stowage's own settings")]
pub(crate) struct Ours {
    /// Plan and record only: take no Lease, write nothing to Kubernetes or AWS
    #[arg(long, env = "STOWAGE_SHADOW", value_name = "BOOL", value_parser = truth,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true")]
    pub(crate) shadow: bool,

    /// Which cloud machines are bought from
    #[arg(long, env = "STOWAGE_CLOUD", default_value = "aws", value_name = "CLOUD")]
    pub(crate) cloud: Cloud,

    /// The region that machines are bought in
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: String,

    /// One address for all AWS services, for tests
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL", hide = true)]
    pub(crate) aws_endpoint_url: Option<String>,

    /// Address that metrics and probes are served on
    #[arg(long, env = "STOWAGE_LISTEN_ADDRESS", default_value = "0.0.0.0", value_name = "ADDRESS")]
    pub(crate) listen_address: IpAddr,

    /// Nominate pods to the nodes that they are planned on; without it the scheduler spreads them its own
    /// way, and some do not fit any more
    #[arg(long, env = "STOWAGE_NOMINATE", value_name = "BOOL", value_parser = truth,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "true", default_missing_value = "true")]
    pub(crate) nominate: bool,

    /// How long a claim may take until its machine is launched; past it, it is replaced
    #[arg(long, env = "STOWAGE_LAUNCH_TTL", default_value = "5m", value_parser = limit,
        value_name = "DURATION")]
    pub(crate) launch_ttl: i64,

    /// How long a launched machine may take until its node registers; past it, it is replaced
    #[arg(long, env = "STOWAGE_REGISTRATION_TTL", default_value = "15m", value_parser = limit,
        value_name = "DURATION")]
    pub(crate) registration_ttl: i64,

    /// Record each plan with all that it was made from, for `stowage replay`: `stdout`, or a folder, in
    /// which the oldest records make room for new ones [default: nowhere]
    #[arg(long, env = "STOWAGE_RECORD_TO", value_name = "stdout|DIR", value_parser = record_to)]
    pub(crate) record_to: Option<RecordTo>,

    /// The most that all records in the folder take, in MB of 1,000,000 bytes; on standard output, a
    /// record comes with all that it needs again after an eighth of it
    #[arg(long, env = "STOWAGE_RECORD_MAX_MB", default_value_t = 64, value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) record_max_mb: u64,

    /// End the process hard at a request, before:N or after:N; for tests
    #[arg(long, value_name = "POINT", hide = true)]
    pub(crate) crash_at: Option<CrashPoint>,

    /// Units of work to spend on a cheaper plan; a million takes about 0.1 s
    #[arg(long, env = "STOWAGE_PLAN_WORK", default_value_t = 2_000_000, value_name = "N")]
    pub(crate) plan_work: u64,

    /// How preferences are taken: kept where that costs no more than they are worth, or as Karpenter does, required at
    /// any price and given up one after another by pods that cannot be placed
    #[arg(long, env = "STOWAGE_PROFILE", default_value = "cost")]
    pub(crate) profile: Profile,

    /// What a preference of weight 100 is worth, in percent of what its pod costs alone at least; 0 leaves
    /// preferences out
    #[arg(long, env = "STOWAGE_PREFERENCE_PRICE", default_value_t = PreferencePrice::DEFAULT,
        value_name = "PERCENT")]
    pub(crate) preference_price: PreferencePrice,

    /// What the eviction of one pod costs, in USD; the higher, the fewer pods move, and by 0 any saving is worth any
    /// number of them [default: what one of the pods that run costs in an hour on average]
    #[arg(long, env = "STOWAGE_EVICTION_PRICE", value_name = "USD", value_parser = usd)]
    pub(crate) eviction_price: Option<i64>,
}
