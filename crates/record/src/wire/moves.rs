//! Moves: nodes that go together, and what comes in their place.

use model::fleet::Reason;
use model::{MicroUsdPerHour, Move, NanoUsdPerHour, NewNode, NodeFill, NodeIndex};
use serde::{Deserialize, Serialize};

use super::twins;

twins! { Move: MoveTwin }

#[derive(Serialize, Deserialize)]
#[serde(remote = "Move", deny_unknown_fields)]
struct MoveTwin {
    #[serde(with = "crate::wire")]
    reason: Reason,
    #[serde(with = "crate::wire")]
    removed: Vec<NodeIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    launched: Vec<NewNode>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    taken: Vec<NodeFill>,
    #[serde(with = "crate::wire")]
    saving: MicroUsdPerHour,
    #[serde(with = "crate::wire")]
    price: NanoUsdPerHour,
}
