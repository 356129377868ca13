//! The golden test's expectations: labels and allocatable of Karpenter's documentation, as facts,
//! for the types that the catalog has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::raw::{RawReference, RawType};

const ATTRIBUTION: &str = "#Facts from the documentation (reference/instance-types) of \
    https://github.com/aws/karpenter-provider-aws, docs v1.14, commit 1d927085dd81, Apache-2.0\n";

/// One line per type: its labels, then its resources; `-` where it has none of that name.
pub(super) fn text(
    types: &BTreeMap<String, RawType>,
    reference: &BTreeMap<String, RawReference>,
) -> String {
    let joined: Vec<(&String, &RawReference)> =
        reference.iter().filter(|(name, _)| types.contains_key(*name)).collect();
    let labels: BTreeSet<&str> =
        joined.iter().flat_map(|(_, entry)| entry.labels.keys().map(String::as_str)).collect();
    let resources: BTreeSet<&str> =
        joined.iter().flat_map(|(_, entry)| entry.resources.keys().map(String::as_str)).collect();
    let mut text = ATTRIBUTION.to_owned();
    text.push_str("type");
    for (kind, names) in [("label", &labels), ("resource", &resources)] {
        for name in names {
            write!(text, "\t{kind}:{name}").expect("writing to a string cannot fail");
        }
    }
    text.push('\n');
    for (name, entry) in joined {
        text.push_str(name);
        for (names, values) in [(&labels, &entry.labels), (&resources, &entry.resources)] {
            for name in names {
                text.push('\t');
                text.push_str(values.get(*name).map_or("-", String::as_str));
            }
        }
        text.push('\n');
    }
    text
}
