//! Soft rules between pods: preferred affinity and anti-affinity, and spreads of `ScheduleAnyway`.
//!
//! Input: a pod spec with its labels and namespace. Output: its wishes, each with the pods that it is about, or
//! the field that is wrong. What selects no pod is left out: nothing is done for it.

use api::{PodAffinity, PodSpec, WeightedPodAffinityTerm};
use model::{SPREAD_WEIGHT, SelectionIndex, SoftAsk, SoftRule, Spread};

use super::Problem;
use super::affinity::weight;
use super::rivals::{key, selected};
use super::selectors::{Looks, Selector};
use super::spreads::{ANYWAY, parsed};

const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// A soft rule with its pods; the place of these is still to be filled in.
pub(super) type Wish = (Selector, SoftRule);

/// The soft rules of one pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    /// All of them, those that are there twice twice.
    pub(super) all: Vec<Wish>,
    /// Whether some select namespaces of which not all is known.
    pub(super) others: bool,
}

impl Wishes {
    /// The wishes of a pod that looks so, or the field that is wrong.
    pub(super) fn read(spec: &PodSpec, looks: Looks<'_>, path: &str) -> Result<Self, Problem> {
        let mut read = Self::default();
        let affinity = spec.affinity.as_deref();
        let with = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let from = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        for (terms, asks, field) in
            [(with, SoftAsk::Together, "podAffinity"), (from, SoftAsk::Apart, "podAntiAffinity")]
        {
            for (index, term) in preferred(terms).iter().enumerate() {
                let path = format!("{path}.affinity.{field}.{PREFERRED}[{index}]");
                read.add_term(term, asks, looks, &path)?;
            }
        }
        read.add_spreads(spec, looks, path)?;
        Ok(read)
    }

    fn add_term(
        &mut self,
        WeightedPodAffinityTerm { weight: given, pod_affinity_term: term }: &WeightedPodAffinityTerm,
        asks: SoftAsk,
        looks: Looks<'_>,
        path: &str,
    ) -> Result<(), Problem> {
        let weight = weight(*given, path)?;
        let path = format!("{path}.podAffinityTerm");
        let key = key(term, &path)?;
        let Some((selector, is_whole)) = selected(term, looks, &path)? else { return Ok(()) };
        self.others |= !is_whole;
        let selection = SelectionIndex::new(0);
        self.all.push((selector, SoftRule { key, selection, asks, weight }));
        Ok(())
    }

    fn add_spreads(&mut self, spec: &PodSpec, looks: Looks<'_>, path: &str) -> Result<(), Problem> {
        for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
            if constraint.when_unsatisfiable != ANYWAY {
                continue;
            }
            let path = format!("{path}.topologySpreadConstraints[{index}]");
            if constraint.min_domains.is_some() {
                return Err(Problem {
                    field: format!("{path}.minDomains"),
                    message: format!("is not for {ANYWAY}"),
                    remedy: "remove it, or use DoNotSchedule".to_owned(),
                });
            }
            let (spread, selector) = parsed(constraint, looks, &path)?;
            let Some(selector) = selector else { continue };
            let Spread { key, selection, max_skew, min_domains: _, node_affinity, node_taints } =
                spread;
            let asks = SoftAsk::Spread { max_skew, node_affinity, node_taints };
            let rule = SoftRule { key, selection, asks, weight: SPREAD_WEIGHT };
            self.all.push((selector, rule));
        }
        Ok(())
    }
}

fn preferred(affinity: Option<&PodAffinity>) -> &[WeightedPodAffinityTerm] {
    affinity.map_or(&[], |terms| &terms.preferred_during_scheduling_ignored_during_execution)
}
