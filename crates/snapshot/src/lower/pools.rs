//! NodePools: from manifests to pools that may open nodes.
//!
//! A pool that the API server or Karpenter would refuse, that is static, or that is going away is
//! left out with a finding for each reason; the others stay. Rules: `api.md` section 1 and
//! `scheduling.md` section 3 of Karpenter's model.

use std::collections::BTreeMap;

use api::NodePoolSpec;
use model::{
    Effect, Finding, FindingCode, LabelKey, LabelValue, Labels, NodeClassIndex, NodeClassName,
    NodePool, NodePoolName, Requirement, Requirements, Resources, Taint, well_known,
};

use super::MinValuesPolicy;
use super::label_keys::{is_label_value, key_problem, refusal, stable};
use super::requirements::{REQUIREMENTS_MAX, read as read_requirement};
use super::subject::{Amounts, Subject};

const GROUP: &str = "karpenter.k8s.aws";
const KIND: &str = "EC2NodeClass";
const NOT_READY_REMEDY: &str =
    "mend what the condition names, or leave out the status to plan anyway";
const REMEDY: &str = "correct the field; the pool is left out until then";

/// A pool as read, before classes and nodes are joined with it.
#[derive(Clone, Debug)]
pub(super) struct PoolDraft {
    /// The pool; class and use are filled in later.
    pub(super) pool: NodePool,
    /// Its requirements with the template's labels among them.
    pub(super) requirements: Requirements,
    /// Taints that go when a node has started.
    pub(super) startup_taints: Vec<Taint>,
    /// The class it refers to.
    pub(super) class: NodeClassName,
}

impl PoolDraft {
    /// A pool of the given name, class, requirements and labels, without taints, limits, weight.
    pub(super) fn new(
        name: &str,
        class: NodeClassName,
        requirements: Requirements,
        labels: Labels,
    ) -> Self {
        let mut with_labels = requirements.clone();
        for (key, value) in &labels {
            with_labels.require(key.clone(), Requirement::is(value.clone()));
        }
        Self {
            pool: NodePool {
                name: NodePoolName::from(name),
                weight: 0,
                requirements,
                min_values: Vec::new(),
                labels,
                taints: Vec::new(),
                limits: Vec::new(),
                node_class: NodeClassIndex::new(0),
                used: Resources::new(),
            },
            requirements: with_labels,
            startup_taints: Vec::new(),
            class,
        }
    }
}

/// Reads a pool, with its class where that is known; `None` where it is left out.
pub(super) fn read(
    pool: &api::NodePool,
    class: Option<&api::Ec2NodeClass>,
    policy: MinValuesPolicy,
) -> (Option<PoolDraft>, Vec<Finding>) {
    let mut subject = Subject::new("NodePool", &pool.metadata.name);
    let mut reader = PoolReader { subject: &mut subject, spec: &pool.spec, policy, refused: false };
    if let Some(class) = class {
        reader.check_class_life(class);
    }
    let draft = reader.read(pool);
    (draft, subject.into_findings())
}

struct PoolReader<'a> {
    subject: &'a mut Subject,
    spec: &'a NodePoolSpec,
    policy: MinValuesPolicy,
    refused: bool,
}

