//! The driver is stopped, and its memory lost, before and after every single request.

use api::names;
use cloud::Instance;
use executor::Kind;
use serde_json::json;

use crate::support::{claim, claim_value};
use crate::world::{Stop, World, names_of, run};

fn initialized(world: &World) -> bool {
    let value = &world.objects.get(&(Kind::NodeClaim, "a".to_owned()));
    value.is_some_and(|value| claim(value).is_true(names::INITIALIZED))
}

fn gone(world: &World) -> bool {
    world.objects.keys().all(|(kind, _)| !matches!(kind, Kind::NodeClaim | Kind::Node))
}

fn living(world: &World) -> Vec<&Instance> {
    world.instances.iter().filter(|instance| instance.state.exists()).collect()
}

fn stops(requests: usize) -> impl Iterator<Item = Stop> {
    (0..requests).flat_map(|at| [Stop::Before(at), Stop::After(at)])
}

/// What every single write leaves is right by itself: a claim that is `Launched` has its labels, and one
/// that is `Registered` a Node that carries them, without the taint that kept pods away.
fn conditions_are_true(world: &World) {
    let Some(value) = world.objects.get(&(Kind::NodeClaim, "a".to_owned())) else { return };
    let claim = claim(value);
    let labels = &claim.metadata.labels;
    if claim.is_true(names::LAUNCHED) {
        assert!(claim.status.provider_id.is_some());
        assert!(labels.contains_key("topology.kubernetes.io/zone"), "{labels:?}");
    }
    if claim.is_true(names::REGISTERED) && !claim.is_deleting() {
        let node = &world.objects[&(Kind::Node, "node-i-1".to_owned())];
        for (key, value) in labels {
            assert_eq!(node["metadata"]["labels"][key], json!(value), "{key}");
        }
        assert_eq!(node["metadata"]["finalizers"], json!([names::TERMINATION_FINALIZER]));
        assert_eq!(node["metadata"]["ownerReferences"][0]["name"], json!("a"));
        assert_eq!(node["spec"]["taints"], json!([]));
        assert_eq!(claim.status.node_name.as_deref(), Some("node-i-1"));
    }
    assert!(!claim.is_true(names::INITIALIZED) || claim.is_true(names::REGISTERED));
}

fn launched(stop: Stop, no_spot: bool) -> World {
    let mut world = World { no_spot, watch: Some(conditions_are_true), ..World::default() };
    world.put(Kind::NodeClaim, claim_value("a"));
    assert!(run(&mut world, stop, 600, &initialized), "{stop:?}: {:#?}", world.objects);
    world
}

#[test]
fn a_launch_stopped_anywhere_ends_with_one_machine_and_an_initialized_node() {
    for no_spot in [false, true] {
        let whole = launched(Stop::Never, no_spot);
        assert!(whole.performed >= 8, "only {} requests", whole.performed);
        for stop in stops(whole.performed) {
            let world = launched(stop, no_spot);
            assert_eq!(world.launches, 1, "{stop:?}, no spot: {no_spot}");
            assert_eq!(living(&world).len(), 1);
            let node = &world.objects[&(Kind::Node, "node-i-1".to_owned())];
            assert_eq!(node["metadata"]["labels"][names::INITIALIZED_LABEL], json!("true"));
            assert_eq!(node["spec"]["taints"], json!([]));
        }
    }
}

/// The group that was refused before the stop has machines after it: the group that was launched from
/// is asked again, and none before it.
#[test]
fn capacity_that_comes_back_during_a_restart_is_not_bought_as_well() {
    let run_to = |stop| {
        let mut world = World { no_spot: true, spot_returns: true, ..World::default() };
        world.put(Kind::NodeClaim, claim_value("a"));
        assert!(run(&mut world, stop, 600, &initialized), "{stop:?}: {:#?}", world.objects);
        world
    };
    let whole = run_to(Stop::Never);
    for stop in stops(whole.performed) {
        let world = run_to(stop);
        assert_eq!(world.launches, 1, "{stop:?}: {:#?}", world.instances);
    }
}

