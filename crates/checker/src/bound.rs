//! A lower bound of any plan's objective, proved from a certificate in integers.
//!
//! In: a snapshot, a plan, a certificate of what pods are worth, the objective, a limit of work. Out:
//! a [`Bound`]. If no node that can be bought can hold pods worth more than it costs, then every
//! plan that places at least the pods of this one costs at least what they are worth, less what
//! the nodes that are there can hold, and less what nodes from capped supplies can be worth beyond
//! their price. The certificate is never taken on trust: where a node of which there are as many as
//! are wanted may be worth more than it costs, all worths are scaled down; what the others are worth
//! is derived after that. `design.md` section 2, points 6 and 7.
//!
//! Limits, weights and rules between pods only restrict plans and are not looked at, but for rivals:
//! a node takes one pod of a class of them at most. Nothing here knows how the certificate was found.

mod best;
mod bins;
mod branch;
mod demand;
#[cfg(test)]
mod exhaustive;
mod knapsack;
mod nodes;
mod prices;
mod scale;
mod sellers;
mod supplies;
mod table;
mod upper;
mod work;

use model::{
    Certificate, MicroUsdPerHour, NanoUsdPerHour, Objective, OfferingIndex, Plan, PodIndex,
    ShapeIndex, Snapshot,
};

pub use best::prove_best;
pub(crate) use best::prove_best_kept;
use bins::Bins;
use demand::Demand;
use scale::Load;
use sellers::Seller;
use work::Work;

/// What a certificate proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// No plan over the snapshot that places at least the same pods, shape by shape, and evicts
    /// nothing has a lower objective. Not negative.
    pub lower: NanoUsdPerHour,
    /// What all worths were multiplied by.
    pub scale: Scale,
    /// What nodes that draw on supplies can be worth beyond their price at most, scaled: the sum of
    /// units × the most that one can be. The bound is the worth of all pods less this and less
    /// `node_worths`. Counting ends where nothing would be left of it.
    pub supply_worths: NanoUsdPerHour,
    /// What pods on nodes that are there can be worth at most, scaled.
    pub node_worths: NanoUsdPerHour,
    /// Of the offerings that draw on no supply the one with the greatest ratio of worth to price,
    /// which the scale comes from; `None` where there is none.
    pub worst: Option<Worst>,
    /// Units of work done; a unit is about one node of a search tree, some 100 ns.
    pub work_used: u64,
}

/// A ratio of at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Not negative.
    pub numerator: i64,
    /// Above zero.
    pub denominator: i64,
}

/// An offering, and what its node can be worth by the certificate as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
    /// The offering; the first of those that are alike.
    pub offering: OfferingIndex,
    /// No filling of a node is worth more.
    pub upper: NanoUsdPerHour,
    /// Its price.
    pub price: NanoUsdPerHour,
}

/// Why nothing is proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundError {
    /// Nothing to prove anything from.
    #[error("there is no certificate to prove a bound from")]
    NoCandidate,
    /// The certificate is one of another snapshot.
    #[error(
        "the certificate says what {worths} shapes of pods are worth, but the snapshot has \
         {shapes}; it belongs to another snapshot"
    )]
    WrongLength {
        /// Worths in the certificate.
        worths: usize,
        /// Shapes in the snapshot.
        shapes: usize,
    },
    /// A worth below zero.
    #[error(
        "the certificate says that a pod of shape {position} is worth {worth} nano-USD per hour; \
         a worth is at least 0", position = .shape.get(), worth = .worth.get()
    )]
    NegativeWorth {
        /// The shape.
        shape: ShapeIndex,
        /// What the certificate says.
        worth: NanoUsdPerHour,
    },
    /// Worths beyond what the proof's integers can add up.
    #[error(
        "the certificate says that all pods together are worth more than 2^61 nano-USD per hour"
    )]
    WorthTooGreat,
    /// A plan of another snapshot, or one that places a pod twice.
    #[error(
        "the plan places pod {position} twice, or the snapshot has no such pod; check the plan \
         first", position = .pod.get()
    )]
    BadPlan {
        /// The pod.
        pod: PodIndex,
    },
    /// A price or interruption term below zero: then no bound holds.
    #[error(
        "offering {position} costs {price} USD per hour and {term} nano-USD per hour for each pod; \
         neither may be below 0", position = .offering.get(), term = .term.get()
    )]
    NegativePrice {
        /// The offering.
        offering: OfferingIndex,
        /// Its price.
        price: MicroUsdPerHour,
        /// Its interruption term.
        term: NanoUsdPerHour,
    },
}

