//! Flags and environment variables, by Karpenter's names; a flag wins over the environment.
//!
//! Differs from Karpenter: a value in the environment that cannot be read is an error as a bad flag is,
//! where Karpenter silently takes the default.

mod aws;
mod core;
mod gates;
mod ours;
mod value;

use clap::Parser;

pub(crate) use self::aws::Aws;
pub(crate) use self::core::{Core, LogLevel};
pub(crate) use self::ours::{Cloud, Ours};

/// Stowage's controller: buys EC2 machines for the pods of a Kubernetes cluster, and sells those that it
/// no longer needs. Speaks Karpenter's API.
#[derive(Debug, Parser)]
#[command(name = "stowage-controller", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) core: Core,
    #[command(flatten)]
    pub(crate) aws: Aws,
    #[command(flatten)]
    pub(crate) ours: Ours,
}

impl Arguments {
    /// Settings that were given and have no effect yet, each with its flag.
    pub(crate) fn without_effect(&self) -> Vec<String> {
        let mut flags = self.core.without_effect();
        flags.extend(self.aws.without_effect());
        flags
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(flags: &[&str]) -> Result<Arguments, clap::Error> {
        let program = ["stowage-controller", "--cluster-name", "test", "--region", "us-east-1"];
        Arguments::try_parse_from(program.iter().chain(flags))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// How this process names itself: no setting.
    const NAMES: [&str; 1] = ["POD_NAME"];
    /// Settings of our own that are for tests and other clouds.
    const NOT_IN_THE_CHART: [&str; 2] = ["STOWAGE_CLOUD", "STOWAGE_LISTEN_ADDRESS"];

    #[test]
    fn the_chart_sets_what_the_controller_reads_and_all_of_our_own_settings() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/chart/stowage/templates");
        let template = std::fs::read_to_string(format!("{folder}/_pod.tpl")).unwrap();
        let is_name = |text: &&str| {
            text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        let words = template.split(|one: char| !(one.is_ascii_alphanumeric() || one == '_'));
        let set: std::collections::BTreeSet<&str> = words.filter(is_name).collect();
        let command = Arguments::command();
        let known: Vec<&str> =
            command.get_arguments().filter_map(|one| one.get_env()?.to_str()).collect();
        assert!(set.len() > 30, "{set:?}");
        for name in &set {
            let is_known = known.contains(name) || NAMES.contains(name);
            assert!(is_known, "the chart sets {name}, which the controller does not read");
        }
        for name in known.into_iter().filter(|name| name.starts_with("STOWAGE_")) {
            let is_set = set.contains(name) || NOT_IN_THE_CHART.contains(&name);
            assert!(
                is_set,
                "no value of the chart sets {name}: add it to values.yaml and _pod.tpl"
            );
        }
    }

    #[test]
    fn the_cluster_name_is_required() {
        let error = Arguments::try_parse_from(["stowage-controller"]).unwrap_err().to_string();
        assert!(error.contains("--cluster-name"), "{error}");
    }

    #[test]
    fn defaults_are_karpenters_and_warn_of_nothing() {
        let arguments = parse(&[]).unwrap();
        assert_eq!(arguments.core.metrics_port, 8080);
        assert_eq!(arguments.core.batch_idle_duration.as_secs(), 1);
        assert_eq!(arguments.core.leader_election_name, "karpenter-leader-election");
        assert_eq!(arguments.ours.preference_price, controller::PreferencePrice::DEFAULT);
        assert!(!arguments.core.replaces_spot_by_spot());
        assert_eq!(arguments.without_effect(), Vec::<String>::new());
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        let flags = [
            "--batch-max-duration=1m30s",
            "--disable-leader-election",
            "--enable-profiling=false",
            "--feature-gates=NodeRepair=true,Unknown=true,ReservedCapacity=true,SpotToSpotConsolidation=true",
            "--interruption-queue=q",
            "--preference-price=2.5",
            "--eviction-price=0.05",
            "--reserved-enis=1",
        ];
        let arguments = parse(&flags).unwrap();
        assert_eq!(arguments.core.batch_max_duration.as_secs(), 90);
        assert!(arguments.core.disable_leader_election);
        assert!(arguments.core.replaces_spot_by_spot());
        let without = arguments.without_effect();
        let expected =
            ["--feature-gates=NodeRepair=true", "--feature-gates=Unknown=true", "--reserved-enis"];
        assert_eq!(arguments.ours.preference_price.millionths(), 25_000);
        assert_eq!(arguments.ours.eviction_price, Some(50_000));
        assert_eq!(arguments.aws.interruption_queue, "q");
        assert_eq!(without, expected);
    }

    #[test]
    fn a_bad_value_names_its_flag_and_what_would_do() {
        for (flag, remedy) in [
            ("--batch-idle-duration=soon", "10s"),
            ("--preference-policy=Maybe", "Respect"),
            ("--preference-price=5%", "such as 5 or 2.5"),
            ("--eviction-price=-1", "such as 0.05"),
            ("--metrics-port=99999999", "--metrics-port"),
            ("--ami-refresh-interval=10s", "1m"),
            ("--feature-gates=NodeRepair", "Name=true"),
            ("--record-to=", "folder"),
            ("--record-max-mb=0", "1..="),
        ] {
            let error = parse(&[flag]).unwrap_err().to_string();
            assert!(error.contains(remedy), "{flag}: {error}");
            assert!(error.contains(flag.split('=').next().unwrap()), "{flag}: {error}");
        }
    }
}
