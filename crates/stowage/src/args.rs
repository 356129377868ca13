//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Which EC2 machines to buy for a set of Kubernetes pods, what they cost, and why each pod that
/// did not fit did not. Works offline: no account, no cluster, no configuration.
#[derive(Debug, Parser)]
#[command(name = "stowage", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plan pods onto new EC2 nodes and existing ones, at the least cost found.
    #[command(long_about = PLAN_ABOUT, after_long_help = PLAN_MORE)]
    Plan(Plan),
}

const PLAN_ABOUT: &str = "\
Plan pods onto new EC2 nodes and existing ones, at the least cost found.

FILEs hold Kubernetes objects (JSON or YAML, several documents, Lists): Pods, Nodes, workloads \
(Deployment, StatefulSet, ReplicaSet, Job, CronJob, DaemonSet), PriorityClass, LimitRange, and \
Karpenter's NodePool (karpenter.sh/v1) and EC2NodeClass (karpenter.k8s.aws/v1). Or recorded lists \
as CSV: openb, DLRM, Azure VMs. Each may be gzip; `-` is standard input. Without a FILE the \
embedded sample is planned: 9,614 Azure virtual machines as pods.

Without a NodePool among the FILEs, pools are assumed and printed: amd64, on-demand, categories \
c m r (g and p for pods that ask for GPUs), generation > 2, no bare metal. Prices and machine facts \
come from an embedded, dated catalog.";

const PLAN_MORE: &str = "\
Examples:
  stowage plan
      the embedded sample on the assumed pools
  kubectl get pods,nodes,nodepools,ec2nodeclasses,daemonsets -A -o json | stowage plan -
      what to buy for the pods of a cluster that have no node yet
  stowage plan pools.yaml app.yaml --region eu-central-1 -o json
      the replicas of manifests, elsewhere, for scripts
  stowage plan trace.csv.gz pools.yaml --at 1900000 --where vcpu<=8
      the rows of a recorded list that were alive then

Exit codes:
  0  a plan was made, even if some pods go nowhere
  1  input or output failed, or the plan did not pass the checker (a bug of Stowage)
  2  bad usage, refused input, or --strict with findings that say something is wrong or ignored

The answer goes to standard output; times and errors go to standard error. The same input gives \
the same bytes. docs/plan-output.md explains the table and the JSON.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Plan {
    /// Kubernetes objects or recorded lists; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// AWS region whose machines and prices are used
    #[arg(long, default_value = "us-east-1")]
    pub(crate) region: String,

    /// Recorded lists: plan every row, as if all were alive together
    #[arg(long, requires = "files", conflicts_with = "at")]
    pub(crate) all: bool,

    /// Recorded lists: plan the rows alive at this second of the recording
    #[arg(long, value_name = "SECONDS", requires = "files")]
    pub(crate) at: Option<i64>,

    /// What every FILE holds; detected where not given
    #[arg(long, requires = "files")]
    pub(crate) format: Option<Format>,

    /// Recorded lists: keep rows that meet this and every other condition: COLUMN=VALUE,
    /// COLUMN<=VALUE or COLUMN>=VALUE
    #[arg(long = "where", value_name = "CONDITION", requires = "files")]
    pub(crate) conditions: Vec<snapshot::Filter>,

    /// Which pods to plan: those without a node, or all as if there were no node [default: pending
    /// if Nodes are given, else all]
    #[arg(long, requires = "files")]
    pub(crate) pods: Option<Pods>,

    /// DLRM lists: honour the rows' max_instance_per_node
    #[arg(long, requires = "files")]
    pub(crate) density: bool,

    /// Assumed pools: allow this architecture beside amd64; may be repeated
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Vec<Arch>,

    /// Assumed pools: allow this capacity type beside on-demand; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub(crate) capacity_type: Vec<CapacityType>,

    /// Derive unknown on-demand prices from other regions, marked as estimates
    #[arg(long)]
    pub(crate) estimate_prices: bool,

    /// Refuse (exit code 2) where something in the input is wrong or not honoured
    #[arg(long)]
    pub(crate) strict: bool,

    /// Seed of whatever is drawn by lot; printed in the JSON
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// How the answer is printed
    #[arg(short, long, default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Kubernetes objects, JSON or YAML
    Objects,
    /// Pod list of Alibaba's GPU cluster trace 2023, CSV
    Openb,
    /// Alibaba's DLRM trace 2025, CSV
    Dlrm,
    /// Azure VM trace 2017, CSV
    Azure,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Pods {
    /// Those that have no node yet
    Pending,
    /// Every live one, as if no node existed
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Arch {
    /// x86-64
    Amd64,
    /// Graviton
    Arm64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CapacityType {
    /// At the list price
    OnDemand,
    /// At an estimated discount, may be interrupted
    Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Plain text for people
    Table,
    /// JSON for scripts, see docs/schema/plan-v1.schema.json
    Json,
}

impl Plan {
    /// How the files are to be read.
    pub(crate) fn read_options(&self) -> snapshot::ReadOptions {
        let window = (self.all.then_some(snapshot::Window::All))
            .or_else(|| self.at.map(snapshot::Window::At));
        snapshot::ReadOptions {
            format: self.format.map(Format::model),
            window,
            filters: self.conditions.clone(),
            dlrm_density_limit: self.density,
        }
    }
}

impl Format {
    const fn model(self) -> snapshot::Format {
        match self {
            Self::Objects => snapshot::Format::Objects,
            Self::Openb => snapshot::Format::Openb,
            Self::Dlrm => snapshot::Format::Dlrm,
            Self::Azure => snapshot::Format::Azure,
        }
    }
}

impl Pods {
    /// The selection that the reader knows.
    pub(crate) const fn model(self) -> snapshot::PodSelection {
        match self {
            Self::Pending => snapshot::PodSelection::Pending,
            Self::All => snapshot::PodSelection::All,
        }
    }
}

impl Arch {
    /// The value of the label `kubernetes.io/arch`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

impl CapacityType {
    /// The model's twin.
    pub(crate) const fn model(self) -> model::CapacityType {
        match self {
            Self::OnDemand => model::CapacityType::OnDemand,
            Self::Spot => model::CapacityType::Spot,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