/// The part of the work that uncapped offerings may take where there are nodes or capped ones: three
/// quarters.
const OFFERINGS_SHARE: (u64, u64) = (3, 4);
/// Of what is left then, capped offerings may take half where there are nodes.
const CAPPED_PARTS: usize = 2;

/// Proves a lower bound of the objective of every plan that places the pods of `plan`, which is one
/// that [`crate::check()`] accepts.
///
/// The same arguments give the same bound on any machine. Less `work_limit` gives a bound that may
/// be lower, and is as true; a part of the work is done whatever the limit.
///
/// # Errors
/// Where certificate, plan and snapshot do not go together, or a price or term is negative.
pub fn prove(
    snapshot: &Snapshot,
    plan: &Plan,
    certificate: &Certificate,
    objective: Objective,
    work_limit: u64,
) -> Result<Bound, BoundError> {
    prove_above(snapshot, plan, certificate, objective, &[], (work_limit, None))
        .map(|bound| bound.expect("without a floor every bound is given"))
}

/// As [`prove`], where keeping a node costs what `kept` says, nano-USD per hour by node, or else
/// nothing; `None` as soon as it is clear that the bound is not above `floor`.
fn prove_above(
    snapshot: &Snapshot,
    plan: &Plan,
    certificate: &Certificate,
    objective: Objective,
    kept: &[i64],
    (work_limit, floor): (u64, Option<NanoUsdPerHour>),
) -> Result<Option<Bound>, BoundError> {
    let demand = Demand::new(snapshot, plan, certificate)?;
    let bins = Bins::new(snapshot, &demand);
    let sellers = sellers::of_snapshot(snapshot, &bins, objective)?;
    let (capped, sellers): (Vec<Seller>, Vec<Seller>) =
        sellers.into_iter().partition(|seller| seller.supply.is_some());
    let nodes = bins.of_nodes(kept);
    let alone = nodes.is_empty() && capped.is_empty();
    let (part, parts) = if alone { (1, 1) } else { OFFERINGS_SHARE };
    let mut work = Work::new(work_limit / parts * part);
    let is_hopeless = |load: &Load| floor.is_some_and(|floor| load.caps_at(demand.worth(), floor));
    let Ok(worst) = scale::worst(&sellers, &demand, is_hopeless, &mut work) else {
        return Ok(None);
    };
    let scale = match worst {
        Some(load) if load.is_over() => Scale { numerator: load.price, denominator: load.upper },
        Some(_) | None => Scale { numerator: 1, denominator: 1 },
    };
    let demand = demand.scaled(scale);
    let offerings_used = work.used();
    let mut work = Work::new(work_limit.saturating_sub(offerings_used));
    let capped_parts = if nodes.is_empty() { 1 } else { CAPPED_PARTS };
    let supply_worths =
        work.share(capped_parts, |work| supplies::worth(snapshot, &capped, &demand, work));
    let rest = demand.worth() - supply_worths;
    let node_worths = if rest > 0 { nodes::worth(&nodes, &demand, &mut work) } else { 0 };
    let lower = nano((rest - node_worths).max(0));
    if floor.is_some_and(|floor| lower <= floor) {
        return Ok(None);
    }
    Ok(Some(Bound {
        lower,
        scale,
        supply_worths: nano(supply_worths),
        node_worths: nano(node_worths),
        worst: worst.map(|Load { upper, price, offering }| Worst {
            offering,
            upper: NanoUsdPerHour::new(upper),
            price: NanoUsdPerHour::new(price),
        }),
        work_used: offerings_used.saturating_add(work.used()),
    }))
}

fn nano(rate: i128) -> NanoUsdPerHour {
    NanoUsdPerHour::new(i64::try_from(rate).unwrap_or(i64::MAX))
}
