//! The snapshot: everything a plan depends on, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    DaemonSet, InstanceType, LabelKey, Listing, Machine, Node, NodeClass, NodePool, Offering,
    OfferingLabels, Operator, Pod, PodShape, Profile, RegionName, Requirement, Rivals, Selection,
    SoftRule, Spread, Supply, Term, is_disliked, well_known,
};

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The index of the `position`th element.
            ///
            /// Lists are limited to `u32::MAX` entries by their readers.
            pub fn new(position: usize) -> Self {
                Self(u32::try_from(position).expect("lists have fewer than 2^32 entries"))
            }

            /// The position in its list.
            pub const fn get(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

indices! {
    /// Index into [`Snapshot::shapes`].
    ShapeIndex;
    /// Index into [`Snapshot::pods`].
    PodIndex;
    /// Index into [`Snapshot::nodes`].
    NodeIndex;
    /// Index into [`Snapshot::pools`].
    PoolIndex;
    /// Index into [`Snapshot::node_classes`].
    NodeClassIndex;
    /// Index into the machines of the pool's node class.
    MachineIndex;
    /// Index into [`Snapshot::types`].
    TypeIndex;
    /// Index into [`Snapshot::listings`].
    ListingIndex;
    /// Index into [`Snapshot::offerings`].
    OfferingIndex;
    /// Index into [`Snapshot::rivals`].
    RivalsIndex;
    /// Index into [`Snapshot::supplies`].
    SupplyIndex;
    /// Index into [`Snapshot::selections`].
    SelectionIndex;
    /// Index into [`Snapshot::spreads`].
    SpreadIndex;
    /// Index into [`Snapshot::terms`].
    TermIndex;
    /// Index into [`Snapshot::soft_rules`].
    SoftRuleIndex;
}

/// A moment of a cluster and of the market, lowered to what planning looks at.
///
/// Raw facts (`types`, `node_classes`, `listings`, `daemon_sets`) stand beside the figures folded
/// from them (`offerings`, `Node::room`), so that the checker can fold them again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The region that nodes are bought in.
    pub region: RegionName,
    /// How preferences are taken.
    pub profile: Profile,
    /// Distinct pod shapes, sorted.
    pub shapes: Vec<PodShape>,
    /// Pods that want a node, in input order.
    pub pods: Vec<Pod>,
    /// Groups of pods that keep apart on nodes: those of anti-affinity by name, then those of host ports.
    pub rivals: Vec<Rivals>,
    /// Pods that rules between pods count, by name.
    pub selections: Vec<Selection>,
    /// Distinct spreads that pods carry, sorted.
    pub spreads: Vec<Spread>,
    /// Distinct terms of affinity and anti-affinity between pods that pods carry, sorted.
    pub terms: Vec<Term>,
    /// Distinct soft rules between pods that pods carry, sorted; none where preferences are ignored.
    pub soft_rules: Vec<SoftRule>,
    /// DaemonSets, by name.
    pub daemon_sets: Vec<DaemonSet>,
    /// Existing and in-flight nodes, by name.
    pub nodes: Vec<Node>,
    /// Pools that may open nodes, by descending weight, then ascending name.
    pub pools: Vec<NodePool>,
    /// Node classes that pools refer to, by name.
    pub node_classes: Vec<NodeClass>,
    /// Instance types of the region, by name.
    pub types: Vec<InstanceType>,
    /// What the region sells, by type, zone, capacity type, and within those what draws on no
    /// supply first.
    pub listings: Vec<Listing>,
    /// What some listings draw on and of which there is only so much, by name.
    pub supplies: Vec<Supply>,
    /// What each pool can buy, by pool, listing, chosen labels; unpriced listings included.
    pub offerings: Vec<Offering>,
}

impl Snapshot {
    /// The shape at `index`.
    pub fn shape(&self, index: crate::ShapeIndex) -> &PodShape {
        &self.shapes[index.get()]
    }

    /// The pod at `index`.
    pub fn pod(&self, index: PodIndex) -> &Pod {
        &self.pods[index.get()]
    }

    /// The shape of the pod at `index`.
    pub fn shape_of(&self, index: PodIndex) -> &PodShape {
        self.shape(self.pod(index).shape)
    }

