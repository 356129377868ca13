//! Joins inputs with the catalog into a snapshot.
//!
//! Input: [`Inputs`], the catalog and [`LowerOptions`]. Output: [`Lowered`]: the snapshot, every
//! finding so far, and a summary. One bad pool, class or node never stops the others. The same
//! input gives the same snapshot.

mod attach;
mod default_spreads;
mod defaults;
pub(crate) mod label_keys;
mod live;
mod node_class;
mod nodes;
mod policies;
mod pools;
mod requirements;
mod shapes;
mod subject;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ec2::{Catalog, MarketOptions, PriceGrade, RegionListings, RegionMarket, UnknownRegion};
use model::{
    Amount, CapacityType, Finding, FindingCode, LiveMarket, NodeClass, NodeClassIndex,
    NodeClassName, NodePoolName, PodIndex, PodShape, RegionName, Resources, Snapshot, Timestamp,
    well_known,
};

pub use default_spreads::{DefaultSpreads, SchedulerConfigError};
pub use live::Unavailable;
pub use policies::{MinValuesPolicy, Policies, PreferencePolicy};
pub use summary::Summary;

use crate::claims::{self, Promises};
use crate::fold::{self, Market, Observers, PoolFacts};
use crate::pods::{self, PodSet, Running, Service};
use crate::{Going, Inputs, Objects, PodSelection, RecordedPods};
use attach::Attach;
use defaults::Widening;
use node_class::ClassDraft;
use nodes::{NodeContext, NodeDraft, PoolOfNodes};
use pools::PoolDraft;
use subject::Subject;

/// How inputs are lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowerOptions {
    /// The region that nodes are bought in.
    pub region: String,
    /// Which pods are planned; `None`: pending ones where Nodes are given, else all.
    pub pods: Option<PodSelection>,
    /// Architectures that the assumed pools may have beside `amd64`.
    pub architectures: Vec<String>,
    /// Capacity types that the assumed pools may have beside on-demand.
    pub capacity_types: Vec<CapacityType>,
    /// Whether prices that the catalog does not have are derived, marked as estimates.
    pub estimate_prices: bool,
    /// What the cloud itself says that it sells; wins over the catalog. `None`: the catalog alone.
    pub live_market: Option<Arc<LiveMarket>>,
    /// What was lately refused for lack of capacity; it is not planned.
    pub unavailable: Unavailable,
    /// The time of planning; promises to pods lapse with it.
    pub now: Timestamp,
    /// Whether nothing new may be bought, so that pods go to nodes that are there or nowhere.
    pub existing_only: bool,
    /// Whether objects are watched, so that what makes a pod may be seen after the pod.
    pub watched: bool,
    /// How strictly some rules are taken.
    pub policies: Policies,
}

/// A snapshot, and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// What a plan is made from.
    pub snapshot: Snapshot,
    /// What was wrong, mapped or not honoured: the reader's findings first.
    pub findings: Vec<Finding>,
    /// Services of which every pod is planned, by name; none where running pods are looked at.
    pub services: Vec<Service>,
    /// What was planned on what.
    pub summary: Summary,
    /// Pods that are left for later, as what makes them has not been seen yet.
    pub awaited: usize,
}

impl Lowered {
    /// Services of which every pod is planned: each with its name and its pods.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[PodIndex])> {
        self.services.iter().map(|one| (one.name.as_str(), one.pods.as_slice()))
    }
}

/// Why nothing can be planned at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// The catalog does not have the region.
    #[error(transparent)]
    Region(#[from] UnknownRegion),
}

/// Makes a snapshot of `inputs`.
///
/// # Errors
/// Where the catalog does not have the region.
pub fn lower(
    inputs: Inputs,
    catalog: &Catalog,
    options: &LowerOptions,
) -> Result<Lowered, LowerError> {
    lower_some(inputs, catalog, options, false).map(|(lowered, _)| lowered)
}