impl PoolReader<'_> {
    fn read(mut self, pool: &api::NodePool) -> Option<PoolDraft> {
        self.check_life(pool);
        self.check_class();
        let (requirements, min_values) = self.requirements();
        let labels = self.labels();
        let class = NodeClassName::from(self.spec.template.spec.node_class_ref.name.as_str());
        let mut draft = PoolDraft::new(&pool.metadata.name, class, requirements, labels);
        if self.policy == MinValuesPolicy::Strict {
            draft.pool.min_values = min_values.into_iter().collect();
        }
        self.taints(&mut draft);
        self.limits(&mut draft.pool);
        self.weight(&mut draft.pool);
        (!self.refused).then_some(draft)
    }

    fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.refused = true;
        self.subject.note(FindingCode::BadField, field, message, REMEDY);
    }

    /// Leaves out pools whose class launches nothing at present. The pool's own condition says so too,
    /// but it follows the class's.
    fn check_class_life(&mut self, class: &api::Ec2NodeClass) {
        const FIELD: &str = "spec.template.spec.nodeClassRef";
        let name = &class.metadata.name;
        if class.metadata.deletion_timestamp.is_some() {
            self.refused = true;
            let message = format!("EC2NodeClass {name} is being deleted: the pool opens no nodes");
            self.subject.note(FindingCode::Note, FIELD, message, "");
        } else if let Some(condition) = not_ready(&class.status.conditions) {
            self.refused = true;
            let message = format!(
                "EC2NodeClass {name} is not ready, so the pool opens no nodes: {} {}",
                condition.reason, condition.message
            );
            self.subject.note(FindingCode::Note, FIELD, message.trim_end(), NOT_READY_REMEDY);
        }
    }

    /// Leaves out pools that may not open nodes although nothing is wrong with them.
    fn check_life(&mut self, pool: &api::NodePool) {
        let not_ready = not_ready(&pool.status.conditions);
        if pool.metadata.deletion_timestamp.is_some() {
            self.refused = true;
            let message = "the pool is being deleted and opens no nodes";
            self.subject.note(FindingCode::Note, "metadata.deletionTimestamp", message, "");
        } else if let Some(condition) = not_ready {
            self.refused = true;
            let message = format!(
                "the pool is not ready and opens no nodes: {} {}",
                condition.reason, condition.message
            );
            self.subject.note(
                FindingCode::Note,
                "status.conditions[Ready]",
                message.trim_end(),
                NOT_READY_REMEDY,
            );
        }
        if self.spec.replicas.is_some() {
            self.refused = true;
            self.subject.note(
                FindingCode::NotHonoured,
                "spec.replicas",
                "static pools are not planned yet; the pool is left out",
                "",
            );
        }
    }

    fn check_class(&mut self) {
        let reference = &self.spec.template.spec.node_class_ref;
        let (group, kind) = (&reference.group, &reference.kind);
        if reference.name.is_empty() {
            self.refuse("spec.template.spec.nodeClassRef.name", "the name is missing");
        }
        if group != GROUP || kind != KIND {
            self.refuse(
                "spec.template.spec.nodeClassRef",
                format!("{kind:?} of group {group:?} is not {KIND} of group {GROUP}"),
            );
        }
    }

    fn requirements(&mut self) -> (Requirements, BTreeMap<LabelKey, i64>) {
        let mut requirements = Requirements::new();
        let mut min_values: BTreeMap<LabelKey, i64> = BTreeMap::new();
        let entries = &self.spec.template.spec.requirements;
        let path = "spec.template.spec.requirements";
        if entries.len() > REQUIREMENTS_MAX {
            let message = format!("{} requirements, at most {REQUIREMENTS_MAX}", entries.len());
            self.refuse(path, message);
        }
        for (position, entry) in entries.iter().enumerate() {
            if let Err(problem) = read_requirement(&mut requirements, entry) {
                let message = format!("requirement for {:?}: {problem}", entry.key);
                self.refuse(format!("{path}[{position}]"), message);
            } else if let Some(least) = entry.min_values {
                let most = min_values.entry(stable(&entry.key)).or_default();
                *most = i64::from(least).max(*most);
            }
        }
        (requirements, min_values)
    }

    fn labels(&mut self) -> Labels {
        let mut labels = Labels::new();
        for (key, value) in &self.spec.template.metadata.labels {
            let field = format!("spec.template.metadata.labels[{key}]");
            let key = stable(key);
            if let Some(problem) = refusal(key.as_str()) {
                self.refuse(field, problem);
            } else if is_label_value(value) {
                labels.insert(key, LabelValue::from(value.as_str()));
            } else {
                self.refuse(field, format!("{value:?} is not a label value"));
            }
        }
        labels
    }

    fn taints(&mut self, draft: &mut PoolDraft) {
        let spec = &self.spec.template.spec;
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let lists = [
            ("taints", &spec.taints, &mut draft.pool.taints),
            ("startupTaints", &spec.startup_taints, &mut draft.startup_taints),
        ];
        for (list, taints, into) in lists {
            for (position, taint) in taints.iter().enumerate() {
                let place = (taint.key.as_str(), taint.effect.as_str());
                let problem = if seen.contains(&place) {
                    Some("another taint has the same key and effect".to_owned())
                } else {
                    taint_problem(taint)
                };
                seen.push(place);
                match (problem, lowered(taint)) {
                    (None, Some(taint)) => into.push(taint),
                    (problem, _) => self.refuse(
                        format!("spec.template.spec.{list}[{position}]"),
                        problem.unwrap_or_default(),
                    ),
                }
            }
        }
    }

    fn limits(&mut self, pool: &mut NodePool) {
        let limits = Amounts::new(&self.spec.limits);
        for (name, text) in limits.bad {
            self.refuse(
                format!("spec.limits.{name}"),
                format!("{text:?} is not a quantity of at least zero"),
            );
        }
        pool.limits = limits.read;
    }

    fn weight(&mut self, pool: &mut NodePool) {
        match self.spec.weight {
            None => {}
            Some(weight @ 1..=100) => pool.weight = weight,
            Some(weight) => self.refuse("spec.weight", format!("{weight} is not 1 to 100")),
        }
    }
}

/// The root condition, where it is there and does not hold.
fn not_ready(conditions: &[api::Condition]) -> Option<&api::Condition> {
    conditions.iter().find(|one| one.kind == api::names::READY && one.status != "True")
}

fn taint_problem(taint: &api::Taint) -> Option<String> {
    if key_problem(&taint.key).is_some() {
        Some(format!("{:?} is not a taint key", taint.key))
    } else if !is_label_value(&taint.value) {
        Some(format!("{:?} is not a taint value", taint.value))
    } else if effect(&taint.effect).is_none() {
        Some(format!(
            "{:?} is not an effect; use NoSchedule, PreferNoSchedule or NoExecute",
            taint.effect
        ))
    } else {
        None
    }
}

fn effect(name: &str) -> Option<Effect> {
    [Effect::NoSchedule, Effect::PreferNoSchedule, Effect::NoExecute]
        .into_iter()
        .find(|effect| effect.as_str() == name)
}

/// A taint as the model has it; `None` where the effect is unknown.
pub(super) fn lowered(taint: &api::Taint) -> Option<Taint> {
    Some(Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: effect(&taint.effect)?,
    })
}

/// The label `key` as a requirement of the given values.
pub(super) fn one_of(key: &str, values: &[&str]) -> (LabelKey, Requirement) {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let requirement = Requirement::new(model::Operator::In, &values);
    (LabelKey::from(key), requirement.expect("In takes any values"))
}

/// Whether the pool can buy on demand or spot at all; `reserved` is not sold by the catalog.
pub(super) fn wants_reserved_only(requirements: &Requirements) -> bool {
    requirements
        .get(well_known::CAPACITY_TYPE)
        .is_some_and(|one| !one.admits(Some("on-demand")) && !one.admits(Some("spot")))
}
