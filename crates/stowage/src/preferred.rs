//! What pods prefer, in words.

use checker::Preferred;

/// Such as `topology.kubernetes.io/zone In [us-east-1a]`.
pub(crate) fn preferred(what: &Preferred) -> String {
    match what {
        Preferred::Labels(preference) => {
            let labels = preference.labels.iter();
            let words = labels.map(|(key, requirement)| format!("{key} {requirement}"));
            words.collect::<Vec<_>>().join(" and ")
        }
        Preferred::NoDislikedTaint => "no untolerated PreferNoSchedule taint".to_owned(),
    }
}
