//! What is read: files, which of their pods, and the market.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Input {
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

    /// What becomes of minValues of pools that cannot be met
    #[arg(long, value_name = "POLICY", default_value = "Strict")]
    pub(crate) min_values_policy: MinValues,

    /// What becomes of what pods prefer and do not require
    #[arg(long, value_name = "POLICY", default_value = "Respect")]
    pub(crate) preference_policy: Preferences,

    /// How preferences are taken
    #[arg(long, default_value = "cost")]
    pub(crate) profile: Profile,

    /// Spreads of pods that have none of their own, as the scheduler's configuration has them: a YAML or JSON
    /// file with podTopologySpread.defaultConstraints
    #[arg(long, value_name = "FILE", value_parser = scheduler_config)]
    pub(crate) scheduler_config: Option<snapshot::DefaultSpreads>,
}

/// How preferences are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// A preference is kept where that costs no more than it is worth
    Cost,
    /// As Karpenter takes them: required at any price, and given up one after another by pods that cannot be placed
    Compat,
}

/// What the file of that name configures.
fn scheduler_config(path: &str) -> Result<snapshot::DefaultSpreads, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    snapshot::DefaultSpreads::parse(&text).map_err(|error| error.to_string())
}

impl Input {
    /// How strictly some rules are taken.
    pub(crate) fn policies(&self) -> snapshot::Policies {
        let min_values = match self.min_values_policy {
            MinValues::Strict => snapshot::MinValuesPolicy::Strict,
            MinValues::BestEffort => snapshot::MinValuesPolicy::BestEffort,
        };
        let preferences = match self.preference_policy {
            Preferences::Respect => snapshot::PreferencePolicy::Respect,
            Preferences::Ignore => snapshot::PreferencePolicy::Ignore,
        };
        let default_spreads = self.scheduler_config.clone().unwrap_or_default();
        let profile = match self.profile {
            Profile::Cost => model::Profile::Cost,
            Profile::Compat => model::Profile::Compat,
        };
        snapshot::Policies { min_values, preferences, profile, default_spreads }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum Preferences {
    /// They have a price, see --preference-price; terms between pods and spreads are not looked at yet
    Respect,
    /// They are not looked at
    Ignore,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum MinValues {
    /// No node is opened that could be of fewer values
    Strict,
    /// As many values as there are
    BestEffort,
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

impl Input {
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
