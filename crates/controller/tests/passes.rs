//! What is decided on nodes that are there: it is recorded, replays after a kill, and is what the command
//! line says of the same objects.

use std::path::{Path, PathBuf};
use std::process::Command;

use controller::{Config, CrashPoint, RecordTo, Recording};
use model::fleet::Reason;
use model::{Move, Snapshot};
use record::{Recorded, RecordedPass, Segment, unpack};
use serde_json::{Value, json};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::consolidation::{ENDS, bill, marks, price};
use crate::world::{LONG, OrStop as _, SOON, World, config};

/// Records of each kind that are replayed.
const LAST: usize = 10;

/// A configuration that records in `folder`, without an election.
fn recording(identity: &str, folder: &Path) -> Config {
    let to = RecordTo::Folder(folder.to_owned());
    let recording = Some(Recording { to, bytes_max: 64_000_000 });
    Config { election: None, recording, ..config(identity) }
}

/// All that was recorded, oldest first. What a killed process has torn is no fault of what it wrote before.
fn records(folder: &Path) -> Vec<Recorded> {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let unpacked = unpack(std::fs::read(&file).unwrap(), 1 << 30);
        let segment = Segment::read(&file.display().to_string(), &unpacked.lines);
        assert!(segment.faults.iter().all(|fault| fault.problem.is_torn()), "{segment:?}");
        all.extend(segment.entries.iter().map(|entry| segment.decode(entry).unwrap()));
    }
    all
}

/// Whether nodes that are underused are to go by what was recorded.
fn moved(one: &Recorded) -> bool {
    let Recorded::Pass(pass) = one else { return false };
    pass.pass.found.moves.iter().any(|one| one.reason == Reason::Underutilized)
}

/// A fleet for pods that then mostly go, with nobody to look after it.
async fn shrunk(world: &World, before: u32, after: u32) {
    let shape = PodShape::requesting(&[("cpu", "900m"), ("memory", "1Gi")]);
    workloads::create(&world.client, &workloads::deployment("web", before, &shape)).await.or_stop();
    let all = usize::try_from(before).unwrap();
    let running = world.controller(Config { election: None, ..config("first") }).await;
    workloads::running(&world.client, "web", all, SOON).await.or_stop();
    running.stop().await;
    workloads::create(&world.client, &workloads::disruption_budget("web", 4)).await.or_stop();
    workloads::scale(&world.client, "web", after).await.or_stop();
    workloads::running(&world.client, "web", usize::try_from(after).unwrap(), SOON).await.or_stop();
}

