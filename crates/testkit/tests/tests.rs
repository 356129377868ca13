//! Worlds are what their text says, and stay consistent under apply, shuffle and rename.

use model::{
    Amount, CapacityType, LabelKey, Listing, NewNode, NodeFill, NodeIndex, NodeState, Offering,
    OfferingIndex, Plan, Pod, PodIndex, PodRules, PodShape, Resources, Snapshot,
};
use proptest::prelude::*;
use testkit::{apply, parse, rename, shuffle_lines, shuffle_pods, world, worlds};

const SMALL: &str = "
    zones a,b
    class lean overhead cpu=100m
    type m.large cpu=2 mem=8Gi pods=29 price=0.10 spot=0.03,b:? overhead mem=1Gi
    type g.huge cpu=64 gpu=8 price=? zones=b arch=arm64
    pool p weight=10 limits=cpu=64,nodes=0 require capacity=on-demand require team=red,blue
    pool q weight=20 class=lean label tier=web taint k=v:NoSchedule
    daemonset logs cpu=200m tolerate * select team=red or select tier=web
    node n1 pool=q type=m.large zone=a bound cpu=1,pods=2 daemons cpu=50m,pods=1
    pod web x3 cpu=500m select zone=a or select !gpu tolerate k=v priority=5
    pod other/one mem=1Gi";

/// Offerings as `pool type zone capacity team: cpu left`.
fn offerings(snapshot: &Snapshot) -> Vec<String> {
    let line = |offering: &model::Offering| {
        let listing = snapshot.listing_of(offering);
        let labels = snapshot.labels_of(offering);
        format!(
            "{} {} {} {} {}: {}",
            snapshot.pool(offering.pool).name,
            snapshot.instance_type(listing.instance_type).name,
            listing.zone,
            listing.capacity_type,
            labels.get(&LabelKey::from("team")).unwrap_or("-"),
            offering.room.get("cpu").get()
        )
    };
    snapshot.offerings.iter().map(line).collect()
}

#[test]
fn a_text_becomes_a_folded_snapshot() {
    let snapshot = world(SMALL);
    assert_eq!(
        offerings(&snapshot),
        [
            "q g.huge b on-demand -: 63700",
            "q m.large a on-demand -: 1700",
            "q m.large a spot -: 1700",
            "q m.large b on-demand -: 1700",
            "q m.large b spot -: 1700",
            "p g.huge b on-demand blue: 64000",
            "p g.huge b on-demand red: 63800",
            "p m.large a on-demand blue: 2000",
            "p m.large a on-demand red: 1800",
            "p m.large b on-demand blue: 2000",
            "p m.large b on-demand red: 1800",
        ]
    );
    let unpriced = snapshot.listings.iter().filter(|one| one.price.is_none());
    assert_eq!(unpriced.count(), 2);
    let node = &snapshot.nodes[0];
    assert_eq!(node.room.get("cpu"), Amount::new(2000 - 100 - 1050 - 150));
    assert_eq!(node.room.get("pods"), Amount::new(29 - 3));
    assert_eq!(snapshot.pools[0].used.get("cpu"), Amount::new(2000));
    assert_eq!(snapshot.pools[0].used.get("nodes"), Amount::new(1));
    let zero = ("nodes".into(), Amount::ZERO);
    assert!(snapshot.pools[1].limits.contains(&zero));
    let names: Vec<&str> = snapshot.pods.iter().map(|pod| pod.name.as_str()).collect();
    let expected = ["default/web-0", "default/web-1", "default/web-2", "other/one"];
    assert_eq!(names, expected);
    let web = snapshot.shape_of(PodIndex::new(0));
    assert_eq!((web.alternatives.len(), web.priority), (2, 5));
}

#[test]
fn what_is_not_understood_is_named() {
    for (text, expected) in [
        ("pod a cpu=1\nbox b", "line 2: there is no object of kind \"box\""),
        ("pod a cpu", "line 1: cpu: \"\" is not a quantity"),
        ("pod a select", "line 1: select lacks its argument"),
        ("pod a x3 select g>a", "takes exactly one integer value"),
        ("pool p taint k=v", "line 1: taint \"k=v\" lacks its effect"),
        ("type t price=cheap", "is not a price in USD per hour"),
        ("node n type=t", "node n names type t, which the world does not have"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn applied_nodes_are_in_flight_with_the_room_that_is_left() {
    let snapshot = world(SMALL);
    let plan = Plan {
        new_nodes: vec![NewNode {
            offering: OfferingIndex::new(8),
            pods: vec![PodIndex::new(0), PodIndex::new(1)],
        }],
        existing: vec![NodeFill { node: NodeIndex::new(0), pods: vec![PodIndex::new(3)] }],
        unschedulable: Vec::new(),
    };
    let after = apply(&snapshot, &plan);
    assert_eq!(after.pods, snapshot.pods[2..3]);
    let [old, new] = after.nodes.as_slice() else {
        panic!("two nodes, not {:?}", after.nodes);
    };
    assert_eq!((old.name.as_str(), new.name.as_str()), ("n1", "p-00000"));
    assert_eq!(old.room.get("memory"), Amount::new((8 - 1 - 1) << 30));
    let mut expected = snapshot.offerings[8].room.clone();
    let two = Resources::new().with("cpu", 1000).with("pods", 2);
    expected.subtract(&two);
    assert_eq!(new.room, expected);
    assert_eq!(new.state, NodeState::InFlight);
    let labels = snapshot.labels_of(&snapshot.offerings[8]);
    for (key, value) in &new.labels {
        let expected = match key.as_str() {
            "kubernetes.io/hostname" => Some("p-00000"),
            _ => labels.get(key),
        };
        assert_eq!(Some(value.as_str()), expected, "{key}");
    }
    assert_eq!(after.pools[1].used.get("cpu"), Amount::new(2000));
    assert_eq!(after.pools[1].used.get("nodes"), Amount::new(1));
}

proptest! {
    #[test]
    fn random_worlds_parse_and_order_does_not_matter(text in worlds(), seed in any::<u64>()) {
        let snapshot = parse(&text).unwrap();
        prop_assert!((5..=60).contains(&snapshot.pods.len()));
        let mut shuffled = parse(&shuffle_lines(&text, seed)).unwrap();
        shuffled.pods.sort();
        let mut by_pods = shuffle_pods(&snapshot, seed);
        by_pods.pods.sort();
        prop_assert_eq!(&shuffled, &by_pods);
        let renamed = rename(&snapshot, seed);
        // Rivals and supplies have other places, and with them shapes and offerings.
        let offerings = |snapshot: &Snapshot| {
            let look = |offering: &Offering| {
                let listing = Listing { supply: None, ..snapshot.listing_of(offering).clone() };
                format!("{:?}", (offering.pool, listing, &offering.chosen_labels, &offering.room))
            };
            let mut looks: Vec<String> = snapshot.offerings.iter().map(look).collect();
            looks.sort();
            looks
        };
        prop_assert_eq!(offerings(&renamed), offerings(&snapshot));
        let shapes = |snapshot: &Snapshot| -> Vec<PodShape> {
            let look = |pod: &Pod| {
                let shape = snapshot.shape(pod.shape).clone();
                let rules = PodRules::default();
                PodShape { rivals: Vec::new(), rules, ..shape }
            };
            snapshot.pods.iter().map(look).collect()
        };
        prop_assert_eq!(shapes(&renamed), shapes(&snapshot));
        let spot = snapshot.listings.iter().filter(|one| one.capacity_type == CapacityType::Spot);
        prop_assert!(spot.count() <= 24);
    }
}