/// As [`lower`]; with `runs` the snapshot's pods are those that run and of which it can be said where
/// else they would, and no others. Also gives all that run, in the same order.
pub(crate) fn lower_some(
    inputs: Inputs,
    catalog: &Catalog,
    options: &LowerOptions,
    runs: bool,
) -> Result<(Lowered, Vec<Running>), LowerError> {
    let market = catalog.region(&options.region)?;
    let mut priced = market.listings(&MarketOptions { estimate_prices: options.estimate_prices });
    let Inputs { mut objects, recorded, mut findings } = inputs;
    pods::resolve_namespaces(&mut objects);
    let awaited = spread_by_default(&mut objects, options, &mut findings);
    if let Some(live) = &options.live_market {
        findings.extend(live::apply(&mut priced.listings, market.types(), live));
    }
    let selection = selection(options, &objects, runs);
    let going = Going::new(objects.nodes.iter(), objects.node_claims.iter());
    let promises = promises(selection, (&mut objects, &going), options.now, &mut findings);
    let asked = (runs, options.policies.preferences);
    let collect = |promises: &_| pods::collect(&objects, selection, (promises, &going), asked);
    let mut pod_set = with_kept_promises(promises, &objects, collect, &mut findings);
    findings.append(&mut pod_set.findings);
    let running = std::mem::take(&mut pod_set.running);
    let recorded = if runs { only_running(&mut pod_set, &running) } else { recorded };
    let (shapes, pods) = shapes::merge(&mut pod_set, recorded);
    let (drafts, default_pools) = pool_drafts(&objects, &shapes, options, &mut findings);
    let attach = Attach::new(&objects, &shapes);
    let classes = Classes::new(&objects, &drafts, (&market, &attach), &mut findings);
    let joined = Joined {
        market: &market,
        priced: &priced,
        drafts: &drafts,
        classes: &classes,
        attach: &attach,
    };
    let nodes = match selection {
        PodSelection::Pending => joined.nodes(&objects, &pod_set, &mut findings),
        PodSelection::All => Vec::new(),
    };
    // Only what can be bought is left out: nodes that are there keep their price.
    findings.extend(live::withhold(&mut priced.listings, market.types(), &options.unavailable));
    let of_market = (market.name(), catalog.date());
    let mut summary = summarize(selection, (pods.len(), &pod_set), of_market, &priced);
    summary.default_pools = default_pools;
    let mut snapshot = Snapshot {
        region: market.name().clone(),
        profile: options.policies.profile,
        shapes,
        pods,
        rivals: pod_set.rivals,
        selections: pod_set.selections,
        spreads: pod_set.spreads,
        terms: pod_set.terms,
        soft_rules: pod_set.soft_rules,
        daemon_sets: pod_set.daemon_sets,
        nodes: Vec::new(),
        pools: Vec::new(),
        node_classes: classes.classes,
        types: market.types().to_vec(),
        listings: priced.listings,
        supplies: Vec::new(),
        offerings: Vec::new(),
    };
    add_nodes_and_pools(&mut snapshot, nodes, &drafts);
    if !options.existing_only {
        add_offerings(&mut snapshot, &drafts, &classes.drafts, &mut findings);
        note_unpriced(&snapshot, &mut summary, &mut findings);
    }
    let services = if runs { Vec::new() } else { pod_set.services.whole() };
    Ok((Lowered { snapshot, findings, services, summary, awaited }, running))
}

/// Gives pods the spreads of the cluster; how many are left for later, as it cannot be said yet which.
fn spread_by_default(
    objects: &mut Objects,
    options: &LowerOptions,
    findings: &mut Vec<Finding>,
) -> usize {
    let spreads = &options.policies.default_spreads;
    let waits = options.watched && !spreads.is_empty();
    let awaited = if waits { pods::take_unexplained(objects, options.now) } else { Vec::new() };
    findings.extend(awaited.first().map(|first| Finding {
        code: FindingCode::Note,
        object: first.clone(),
        field: "metadata.ownerReferences".to_owned(),
        message: "what makes the pod has not been seen yet, and says with which pods the cluster's default spreads \
                  count it; it is planned once that is seen, or five seconds after the pod was made"
            .to_owned(),
        remedy: String::new(),
        count: u64::try_from(awaited.len()).unwrap_or(u64::MAX),
    }));
    findings.extend(pods::spread_by_default(objects, spreads));
    awaited.len()
}

