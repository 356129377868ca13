//! Findings that say the same are one finding with a count.

use std::collections::BTreeMap;

use model::{Finding, FindingCode};

use super::Problem;

/// Findings in the order first met.
#[derive(Debug, Default)]
pub(super) struct Tally {
    findings: Vec<Finding>,
    position: BTreeMap<(FindingCode, String), usize>,
}

impl Tally {
    /// Adds a finding; one with the same code and message is counted on, and keeps its object.
    pub(super) fn add(&mut self, finding: Finding) {
        let key = (finding.code, finding.message.clone());
        let position = *self.position.entry(key).or_insert(self.findings.len());
        match self.findings.get_mut(position) {
            Some(known) => known.count += finding.count,
            None => self.findings.push(finding),
        }
    }

    /// Adds what is wrong with a field of `count` objects, of which `object` is the first; they are
    /// left out.
    pub(super) fn bad_field(&mut self, object: &str, problem: Problem, count: u64) {
        self.add(Finding {
            code: FindingCode::BadField,
            object: object.to_owned(),
            field: problem.field,
            message: format!("{}; it was left out", problem.message),
            remedy: problem.remedy,
            count,
        });
    }

    /// Adds something worth knowing that needs no remedy.
    pub(super) fn note(&mut self, object: &str, field: &str, message: &str, count: u64) {
        self.add(Finding {
            code: FindingCode::Note,
            object: object.to_owned(),
            field: field.to_owned(),
            message: message.to_owned(),
            remedy: String::new(),
            count,
        });
    }

    /// All of them.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
