//! What machines hold under node classes other than the default.

use ec2::{
    AmiFamily, Catalog, Incompatible, InstanceStorePolicy, MeasuredAllocatable, NetworkInterfaces,
    NodeClassSettings, Threshold, TypeFacts, capacity, overhead,
};
use model::{Amount, Machine, Resources};

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

fn facts(name: &str) -> TypeFacts {
    let types = Catalog::embedded().types();
    let found = types.into_iter().find(|one| one.name.as_str() == name);
    found.expect(name)
}

fn class(change: impl FnOnce(&mut NodeClassSettings)) -> NodeClassSettings {
    let mut settings = NodeClassSettings::default();
    change(&mut settings);
    settings
}

/// Type, resource, class, expected capacity, expected overhead.
type Case = (&'static str, &'static str, NodeClassSettings, i64, i64);

fn check(cases: impl IntoIterator<Item = Case>) {
    for (name, resource, settings, expected_capacity, expected_overhead) in cases {
        let facts = facts(name);
        let found = [capacity(&facts, &settings), overhead(&facts, &settings)]
            .map(|resources| resources.get(resource).get());
        let expected = [expected_capacity, expected_overhead];
        assert_eq!(found, expected, "{resource} of {name}: {settings:?}");
    }
}

#[test]
fn pods_follow_the_node_class() {
    let bottlerocket = |settings: &mut NodeClassSettings| {
        settings.ami_family = AmiFamily::Bottlerocket;
        settings.pods_per_core = Some(1);
    };
    let windows = class(|one| one.ami_family = AmiFamily::Windows2022);
    let dense = class(|one| (one.max_pods, one.pods_per_core) = (Some(110), Some(10)));
    let efa_only = class(|one| {
        one.network_interfaces = Some(NetworkInterfaces { efa: 3, efa_only_on_default_card: 1 });
    });
    // m5.large: 2 vCPU, 3 interfaces of 10 addresses.
    check([
        ("m5.large", "pods", class(|_| ()), 29, 0),
        ("m5.large", "pods", class(|one| one.max_pods = Some(110)), 110, 0),
        ("m5.large", "pods", dense, 20, 0),
        ("m5.large", "pods", class(|one| one.reserved_enis = 1), 20, 0),
        ("m5.large", "pods", class(|one| one.reserved_enis = 3), 0, 0),
        ("m5.large", "pods", class(bottlerocket), 29, 0),
        ("m5.large", "pods", windows.clone(), 110, 0),
        ("m5.large", "vpc.amazonaws.com/PrivateIPv4Address", windows, 9, 0),
        ("p5.48xlarge", "vpc.amazonaws.com/efa", efa_only.clone(), 3, 0),
        ("p5.48xlarge", "pods", efa_only, 51, 0),
    ]);
}

#[test]
fn memory_and_cpu_follow_the_node_class() {
    let mib = |number: i64| Some(Amount::new(number * MIB));
    // m5.large: 8,192 MiB, 7,577 MiB after 7.5 %; 29 pods by its interfaces.
    let (memory, reserved) = (7_577 * MIB, (11 * 29 + 255 + 100) * MIB);
    let bottlerocket = class(|one| {
        one.ami_family = AmiFamily::Bottlerocket;
        one.max_pods = Some(110);
    });
    let by_110_pods = (11 * 110 + 255 + 100) * MIB;
    let own_reservations = class(|one| {
        one.kube_reserved.memory = mib(512);
        one.system_reserved.memory = mib(256);
        one.eviction_hard.memory_available = Some(Threshold::Share(50_000));
    });
    // 5 % of 7,577 MiB is 397,253,017.6 bytes.
    let own_reserved = (512 + 256) * MIB + 397_253_018;
    let no_cpu = class(|one| one.kube_reserved.cpu = Some(Amount::ZERO));
    check([
        ("m5.large", "memory", class(|_| ()), memory, reserved),
        ("m5.large", "memory", class(|one| one.max_pods = Some(110)), memory, reserved),
        ("m5.large", "memory", bottlerocket, memory, by_110_pods),
        ("m5.large", "memory", own_reservations, memory, own_reserved),
        (
            "m5.large",
            "memory",
            class(|one| one.vm_memory_overhead_millionths = 0),
            8 * GIB,
            reserved,
        ),
        ("m5.large", "cpu", class(|_| ()), 2_000, 70),
        ("m5.large", "cpu", no_cpu, 2_000, 0),
    ]);
}