/// What is planned on what, but for what was assumed and what has no price; `market` is a region and a date.
fn summarize(
    selection: PodSelection,
    (planned, pod_set): (usize, &PodSet),
    market: (&RegionName, &str),
    priced: &RegionListings,
) -> Summary {
    Summary {
        selection,
        planned: u64::try_from(planned).unwrap_or(u64::MAX),
        bound: count_pods(pod_set.bound.values().map(|bound| &bound.all)),
        daemon: count_pods(pod_set.bound.values().map(|bound| &bound.daemons)),
        region: market.0.clone(),
        catalog_date: market.1.to_owned(),
        price_grades: grades(priced),
        on_demand_prices: priced.on_demand,
        spot_prices: priced.spot,
        unpriced: Vec::new(),
        default_pools: None,
    }
}

/// Where prices come from, and how many types each priced.
fn grades(priced: &RegionListings) -> Vec<(PriceGrade, u64)> {
    let count = |types: &usize| u64::try_from(*types).unwrap_or(u64::MAX);
    priced.by_grade.iter().map(|(grade, types)| (grade.clone(), count(types))).collect()
}

/// Seats that claims promise to pods.
fn promises(
    selection: PodSelection,
    (objects, going): (&mut Objects, &Going),
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Promises {
    match selection {
        PodSelection::Pending => claims::join(objects, going, now, findings),
        PodSelection::All => Promises::new(),
    }
}

/// What `collect` makes of those promises that can be kept.
fn with_kept_promises(
    mut promises: Promises,
    objects: &Objects,
    collect: impl Fn(&Promises) -> PodSet,
    findings: &mut Vec<Finding>,
) -> PodSet {
    let pod_set = collect(&promises);
    if claims::take_back(&mut promises, objects, &pod_set.bound, findings) {
        return collect(&promises);
    }
    pod_set
}

/// Leaves the pods that run and of which it can be said where else they would, and no recorded ones.
fn only_running(pod_set: &mut PodSet, running: &[Running]) -> RecordedPods {
    let known = running.iter().filter_map(|one| Some((one.name.clone(), one.shape.clone().ok()?)));
    pod_set.pods = known.collect();
    RecordedPods::default()
}

/// Pending pods where there is a cluster, else all; what `options` ask for counts, but for the fleet.
fn selection(options: &LowerOptions, objects: &Objects, runs: bool) -> PodSelection {
    let has_cluster = !objects.nodes.is_empty() || !objects.node_claims.is_empty();
    let by_default = if has_cluster { PodSelection::Pending } else { PodSelection::All };
    let asked = if runs { Some(PodSelection::Pending) } else { options.pods };
    asked.unwrap_or(by_default)
}

/// The pools of the input, or the assumed ones with their description; by descending weight, then
/// name.
fn pool_drafts(
    objects: &Objects,
    shapes: &[PodShape],
    options: &LowerOptions,
    findings: &mut Vec<Finding>,
) -> (Vec<PoolDraft>, Option<String>) {
    if objects.node_pools.is_empty() {
        let class = match objects.node_classes.as_slice() {
            [only] => only.metadata.name.as_str(),
            _ => "default",
        };
        let widening = Widening {
            architectures: &options.architectures,
            capacity_types: &options.capacity_types,
        };
        let (drafts, description) = defaults::pools(shapes, &NodeClassName::from(class), widening);
        return (drafts, Some(description));
    }
    if !options.architectures.is_empty() || !options.capacity_types.is_empty() {
        let mut subject = Subject::new("option", "--arch, --capacity-type");
        subject.note(
            FindingCode::Note,
            "",
            "these widen the assumed pools only, and NodePools are given",
            "change the requirements of the NodePools",
        );
        findings.extend(subject.into_findings());
    }
    let mut drafts = Vec::new();
    for pool in &objects.node_pools {
        let class = pool.spec.template.spec.node_class_ref.name.as_str();
        let class = objects.node_classes.iter().find(|one| one.metadata.name == class);
        let (draft, found) = pools::read(pool, class, options.policies.min_values);
        drafts.extend(draft);
        findings.extend(found);
    }
    drafts.sort_by(|a, b| {
        let by_weight = b.pool.weight.cmp(&a.pool.weight);
        by_weight.then_with(|| a.pool.name.cmp(&b.pool.name))
    });
    (drafts, None)
}

/// The node classes that pools refer to, by name, with what was read of each.
struct Classes {
    classes: Vec<NodeClass>,
    drafts: Vec<ClassDraft>,
}

impl Classes {
    fn new(
        objects: &Objects,
        pools: &[PoolDraft],
        (market, attach): (&RegionMarket<'_>, &Attach<'_>),
        findings: &mut Vec<Finding>,
    ) -> Self {
        let names: BTreeSet<&NodeClassName> = pools.iter().map(|pool| &pool.class).collect();
        let drafts: Vec<ClassDraft> =
            names.iter().map(|name| class_draft(objects, pools, name, findings)).collect();
        let classes = names
            .into_iter()
            .zip(&drafts)
            .map(|(name, draft)| {
                let mut machines = market.machines(&draft.settings);
                attach.tell_machines(&mut machines, market, &draft.settings);
                NodeClass { name: name.clone(), machines }
            })
            .collect();
        Self { classes, drafts }
    }

    fn machines(&self, name: &NodeClassName) -> &[model::Machine] {
        let place = self.classes.binary_search_by(|class| class.name.cmp(name));
        place.map_or(&[], |place| self.classes[place].machines.as_slice())
    }
}

fn class_draft(
    objects: &Objects,
    pools: &[PoolDraft],
    name: &NodeClassName,
    findings: &mut Vec<Finding>,
) -> ClassDraft {
    let class = (objects.node_classes.iter()).find(|class| class.metadata.name == name.as_str());
    if let Some(class) = class {
        let (draft, found) = node_class::read(class);
        findings.extend(found);
        return draft;
    }
    // The assumed pools refer to a class that nobody wrote; there is nothing to find.
    if !objects.node_pools.is_empty() {
        let pool = pools.iter().find(|pool| pool.class == *name);
        let mut subject = Subject::new("NodePool", pool.map_or("", |pool| pool.pool.name.as_str()));
        subject.note(
            FindingCode::MissingReference,
            "spec.template.spec.nodeClassRef.name",
            format!(
                "EC2NodeClass {name} is not in the input; AL2023 with default settings is assumed"
            ),
            "give the EC2NodeClass too",
        );
        findings.extend(subject.into_findings());
    }
    ClassDraft::default()
}

/// What nodes are joined with.
struct Joined<'a> {
    market: &'a RegionMarket<'a>,
    priced: &'a RegionListings,
    drafts: &'a [PoolDraft],
    classes: &'a Classes,
    attach: &'a Attach<'a>,
}

