//! Default requests of containers, by namespace.
//!
//! Input: `LimitRange` objects. Output: for each namespace what a container that says nothing asks
//! for, and a finding for each range with a bad quantity, which is then left out.
//!
//! Sources, Kubernetes v1.36: `pkg/apis/core/v1/defaults.go` (`SetDefaults_LimitRangeItem`) and
//! `plugin/pkg/admission/limitranger/admission.go`.

use std::collections::BTreeMap;

use api::{LimitRange, LimitRangeItem};

use super::Problem;
use super::amounts::{Quantities, fill, parse};
use super::tally::Tally;

/// Default requests by namespace.
#[derive(Debug, Default)]
pub(super) struct LimitRanges(BTreeMap<String, Quantities>);

impl LimitRanges {
    /// Joins the ranges of each namespace; where two name a resource, the first by name counts.
    pub(super) fn new(ranges: &[LimitRange], tally: &mut Tally) -> Self {
        let mut ranges: Vec<&LimitRange> = ranges.iter().collect();
        ranges.sort_by_key(|range| &range.metadata.name);
        let mut by_namespace: BTreeMap<String, Quantities> = BTreeMap::new();
        for range in ranges {
            let namespace = range.metadata.namespace.clone().unwrap_or_default();
            match default_requests(range) {
                Ok(requests) => fill(by_namespace.entry(namespace).or_default(), &requests),
                Err(problem) => {
                    let object = format!("LimitRange {namespace}/{}", range.metadata.name);
                    tally.bad_field(&object, problem, 1);
                }
            }
        }
        Self(by_namespace)
    }

    /// What containers in `namespace` ask for where they say nothing.
    pub(super) fn of(&self, namespace: &str) -> Option<&Quantities> {
        self.0.get(namespace)
    }
}

fn default_requests(range: &LimitRange) -> Result<Quantities, Problem> {
    let mut requests = Quantities::new();
    for (index, item) in range.spec.limits.iter().enumerate() {
        if item.kind == "Container" {
            requests.extend(of_item(item, &format!("spec.limits[{index}]"))?);
        }
    }
    Ok(requests)
}

fn of_item(item: &LimitRangeItem, path: &str) -> Result<Quantities, Problem> {
    let mut requests = parse(&item.default_request, &format!("{path}.defaultRequest"))?;
    for (list, name) in [(&item.default_limit, "default"), (&item.max, "max"), (&item.min, "min")] {
        fill(&mut requests, &parse(list, &format!("{path}.{name}"))?);
    }
    Ok(requests)
}
