//! Where the volumes of a pod can be used from, and which of them a node must attach.
//!
//! Input: claims, volumes and storage classes, and pod specs. Output: what a node must look like for all
//! volumes of a pod, as alternatives, or why the pod cannot run yet; and its volumes by driver. What a claim
//! that is bound says is its volume's node affinity; a claim that waits for its first pod says the topologies
//! of its class, and its driver is the class's. Only volumes of drivers that limit them are counted: EBS, and
//! those that state a number in some CSINode.
//!
//! Differs from Karpenter: a volume on one host binds the pod to that host, as it does for
//! kube-scheduler.

use std::collections::{BTreeMap, BTreeSet};

use api::{PersistentVolume, PersistentVolumeClaim, PodSpec, StorageClass, VolumeClaimTemplate};
use model::{Operator, Requirement, Requirements, ResourceName, Resources, well_known};

use super::owners::namespace;
use super::{Problem, affinity};
use crate::Objects;
use crate::lower::label_keys::stable;

/// Most alternatives that volumes and affinity of a pod come to together; a pod of a few volumes in
/// three zones has a handful.
const ALTERNATIVES_MAX: usize = 256;

/// What marks the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// What EBS volumes were made by before there was CSI.
const EBS_IN_TREE: &str = "kubernetes.io/aws-ebs";

/// A volume that a node attaches: the resource that counts those of its driver, and what it is called.
pub(crate) type Attachment = (ResourceName, String);

/// How many there are of each driver.
pub(super) fn counted<'a>(attached: impl IntoIterator<Item = &'a Attachment>) -> Resources {
    let mut sum = Resources::new();
    for (resource, _) in attached {
        sum.add(&Resources::new().with(resource.as_str(), 1));
    }
    sum
}

/// All claims, by namespace and name, volumes and classes.
#[derive(Debug)]
pub(super) struct Volumes<'a> {
    claims: BTreeMap<(&'a str, &'a str), &'a PersistentVolumeClaim>,
    made: BTreeMap<&'a str, &'a PersistentVolume>,
    classes: BTreeMap<&'a str, &'a StorageClass>,
    /// Drivers that limit how many volumes a node takes.
    limiting: BTreeSet<&'a str>,
}

/// Where a pod's volumes can be used from.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Of each volume that says something the alternatives.
    of_volumes: Vec<Vec<Requirements>>,
    /// Whether there are claims that are not known.
    pub(super) has_unknown: bool,
}

impl<'a> Volumes<'a> {
    /// Those of `objects`.
    pub(super) fn new(objects: &'a Objects) -> Self {
        let claims = objects.volume_claims.iter();
        let volumes = objects.volumes.iter();
        let classes = objects.storage_classes.iter();
        Self {
            claims: claims
                .map(|one| ((namespace(&one.metadata), one.metadata.name.as_str()), one))
                .collect(),
            made: volumes.map(|one| (one.metadata.name.as_str(), one)).collect(),
            classes: classes.map(|one| (one.metadata.name.as_str(), one)).collect(),
            limiting: (objects.csi_nodes.iter().flat_map(|node| &node.spec.drivers))
                .filter(|driver| driver.allocatable.count.is_some())
                .map(|driver| &*driver.name)
                .chain([well_known::EBS_DRIVER])
                .collect(),
        }
    }

    /// What the node of a pod of that namespace and name attaches for it, `templates` being claims that are
    /// made with it. Claims that are not known count for nothing.
    pub(super) fn attached(
        &self,
        spec: &PodSpec,
        (namespace, name): (&str, &str),
        templates: &[VolumeClaimTemplate],
    ) -> BTreeSet<Attachment> {
        let claims = spec.volumes.iter().filter_map(|volume| {
            let claim = volume.claim_name(name)?;
            self.of(self.claims.get(&(namespace, claim.as_str()))?)
        });
        let made = templates.iter().enumerate().filter_map(|(index, template)| {
            let class = self.class(template.spec.storage_class_name.as_deref())?;
            self.attachment(&class.provisioner, format!("template {index}"))
        });
        claims.chain(made).collect()
    }

    fn of(&self, claim: &PersistentVolumeClaim) -> Option<Attachment> {
        let PersistentVolumeClaim { metadata, spec, .. } = claim;
        if spec.volume_name.is_empty() {
            let class = self.class(spec.storage_class_name.as_deref())?;
            let name = format!("claim {}/{}", namespace(metadata), metadata.name);
            return self.attachment(&class.provisioner, name);
        }
        let volume = &self.made.get(spec.volume_name.as_str())?.spec;
        match (&volume.csi, &volume.aws_elastic_block_store) {
            (Some(csi), _) => self.attachment(&csi.driver, csi.volume_handle.clone()),
            (None, Some(ebs)) => self.attachment(EBS_IN_TREE, ebs.volume_id.clone()),
            (None, None) => None,
        }
    }

