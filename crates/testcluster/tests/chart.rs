//! The chart of `deploy/`: Helm takes it with many values, refuses wrong ones with words that help, and
//! `deploy/rbac.yaml` is what it renders.

use std::path::{Path, PathBuf};

use testcluster::OrStop as _;
use testcluster::chart::{self, Answer};

/// Without these nothing is rendered.
const REQUIRED: [&str; 2] =
    [r#"settings.clusterName="test""#, r#"controller.image.repository="stowage""#];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a command of Helm on the chart with these values, in JSON each.
fn helm(command: &[&str], values: &[&str]) -> Answer {
    let folder = root().join(chart::FOLDER);
    let folder = folder.to_string_lossy();
    let mut arguments = [command, &[&folder]].concat();
    arguments.extend(values.iter().flat_map(|value| ["--set-json", value]));
    chart::helm(&arguments).or_stop()
}

/// What is rendered with the required values and these.
fn rendered(values: &[&str]) -> String {
    let command = ["template", "stowage", "--namespace", "own"];
    let answer = helm(&command, &[&REQUIRED[..], values].concat());
    assert!(answer.is_success, "{values:?}: {}", answer.errors);
    answer.output
}

#[test]
fn helm_finds_nothing_to_say_against_it() {
    let answer = helm(&["lint", "--strict"], &REQUIRED);
    assert!(answer.is_success, "{}{}", answer.output, answer.errors);
}

#[test]
fn its_version_is_that_of_the_workspace() {
    let chart = std::fs::read_to_string(root().join(chart::FOLDER).join("Chart.yaml"));
    let chart = chart.expect("the chart is there");
    let version = env!("CARGO_PKG_VERSION");
    for line in [format!("version: {version}"), format!("appVersion: \"{version}\"")] {
        assert!(chart.lines().any(|found| found == line), "{line:?} is not in Chart.yaml");
    }
}

#[test]
fn rights_for_default_spreads_are_given_where_there_are_any() {
    let config = r#"settings.schedulerConfig={"podTopologySpread":{"defaultConstraints":[]}}"#;
    for (values, expected) in [(&[][..], false), (&[config], true)] {
        let text = rendered(values);
        for part in [
            r#"value: "{\"podTopologySpread\":{\"defaultConstraints\":[]}}""#,
            "resources: [replicasets, statefulsets]",
        ] {
            assert_eq!(text.contains(part), expected, "{values:?}: {part:?}\n{text}");
        }
    }
}

#[test]
fn values_become_what_they_say() {
    let account =
        r#"serviceAccount.annotations={"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/a"}"#;
    let cases: [(&[&str], &[&str], &[&str]); 9] = [
        (
            &[],
            &[
                "replicas: 2",
                "namespace: own",
                "maxUnavailable: 1",
                "kind: Service\n",
                "name: stowage-admin\n  labels:\n    rbac.authorization.k8s.io/aggregate-to-admin: \"true\"",
            ],
            &["FEATURE_GATES", "kind: ServiceMonitor", "AWS_REGION"],
        ),
        (&[account], &["eks.amazonaws.com/role-arn: arn:aws:iam::1:role/a"], &[]),
        (
            &[
                r#"settings.featureGates={"spotToSpotConsolidation":true,"nodeRepair":false}"#,
                r#"settings.awsFeatureGates={"draNVIDIAGPU":true}"#,
            ],
            &[r#""NodeRepair=false,SpotToSpotConsolidation=true""#, r#""DRANVIDIAGPU=true""#],
            &[],
        ),
        (
            &["settings.planWork=100000000", "settings.vmMemoryOverheadPercent=0"],
            &[r#"value: "100000000""#, "VM_MEMORY_OVERHEAD_PERCENT\n              value: \"0\""],
            &[],
        ),
        (
            &[r#"controller.env=[{"name":"LOG_LEVEL","value":"debug"}]"#],
            &["- name: LOG_LEVEL\n              value: debug"],
            &[r#"value: "info""#],
        ),
        (&["serviceMonitor.enabled=true"], &["kind: ServiceMonitor", "port: http-metrics"], &[]),
        (
            &["serviceAccount.create=false", r#"serviceAccount.name="other""#],
            &["serviceAccountName: other"],
            &["kind: ServiceAccount\nmetadata"],
        ),
        (
            &[r#"leaderElection.namespace="karpenter""#],
            &["namespace: karpenter", r#"value: "karpenter""#],
            &[],
        ),
        (
            &[
                r#"controller.image={"repository":"r","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}"#,
            ],
            &["image: r@sha256:0000"],
            &[],
        ),
    ];
    for (values, has, has_not) in cases {
        let text = rendered(values);
        for part in has {
            assert!(text.contains(part), "{values:?}: {part:?} is missing in\n{text}");
        }
        for part in has_not {
            assert!(!text.contains(part), "{values:?}: {part:?} is in\n{text}");
        }
    }
}

#[test]
fn wrong_values_are_refused_by_name() {
    let cases = [
        (r"replicas=-1", "/replicas"),
        (r#"settings.clusterNam="test""#, "clusterNam"),
        (r#"settings.clusterName="a b""#, "/settings/clusterName"),
        (r#"settings.clusterEndpoint="10.0.0.1""#, "/settings/clusterEndpoint"),
        (r#"settings.batchIdleDuration="soon""#, "/settings/batchIdleDuration"),
        (r#"settings.preferencePolicy="Maybe""#, "/settings/preferencePolicy"),
        (r#"settings.featureGates={"nodeRepair":"yes"}"#, "/settings/featureGates/nodeRepair"),
        (r#"settings.featureGates={"drift":true}"#, "drift"),
        (r#"settings.shadow="true""#, "/settings/shadow"),
        (r#"settings.recordTo="records""#, "/settings/recordTo"),
        (r#"logLevel="verbose""#, "/logLevel"),
        (r#"logOutputPaths=["out.log"]"#, "/logOutputPaths"),
        (r"controller.metrics.port=99999", "/controller/metrics/port"),
        (r"serviceAccount.create=false", "serviceAccount.name"),
        (r#"settings.clusterName="""#, "settings.clusterName: name the cluster"),
        (r#"controller.image.repository="""#, "deploy/Dockerfile"),
    ];
    for (value, says) in cases {
        let answer = helm(&["template", "stowage"], &[&REQUIRED[..], &[value]].concat());
        assert!(!answer.is_success, "{value} was taken:\n{}", answer.output);
        assert!(answer.errors.contains(says), "{value}: {says:?} is not in {}", answer.errors);
    }
}

#[test]
fn the_rights_without_helm_are_those_of_the_chart() {
    let chart = chart::rights(&root().join(chart::FOLDER)).or_stop();
    let file = std::fs::read_to_string(root().join("deploy/rbac.yaml")).expect("it is there");
    assert!(
        chart == file,
        "deploy/rbac.yaml is stale: change rules in deploy/chart/stowage/templates, then run \
         `cargo xtask chart`; it would be\n{chart}"
    );
}

#[test]
fn the_image_is_built_by_the_toolchain_that_is_pinned() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect(path);
    let (toolchain, dockerfile) = (read("rust-toolchain.toml"), read("deploy/Dockerfile"));
    let builder = dockerfile.lines().find_map(|line| line.strip_prefix("ARG BUILDER=rust:"));
    let builder = builder.expect("the builder is an argument");
    assert!(
        toolchain.contains(&format!("channel = \"{builder}")),
        "deploy/Dockerfile has {builder}; the toolchain is\n{toolchain}"
    );
}
