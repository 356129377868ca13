//! What instance types hold under each node class, for claims that are being launched.
//!
//! In: every plan. Out: facts of a machine. A class is in a plan while a pool may open nodes of it; one that
//! may not for a moment has claims all the same, so the last plan with the class is kept for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use executor::MachineFacts;
use model::InstanceTypeName;

use crate::planning::Planned;
use crate::store::Tables;

/// The last plan with each class, by the class's name.
#[derive(Debug, Default)]
pub(super) struct Facts(BTreeMap<String, Arc<Planned>>);

impl Facts {
    /// Takes in a plan made from `tables`, and forgets classes that are gone.
    pub(super) fn take_in(&mut self, planned: &Arc<Planned>, tables: &Tables) {
        let classes = &tables.node_classes.objects;
        self.0.retain(|name, _| classes.contains_key(&(Box::default(), name.as_str().into())));
        for class in &planned.lowered.snapshot.node_classes {
            self.0.insert(class.name.to_string(), Arc::clone(planned));
        }
    }

    /// What a type holds under a class; `None` where no plan had both.
    pub(super) fn machine(&self, class: &str, name: &InstanceTypeName) -> Option<MachineFacts> {
        self.0.get(class)?.machine(class, name)
    }
}