    /// The class of that name, or the default one.
    fn class(&self, name: Option<&str>) -> Option<&'a StorageClass> {
        let is_default = |class: &&&StorageClass| {
            let annotation = class.metadata.annotations.get(DEFAULT_CLASS);
            annotation.is_some_and(|value| &**value == "true")
        };
        match name {
            Some(name) => self.classes.get(name).copied(),
            None => self.classes.values().find(is_default).copied(),
        }
    }

    fn attachment(&self, driver: &str, volume: String) -> Option<Attachment> {
        let driver = if driver == EBS_IN_TREE { well_known::EBS_DRIVER } else { driver };
        let resource = || ResourceName::new(format!("{}{driver}", well_known::ATTACHABLE_VOLUMES));
        self.limiting.contains(driver).then(|| (resource(), volume))
    }

    /// Where the volumes of a pod of that namespace and name can be used from, or why it waits.
    pub(super) fn reach(
        &self,
        spec: &PodSpec,
        (namespace, name): (&str, &str),
        path: &str,
    ) -> Result<Reach, Problem> {
        let mut reach = Reach::default();
        for (index, volume) in spec.volumes.iter().enumerate() {
            let Some(claim) = volume.claim_name(name) else { continue };
            let Some(claim) = self.claims.get(&(namespace, claim.as_str())) else {
                reach.has_unknown = true;
                continue;
            };
            match self.of_claim(claim, &format!("{path}.volumes[{index}]"))? {
                Some(terms) if terms.is_empty() => {}
                Some(terms) => reach.of_volumes.push(terms),
                None => reach.has_unknown = true,
            }
        }
        Ok(reach)
    }

    /// What the volume of `claim` asks of nodes, nothing being everything; `None` where it is not known;
    /// what is wrong with it, for the `field` that names it.
    fn of_claim(
        &self,
        claim: &PersistentVolumeClaim,
        field: &str,
    ) -> Result<Option<Vec<Requirements>>, Problem> {
        let PersistentVolumeClaim { metadata, spec, status } = claim;
        let waits = |why: &str| {
            Err(Problem {
                field: field.to_owned(),
                message: format!("PersistentVolumeClaim {} {why}", metadata.name),
                remedy: "the pod is planned once its claim can be served".to_owned(),
            })
        };
        if metadata.deletion_timestamp.is_some() {
            return waits("is being deleted");
        }
        if status.phase == "Lost" {
            return waits("has lost its volume");
        }
        if !spec.volume_name.is_empty() {
            return match self.made.get(spec.volume_name.as_str()) {
                Some(volume) => of_volume(volume).map(Some),
                None if self.made.is_empty() => Ok(None),
                None => {
                    let volume = &spec.volume_name;
                    waits(&format!("is bound to PersistentVolume {volume}, which is not there"))
                }
            };
        }
        let Some(name) = spec.storage_class_name.as_deref().filter(|name| !name.is_empty()) else {
            return waits("has neither a volume nor a storage class");
        };
        match self.classes.get(name) {
            Some(class) if class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer") => {
                Ok(Some(of_class(class)))
            }
            Some(_) => waits(&format!("waits for StorageClass {name} to make its volume")),
            None if self.classes.is_empty() => Ok(None),
            None => waits(&format!("is of StorageClass {name}, which is not there")),
        }
    }
}

impl Reach {
    /// Whether it says nothing.
    pub(super) fn is_anywhere(&self) -> bool {
        self.of_volumes.is_empty()
    }

    /// `alternatives` with what volumes ask of nodes; those that can never hold are left out, unless none
    /// can.
    pub(super) fn narrow(
        &self,
        alternatives: Vec<Requirements>,
        path: &str,
    ) -> Result<Vec<Requirements>, Problem> {
        let mut narrowed = alternatives;
        for terms in &self.of_volumes {
            let mut next: Vec<Requirements> = Vec::new();
            for (one, term) in narrowed.iter().flat_map(|one| terms.iter().map(move |t| (one, t))) {
                let mut both = one.clone();
                for (key, requirement) in term.iter() {
                    both.require(key.clone(), requirement.clone());
                }
                if !next.contains(&both) {
                    next.push(both);
                }
            }
            let can_hold = |one: &Requirements| !one.iter().any(|(_, r)| r.is_contradiction());
            if next.iter().any(can_hold) {
                next.retain(can_hold);
            }
            if next.len() > ALTERNATIVES_MAX {
                return Err(Problem {
                    field: format!("{path}.volumes"),
                    message: format!("volumes and affinity come to {} alternatives", next.len()),
                    remedy: format!("use terms that come to at most {ALTERNATIVES_MAX} together"),
                });
            }
            narrowed = next;
        }
        Ok(narrowed)
    }
}

/// The terms of its node affinity; none where it can be used from everywhere.
fn of_volume(volume: &PersistentVolume) -> Result<Vec<Requirements>, Problem> {
    let affinity = volume.spec.node_affinity.as_ref();
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref()) else {
        return Ok(Vec::new());
    };
    let name = &volume.metadata.name;
    let path = format!("PersistentVolume {name} spec.nodeAffinity.required.nodeSelectorTerms");
    affinity::terms(&Requirements::new(), &required.node_selector_terms, &path)
}

/// The topologies in which it makes volumes; none where that is everywhere.
fn of_class(class: &StorageClass) -> Vec<Requirements> {
    let one = |term: &api::TopologySelectorTerm| {
        let mut requirements = Requirements::new();
        for expression in &term.match_label_expressions {
            let requirement = Requirement::new(Operator::In, &expression.values);
            let requirement = requirement.expect("takes any values");
            requirements.require(stable(&expression.key), requirement);
        }
        requirements
    };
    class.allowed_topologies.iter().map(one).collect()
}
