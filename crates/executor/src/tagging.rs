//! Tags that follow from a claim's Node (`lifecycle.md` section 6.9).

use std::collections::BTreeMap;

use api::names;
use cloud::{Instance, tags};
use serde_json::json;

use crate::launch::{name, target};
use crate::request::{CloudRequest, Request};
use crate::view::{ClaimMemory, ClaimView};

/// What to do next until the instance carries the name of its Node. An own `Name` in the class's tags
/// stays.
pub fn tag(view: &ClaimView<'_>, memory: &ClaimMemory) -> Vec<Request> {
    let claim = view.claim;
    let done = claim.metadata.annotations.get(names::TAGGED_ANNOTATION);
    if claim.is_deleting() || done.is_some_and(|value| value == "true") {
        return Vec::new();
    }
    let id = claim.status.provider_id.as_deref().and_then(Instance::id_of);
    let (Some(id), Some(node)) = (id, claim.status.node_name.as_deref()) else {
        return Vec::new();
    };
    let named = view.node_class.is_some_and(|class| class.spec.tags.contains_key(tags::NAME));
    if memory.tagged || named {
        return vec![Request::Patch {
            target: target(claim),
            status: false,
            body: json!({ "metadata": { "annotations": { names::TAGGED_ANNOTATION: "true" } } }),
        }];
    }
    let tags = BTreeMap::from([(tags::NAME.to_owned(), node.to_owned())]);
    vec![Request::Cloud(CloudRequest::Tag(name(claim), id, tags))]
}
