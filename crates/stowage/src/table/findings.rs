//! What was wrong with the input, not honoured, or good to know.

use model::Finding;

use super::ROWS_MAX;
use super::text::wrapped;
use crate::money::count;

/// Findings in the order given; nothing where there are none.
pub(crate) fn render(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut parts = vec!["Findings:\n".to_owned()];
    let shown = findings.iter().take(ROWS_MAX);
    parts.extend(shown.map(|finding| wrapped("  ", &sentence(finding))));
    if findings.len() > ROWS_MAX {
        let hidden = count(findings.len() - ROWS_MAX);
        parts.push(format!("  ... and {hidden} more; -o json has them all\n"));
    }
    parts.concat()
}

fn sentence(finding: &Finding) -> String {
    let Finding { code, object, field, message, remedy, count: times } = finding;
    let mut parts = vec![format!("{}: {object}", code.as_str())];
    if !field.is_empty() {
        parts.push(format!(": {field}"));
    }
    parts.push(format!(": {message}"));
    if *times > 1 {
        let times = usize::try_from(*times).unwrap_or(usize::MAX);
        parts.push(format!(" ({} times)", count(times)));
    }
    if !remedy.is_empty() {
        parts.push(format!("; {remedy}"));
    }
    parts.concat()
}