/// Three nodes with one pod each, which would all fit one, and nobody to look after them: each was bought for two pods
/// when the others were full, and one of the two went.
async fn sparse(world: &World) {
    let running = world.controller(Config { election: None, ..config("first") }).await;
    for number in 0..3 {
        let pair = [(format!("stays-{number}"), "400m"), (format!("goes-{number}"), "1300m")];
        for (name, cpu) in &pair {
            let shape = PodShape::requesting(&[("cpu", cpu), ("memory", "1Gi")]);
            workloads::create(&world.client, &workloads::deployment(name, 1, &shape))
                .await
                .or_stop();
        }
        for (name, _) in &pair {
            workloads::running(&world.client, name, 1, SOON).await.or_stop();
        }
    }
    running.stop().await;
    for number in 0..3 {
        let name = format!("goes-{number}");
        workloads::scale(&world.client, &name, 0).await.or_stop();
        workloads::running(&world.client, &name, 0, SOON).await.or_stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_ten_records_of_ends_and_of_moves_replay_though_the_controller_was_killed() {
    let world = World::start().await;
    world.pool_that_consolidates("general").await;
    shrunk(&world, 30, 8).await;
    let folder = world.cluster.folder().join("passes");
    let mut killed = 0;
    for request in [1, 6] {
        let point = CrashPoint::After(request);
        let config = recording("killed", &folder);
        killed += u32::from(world.ends_hard_as(config, ENDS, point).await);
    }
    assert!(killed > 0, "a controller ended hard");
    let running = world.controller(recording("last", &folder)).await;
    let bound = price("m6i.2xlarge");
    // Which pods go is chance, and may leave nodes that are empty and no others that are worth a move.
    for round in 0..5 {
        until("the fleet is small", LONG, async || {
            let settled = marks(&world).await.is_empty();
            Ok::<_, kube::Error>(
                (settled && bill(&world).await <= bound + price("m6i.large")).then_some(()),
            )
        })
        .await
        .or_stop();
        let passes = records(&folder).iter().filter(|one| moved(one)).count();
        println!("round {round}: {passes} passes with a move");
        if passes > 0 {
            break;
        }
        for pods in [30, 8] {
            workloads::scale(&world.client, "web", pods).await.or_stop();
            let all = usize::try_from(pods).unwrap();
            workloads::running(&world.client, "web", all, SOON).await.or_stop();
        }
    }
    workloads::scale(&world.client, "web", 0).await.or_stop();
    world.until_count("NodeClaim", 0).await;
    running.stop().await;

    let all = records(&folder);
    let (ends, rest): (Vec<Recorded>, Vec<Recorded>) =
        all.into_iter().partition(|one| matches!(one, Recorded::Ending(_)));
    let moves: Vec<Recorded> =
        rest.into_iter().filter(|one| matches!(one, Recorded::Pass(_))).collect();
    for kind in [&ends, &moves] {
        let last = &kind[kind.len().saturating_sub(LAST)..];
        for one in last {
            assert_eq!(record::replay_any(one), None, "{}", one.place());
        }
        println!("replayed {} of {}", last.len(), kind.len());
    }
    let goes = |one: &Recorded| matches!(one, Recorded::Ending(e) if !e.decision.delete.is_empty());
    assert!(ends.iter().any(goes), "an empty node went");
    assert!(moves.iter().any(moved), "nodes moved");
    for one in &moves {
        let Recorded::Pass(pass) = one else { continue };
        assert_eq!(pass.pass.found.answers.len(), pass.cluster.nodes.len());
    }
}

/// The offline command: where `STOWAGE_TEST_COMMAND` says that it was built with the tests, or built as this test was,
/// which takes minutes as other features are asked for.
fn stowage() -> PathBuf {
    let built = std::env::var_os("STOWAGE_TEST_COMMAND").map(PathBuf::from);
    if let Some(built) = built.filter(|built| built.is_file()) {
        return built;
    }
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    let profile = match folder.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", "stowage", "--bin", "stowage"])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.unwrap().success());
    folder.join("stowage")
}

/// What `kubectl get … -o json` prints of all that `plan --disrupt` asks for.
async fn dump(world: &World) -> Value {
    let kinds = [
        ("/api/v1/pods", "v1", "Pod"),
        ("/api/v1/nodes", "v1", "Node"),
        ("/apis/apps/v1/daemonsets", "apps/v1", "DaemonSet"),
        ("/apis/policy/v1/poddisruptionbudgets", "policy/v1", "PodDisruptionBudget"),
        ("/apis/karpenter.sh/v1/nodeclaims", "karpenter.sh/v1", "NodeClaim"),
        ("/apis/karpenter.sh/v1/nodepools", "karpenter.sh/v1", "NodePool"),
        ("/apis/karpenter.k8s.aws/v1/ec2nodeclasses", "karpenter.k8s.aws/v1", "EC2NodeClass"),
    ];
    let mut items = Vec::new();
    for (path, api_version, kind) in kinds {
        let request = hyper::Request::get(path).body(Vec::new()).unwrap();
        let mut list: Value = world.client.request(request).await.unwrap();
        for mut item in std::mem::take(list["items"].as_array_mut().unwrap()) {
            item["apiVersion"] = api_version.into();
            item["kind"] = kind.into();
            items.push(item);
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A move by names, in the form of the command's JSON.
fn named(snapshot: &Snapshot, one: &Move) -> Value {
    let node = |index: &model::NodeIndex| snapshot.node(*index).name.to_string();
    let pods = |pods: &[model::PodIndex]| -> Vec<String> {
        pods.iter().map(|pod| snapshot.pod(*pod).name.to_string()).collect()
    };
    let launched = one.launched.iter().map(|launched| {
        let offering = snapshot.offering(launched.offering);
        let listing = snapshot.listing_of(offering);
        json!({
            "nodePool": snapshot.pool(offering.pool).name.as_str(),
            "instanceType": snapshot.instance_type(listing.instance_type).name.as_str(),
            "zone": listing.zone.as_str(),
            "capacityType": listing.capacity_type.to_string(),
            "pods": pods(&launched.pods),
        })
    });
    json!({
        "reason": one.reason.as_str(),
        "removed": one.removed.iter().map(node).collect::<Vec<_>>(),
        "launched": launched.collect::<Vec<_>>(),
        "taken": one.taken.iter()
            .map(|fill| json!({"node": node(&fill.node), "pods": pods(&fill.pods)}))
            .collect::<Vec<_>>(),
        "evictions": one.evictions(),
    })
}

/// The same fields of what the command printed.
fn printed(one: &Value) -> Value {
    let launched = one["launched"].as_array().unwrap().iter().map(|node| {
        let fields = ["nodePool", "instanceType", "zone", "capacityType", "pods"];
        fields.into_iter().map(|field| (field.to_owned(), node[field].clone())).collect::<Value>()
    });
    json!({
        "reason": one["reason"],
        "removed": one["removed"],
        "launched": launched.collect::<Vec<_>>(),
        "taken": one["taken"],
        "evictions": one["evictions"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_decides_what_the_command_prints_of_the_same_objects() {
    let world = World::start().await;
    world.pool_that_consolidates("general").await;
    // The catalog has more types than the cloud of these tests sells.
    let spec = json!({"template": {"spec": {"requirements": [
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-east-1a"]},
        {"key": "node.kubernetes.io/instance-type", "operator": "In",
         "values": ["m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge"]},
    ]}}});
    let (params, patch) =
        (kube::api::PatchParams::default(), kube::api::Patch::Merge(json!({"spec": spec})));
    world.custom("NodePool").patch("general", &params, &patch).await.unwrap();
    sparse(&world).await;
    let folder = world.cluster.folder().join("shadow");
    let shadow = Config { shadow: true, ..recording("shadow", &folder) };
    let (work, seed) = (shadow.work_limit.to_string(), shadow.seed.to_string());
    let versions = world.versions().await;
    let running = world.controller(shadow).await;
    let newest = until("a shadow finds a move with pods", SOON, async || {
        let mut passes = records(&folder).into_iter().filter_map(|one| match one {
            Recorded::Pass(pass) => Some(*pass),
            Recorded::Planning(_) | Recorded::Ending(_) => None,
        });
        // Empty nodes may go before it is known which pods may be evicted.
        let moving =
            |pass: &RecordedPass| pass.pass.found.moves.iter().any(|one| one.evictions() > 0);
        Ok::<_, String>(passes.rfind(moving))
    });
    let pass = newest.await.or_stop();
    running.stop().await;
    let names = |all: Vec<(String, Option<String>)>| -> Vec<String> {
        all.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(world.versions().await), names(versions), "a shadow moves nothing");

    let file = world.cluster.folder().join("dump.json");
    std::fs::write(&file, dump(&world).await.to_string()).unwrap();
    let now = executor::time::format(pass.question.now);
    let output = Command::new(stowage())
        .args(["plan", "--disrupt", "-o", "json", "--work", &work, "--seed", &seed, "--now", &now])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let printed: Vec<Value> = answer["moves"].as_array().unwrap().iter().map(printed).collect();
    let recorded = pass.pass.found.moves.iter().map(|one| named(&pass.snapshot, one));
    let recorded: Vec<Value> = recorded.collect();
    println!("{}", json!(recorded));
    assert_eq!(recorded, printed);
}
