//! A small answer for the renderers' tests: two pools, three listings, four pods.

use model::{
    Amount, CapacityType, Finding, FindingCode, InstanceType, InstanceTypeName, Labels, Listing,
    ListingIndex, Machine, MachineIndex, MicroUsdPerHour, NanoUsdPerHour, NewNode, Node, NodeClass,
    NodeClassIndex, NodeFill, NodeIndex, NodePool, NodeState, Offering, OfferingIndex, Plan, Pod,
    PodIndex, PodShape, PoolIndex, Price, Reason, Requirements, Resources, ShapeIndex, Snapshot,
    Supply, SupplyIndex, SupplyKind, TypeIndex, Unschedulable,
};
use planner::{Report, Seed, Settings, Timestamp};

use crate::answer::{Answer, CatalogDates, Circumstances, PriceDate, SearchEnd};
use crate::bill::Bill;

const GIB: i64 = 1 << 30;

/// What an [`Answer`] borrows.
pub(crate) struct Fixture {
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    pub(crate) report: Report,
    pub(crate) findings: Vec<Finding>,
}

impl Fixture {
    /// Three pods on three nodes, of which one is there; one pod nowhere.
    pub(crate) fn new() -> Self {
        let snapshot = snapshot();
        let (_, mut report) = planner::plan(
            &snapshot,
            &Settings {
                price_weights: false,
                objective: model::Objective::LIST_PRICES,
                work_limit: 0,
            },
            Timestamp(0),
            Seed(7),
        );
        report.candidates.truncate(1);
        report.candidates.push(report.candidates[0].clone());
        Self { snapshot, plan: plan(), report, findings: findings() }
    }

    /// The answer over all of it.
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer {
            snapshot: &self.snapshot,
            plan: &self.plan,
            report: &self.report,
            bill: Bill {
                minimised: model::Objective {
                    restart_cost: 50_000,
                    ..model::Objective::LIST_PRICES
                },
                preferences: checker::Preferences::default(),
                cost: MicroUsdPerHour::new(1_234_567_800),
                existing: MicroUsdPerHour::new(96_000),
                existing_unpriced: 2,
                objective: NanoUsdPerHour::new(1_234_567_817_123),
                objective_bound: NanoUsdPerHour::new(1_200_000_000_999),
                objective_proof: 0,
                cost_bound: NanoUsdPerHour::new(1_199_000_000_000),
                cost_proof: 1,
            },
            search_end: SearchEnd::TimeLimit,
            findings: &self.findings,
            circumstances: Circumstances {
                pods: "pending",
                catalog: CatalogDates {
                    newest: "2026-10-27".to_owned(),
                    prices: vec![PriceDate {
                        as_of: "2026-07-20".to_owned(),
                        source: "karpenter".to_owned(),
                        quality: "primary".to_owned(),
                        types: 2,
                    }],
                },
                default_pools: String::new(),
                attribution: "",
                seed: 7,
            },
        }
    }
}

fn snapshot() -> Snapshot {
    let class = NodeClass {
        name: "default".into(),
        machines: vec![machine(0, 4, 16), machine(1, 192, 768)],
    };
    Snapshot {
        profile: model::Profile::Cost,
        region: "us-east-1".into(),
        shapes: vec![shape(1500, 4), shape(1000, 800)],
        pods: vec![pod("a", 0), pod("b", 0), pod("c", 0), pod("huge", 1)],
        rivals: Vec::new(),
        selections: Vec::new(),
        spreads: Vec::new(),
        terms: Vec::new(),
        soft_rules: Vec::new(),
        daemon_sets: Vec::new(),
        nodes: vec![existing("p1-0001")],
        pools: vec![pool("p1", 10), pool("p2", 0)],
        node_classes: vec![class],
        types: vec![kind("m7i.xlarge"), kind("m7i.48xlarge")],
        listings: vec![
            Listing {
                supply: Some(SupplyIndex::new(0)),
                ..listing(0, CapacityType::Reserved, Some((201_600, false)))
            },
            listing(1, CapacityType::Spot, Some((1_234_366_200, true))),
            listing(1, CapacityType::OnDemand, None),
        ],
        supplies: vec![Supply {
            name: "cr-1".into(),
            kind: SupplyKind::CapacityReservation,
            cap: 3,
        }],
        offerings: vec![offering(0, 0, 0), offering(1, 1, 1), offering(1, 2, 1)],
    }
}

fn plan() -> Plan {
    let node = |offering, pod| NewNode {
        offering: OfferingIndex::new(offering),
        pods: vec![PodIndex::new(pod)],
    };
    Plan {
        new_nodes: vec![node(0, 0), node(1, 1)],
        existing: vec![NodeFill { node: NodeIndex::new(0), pods: vec![PodIndex::new(2)] }],
        unschedulable: vec![Unschedulable { pods: vec![PodIndex::new(3)], reasons: reasons() }],
    }
}

