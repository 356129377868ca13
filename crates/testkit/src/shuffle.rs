//! The same world in another order or under other names, as a seed says.

use std::collections::BTreeMap;

use model::{
    LabelKey, Listing, ListingIndex, PodName, RivalsIndex, RivalsName, SelectionIndex, ShapeIndex,
    Snapshot, SoftRuleIndex, SpreadIndex, Supply, SupplyIndex, TermIndex, well_known,
};

/// The lines of a world's text in another order. [`crate::parse`] gives a snapshot that differs in
/// the order of pods and in nothing else.
pub fn shuffle_lines(text: &str, seed: u64) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    Random(seed).shuffle(&mut lines);
    lines.join("\n")
}

/// The same snapshot with pods in another order, the only order in it that nothing prescribes.
pub fn shuffle_pods(snapshot: &Snapshot, seed: u64) -> Snapshot {
    let mut shuffled = snapshot.clone();
    Random(seed).shuffle(&mut shuffled.pods);
    shuffled
}

/// The same snapshot under other names of pods, nodes, namespaces, rivals, selections and supplies, so that any
/// order by name differs; lists that are sorted by name are sorted again.
///
/// # Panics
/// Where some pod or DaemonSet asks for a node by its name: its requirement would have to follow.
pub fn rename(snapshot: &Snapshot, seed: u64) -> Snapshot {
    let hostname = LabelKey::from(well_known::HOSTNAME);
    let shapes = snapshot.shapes.iter();
    let all = shapes.chain(snapshot.daemon_sets.iter().map(|set| &set.shape));
    let mut terms = all.flat_map(|shape| &shape.alternatives);
    assert!(
        terms.all(|terms| terms.get(hostname.as_str()).is_none()),
        "a world whose pods ask for nodes by name cannot be renamed"
    );
    let mut random = Random(seed);
    let mut renamed = snapshot.clone();
    let mut namespaces: BTreeMap<String, String> = BTreeMap::new();
    let numbers = random.numbers(renamed.pods.len());
    for (pod, number) in renamed.pods.iter_mut().zip(numbers) {
        let namespace = pod.name.as_str().split('/').next().unwrap_or_default();
        let namespace = namespaces
            .entry(namespace.to_owned())
            .or_insert_with(|| format!("ns-{}", random.below(1_000_000)));
        pod.name = PodName::from(format!("{namespace}/pod-{number}"));
    }
    let numbers = random.numbers(renamed.nodes.len());
    for (node, number) in renamed.nodes.iter_mut().zip(numbers) {
        let name = format!("node-{number}");
        node.labels.insert(hostname.clone(), name.as_str().into());
        node.name = name.into();
    }
    renamed.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    rename_rivals(&mut renamed, &mut random);
    rename_selections(&mut renamed, &mut random);
    rename_supplies(&mut renamed, &mut random);
    renamed
}

/// Gives rivals other names, and with them other places in their list and shapes other places in
/// theirs.
fn rename_rivals(snapshot: &mut Snapshot, random: &mut Random) {
    let places = random.numbers(snapshot.rivals.len());
    let moved = |group: &RivalsIndex| RivalsIndex::new(places[group.get()]);
    let all = |rivals: &mut Vec<RivalsIndex>| {
        for group in rivals.iter_mut() {
            *group = moved(group);
        }
        rivals.sort_unstable();
    };
    snapshot.shapes.iter_mut().for_each(|shape| all(&mut shape.rivals));
    snapshot.nodes.iter_mut().for_each(|node| all(&mut node.rivals));
    for (place, group) in snapshot.rivals.iter_mut().enumerate() {
        group.name = RivalsName::from(format!("rivals-{place:06}"));
    }
    sort_shapes(snapshot);
}

/// Gives selections other names, and with them other places in their list and spreads other places in
/// theirs.
fn rename_selections(snapshot: &mut Snapshot, random: &mut Random) {
    let places = random.numbers(snapshot.selections.len());
    let moved = |selection: SelectionIndex| SelectionIndex::new(places[selection.get()]);
    for (place, selection) in snapshot.selections.iter_mut().enumerate() {
        selection.name = format!("selection-{place:06}").into();
    }
    for node in &mut snapshot.nodes {
        node.matched.iter_mut().for_each(|entry| entry.0 = moved(entry.0));
        node.matched.sort_unstable();
    }
    for spread in &mut snapshot.spreads {
        spread.selection = moved(spread.selection);
    }
    for term in &mut snapshot.terms {
        term.selection = moved(term.selection);
    }
    for rule in &mut snapshot.soft_rules {
        rule.selection = moved(rule.selection);
    }
    sort_terms(snapshot);
    sort_soft_rules(snapshot);
    let before = snapshot.spreads.clone();
    snapshot.spreads.sort();
    let place = |spread: &SpreadIndex| {
        let place = snapshot.spreads.binary_search(&before[spread.get()]);
        SpreadIndex::new(place.expect("it has the same spreads"))
    };
    for shape in &mut snapshot.shapes {
        shape.rules.matches.iter_mut().for_each(|selection| *selection = moved(*selection));
        shape.rules.matches.sort_unstable();
        shape.rules.spreads.iter_mut().for_each(|spread| *spread = place(spread));
        shape.rules.spreads.sort_unstable();
    }
    sort_shapes(snapshot);
}

