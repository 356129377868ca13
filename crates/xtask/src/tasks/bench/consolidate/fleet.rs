//! A fleet in memory: nodes that were bought, with the pods that run on each.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use model::fleet::{Budget, Cluster, Place, PodBudget, Policy, Protection};
use model::{
    Labels, Move, Node, NodeIndex, NodeState, Objective, OfferingIndex, Pod, PodIndex, Snapshot,
    Timestamp, well_known,
};
use planner::{Seed, Settings};

use super::super::measured::Point;
use super::peer::Grown;
use peer::exchange::{self, Running};

/// Work spent on the plan of each batch.
const BATCH_WORK: u64 = 1_000_000;

/// Numbers by lot, from a seed: a linear congruential generator (Knuth's MMIX), its upper bits.
pub(super) struct Lots(u64);

impl Lots {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1)
    }

    /// A number below `most`.
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(self.0 >> 33).unwrap_or(0);
        drawn % most.max(1)
    }

    /// `all` in another order.
    fn shuffle<T>(&mut self, all: &mut [T]) {
        for place in (1..all.len()).rev() {
            all.swap(place, self.below(place + 1));
        }
    }
}

/// A node that was bought.
#[derive(Clone)]
struct Bought {
    name: String,
    offering: OfferingIndex,
    pods: Vec<Pod>,
}

/// What runs where.
#[derive(Clone)]
pub(super) struct Fleet<'a> {
    base: &'a Snapshot,
    nodes: Vec<Bought>,
    named: usize,
}

impl<'a> Fleet<'a> {
    /// A fleet that was planned batch by batch.
    pub(super) fn grown(base: &'a Snapshot, batches: &[Vec<Pod>]) -> Self {
        let mut fleet = Self { base, nodes: Vec::new(), named: 0 };
        for batch in batches {
            fleet.arrive(batch);
        }
        fleet
    }

    /// The fleet that Karpenter bought.
    pub(super) fn bought(base: &'a Snapshot, grown: &Grown) -> anyhow::Result<Self> {
        let mut fleet = Self { base, nodes: Vec::new(), named: 0 };
        let mut pods = 0;
        for node in &grown.nodes {
            let offering = base.offerings.iter().position(|offering| {
                let listing = base.listing_of(offering);
                base.pool(offering.pool).name.as_str() == node.pool
                    && base.instance_type(listing.instance_type).name.as_str() == node.instance_type
                    && listing.zone.as_str() == node.zone
                    && listing.capacity_type.as_str() == node.capacity_type
            });
            let offering =
                offering.with_context(|| format!("{} is not sold", node.instance_type))?;
            let mut running = Vec::new();
            for (group, count) in &node.pods {
                let shape = exchange::shape_of(group).context("a group of another file")?;
                for _ in 0..*count {
                    pods += 1;
                    running.push(Pod { name: format!("default/p{pods:06}").into(), shape });
                }
            }
            fleet.buy(OfferingIndex::new(offering), running);
        }
        Ok(fleet)
    }

    /// Pods of the list by lot, in batches; again from its beginning where it is shorter.
    pub(super) fn batches(
        base: &Snapshot,
        pods: usize,
        batches: usize,
        lots: &mut Lots,
    ) -> Vec<Vec<Pod>> {
        let mut arriving: Vec<Pod> = Vec::new();
        while arriving.len() < pods && !base.pods.is_empty() {
            let mut round: Vec<usize> = (0..base.pods.len()).collect();
            lots.shuffle(&mut round);
            let again = arriving.len();
            arriving.extend(round.into_iter().map(|place| Pod {
                name: format!("{}-{again}", base.pods[place].name).into(),
                shape: base.pods[place].shape,
            }));
        }
        arriving.truncate(pods);
        arriving.chunks(pods.div_ceil(batches.max(1)).max(1)).map(<[Pod]>::to_vec).collect()
    }

    fn arrive(&mut self, batch: &[Pod]) {
        let snapshot = Snapshot { pods: batch.to_vec(), ..self.snapshot() };
        let settings = Settings {
            price_weights: false,
            objective: Objective::LIST_PRICES,
            work_limit: BATCH_WORK,
        };
        let (plan, _) = planner::plan(&snapshot, &settings, Timestamp(0), Seed(0));
        for fill in plan.existing {
            let pods = fill.pods.iter().map(|pod| batch[pod.get()].clone());
            self.nodes[fill.node.get()].pods.extend(pods);
        }
        for node in plan.new_nodes {
            let pods = node.pods.iter().map(|pod| batch[pod.get()].clone()).collect();
            self.buy(node.offering, pods);
        }
    }

