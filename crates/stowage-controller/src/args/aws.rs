//! Settings of Karpenter's AWS provider.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::gates::Gates;
use super::value::{interval, truth};

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings of Karpenter's AWS provider")]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "flags of Karpenter's"
)]
pub(crate) struct Aws {
    /// The cluster's name, as in the tags of its instances
    #[arg(long, env = "CLUSTER_NAME", value_name = "NAME")]
    pub(crate) cluster_name: String,

    /// Where kubelets find the API server; by default what EKS says, or else where this controller finds
    /// it
    #[arg(long, env = "CLUSTER_ENDPOINT", default_value = "", value_name = "URL")]
    pub(crate) cluster_endpoint: String,

    /// The API server's certificate authority for kubelets, base64 of PEM; by default what EKS
    /// says, or else the one that this controller trusts
    #[arg(long, env = "CLUSTER_CA_BUNDLE", default_value = "", value_name = "BASE64")]
    pub(crate) cluster_ca_bundle: String,

    /// There is no way to the endpoints of Pricing and IAM: the catalog's prices are used, and instance
    /// profiles that were made are not deleted
    #[arg(long, env = "ISOLATED_VPC", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true")]
    pub(crate) isolated_vpc: bool,

    #[arg(long, env = "EKS_CONTROL_PLANE", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    pub(crate) eks_control_plane: bool,

    #[arg(
        long,
        env = "VM_MEMORY_OVERHEAD_PERCENT",
        default_value = "0.075",
        value_name = "SHARE",
        hide = true
    )]
    vm_memory_overhead_percent: String,

    /// The SQS queue on which EventBridge says what happens to machines; none: only their status checks
    /// are read.
    #[arg(long, env = "INTERRUPTION_QUEUE", default_value = "", value_name = "NAME")]
    pub(crate) interruption_queue: String,

    #[arg(long, env = "RESERVED_ENIS", default_value_t = 0, value_name = "N", hide = true)]
    reserved_enis: u32,

    #[arg(long, env = "DISABLE_DRY_RUN", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    disable_dry_run: bool,

    #[arg(long, env = "ENABLE_ZONAL_SHIFT", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    enable_zonal_shift: bool,

    #[arg(long, env = "AMI_REFRESH_INTERVAL", default_value = "1m", value_parser = interval,
        value_name = "DURATION", hide = true)]
    ami_refresh_interval: Duration,

    #[arg(long, env = "SUBNET_REFRESH_INTERVAL", default_value = "1m", value_parser = interval,
        value_name = "DURATION", hide = true)]
    subnet_refresh_interval: Duration,

    #[arg(long, env = "SECURITY_GROUP_REFRESH_INTERVAL", default_value = "1m",
        value_parser = interval, value_name = "DURATION", hide = true)]
    security_group_refresh_interval: Duration,

    #[arg(long, env = "AWS_FEATURE_GATES", default_value = "", value_parser = Gates::parse,
        value_name = "NAME=BOOL,...", hide = true)]
    aws_feature_gates: Gates,
}

impl Aws {
    /// Settings that differ from their defaults and have no effect yet.
    pub(super) fn without_effect(&self) -> Vec<String> {
        let minute = Duration::from_mins(1);
        let given = [
            (self.eks_control_plane, "--eks-control-plane"),
            (self.vm_memory_overhead_percent != "0.075", "--vm-memory-overhead-percent"),
            (self.reserved_enis != 0, "--reserved-enis"),
            (self.disable_dry_run, "--disable-dry-run"),
            (self.enable_zonal_shift, "--enable-zonal-shift"),
            (self.ami_refresh_interval != minute, "--ami-refresh-interval"),
            (self.subnet_refresh_interval != minute, "--subnet-refresh-interval"),
            (self.security_group_refresh_interval != minute, "--security-group-refresh-interval"),
        ];
        let mut flags: Vec<String> =
            given.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_owned()).collect();
        flags.extend(self.aws_feature_gates.without_effect("--aws-feature-gates", &[]));
        flags
    }
}