/// Puts soft rules in order again.
fn sort_soft_rules(snapshot: &mut Snapshot) {
    let before = snapshot.soft_rules.clone();
    snapshot.soft_rules.sort();
    for shape in &mut snapshot.shapes {
        for rule in &mut shape.rules.soft {
            let place = snapshot.soft_rules.binary_search(&before[rule.get()]);
            *rule = SoftRuleIndex::new(place.expect("it has the same soft rules"));
        }
        shape.rules.soft.sort_unstable();
    }
}

/// Puts terms in order again.
fn sort_terms(snapshot: &mut Snapshot) {
    let before = snapshot.terms.clone();
    snapshot.terms.sort();
    let place = |term: &TermIndex| {
        let place = snapshot.terms.binary_search(&before[term.get()]);
        TermIndex::new(place.expect("it has the same terms"))
    };
    for shape in &mut snapshot.shapes {
        for list in [&mut shape.rules.together, &mut shape.rules.apart] {
            for term in list.iter_mut() {
                *term = place(term);
            }
            list.sort_unstable();
        }
    }
    for node in &mut snapshot.nodes {
        node.apart.iter_mut().for_each(|entry| entry.0 = place(&entry.0));
        node.apart.sort_unstable();
    }
}

/// Puts shapes in order again.
fn sort_shapes(snapshot: &mut Snapshot) {
    let mut sorted = snapshot.shapes.clone();
    sorted.sort();
    for pod in &mut snapshot.pods {
        let place = sorted.binary_search(&snapshot.shapes[pod.shape.get()]);
        pod.shape = ShapeIndex::new(place.expect("it has the same shapes"));
    }
    snapshot.shapes = sorted;
}

/// Gives supplies other names, and with them other places in their list and listings and offerings
/// other places in theirs.
fn rename_supplies(snapshot: &mut Snapshot, random: &mut Random) {
    let places = random.numbers(snapshot.supplies.len());
    let mut supplies: Vec<(usize, Supply)> =
        places.iter().copied().zip(std::mem::take(&mut snapshot.supplies)).collect();
    supplies.sort_by_key(|(place, _)| *place);
    let named = |(place, supply)| Supply { name: format!("supply-{place:06}").into(), ..supply };
    snapshot.supplies = supplies.into_iter().map(named).collect();
    let mut listings: Vec<(usize, Listing)> =
        std::mem::take(&mut snapshot.listings).into_iter().enumerate().collect();
    for (_, listing) in &mut listings {
        listing.supply = listing.supply.map(|supply| SupplyIndex::new(places[supply.get()]));
    }
    listings.sort_by(|(a_place, a), (b_place, b)| {
        let key =
            |one: &Listing| (one.instance_type, one.zone.clone(), one.capacity_type, one.supply);
        key(a).cmp(&key(b)).then(a_place.cmp(b_place))
    });
    let mut moved = vec![0; listings.len()];
    for (place, (before, _)) in listings.iter().enumerate() {
        moved[*before] = place;
    }
    snapshot.listings = listings.into_iter().map(|(_, listing)| listing).collect();
    for offering in &mut snapshot.offerings {
        offering.listing = ListingIndex::new(moved[offering.listing.get()]);
    }
    snapshot.offerings.sort_by(|a, b| {
        (a.pool, a.listing, &a.chosen_labels).cmp(&(b.pool, b.listing, &b.chosen_labels))
    });
}

/// Splitmix64 (Steele, Lea, Flood 2014): a few lines, the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0; the bias is of no matter to tests.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u64::try_from(last + 1).expect("lengths fit 64 bits");
            let other = usize::try_from(self.below(bound)).expect("below a length");
            items.swap(last, other);
        }
    }

    /// The numbers below `count`, shuffled.
    fn numbers(&mut self, count: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..count).collect();
        self.shuffle(&mut numbers);
        numbers
    }
}
