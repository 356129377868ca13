//! What rules look at, recomputed from raw facts.
//!
//! Input: a snapshot and a plan whose form is checked. Output: exact amounts (128-bit sums of 64-bit
//! amounts cannot overflow), labels and taints grouped into sites, rooms, the load of each node, and
//! what the plan leaves of each limit. Figures that lowering folded are not used.

mod ledger;
mod rooms;
mod seats;
mod sites;
mod spreads;
mod ties;

use std::collections::BTreeSet;

use model::{
    Amount, LabelKey, NodeIndex, OfferingIndex, Plan, PodIndex, PodName, ResourceName, Resources,
    ShapeIndex, Snapshot,
};

use crate::Place;

pub(crate) use ledger::{Ledger, added};
pub(crate) use rooms::Rooms;
pub(crate) use seats::{Seat, Seats};
pub(crate) use sites::Sites;
pub(crate) use spreads::{Counts, Refusal, Spreads};
pub(crate) use ties::{Domain, TieRefusal, Ties, domain_of};

/// All of it.
pub(crate) struct Facts<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) plan: &'a Plan,
    /// Resources that some pod asks for, by name; the columns of dense amounts.
    pub(crate) columns: Vec<&'a ResourceName>,
    /// What each shape asks for, dense.
    pub(crate) requests: Vec<Vec<i128>>,
    /// Labels and taints that pods can tell apart.
    pub(crate) sites: Sites<'a>,
    pub(crate) rooms: Rooms,
    pub(crate) seats: Seats,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) spreads: Spreads<'a>,
    pub(crate) ties: Ties<'a>,
    /// Labels whose values are domains, see [`Snapshot::domain_keys`].
    domain_keys: BTreeSet<&'a LabelKey>,
    /// Positions of each pool's offerings.
    pub(crate) offerings_of: Vec<Vec<usize>>,
}

impl<'a> Facts<'a> {
    /// Recomputes everything.
    pub(crate) fn new(snapshot: &'a Snapshot, plan: &'a Plan) -> Self {
        let names: BTreeSet<&ResourceName> = (snapshot.shapes.iter())
            .flat_map(|shape| shape.requests.iter().map(|(name, _)| name))
            .collect();
        let columns: Vec<&ResourceName> = names.into_iter().collect();
        let requests: Vec<Vec<i128>> =
            (snapshot.shapes.iter()).map(|shape| dense(&shape.requests, &columns)).collect();
        let sites = Sites::of_pods(snapshot);
        let rooms = Rooms::new(snapshot, &columns);
        let seats = Seats::new(snapshot, plan, &requests, &sites, &rooms);
        let ledger = Ledger::new(snapshot, plan);
        let opens = |position| opens(snapshot, &ledger, position);
        let spreads = Spreads::new(snapshot, &seats, &sites, opens);
        let ties = Ties::new(snapshot, &seats);
        let mut offerings_of = vec![Vec::new(); snapshot.pools.len()];
        for (position, offering) in snapshot.offerings.iter().enumerate() {
            offerings_of[offering.pool.get()].push(position);
        }
        Self {
            snapshot,
            plan,
            columns,
            requests,
            sites,
            rooms,
            seats,
            ledger,
            spreads,
            ties,
            domain_keys: snapshot.domain_keys(),
            offerings_of,
        }
    }

    /// Pods of selections over the labels `keys`.
    pub(crate) fn counts(&self, keys: &BTreeSet<&'a LabelKey>) -> Counts<'a> {
        let opens = |position| opens(self.snapshot, &self.ledger, position);
        Counts::new(self.snapshot, keys, &self.seats, &self.sites, opens)
    }

    /// Whether one pod of `shape` fits into `room`; what it does not ask for is not looked at.
    pub(crate) fn fits(&self, shape: ShapeIndex, room: &[i128]) -> bool {
        let asked = &self.requests[shape.get()];
        asked.iter().zip(room).all(|(asked, room)| *asked == 0 || asked <= room)
    }

    /// How many values of `key` are open to a node of the offering at `position`: on offerings of its pool
    /// that have a price, are in its domains and hold what is on it.
    pub(crate) fn open_values(
        &self,
        position: usize,
        key: &LabelKey,
        holds: impl Fn(usize) -> bool,
    ) -> i64 {
        let domains = |position: usize| {
            let labels = self.snapshot.labels_of(&self.snapshot.offerings[position]);
            self.domain_keys.iter().map(move |key| labels.get(key))
        };
        let is_open = |other: &usize| {
            let listing = self.snapshot.listing_of(&self.snapshot.offerings[*other]);
            listing.price.is_some() && domains(*other).eq(domains(position)) && holds(*other)
        };
        let pool = self.snapshot.offerings[position].pool.get();
        let open = self.offerings_of[pool].iter().copied().filter(|other| is_open(other));
        let label =
            |other: usize| self.snapshot.labels_of(&self.snapshot.offerings[other]).get(key);
        let values: BTreeSet<&str> = open.filter_map(label).collect();
        i64::try_from(values.len()).unwrap_or(i64::MAX)
    }

    /// The first pod of `shape` among `pods`, for messages.
    pub(crate) fn first_of(&self, shape: ShapeIndex, pods: &[PodIndex]) -> PodName {
        let pod = pods
            .iter()
            .find(|pod| self.snapshot.pod(**pod).shape == shape)
            .expect("a load counts only shapes of its pods");
        self.snapshot.pod(*pod).name.clone()
    }
}

/// Whether one more node of the offering at `position` could be bought.
fn opens(snapshot: &Snapshot, ledger: &Ledger<'_>, position: usize) -> bool {
    let offering = &snapshot.offerings[position];
    snapshot.listing_of(offering).price.is_some() && ledger.may_buy(snapshot, offering)
}

/// Amounts of `resources` in the order of `columns`.
pub(crate) fn dense(resources: &Resources, columns: &[&ResourceName]) -> Vec<i128> {
    columns.iter().map(|name| i128::from(resources.get(name.as_str()).get())).collect()
}

/// An exact amount as the model has it; what does not fit is cut.
pub(crate) fn amount(exact: i128) -> Amount {
    let least = i128::from(i64::MIN);
    let most = i128::from(i64::MAX);
    let cut = exact.clamp(least, most);
    Amount::new(i64::try_from(cut).expect("just cut to 64 bits"))
}

/// The place of the new node at `position` of the plan.
pub(crate) fn new_node(snapshot: &Snapshot, position: usize, offering: OfferingIndex) -> Place {
    let offering = snapshot.offering(offering);
    let listing = snapshot.listing_of(offering);
    Place::NewNode {
        position,
        pool: snapshot.pool(offering.pool).name.clone(),
        instance_type: snapshot.instance_type(listing.instance_type).name.clone(),
    }
}

/// The place of a node that is there.
pub(crate) fn node(snapshot: &Snapshot, node: NodeIndex) -> Place {
    Place::Node(snapshot.node(node).name.clone())
}
