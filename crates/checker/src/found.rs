//! Collects violations, a bounded number for each rule.

use crate::Violation;

/// Enough to see a pattern; a plan for a million pods could break one rule a million times.
const PER_RULE_MAX: usize = 100;

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    violations: Vec<Violation>,
    before_this_rule: usize,
}

impl Found {
    /// Adds a violation of the present rule; those beyond the bound are dropped.
    pub(crate) fn push(&mut self, violation: Violation) {
        if self.violations.len() - self.before_this_rule < PER_RULE_MAX {
            self.violations.push(violation);
        }
    }

    /// Gives the next rule its own bound.
    pub(crate) const fn next_rule(&mut self) {
        self.before_this_rule = self.violations.len();
    }

    /// All violations, if any.
    pub(crate) fn into_result(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }
}