/// Labels were written, then the driver was stopped and the machine lost: those of the next machine win.
#[test]
fn labels_of_a_machine_that_was_lost_do_not_stay() {
    let mut value = claim_value("a");
    for (key, label) in [
        ("topology.kubernetes.io/zone", "us-east-1b"),
        ("node.kubernetes.io/instance-type", "m7i.xlarge"),
        ("karpenter.sh/capacity-type", "on-demand"),
        ("team", "web"),
    ] {
        value["metadata"]["labels"][key] = json!(label);
    }
    let mut world = World::default();
    world.put(Kind::NodeClaim, value);
    assert!(run(&mut world, Stop::Never, 600, &initialized));
    for object in [(Kind::NodeClaim, "a"), (Kind::Node, "node-i-1")] {
        let labels = &world.objects[&(object.0, object.1.to_owned())]["metadata"]["labels"];
        assert_eq!(labels["topology.kubernetes.io/zone"], json!("us-east-1a"));
        assert_eq!(labels["node.kubernetes.io/instance-type"], json!("m7i.large"));
        assert_eq!(labels["karpenter.sh/capacity-type"], json!("spot"));
        assert_eq!(labels["team"], json!("web"));
    }
}

fn terminated(stop: Stop, delete: Kind) -> World {
    let mut world = launched(Stop::Never, false);
    for name in ["web", "db"] {
        world.put(
            Kind::Pod,
            json!({
                "metadata": { "name": name, "namespace": "default", "uid": format!("uid-{name}") },
                "spec": { "nodeName": "node-i-1" }, "status": { "phase": "Running" },
            }),
        );
    }
    for volume in ["pv-db", "pv-web"] {
        world.attached.insert(volume.to_owned(), ("node-i-1".to_owned(), None));
    }
    world.performed = 0;
    let name = if delete == Kind::Node { "node-i-1" } else { "a" };
    world.delete(delete, name);
    assert!(run(&mut world, stop, 600, &gone), "{stop:?}: {:#?}", world.objects);
    world
}

#[test]
fn a_termination_stopped_anywhere_leaves_nothing_and_evicts_once() {
    for delete in [Kind::NodeClaim, Kind::Node] {
        let whole = terminated(Stop::Never, delete);
        assert!(whole.performed >= 8, "only {} requests", whole.performed);
        for stop in stops(whole.performed) {
            let world = terminated(stop, delete);
            assert!(living(&world).is_empty(), "{stop:?}");
            let evictions: Vec<usize> = world.evictions.values().copied().collect();
            assert_eq!(evictions, [1, 1], "{stop:?}");
            assert_eq!(world.cut_off, 0, "{stop:?}: volumes were attached");
            assert!(names_of(&world, Kind::Node).is_empty());
        }
    }
}

/// The claim is deleted right after each of its requests: also when a machine was launched whose
/// reply is lost, and which no list shows yet.
#[test]
fn a_claim_deleted_during_its_launch_leaves_no_machine() {
    let whole = launched(Stop::Never, false);
    for stop in stops(whole.performed) {
        let mut world = World::default();
        world.put(Kind::NodeClaim, claim_value("a"));
        let at = match stop {
            Stop::Before(at) | Stop::After(at) => at,
            Stop::Never => 0,
        };
        run(&mut world, stop, 1 + i64::try_from(at).unwrap() * 2, &|world| world.performed > at);
        world.delete(Kind::NodeClaim, "a");
        assert!(run(&mut world, Stop::Never, 600, &gone), "{stop:?}: {:#?}", world.objects);
        assert!(living(&world).is_empty(), "{stop:?}");
        assert!(world.launches <= 1);
    }
}

#[test]
fn a_claim_with_nothing_to_be_had_goes() {
    let mut world = World { no_spot: true, ..World::default() };
    let mut value = claim_value("a");
    let spot = json!({ "groups": [
        { "capacityType": "spot", "choices": [["m7i.large", "us-east-1a", 40_000]] },
    ]});
    value["metadata"]["annotations"][names::LAUNCH_ANNOTATION] = json!(spot.to_string());
    world.put(Kind::NodeClaim, value);
    assert!(run(&mut world, Stop::Never, 600, &gone));
    assert_eq!(world.launches, 0);
}

#[test]
fn a_node_that_never_comes_ends_its_claim_after_the_registration_limit() {
    let mut world = World::default();
    let mut value = claim_value("a");
    value["metadata"]["annotations"][names::LAUNCH_ANNOTATION] = json!("{\"groups\":[]}");
    value["status"] = json!({
        "providerID": "aws:///us-east-1a/i-lost",
        "conditions": [
            { "type": "Launched", "status": "True",
              "lastTransitionTime": crate::support::text(0) },
        ],
    });
    world.put(Kind::NodeClaim, value);
    run(&mut world, Stop::Never, executor::REGISTRATION_TTL - 5, &gone);
    assert!(!gone(&world), "it went too early");
    assert!(run(&mut world, Stop::Never, 120, &gone), "{:#?}", world.objects);
}