    fn buy(&mut self, offering: OfferingIndex, pods: Vec<Pod>) {
        // Names in the order of purchase are in the order of the list.
        let name = format!("n{:06}", self.named);
        self.named += 1;
        self.nodes.push(Bought { name, offering, pods });
    }

    /// Of a hundred pods `percent` leave.
    pub(super) fn leave(&mut self, percent: usize, lots: &mut Lots) {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (node, bought) in self.nodes.iter().enumerate() {
            places.extend((0..bought.pods.len()).map(|pod| (node, pod)));
        }
        let leaving = places.len() * percent / 100;
        lots.shuffle(&mut places);
        let gone: BTreeSet<(usize, usize)> = places.into_iter().take(leaving).collect();
        for (node, bought) in self.nodes.iter_mut().enumerate() {
            let mut place = 0..;
            bought.pods.retain(|_| place.next().is_none_or(|pod| !gone.contains(&(node, pod))));
        }
    }

    /// The fleet as Karpenter's side reads it.
    pub(super) fn exchange(&self) -> anyhow::Result<serde_json::Value> {
        let running = self.nodes.iter().map(|node| Running {
            name: &node.name,
            offering: self.base.offering(node.offering),
            shapes: node.pods.iter().map(|pod| pod.shape).collect(),
        });
        exchange::fleet(self.base, &running.collect::<Vec<_>>())
    }

    /// Empty nodes go, as emptiness has it.
    pub(super) fn drop_empty(&mut self) {
        self.nodes.retain(|node| !node.pods.is_empty());
    }

    /// The fleet as it is, after so many evictions.
    pub(super) fn point(&self, evictions: usize) -> Point {
        Point { cost: usd(self.cost()), nodes: self.nodes.len(), evictions }
    }

    /// The fleet after each of `moves`, which are of [`Self::as_running`].
    pub(super) fn along(&self, moves: &[Move], evictions: usize) -> Vec<Point> {
        let (mut cost, mut nodes, mut evictions) = (self.cost(), self.nodes.len(), evictions);
        let after = |one: &Move| {
            cost -= one.saving.get();
            nodes = nodes + one.launched.len() - one.removed.len();
            evictions += one.evictions();
            Point { cost: usd(cost), nodes, evictions }
        };
        moves.iter().map(after).collect()
    }

    /// Micro-USD per hour.
    fn cost(&self) -> i64 {
        let all: model::MicroUsdPerHour =
            self.nodes.iter().filter_map(|node| self.price(node)).sum();
        all.get()
    }

    pub(super) fn pods(&self) -> usize {
        self.nodes.iter().map(|node| node.pods.len()).sum()
    }

    fn price(&self, node: &Bought) -> Option<model::MicroUsdPerHour> {
        self.base.listing_of(self.base.offering(node.offering)).price.map(|price| price.rate)
    }

    /// What any plan costs for the pods that run, bought anew; `None` where it is not asked for.
    pub(super) fn bound(&self, work: u64) -> Option<f64> {
        if work == 0 {
            return None;
        }
        let pods = self.nodes.iter().flat_map(|node| node.pods.iter().cloned()).collect();
        let snapshot = Snapshot { pods, ..self.base.clone() };
        let objective = Objective::LIST_PRICES;
        let settings = Settings { price_weights: false, objective, work_limit: work };
        let (plan, report) = planner::plan(&snapshot, &settings, Timestamp(0), Seed(0));
        let proved = checker::prove_best(&snapshot, &plan, &report.candidates, objective, work);
        proved.ok().map(|(_, bound)| usd(bound.lower.get() / 1000))
    }

