//! Whether a node has been quiet for as long as its pool says: the claim's condition
//! `Consolidatable`.

use model::Timestamp;

use model::fleet::{Node, Pool};

/// Whether pods have stayed as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// For long enough: the condition is `True`.
    Yes,
    /// Not yet; the condition is absent. `until`: it will be then.
    NotYet {
        /// `None`: it is not known since when.
        until: Option<Timestamp>,
    },
    /// The pool never consolidates, has a fixed number of nodes, or the node is not initialized; the
    /// condition is absent.
    Off,
}

/// Whether `node` of `pool` is quiet at `now`.
pub fn quiet(node: &Node, pool: &Pool, now: Timestamp) -> Quiet {
    let Some(after) = pool.consolidate_after.filter(|_| !pool.is_static && node.initialized) else {
        return Quiet::Off;
    };
    let Some(since) = node.quiet_since else { return Quiet::NotYet { until: None } };
    let until = Timestamp(since.0.saturating_add(after));
    if until <= now || after == 0 { Quiet::Yes } else { Quiet::NotYet { until: Some(until) } }
}