/// One reason per code that a pod may have beside others.
pub(crate) fn reasons() -> Vec<Reason> {
    let mut reasons = vec![
        Reason::Taint {
            pool: "p1".into(),
            taint: model::Taint {
                key: "dedicated".to_owned(),
                value: "batch".to_owned(),
                effect: model::Effect::NoSchedule,
            },
            excluded: 1,
        },
        Reason::Requirement { pool: "p2".into(), key: "kubernetes.io/arch".into(), excluded: 1812 },
        Reason::Unpriced { pool: "p2".into(), excluded: 12 },
        Reason::Resource {
            pool: "p2".into(),
            resource: "memory".into(),
            needs: Amount::new(800 * GIB),
            largest: Amount::new(767 * GIB + (1 << 28)),
            largest_type: InstanceTypeName::new("m7i.48xlarge"),
            excluded: 2,
        },
        Reason::Resource {
            pool: "p2".into(),
            resource: "nvidia.com/gpu".into(),
            needs: Amount::new(2),
            largest: Amount::ZERO,
            largest_type: InstanceTypeName::new("m7i.48xlarge"),
            excluded: 2,
        },
        Reason::Combination { pool: "p2".into(), excluded: 2 },
        Reason::MinValues {
            pool: "p2".into(),
            key: "karpenter.k8s.aws/instance-family".into(),
            least: 3,
            open: 2,
            excluded: 2,
        },
        Reason::Limit {
            pool: "p2".into(),
            resource: "cpu".into(),
            limit: Amount::new(200_000),
            used: Amount::new(196_000),
            least: Amount::new(192_000),
            excluded: 2,
        },
        Reason::Supply { pool: "p2".into(), supply: "cr-1".into(), cap: 3, excluded: 1 },
        Reason::Spread {
            pool: "p2".into(),
            key: "topology.kubernetes.io/zone".into(),
            selection: "default: app In [web]".into(),
            max_skew: 1,
            least: 2,
            least_in: Some("us-east-1c".into()),
            load: 3,
            excluded: 4,
        },
    ];
    reasons.extend(of_terms());
    reasons.extend([Reason::EmptyPool { pool: "p3".into() }, Reason::NoNodePool]);
    reasons
}

/// Those that are about terms between pods.
fn of_terms() -> Vec<Reason> {
    vec![
        Reason::Affinity {
            pool: "p2".into(),
            key: "topology.kubernetes.io/zone".into(),
            selection: "default: app In [db]".into(),
            there_in: Some("us-east-1a".into()),
            excluded: 3,
        },
        Reason::AntiAffinity {
            pool: "p2".into(),
            key: "topology.kubernetes.io/zone".into(),
            selection: "default: app In [db]".into(),
            own: true,
            pods: 2,
            excluded: 1,
        },
    ]
}

fn findings() -> Vec<Finding> {
    vec![
        Finding {
            code: FindingCode::BadField,
            object: "Pod default/web".to_owned(),
            field: "spec.containers[0].resources.requests.cpu".to_owned(),
            message: "\"lots\" is not a quantity".to_owned(),
            remedy: "give a number such as 500m".to_owned(),
            count: 1,
        },
        Finding {
            code: FindingCode::Mapping,
            object: "trace.csv".to_owned(),
            field: String::new(),
            message: "gpu_milli is dropped".to_owned(),
            remedy: String::new(),
            count: 8152,
        },
    ]
}

fn machine(kind: usize, cores: i64, gib: i64) -> Machine {
    let capacity =
        Resources::new().with("cpu", cores * 1000).with("memory", gib * GIB).with("pods", 110);
    Machine {
        instance_type: TypeIndex::new(kind),
        capacity,
        overhead: Resources::new().with("cpu", 80).with("memory", GIB),
    }
}

fn shape(cpu: i64, gib: i64) -> PodShape {
    PodShape {
        requests: Resources::new().with("cpu", cpu).with("memory", gib * GIB).with("pods", 1),
        alternatives: vec![Requirements::new()],
        ..PodShape::default()
    }
}

fn pod(name: &str, shape: usize) -> Pod {
    Pod { name: format!("default/{name}").into(), shape: ShapeIndex::new(shape) }
}

fn existing(name: &str) -> Node {
    let allocatable = Resources::new().with("cpu", 1920).with("memory", 6 * GIB).with("pods", 20);
    Node {
        name: name.into(),
        pool: Some("p1".into()),
        state: NodeState::Ready,
        labels: Labels::new(),
        taints: Vec::new(),
        allocatable: allocatable.clone(),
        bound: Resources::new(),
        bound_daemons: Resources::new(),
        room: allocatable,
        rivals: Vec::new(),
        matched: Vec::new(),
        apart: Vec::new(),
        price: Some(MicroUsdPerHour::new(96_000)),
    }
}

fn pool(name: &str, weight: i32) -> NodePool {
    NodePool {
        name: name.into(),
        weight,
        requirements: Requirements::new(),
        min_values: Vec::new(),
        labels: Labels::new(),
        taints: Vec::new(),
        limits: vec![("cpu".into(), Amount::new(200_000)), ("nodes".into(), Amount::new(5))],
        node_class: NodeClassIndex::new(0),
        used: Resources::new().with("nodes", 1),
    }
}

fn kind(name: &str) -> InstanceType {
    InstanceType { name: name.into(), labels: Labels::new() }
}

fn listing(kind: usize, capacity_type: CapacityType, price: Option<(i64, bool)>) -> Listing {
    Listing {
        instance_type: TypeIndex::new(kind),
        zone: "us-east-1a".into(),
        zone_id: "use1-az1".into(),
        capacity_type,
        price: price.map(|(micro_usd, estimated)| Price {
            rate: MicroUsdPerHour::new(micro_usd),
            estimated,
        }),
        interruption: None,
        supply: None,
    }
}

fn offering(pool: usize, listing: usize, machine: usize) -> Offering {
    let room = match machine {
        0 => Resources::new().with("cpu", 3420).with("memory", 14 * GIB),
        _ => Resources::new().with("cpu", 191_420).with("memory", 766 * GIB),
    };
    Offering {
        pool: PoolIndex::new(pool),
        listing: ListingIndex::new(listing),
        machine: MachineIndex::new(machine),
        chosen_labels: std::iter::once(("team".into(), "red".into())).collect(),
        room: room.with("pods", 109),
    }
}
