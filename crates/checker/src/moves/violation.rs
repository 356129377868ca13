//! What can be wrong with moves.

use model::{MicroUsdPerHour, NanoUsdPerHour, NodeClaimName, NodeName, NodePoolName, PodName};

use crate::Violation;

/// One thing that is wrong with moves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveViolation {
    /// An index points beyond its list.
    #[error("move {position} refers to {list}[{index}], and there are only {length}")]
    BadIndex {
        /// The move, from 0.
        position: usize,
        /// The list's name in the snapshot.
        list: &'static str,
        /// The index.
        index: usize,
        /// How long the list is.
        length: usize,
    },
    /// A move that takes nothing out.
    #[error("move {position} takes no node out")]
    Nothing {
        /// The move, from 0.
        position: usize,
    },
    /// A node goes twice.
    #[error("node {node} goes twice")]
    Twice {
        /// The node.
        node: NodeName,
    },
    /// A node takes pods and goes.
    #[error("node {node} takes pods and goes")]
    TakesAndGoes {
        /// The node.
        node: NodeName,
    },
    /// The cluster does not have it.
    #[error("node {node} goes, of which nothing is known")]
    Unknown {
        /// The node.
        node: NodeName,
    },
    /// Not the pods that would have to move, each once.
    #[error(
        "move {position} seats {seated} pods, {strange} of which are not on its nodes or are seated \
         twice; {pods} would have to move"
    )]
    WrongPods {
        /// The move, from 0.
        position: usize,
        /// How many are seated.
        seated: usize,
        /// How many of them should not be.
        strange: usize,
        /// How many should be.
        pods: usize,
    },
    /// Something bars a node that goes.
    #[error("node {node} goes, and may not: {why}")]
    Barred {
        /// The node.
        node: NodeName,
        /// What bars it.
        why: &'static str,
    },
    /// A pod that may not be evicted.
    #[error("pod {pod} on node {node} may not be evicted: {why}")]
    PodBarred {
        /// The node.
        node: NodeName,
        /// The pod.
        pod: PodName,
        /// What bars it.
        why: &'static str,
    },
    /// What was launched for the move is not there to take pods.
    #[error("NodeClaim {claim}, which was made for the move, has no node that is ready")]
    NotLaunched {
        /// The claim.
        claim: NodeClaimName,
    },
    /// A pod that has to move and fits nowhere any more.
    #[error("pod {pod} has to move, and fits neither where it was to run nor elsewhere")]
    NoSeat {
        /// The pod.
        pod: PodName,
    },
    /// A node that may not take pods of others.
    #[error("node {node} may not take pods of others: {why}")]
    NoDestination {
        /// The node.
        node: NodeName,
        /// Why not.
        why: &'static str,
    },
    /// More nodes of a pool go than its budgets allow.
    #[error("{going} nodes of NodePool {pool} go, and its budgets allow {left} more")]
    OverBudget {
        /// The pool.
        pool: NodePoolName,
        /// How many go.
        going: usize,
        /// How many may.
        left: usize,
    },
    /// Several moves together evict more pods than their budget allows.
    #[error(
        "{moves} moves evict {pods} pods of PodDisruptionBudget {budget}, which allows {allowed}"
    )]
    OverPodBudget {
        /// The budget, as `namespace/name`.
        budget: String,
        /// How many moves.
        moves: usize,
        /// How many pods.
        pods: usize,
        /// How many it allows.
        allowed: usize,
    },
    /// A node of which the price is not known is replaced, or what is launched has none.
    #[error("move {position} replaces or launches a node of which the price is not known")]
    Unpriced {
        /// The move, from 0.
        position: usize,
    },
    /// Another saving than the one stated.
    #[error("move {position} states a saving of {stated} USD per hour; it is {counted}")]
    WrongSaving {
        /// The move, from 0.
        position: usize,
        /// What it says.
        stated: MicroUsdPerHour,
        /// What it is.
        counted: MicroUsdPerHour,
    },
    /// Another price than the one stated.
    #[error(
        "move {position} states that it costs {} nano-USD per hour; it costs {}",
        .stated.get(), .counted.get()
    )]
    WrongPrice {
        /// The move, from 0.
        position: usize,
        /// What it says.
        stated: NanoUsdPerHour,
        /// What it is.
        counted: NanoUsdPerHour,
    },
    /// A move that does not pay.
    #[error(
        "move {position} saves {saving} USD per hour and costs {} nano-USD per hour",
        .price.get()
    )]
    NotWorth {
        /// The move, from 0.
        position: usize,
        /// What it saves.
        saving: MicroUsdPerHour,
        /// What it costs.
        price: NanoUsdPerHour,
    },
    /// The pods are not seated as a plan of them may seat them.
    #[error("where pods run then: {0}")]
    Seat(Violation),
}
