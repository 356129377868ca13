//! Spreads that a cluster gives to pods without any, as its scheduler is configured.
//!
//! In: the text of Karpenter's `--scheduler-config`, YAML or JSON, of which
//! `podTopologySpread.defaultConstraints` is all there is. Out: the constraints, or the field that is wrong. What
//! is accepted is what kube-scheduler accepts as `defaultConstraints` of its plugin `PodTopologySpread`.

use api::TopologySpreadConstraint;
use serde::Deserialize;

use crate::objects;

/// Constraints without selectors, which are those of whatever makes a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultSpreads(Vec<TopologySpreadConstraint>);

/// Why a scheduler configuration cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchedulerConfigError {
    /// It is no YAML or JSON of this form.
    #[error(
        "{0}; give `podTopologySpread: {{defaultConstraints: [...]}}`, with constraints as in a pod's spec"
    )]
    Form(String),
    /// A constraint is wrong.
    #[error("podTopologySpread.defaultConstraints[{index}].{field} {message}")]
    Constraint {
        /// Its place.
        index: usize,
        /// The field.
        field: &'static str,
        /// What is the matter, and what to do.
        message: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SchedulerConfig {
    pod_topology_spread: Option<PodTopologySpread>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct PodTopologySpread {
    default_constraints: Option<Vec<TopologySpreadConstraint>>,
}

impl DefaultSpreads {
    /// Reads the text of a configuration; a text without content is one without constraints.
    ///
    /// # Errors
    /// Where it is no such text, has a field beside these, or a constraint is not sound or there twice.
    pub fn parse(text: &str) -> Result<Self, SchedulerConfigError> {
        let json = objects::to_json(text).map_err(SchedulerConfigError::Form)?;
        let Some(json) = json else { return Ok(Self::default()) };
        let config: Option<SchedulerConfig> = serde_json::from_str(&json)
            .map_err(|error| SchedulerConfigError::Form(objects::plain(&error)))?;
        let spread = config.unwrap_or_default().pod_topology_spread.unwrap_or_default();
        let constraints = spread.default_constraints.unwrap_or_default();
        for (index, constraint) in constraints.iter().enumerate() {
            let wrong = fault(constraint).or_else(|| again(constraint, &constraints[..index]));
            if let Some((field, message)) = wrong {
                return Err(SchedulerConfigError::Constraint { index, field, message });
            }
        }
        Ok(Self(constraints))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(crate) fn constraints(&self) -> &[TopologySpreadConstraint] {
        &self.0
    }
}

/// What is wrong with a constraint: the field, and the matter with it.
fn fault(constraint: &TopologySpreadConstraint) -> Option<(&'static str, String)> {
    let when = &*constraint.when_unsatisfiable;
    let policies =
        [&constraint.node_affinity_policy, &constraint.node_taints_policy].map(Option::as_deref);
    let [is_affinity, is_taints] = policies.map(|it| matches!(it, None | Some("Honor" | "Ignore")));
    let found: [(bool, &'static str, String); 8] = [
        (constraint.max_skew < 1, "maxSkew", format!("{} is below 1", constraint.max_skew)),
        (constraint.topology_key.is_empty(), "topologyKey", "is missing".to_owned()),
        (
            !matches!(when, "DoNotSchedule" | "ScheduleAnyway"),
            "whenUnsatisfiable",
            format!("{when:?} is neither DoNotSchedule nor ScheduleAnyway"),
        ),
        (
            constraint.label_selector.is_some(),
            "labelSelector",
            "is not for defaults: each pod has the selector of what makes it; remove it".to_owned(),
        ),
        (
            !constraint.match_label_keys.is_empty(),
            "matchLabelKeys",
            "is not for defaults, where it has no effect; remove it".to_owned(),
        ),
        (
            constraint.min_domains.is_some_and(|least| least < 1 || when != "DoNotSchedule"),
            "minDomains",
            "is at least 1, and for DoNotSchedule alone".to_owned(),
        ),
        (!is_affinity, "nodeAffinityPolicy", "is neither Honor nor Ignore".to_owned()),
        (!is_taints, "nodeTaintsPolicy", "is neither Honor nor Ignore".to_owned()),
    ];
    found.into_iter().find(|(is_wrong, ..)| *is_wrong).map(|(_, field, message)| (field, message))
}

/// Whether `constraint` is there before, as to its key and what becomes of it.
fn again(
    constraint: &TopologySpreadConstraint,
    before: &[TopologySpreadConstraint],
) -> Option<(&'static str, String)> {
    let of =
        |one: &TopologySpreadConstraint| (one.topology_key.clone(), one.when_unsatisfiable.clone());
    let place = before.iter().position(|one| of(one) == of(constraint))?;
    let (key, when) = of(constraint);
    Some((
        "topologyKey",
        format!("{key} with {when} is given before, at [{place}]; give each once"),
    ))
}