    /// This snapshot in which the pods have `shapes`, one for each of them.
    #[must_use]
    pub fn with_shapes(&self, shapes: impl IntoIterator<Item = PodShape>) -> Self {
        let mut places: BTreeMap<PodShape, Vec<PodIndex>> = BTreeMap::new();
        for (position, shape) in shapes.into_iter().enumerate() {
            places.entry(shape).or_default().push(PodIndex::new(position));
        }
        let mut pods = self.pods.clone();
        let mut distinct = Vec::with_capacity(places.len());
        for (shape, of_shape) in places {
            for pod in of_shape {
                pods[pod.get()].shape = ShapeIndex::new(distinct.len());
            }
            distinct.push(shape);
        }
        Self { shapes: distinct, pods, ..self.clone() }
    }

    /// That the pool is none of those with a taint that asks pods of `shape` to stay away; `None`: there is none.
    pub fn other_pools(&self, shape: &PodShape) -> Option<(LabelKey, Requirement)> {
        let disliked =
            self.pools.iter().filter(|pool| is_disliked(&pool.taints, &shape.tolerations));
        let names: Vec<String> = disliked.map(|pool| pool.name.as_str().to_owned()).collect();
        let others = (!names.is_empty()).then(|| Requirement::new(Operator::NotIn, &names).ok());
        Some((LabelKey::from(well_known::NODE_POOL), others.flatten()?))
    }

    /// The node at `index`.
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.get()]
    }

    /// The pool at `index`.
    pub fn pool(&self, index: PoolIndex) -> &NodePool {
        &self.pools[index.get()]
    }

    /// The node class at `index`.
    pub fn node_class(&self, index: NodeClassIndex) -> &NodeClass {
        &self.node_classes[index.get()]
    }

    /// The instance type at `index`.
    pub fn instance_type(&self, index: TypeIndex) -> &InstanceType {
        &self.types[index.get()]
    }

    /// The listing at `index`.
    pub fn listing(&self, index: ListingIndex) -> &Listing {
        &self.listings[index.get()]
    }

    /// The offering at `index`.
    pub fn offering(&self, index: OfferingIndex) -> &Offering {
        &self.offerings[index.get()]
    }

    /// The listing that `offering` buys.
    pub fn listing_of(&self, offering: &Offering) -> &Listing {
        self.listing(offering.listing)
    }

    /// The supply that a node of `offering` takes a unit of; `None` where it is not capped.
    pub fn supply_of(&self, offering: &Offering) -> Option<SupplyIndex> {
        self.listing_of(offering).supply
    }

    /// The supply at `index`.
    pub fn supply(&self, index: SupplyIndex) -> &Supply {
        &self.supplies[index.get()]
    }

    /// The rivals at `index`.
    pub fn rivals(&self, index: RivalsIndex) -> &Rivals {
        &self.rivals[index.get()]
    }

    /// The selection at `index`.
    pub fn selection(&self, index: SelectionIndex) -> &Selection {
        &self.selections[index.get()]
    }

    /// The spread at `index`.
    pub fn spread(&self, index: SpreadIndex) -> &Spread {
        &self.spreads[index.get()]
    }

    /// The term at `index`.
    pub fn term(&self, index: TermIndex) -> &Term {
        &self.terms[index.get()]
    }

    /// The soft rule at `index`.
    pub fn soft_rule(&self, index: SoftRuleIndex) -> &SoftRule {
        &self.soft_rules[index.get()]
    }

    /// What `offering` holds before DaemonSets.
    pub fn machine_of(&self, offering: &Offering) -> &Machine {
        let class = self.pool(offering.pool).node_class;
        &self.node_class(class).machines[offering.machine.get()]
    }

    /// Labels whose values are domains: those that listed spreads and terms are over, the hostname aside.
    pub fn domain_keys(&self) -> BTreeSet<&LabelKey> {
        let spreads = self.spreads.iter().map(|spread| &spread.key);
        let keys = spreads.chain(self.terms.iter().map(|term| &term.key));
        keys.filter(|key| key.as_str() != well_known::HOSTNAME).collect()
    }

    /// The labels that a node of `offering` will carry.
    pub const fn labels_of<'a>(&'a self, offering: &'a Offering) -> OfferingLabels<'a> {
        OfferingLabels::new(self, offering)
    }
}
