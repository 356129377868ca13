//! The command line.

mod disrupt;
mod input;
mod replay;
mod search;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use disrupt::Disrupt;
pub(crate) use input::{CapacityType, Input, Pods};
pub(crate) use replay::Replay;
pub(crate) use search::Search;

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
    /// Plan again what was recorded, and compare byte for byte.
    #[command(long_about = replay::ABOUT, after_long_help = replay::MORE)]
    Replay(Replay),
    /// Check a plan made elsewhere against its input, and prove its lower bound again.
    #[command(long_about = VERIFY_ABOUT, after_long_help = VERIFY_MORE)]
    Verify(Verify),
}

const PLAN_ABOUT: &str = "\
Plan pods onto new EC2 nodes and existing ones, at the least cost found.

FILEs hold Kubernetes objects (JSON or YAML, several documents, Lists): Pods, Nodes, workloads \
(Deployment, StatefulSet, ReplicaSet, Job, CronJob, DaemonSet), Service, PriorityClass, LimitRange, and \
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
  stowage plan trace.csv.gz --all --effort thorough --time-limit 1m
      search longer for a cheaper plan and a better bound, a minute at most
  kubectl get pods,nodes,nodeclaims,nodepools,ec2nodeclasses,daemonsets,pdb -A -o json \\
      | stowage plan --disrupt -
      which nodes of a cluster to take out or replace, and why the others stay
  stowage plan --disrupt
      the same for an embedded sample cluster

Exit codes:
  0  a plan was made, even if some pods go nowhere
  1  input or output failed, or the plan did not pass the checker (a bug of Stowage)
  2  bad usage, refused input, or --strict with findings that say something is wrong or ignored

The answer goes to standard output; progress, times and errors go to standard error. The same \
input gives the same bytes, unless --time-limit cuts the search; then --work says how to repeat it. docs/plan-output.md explains the table and the JSON, docs/moves-output.md those of --disrupt.";

const VERIFY_ABOUT: &str = "\
Check a plan made elsewhere against its input, and prove its lower bound again.

Whoever made the plan is not trusted: the checker recomputes from FILEs and the embedded catalog \
where each pod may go, what each node holds and costs, and why pods go nowhere, and derives the \
lower bound from the certificate in the plan. Nothing is planned again. Give the FILEs and options \
that the plan was made with; without a FILE it is checked against the embedded sample.";

const VERIFY_MORE: &str = "\
Examples:
  stowage plan pools.yaml app.yaml -o json > plan.json
  stowage verify plan.json pools.yaml app.yaml

Exit codes:
  0  the plan holds, and so do its costs, its bounds and its gap
  1  it does not; standard output says what is wrong
  2  bad usage, or a plan or input that cannot be read";

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A plan as `stowage plan -o json` prints it; `-` is standard input
    #[arg(value_name = "PLAN.json")]
    pub(crate) plan: PathBuf,

    #[command(flatten)]
    pub(crate) input: Input,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) input: Input,

    #[command(flatten)]
    pub(crate) search: Search,

    #[command(flatten)]
    pub(crate) disrupt: Disrupt,

    /// Refuse (exit code 2) where something in the input is wrong or not honoured
    #[arg(long)]
    pub(crate) strict: bool,

    /// Seed of whatever is drawn by lot; printed in the JSON
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Write what was planned from and what came of it to this file, for `stowage replay`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// How the answer is printed
    #[arg(short, long, default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Plain text for people
    Table,
    /// JSON for scripts, see docs/schema/plan-v1.schema.json, or moves-v1.schema.json with --disrupt
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