impl Joined<'_> {
    /// Nodes by name.
    fn nodes(
        &self,
        objects: &Objects,
        pod_set: &PodSet,
        findings: &mut Vec<Finding>,
    ) -> Vec<NodeDraft> {
        let pools: BTreeMap<NodePoolName, PoolOfNodes<'_>> = (self.drafts.iter())
            .map(|draft| {
                let of_nodes = PoolOfNodes {
                    startup_taints: &draft.startup_taints,
                    machines: self.classes.machines(&draft.class),
                };
                (draft.pool.name.clone(), of_nodes)
            })
            .collect();
        let context = NodeContext {
            market: self.market,
            listings: &self.priced.listings,
            pools: &pools,
            bound: &pod_set.bound,
            attach: self.attach,
        };
        let mut nodes = Vec::with_capacity(objects.nodes.len());
        for node in &objects.nodes {
            let (draft, found) = nodes::read(node, &context);
            nodes.push(draft);
            findings.extend(found);
        }
        nodes.sort_by(|a, b| a.node.name.cmp(&b.node.name));
        nodes
    }
}

fn count_pods<'a>(resources: impl Iterator<Item = &'a Resources>) -> u64 {
    let counts = resources.map(|one| one.get(well_known::PODS).get());
    u64::try_from(counts.sum::<i64>()).unwrap_or(0)
}

