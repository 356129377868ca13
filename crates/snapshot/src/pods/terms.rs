//! Terms between pods that the snapshot lists: all required affinity, and required anti-affinity that some
//! pod matches without carrying it, or carries without matching it while others match. What the same pods carry and
//! match is said by rivals and spreads.
//!
//! Input: the terms of pods, and how they look. Output: the listed ones.

use std::collections::{BTreeMap, BTreeSet};

use super::rivals::{Terms, Tie};
use super::selectors::{Index, Looks, Selector};

/// Collects what is listed, pod by pod: first all that carry something, then all that may match it.
#[derive(Debug, Default)]
pub(super) struct Listed {
    together: BTreeSet<Tie>,
    averse: BTreeSet<Tie>,
    /// Those of `averse` that some pod carries without matching them.
    of_strangers: BTreeSet<Tie>,
}

impl Listed {
    /// Takes up what a pod with these `terms` carries; `is_shaped` where the plan may have to place it.
    pub(super) fn carry(&mut self, terms: &Terms, is_shaped: bool) {
        self.averse.extend(terms.averse.iter().cloned());
        self.of_strangers.extend(terms.strangers.iter().cloned());
        if is_shaped {
            self.together.extend(terms.together.iter().cloned());
        }
    }

    /// The listed ones, where `all` are the pods there are, with what they carry.
    pub(super) fn finish<'a>(
        mut self,
        all: impl Iterator<Item = (Looks<'a>, Option<Terms>)>,
    ) -> BTreeSet<Tie> {
        if self.averse.is_empty() {
            return self.together;
        }
        let mut of_selector: BTreeMap<Selector, Vec<Tie>> = BTreeMap::new();
        for tie in &self.averse {
            of_selector.entry(tie.1.clone()).or_default().push(tie.clone());
        }
        let index = Index::new(of_selector.keys().cloned().collect());
        for (looks, terms) in all {
            for place in index.matched(looks) {
                for tie in &of_selector[index.get(place)] {
                    let carries = terms.as_ref().is_some_and(|terms| terms.averse.contains(tie));
                    if !carries || self.of_strangers.contains(tie) {
                        self.together.insert(tie.clone());
                    }
                }
            }
        }
        self.together
    }
}
