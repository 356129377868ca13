//! The annotation of a claim that names the pods it was bought for.
//!
//! In: UIDs, what else the claim is annotated with. Out: a JSON list of UIDs that fits, as the API
//! server refuses objects whose annotations are too large. A pod that is left out of it is not
//! promised its seat; it is planned again, and finds room on the same node, which is kept for nobody.

use std::collections::BTreeMap;

use api::names;
use serde_json::json;

/// Bytes that all keys and values of an object's annotations may have together
/// (`TotalAnnotationSizeLimitB` of `k8s.io/apimachinery`).
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;
/// Bytes that are left for annotations that come later: of the claim's life, of other controllers.
const RESERVED_BYTES: usize = 16 * 1024;
/// Most bytes of the list: 3,360 UIDs of 36 characters. A kubelet runs 110 pods by default, and a
/// thousand take 39,001 bytes.
const LIST_BYTES_MAX: usize = 128 * 1024;

/// As many of `uids`, from the first on, as fit beside the annotations `others`; and how many do not.
pub(crate) fn write(uids: &[String], others: &BTreeMap<String, String>) -> (String, usize) {
    let taken: usize = others.iter().map(|(key, value)| key.len() + value.len()).sum();
    let own = names::PLANNED_PODS_ANNOTATION.len() + RESERVED_BYTES;
    let most = ANNOTATIONS_BYTES_MAX.saturating_sub(taken + own).min(LIST_BYTES_MAX);
    // Brackets, and for each UID two quotes and a comma; a UID has nothing that JSON would escape.
    let mut bytes = 2;
    let mut fitting = uids.len();
    for (place, uid) in uids.iter().enumerate() {
        bytes += uid.len() + 3;
        if bytes > most {
            fitting = place;
            break;
        }
    }
    (json!(uids[..fitting]).to_string(), uids.len() - fitting)
}

/// The claim as if it had been made for other pods.
pub fn with_planned_pods(claim: &api::NodeClaim, uids: &[String]) -> api::NodeClaim {
    let mut claim = claim.clone();
    let text = json!(uids).to_string();
    claim.metadata.annotations.insert(names::PLANNED_PODS_ANNOTATION.to_owned(), text);
    claim
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("0f9d5a6e-7c1b-4f5e-9a51-{n:012x}")).collect()
    }

    #[test]
    fn a_thousand_pods_fit_and_what_does_not_is_counted() {
        let others = |bytes: usize| BTreeMap::from([("team".to_owned(), "x".repeat(bytes))]);
        for (pods, taken, bytes, left_out) in [
            (0, 0, 2, 0),
            (1_000, 0, 39_001, 0),
            (3_360, 0, 131_041, 0),
            (3_361, 0, 131_041, 1),
            (20_000, 0, 131_041, 16_640),
            (1_000, 200_000, 39_001, 0),
            (1_000, 230_000, 15_718, 597),
            (1_000, 300_000, 2, 1_000),
        ] {
            let (text, left) = write(&uids(pods), &others(taken));
            assert_eq!((text.len(), left), (bytes, left_out), "{pods} pods beside {taken} bytes");
            let read: Vec<String> = serde_json::from_str(&text).unwrap();
            assert_eq!(read, uids(pods)[..pods - left]);
        }
    }
}
