//! Labels and allocatable against Karpenter's documentation, for every type that both have.
//!
//! The expectations are facts of `aws/karpenter-provider-aws` docs v1.14 (Apache-2.0), written by
//! `cargo xtask catalog`; the derivation starts from EC2's own figures.

use std::collections::BTreeMap;

use ec2::{Catalog, NodeClassSettings, TypeFacts, capacity, labels, overhead};
use model::{Labels, Quantity, Resources};

const EXPECTATIONS: &str = include_str!("expectations/karpenter.tsv");

/// Ours only: the documentation leaves it out because a node class may ask for another tenancy.
const TENANCY: &str = "karpenter.k8s.aws/instance-tenancy";

#[test]
fn labels_and_allocatable_agree_with_karpenter_on_every_joined_type() {
    let types: BTreeMap<String, TypeFacts> = Catalog::embedded()
        .types()
        .into_iter()
        .map(|facts| (facts.name.to_string(), facts))
        .collect();
    assert_eq!(types.len(), 1_395);
    let mut lines = EXPECTATIONS.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    let mut joined = 0;
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let facts = &types[fields[0]];
        let (expected_labels, expected_resources) = expected(&columns, &fields);
        let mut labels = labels(facts);
        assert!(labels.remove(TENANCY).is_some(), "{}", facts.name);
        assert_eq!(labels, expected_labels, "{}", facts.name);
        assert_eq!(allocatable(facts), expected_resources, "{}", facts.name);
        joined += 1;
    }
    assert_eq!(joined, 1_358);
}

fn allocatable(facts: &TypeFacts) -> Resources {
    let settings = NodeClassSettings::default();
    let mut allocatable = capacity(facts, &settings);
    allocatable.subtract(&overhead(facts, &settings));
    allocatable
}

/// `-` is a label or resource that the type does not have; an empty field is an empty value.
fn expected(columns: &[&str], fields: &[&str]) -> (Labels, Resources) {
    let (mut labels, mut resources) = (Labels::new(), Resources::new());
    for (column, field) in columns.iter().zip(fields).skip(1) {
        if *field == "-" {
            continue;
        }
        if let Some(key) = column.strip_prefix("label:") {
            labels.insert(key.into(), (*field).into());
            continue;
        }
        let name = column.strip_prefix("resource:").expect("a resource");
        let quantity: Quantity = field.parse().expect("a quantity");
        let amount = match name {
            "cpu" => quantity.milli_value(),
            _ => quantity.value(),
        };
        resources = resources.with(name, amount);
    }
    (labels, resources)
}