fn add_nodes_and_pools(snapshot: &mut Snapshot, nodes: Vec<NodeDraft>, drafts: &[PoolDraft]) {
    snapshot.pools = drafts
        .iter()
        .map(|draft| {
            let mut pool = draft.pool.clone();
            let class = (snapshot.node_classes)
                .binary_search_by(|class| class.name.cmp(&draft.class))
                .expect("every pool's class was read");
            pool.node_class = NodeClassIndex::new(class);
            for node in nodes.iter().filter(|one| one.node.pool.as_ref() == Some(&pool.name)) {
                pool.used.add(&node.capacity);
                let count = pool.used.get(well_known::NODES).get() + 1;
                pool.used.set(well_known::NODES.into(), Amount::new(count));
            }
            pool
        })
        .collect();
    snapshot.nodes = nodes.into_iter().map(|draft| draft.node).collect();
    fold::set_node_rooms(&mut snapshot.nodes, &snapshot.daemon_sets);
}

fn add_offerings(
    snapshot: &mut Snapshot,
    drafts: &[PoolDraft],
    classes: &[ClassDraft],
    findings: &mut Vec<Finding>,
) {
    let facts: Vec<PoolFacts<'_>> = (snapshot.pools.iter().zip(drafts))
        .map(|(pool, draft)| {
            let class = pool.node_class.get();
            PoolFacts {
                pool,
                requirements: &draft.requirements,
                class: &snapshot.node_classes[class].name,
                machines: &snapshot.node_classes[class].machines,
                zones: classes[class].zones.as_ref(),
            }
        })
        .collect();
    let market =
        Market { region: &snapshot.region, types: &snapshot.types, listings: &snapshot.listings };
    let daemon_shapes = snapshot.daemon_sets.iter().map(|set| &set.shape);
    let spread_over = snapshot.spreads.iter().map(|spread| &spread.key);
    let domains = spread_over.chain(snapshot.terms.iter().map(|term| &term.key));
    let domains = domains.chain(snapshot.soft_rules.iter().map(|rule| &rule.key));
    let observers = Observers::new(snapshot.shapes.iter().chain(daemon_shapes), domains);
    let folded = fold::offerings(market, &facts, &observers, &snapshot.daemon_sets);
    for (pool, total) in folded.cut {
        let mut subject = Subject::new("NodePool", snapshot.pools[pool.get()].name.as_str());
        let most = fold::COMBINATIONS_MAX;
        subject.note(
            FindingCode::NotHonoured,
            "spec.template.spec.requirements",
            format!(
                "{total} combinations of custom labels make a difference to pods; the first \
                 {most} are planned"
            ),
            "split the pool so that each leaves fewer custom labels open",
        );
        findings.extend(subject.into_findings());
    }
    snapshot.offerings = folded.offerings;
}

/// Says how many offerings of each pool have no price, and which pools have no offering at all.
fn note_unpriced(snapshot: &Snapshot, summary: &mut Summary, findings: &mut Vec<Finding>) {
    let mut all = vec![0_u64; snapshot.pools.len()];
    let mut unpriced = all.clone();
    for offering in &snapshot.offerings {
        let pool = offering.pool.get();
        all[pool] += 1;
        unpriced[pool] += u64::from(snapshot.listing_of(offering).price.is_none());
    }
    for (pool, (all, unpriced)) in snapshot.pools.iter().zip(all.into_iter().zip(unpriced)) {
        let mut subject = Subject::new("NodePool", pool.name.as_str());
        if all == 0 {
            let message = if pools::wants_reserved_only(&pool.requirements) {
                "the pool takes reserved capacity only, which is not planned yet".to_owned()
            } else {
                format!(
                    "the requirements, or the class's subnets, admit nothing that {} sells",
                    snapshot.region
                )
            };
            let remedy = "loosen the requirements, or choose another region";
            subject.note(FindingCode::Note, "spec.template.spec.requirements", message, remedy);
        }
        let mut found = subject.into_findings();
        if unpriced > 0 {
            summary.unpriced.push((pool.name.clone(), unpriced));
            found.push(Finding {
                code: FindingCode::MissingFact,
                object: format!("NodePool {}", pool.name),
                field: String::new(),
                message: "offerings (type, zone, capacity type) without a known price are not \
                          bought"
                    .to_owned(),
                remedy: "derive and mark the prices with --estimate-prices".to_owned(),
                count: unpriced,
            });
        }
        findings.append(&mut found);
    }
}
