//! What pods prefer, in words.

use checker::Preferred;
use model::{SoftAsk, SoftRule};

/// Such as `topology.kubernetes.io/zone In [us-east-1a]`.
pub(crate) fn preferred(what: &Preferred) -> String {
    match what {
        Preferred::Labels(preference) => {
            let labels = preference.labels.iter();
            let words = labels.map(|(key, requirement)| format!("{key} {requirement}"));
            words.collect::<Vec<_>>().join(" and ")
        }
        Preferred::NoDislikedTaint => "no untolerated PreferNoSchedule taint".to_owned(),
        Preferred::Pods(SoftRule { key, asks, .. }, pods) => match asks {
            SoftAsk::Together => format!("another pod of {{{pods}}} in the same {key}"),
            SoftAsk::Apart => format!("no other pod of {{{pods}}} in the same {key}"),
            SoftAsk::Spread { max_skew, .. } => {
                format!("pods of {{{pods}}} spread over {key} within {max_skew}")
            }
        },
    }
}
