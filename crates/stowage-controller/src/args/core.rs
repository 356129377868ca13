//! Settings of Karpenter's core.

use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::gates::Gates;
use super::value::{duration, truth};

/// Spot nodes may be replaced by cheaper spot nodes.
const SPOT_TO_SPOT: &str = "SpotToSpotConsolidation";
/// The first is on by default in Karpenter; on-demand capacity reservations are not bought from yet, which a claim
/// of a pool that asks for them says by itself.
const QUIET_GATES: [&str; 2] = ["ReservedCapacity", SPOT_TO_SPOT];

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Everything.
    Debug,
    /// One line per plan and per step.
    Info,
    /// What failed.
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum PreferencePolicy {
    Respect,
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum MinValuesPolicy {
    Strict,
    BestEffort,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Karpenter's settings")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Karpenter's")]
pub(crate) struct Core {
    /// Port of /metrics
    #[arg(long, env = "METRICS_PORT", default_value_t = 8080, value_name = "PORT")]
    pub(crate) metrics_port: u16,

    /// Port of /healthz and /readyz
    #[arg(long, env = "HEALTH_PROBE_PORT", default_value_t = 8081, value_name = "PORT")]
    pub(crate) health_probe_port: u16,

    /// Writes a second to the API server, lasting
    #[arg(long, env = "KUBE_CLIENT_QPS", default_value_t = 200, value_name = "N")]
    pub(crate) kube_client_qps: u32,

    /// Writes to the API server that may go at once after a rest
    #[arg(long, env = "KUBE_CLIENT_BURST", default_value_t = 300, value_name = "N")]
    pub(crate) kube_client_burst: u32,

    /// Write without a Lease. Two controllers at once would both buy
    #[arg(long, env = "DISABLE_LEADER_ELECTION", value_name = "BOOL", value_parser = truth,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true")]
    pub(crate) disable_leader_election: bool,

    /// Name of the Lease; Karpenter's, so that the two never write at once
    #[arg(
        long,
        env = "LEADER_ELECTION_NAME",
        default_value = "karpenter-leader-election",
        value_name = "NAME"
    )]
    pub(crate) leader_election_name: String,

    /// Namespace of the Lease; by default that of the pod, or of the kubeconfig. Give Karpenter's where
    /// the two may run in one cluster
    #[arg(long, env = "LEADER_ELECTION_NAMESPACE", value_name = "NAMESPACE")]
    pub(crate) leader_election_namespace: Option<String>,

    /// How much is logged
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: LogLevel,

    /// Where the log goes: stdout or stderr
    #[arg(long, env = "LOG_OUTPUT_PATHS", default_value = "stdout", value_name = "PATH")]
    pub(crate) log_output_paths: String,

    /// Plan a batch of pods this long after its first pod, whatever still comes
    #[arg(long, env = "BATCH_MAX_DURATION", default_value = "10s", value_parser = duration,
        value_name = "DURATION")]
    pub(crate) batch_max_duration: Duration,

    /// Plan a batch of pods this long after its newest pod
    #[arg(long, env = "BATCH_IDLE_DURATION", default_value = "1s", value_parser = duration,
        value_name = "DURATION")]
    pub(crate) batch_idle_duration: Duration,

    #[arg(long, env = "KARPENTER_SERVICE", default_value = "", value_name = "NAME", hide = true)]
    karpenter_service: String,

    #[arg(long, env = "ENABLE_PROFILING", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    enable_profiling: bool,

    #[arg(long, env = "DISABLE_CONTROLLER_WARMUP", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "true",
        default_missing_value = "true", hide = true)]
    disable_controller_warmup: bool,

    #[arg(long, env = "DISABLE_CLUSTER_STATE_OBSERVABILITY", value_parser = truth,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    disable_cluster_state_observability: bool,

    #[arg(long, env = "MEMORY_LIMIT", default_value_t = -1, value_name = "BYTES", hide = true,
        allow_negative_numbers = true)]
    memory_limit: i64,

    #[arg(
        long,
        env = "CPU_REQUESTS",
        default_value_t = 1000,
        value_name = "MILLICORES",
        hide = true
    )]
    cpu_requests: i64,

    #[arg(
        long,
        env = "LOG_ERROR_OUTPUT_PATHS",
        default_value = "stderr",
        value_name = "PATH",
        hide = true
    )]
    log_error_output_paths: String,

    /// What becomes of what pods prefer and do not require
    #[arg(long, env = "PREFERENCE_POLICY", default_value = "Respect", value_name = "POLICY")]
    preference_policy: PreferencePolicy,

    /// What becomes of minValues of pools that cannot be met
    #[arg(long, env = "MIN_VALUES_POLICY", default_value = "Strict", value_name = "POLICY")]
    min_values_policy: MinValuesPolicy,

    #[arg(long, env = "IGNORE_DRA_REQUESTS", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "true",
        default_missing_value = "true", hide = true)]
    ignore_dra_requests: bool,

    /// Spreads of pods that have none of their own, as the scheduler's configuration has them: YAML or JSON with
    /// podTopologySpread.defaultConstraints; takes the right to list and watch Services, ReplicaSets and StatefulSets
    #[arg(long, env = "SCHEDULER_CONFIG", default_value = "", value_name = "CONFIG",
        value_parser = controller::DefaultSpreads::parse, hide_default_value = true)]
    scheduler_config: controller::DefaultSpreads,

    #[arg(long, env = "LEGACY_NODE_REPAIR", value_parser = truth, action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", hide = true)]
    legacy_node_repair: bool,

    /// Gates; SpotToSpotConsolidation=true has spot nodes replaced by cheaper spot nodes too, one that goes alone
    /// where 15 types are cheaper
    #[arg(long, env = "FEATURE_GATES", default_value = "", value_parser = Gates::parse,
        value_name = "NAME=BOOL,...", hide_default_value = true)]
    feature_gates: Gates,
}