    /// The snapshot with the nodes and no pod that waits.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { pods: Vec::new(), ..self.base.clone() };
        snapshot.nodes = self.nodes.iter().map(|node| self.node(node)).collect();
        snapshot
    }

    fn node(&self, bought: &Bought) -> Node {
        let base = self.base;
        let offering = base.offering(bought.offering);
        let listing = base.listing_of(offering);
        let machine = base.machine_of(offering);
        let mut allocatable = machine.capacity.clone();
        allocatable.subtract(&machine.overhead);
        let mut daemons = allocatable.clone();
        daemons.subtract(&offering.room);
        let mut bound = daemons.clone();
        for pod in &bought.pods {
            bound.add(&base.shape(pod.shape).requests);
        }
        let mut room = allocatable.clone();
        room.subtract(&bound);
        let pool = base.pool(offering.pool);
        let mut labels: Labels = base.instance_type(listing.instance_type).labels.clone();
        labels.extend(pool.labels.clone());
        labels.extend(offering.chosen_labels.clone());
        for (key, value) in [
            (well_known::HOSTNAME, bought.name.as_str()),
            (well_known::ZONE, listing.zone.as_str()),
            (well_known::ZONE_ID, listing.zone_id.as_str()),
            (well_known::REGION, base.region.as_str()),
            (well_known::CAPACITY_TYPE, listing.capacity_type.as_str()),
            (well_known::NODE_POOL, pool.name.as_str()),
            (well_known::NODE_CLASS, base.node_class(pool.node_class).name.as_str()),
        ] {
            labels.insert(key.into(), value.into());
        }
        Node {
            name: bought.name.as_str().into(),
            pool: Some(pool.name.clone()),
            state: NodeState::Ready,
            labels,
            taints: pool.taints.clone(),
            allocatable,
            bound,
            bound_daemons: daemons,
            room,
            rivals: Vec::new(),
            matched: Vec::new(),
            apart: Vec::new(),
            price: self.price(bought),
        }
    }

    /// The snapshot of what runs, and the cluster: budgets of 100 %, nothing barred.
    pub(super) fn as_running(&self) -> (Snapshot, Cluster) {
        let mut snapshot = self.snapshot();
        let mut cluster = Cluster::default();
        for bought in &self.nodes {
            let mut pods = Vec::new();
            for pod in &bought.pods {
                let place = Place::Pod(PodIndex::new(snapshot.pods.len()));
                snapshot.pods.push(pod.clone());
                pods.push(model::fleet::Pod {
                    name: pod.name.clone(),
                    active: true,
                    reschedulable: true,
                    evictable: true,
                    protection: Protection::None,
                    budget: PodBudget::Allows,
                    deletion_cost: 0,
                    priority: 0,
                    place,
                });
            }
            let pool = self.base.pool(self.base.offering(bought.offering).pool);
            cluster.nodes.push(model::fleet::Node {
                claim: Some(bought.name.as_str().into()),
                name: Some(bought.name.as_str().into()),
                pool: Some(pool.name.clone()),
                initialized: true,
                ready: true,
                deleting: false,
                terminating: false,
                nominated: false,
                do_not_disrupt: false,
                quiet_since: Some(Timestamp(0)),
                expires: None,
                price: self.price(bought),
                pods,
            });
        }
        let settled = |pool: &model::NodePool| model::fleet::Pool {
            name: pool.name.clone(),
            is_static: false,
            consolidate_after: Some(0),
            policy: Policy::default(),
            budgets: vec![Budget::read(Some("100%"), None, None, None)],
        };
        cluster.pools = self.base.pools.iter().map(settled).collect();
        (snapshot, cluster)
    }

    /// The fleet after `moves`, which are of [`Self::as_running`].
    pub(super) fn carry_out(&mut self, moves: &[Move]) {
        let all: Vec<Pod> = self.nodes.iter().flat_map(|node| node.pods.iter().cloned()).collect();
        let gone: BTreeSet<NodeIndex> =
            moves.iter().flat_map(|one| one.removed.iter().copied()).collect();
        let mut taken: BTreeMap<NodeIndex, Vec<Pod>> = BTreeMap::new();
        let pods = |pods: &[PodIndex]| -> Vec<Pod> {
            pods.iter().map(|pod| all[pod.get()].clone()).collect()
        };
        for fill in moves.iter().flat_map(|one| &one.taken) {
            taken.entry(fill.node).or_default().extend(pods(&fill.pods));
        }
        let mut nodes = Vec::new();
        for (place, mut node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            let index = NodeIndex::new(place);
            node.pods.extend(taken.remove(&index).unwrap_or_default());
            if !gone.contains(&index) {
                nodes.push(node);
            }
        }
        self.nodes = nodes;
        for launched in moves.iter().flat_map(|one| &one.launched) {
            self.buy(launched.offering, pods(&launched.pods));
        }
    }
}

/// Micro-USD in USD, exact as far as a bench shows it.
pub(super) fn usd(micro: i64) -> f64 {
    let dollars = i32::try_from(micro / 1_000_000).unwrap_or(i32::MAX);
    let rest = i32::try_from(micro % 1_000_000).unwrap_or_default();
    f64::from(dollars) + f64::from(rest) / 1e6
}
