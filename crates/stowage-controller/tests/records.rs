//! Decision records: what a process wrote until it was killed plans again to the same bytes.

use std::path::{Path, PathBuf};

use record::{Recorded, RecordedPlanning, Segment, unpack};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World};

/// Who writes is not the matter here, and a killed process keeps its Lease for 15 s.
const ALONE: &str = "--disable-leader-election";
/// Records that are replayed in the end.
const LAST: usize = 10;

/// Segments of a folder, oldest first. What a killed process has torn is no fault of theirs.
fn segments(folder: &Path) -> Vec<Segment> {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.display().to_string();
        let unpacked = unpack(std::fs::read(file).unwrap(), 1 << 30);
        let segment = Segment::read(&name, &unpacked.lines);
        assert!(segment.faults.iter().all(|fault| fault.problem.is_torn()), "{segment:?}");
        segment
    };
    files.into_iter().map(read).collect()
}

/// How many plans are recorded.
fn plans(folder: &Path) -> usize {
    let segments = segments(folder);
    let entries = segments
        .iter()
        .flat_map(|segment| segment.entries.iter().map(|entry| segment.decode(entry).unwrap()));
    entries.filter(|one| matches!(one, Recorded::Planning(_))).count()
}

/// Creates a pod that no room left beside others would take, so that the scheduler cannot place it before it is
/// planned, and waits until a plan for it is recorded.
async fn plan_once_more(world: &World, folder: &Path, name: &str) {
    let before = plans(folder);
    let shape = PodShape::requesting(&[("cpu", "7")]);
    workloads::create(&world.client, &workloads::deployment(name, 1, &shape)).await.or_stop();
    until("one more plan is recorded", SOON, async || {
        Ok::<_, String>((plans(folder) > before).then_some(()))
    })
    .await
    .or_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_ten_records_of_killed_processes_replay_to_the_same_bytes() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    let folder = world.cluster.folder().join("records");
    let to = format!("--record-to={}", folder.display());
    for life in 0..3 {
        // The last one plans and records, and does nothing.
        let shadow = format!("--shadow={}", life == 2);
        let running = world.controller(&[ALONE, &to, &shadow]);
        for pod in 0..4 {
            plan_once_more(&world, &folder, &format!("web-{life}-{pod}")).await;
        }
        if life == 0 {
            // The pool is ready by then, so that the others buy what they plan.
            workloads::running(&world.client, "web-0-0", 1, SOON).await.or_stop();
            until("what becomes of nodes is recorded", SOON, async || {
                Ok::<_, String>(looks_at_nodes(&folder).then_some(()))
            })
            .await
            .or_stop();
        }
        // It is killed while it may be writing.
        let shape = PodShape::requesting(&[("cpu", "700m")]);
        let burst = workloads::deployment(&format!("burst-{life}"), 20, &shape);
        workloads::create(&world.client, &burst).await.or_stop();
        running.kill().await;
    }
    let segments = segments(&folder);
    assert_eq!(segments.len(), 3, "each process writes a file of its own");
    let all = segments.iter().flat_map(|segment| segment.entries.iter().map(move |e| (segment, e)));
    let all: Vec<_> = all.collect();
    let all: Vec<Recorded> =
        all.iter().map(|(segment, entry)| segment.decode(entry).unwrap()).collect();
    let plans = all.iter().filter_map(|one| match one {
        Recorded::Planning(planning) => Some(&**planning),
        Recorded::Ending(_) | Recorded::Pass(_) => None,
    });
    let plans: Vec<&RecordedPlanning> = plans.collect();
    assert!(plans.len() >= LAST, "{} plans", plans.len());
    let mut bought = 0;
    for recorded in &plans[plans.len() - LAST..] {
        bought += recorded.plan.new_nodes.len();
        let replay = record::replay(recorded);
        assert_eq!(replay.difference, None, "{}", recorded.place);
        assert_eq!((&replay.plan, &replay.report), (&recorded.plan, &recorded.report));
    }
    assert!(bought > 0, "plans that buy are among them");
    let ends = all.iter().filter(|one| matches!(one, Recorded::Ending(_)));
    let passes = all.iter().filter(|one| matches!(one, Recorded::Pass(_)));
    for kind in [ends.collect::<Vec<_>>(), passes.collect()] {
        assert!(!kind.is_empty(), "what becomes of nodes is recorded too");
        for one in &kind[kind.len().saturating_sub(LAST)..] {
            assert_eq!(record::replay_any(one), None, "{}", one.place());
        }
    }
    println!("replayed {LAST} of {} records in {} files", all.len(), segments.len());
    world.check_logs();
}

/// Whether both kinds of looks at nodes are recorded by now.
fn looks_at_nodes(folder: &Path) -> bool {
    let segments = segments(folder);
    let decoded = segments
        .iter()
        .flat_map(|segment| segment.entries.iter().filter_map(|entry| segment.decode(entry).ok()));
    let (mut ending, mut pass) = (false, false);
    for one in decoded {
        ending |= matches!(one, Recorded::Ending(_));
        pass |= matches!(one, Recorded::Pass(_));
    }
    ending && pass
}

#[tokio::test(flavor = "multi_thread")]
async fn records_on_standard_output_stand_between_the_lines_of_the_log() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    let command = world.command(&[ALONE, "--shadow", "--record-to=stdout"]);
    let log = command.log.clone();
    let running = crate::process::Running::start(command);
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 3, &shape)).await.or_stop();
    let segment = until("a plan is recorded", SOON, async || {
        let segment = Segment::read("log", &std::fs::read(&log).unwrap_or_default());
        Ok::<_, String>((!segment.entries.is_empty()).then_some(segment))
    });
    let segment = segment.await.or_stop();
    running.stop().await;
    assert!(segment.foreign > 0, "the log is there as well");
    let recorded = segment.decode(&segment.entries[0]).unwrap();
    assert_eq!(record::replay_any(&recorded), None);
}