impl Core {
    /// How strictly some rules are taken, by the default profile.
    pub(crate) fn policies(&self) -> controller::Policies {
        let min_values = match self.min_values_policy {
            MinValuesPolicy::Strict => controller::MinValuesPolicy::Strict,
            MinValuesPolicy::BestEffort => controller::MinValuesPolicy::BestEffort,
        };
        let preferences = match self.preference_policy {
            PreferencePolicy::Respect => controller::PreferencePolicy::Respect,
            PreferencePolicy::Ignore => controller::PreferencePolicy::Ignore,
        };
        let default_spreads = self.scheduler_config.clone();
        let profile = controller::Profile::default();
        controller::Policies { min_values, preferences, profile, default_spreads }
    }

    /// Whether spot nodes may be replaced by cheaper spot nodes.
    pub(crate) fn replaces_spot_by_spot(&self) -> bool {
        self.feature_gates.is_on(SPOT_TO_SPOT)
    }

    /// Settings that differ from their defaults and have no effect yet.
    pub(super) fn without_effect(&self) -> Vec<String> {
        let given = [
            (!self.karpenter_service.is_empty(), "--karpenter-service"),
            (self.enable_profiling, "--enable-profiling"),
            (!self.disable_controller_warmup, "--disable-controller-warmup"),
            (self.disable_cluster_state_observability, "--disable-cluster-state-observability"),
            (self.log_error_output_paths != "stderr", "--log-error-output-paths"),
            (!self.ignore_dra_requests, "--ignore-dra-requests"),
            (self.legacy_node_repair, "--legacy-node-repair"),
            (self.memory_limit != -1, "--memory-limit"),
            (self.cpu_requests != 1000, "--cpu-requests"),
        ];
        let mut flags: Vec<String> =
            given.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_owned()).collect();
        flags.extend(self.feature_gates.without_effect("--feature-gates", &QUIET_GATES));
        flags
    }
}