#[test]
fn local_disk_follows_the_node_class() {
    let raid0 = class(|one| one.instance_store_policy = Some(InstanceStorePolicy::Raid0));
    let own = class(|one| {
        one.ephemeral_volume = Some(Amount::new(100 * GIB));
        one.eviction_hard.nodefs_available = Some(Threshold::Share(1_000_000));
    });
    let windows = class(|one| one.ami_family = AmiFamily::Windows2025);
    let disk = "ephemeral-storage";
    check([
        ("m5d.large", disk, raid0.clone(), 75_000_000_000, GIB + 7_500_000_000),
        ("m5.large", disk, raid0, 20 * GIB, 3 * GIB),
        ("m5.large", disk, own, 100 * GIB, GIB),
        ("m5.large", disk, windows, 50 * GIB, 6 * GIB),
    ]);
}

#[test]
fn types_that_do_not_suit_the_class_have_no_machine_and_a_reason() {
    let enclaves = class(|one| one.enclaves = true);
    let windows = class(|one| one.ami_family = AmiFamily::Windows2019);
    let custom = class(|one| one.ami_family = AmiFamily::Custom);
    let efas = class(|one| {
        one.network_interfaces = Some(NetworkInterfaces { efa: 2, efa_only_on_default_card: 0 });
    });
    for (name, settings, expected) in [
        ("a1.large", class(|_| ()), Some(Incompatible::Al2023OnA1)),
        ("a1.large", custom, None),
        ("mac2.metal", class(|_| ()), Some(Incompatible::Mac)),
        ("m7g.large", windows, Some(Incompatible::WindowsOnArm)),
        ("t3.large", enclaves, Some(Incompatible::NoEnclaves)),
        ("c5n.18xlarge", efas, Some(Incompatible::TooFewEfas)),
        ("m5.large", class(|_| ()), None),
    ] {
        assert_eq!(settings.incompatibility(&facts(name)), expected, "{name}");
    }
    let catalog = Catalog::embedded();
    let market = catalog.region("us-east-1").expect("known");
    let settings = class(|_| ());
    let machines = market.machines(&settings);
    let left_out: Vec<&str> =
        market.incompatible(&settings).map(|(facts, _)| facts.family()).collect();
    assert_eq!(machines.len() + left_out.len(), market.types().len());
    assert!(!left_out.is_empty() && left_out.iter().all(|family| *family == "a1"));
}

#[test]
fn measured_allocatable_wins_over_the_estimate() {
    let catalog = Catalog::embedded();
    let market = catalog.region("us-east-1").expect("known");
    let machine = |name: &str, settings: &NodeClassSettings| -> Machine {
        let types = market.types();
        let place = types.iter().position(|one| one.name.as_str() == name);
        let mut machines = market.machines(settings).into_iter();
        let found = machines.find(|one| Some(one.instance_type.get()) == place);
        found.expect(name)
    };
    let own = MeasuredAllocatable {
        instance_type: "i4i.32xlarge".into(),
        ami_family: Some(AmiFamily::Al2023),
        max_pods: None,
        allocatable: Resources::new().with("memory", 900_000 * MIB),
        source: "a node of ours".to_owned(),
        date: "2026-11-23".to_owned(),
    };
    let with_own = class(|one| one.measured = vec![own]);
    let reserving = class(|one| one.system_reserved.memory = Some(Amount::new(MIB)));
    let dense = class(|one| one.max_pods = Some(110));
    for (name, settings, expected) in [
        // aws#6611: more than estimated, so the machine holds more.
        ("i4i.32xlarge", class(|_| ()), 1_007_423 * MIB),
        ("i4i.32xlarge", with_own, 900_000 * MIB),
        ("i4i.32xlarge", reserving, (961_470 - 1) * MIB),
        // aws#1959: less than estimated, measured with maxPods 110 only.
        ("c5n.xlarge", dense.clone(), 8_739_468 << 10),
        ("c5n.xlarge", class(|_| ()), 8_952 * MIB),
    ] {
        let found = machine(name, &settings);
        let [held, reserved] =
            [&found.capacity, &found.overhead].map(|one| one.get("memory").get());
        assert_eq!(held - reserved, expected, "{name}: {settings:?}");
        assert!(reserved > 0, "{name}: {settings:?}");
    }
    let raised = machine("i4i.32xlarge", &class(|_| ()));
    let estimated = overhead(&facts("i4i.32xlarge"), &class(|_| ()));
    assert_eq!(raised.overhead, estimated);
    let reserved = machine("c5n.xlarge", &dense);
    assert_eq!(reserved.capacity.get("memory"), Amount::new(9_945 * MIB));
}
