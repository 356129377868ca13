//! Findings about one object.

use model::{Amount, Finding, FindingCode, Quantity, ResourceName, well_known};

/// An object with what was found about it.
#[derive(Debug)]
pub(super) struct Subject {
    object: String,
    findings: Vec<Finding>,
}

impl Subject {
    /// Nothing found yet about `kind name`.
    pub(super) fn new(kind: &str, name: &str) -> Self {
        Self { object: format!("{kind} {name}"), findings: Vec::new() }
    }

    /// Notes one finding.
    pub(super) fn note(
        &mut self,
        code: FindingCode,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings.push(Finding {
            code,
            object: self.object.clone(),
            field: field.into(),
            message: message.into(),
            remedy: remedy.into(),
            count: 1,
        });
    }

    /// Notes a feature that is asked for and not honoured yet.
    pub(super) fn not_honoured(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.note(FindingCode::NotHonoured, field, message, "");
    }

    /// What was found.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// A quantity of `resource` in its base unit.
pub(super) fn amount(resource: &str, quantity: Quantity) -> Amount {
    Amount::new(match resource {
        well_known::CPU => quantity.milli_value(),
        _ => quantity.value(),
    })
}

/// A list of quantities, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Amounts<'a> {
    /// In base units, by name; zeros included.
    pub(super) read: Vec<(ResourceName, Amount)>,
    /// Names and texts of those that are no quantities or below zero.
    pub(super) bad: Vec<(&'a str, &'a str)>,
}

impl<'a> Amounts<'a> {
    /// Reads `list`.
    pub(super) fn new(list: &'a api::ResourceList) -> Self {
        let mut amounts = Self::default();
        for (name, text) in list {
            match text.as_str().parse::<Quantity>() {
                Ok(quantity) if quantity >= Quantity::default() => {
                    let resource = ResourceName::from(name.as_str());
                    amounts.read.push((resource, amount(name, quantity)));
                }
                _ => amounts.bad.push((name.as_str(), text.as_str())),
            }
        }
        amounts
    }
}
