//! Whatever way a test ends, nothing that it started is left.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use testcluster::wait::until;

use crate::support::{OrStop as _, SOON, cluster};

/// Tells the child how to end; it is not set in the parent.
const END: &str = "TESTCLUSTER_TEST_END";

/// The child of the tests below; without its variable it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(end) = std::env::var(END) else { return };
    let cluster = cluster().await;
    println!("folder {}", cluster.folder().display());
    match end.as_str() {
        "panic" => panic!("on purpose"),
        _ => std::future::pending().await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_test_that_panics() {
    let (mut child, folder) = start("panic").await;
    assert!(!child.wait().unwrap().success());
    assert_eq!(processes(&folder), Vec::<String>::new());
    let left: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().any(|name| name == "logs"), "{left:?}");
    assert!(!left.iter().any(|name| name == "etcd"), "{left:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_test_that_is_killed() {
    let (mut child, folder) = start("never").await;
    assert!(processes(&folder).len() >= 5, "etcd, API server, controllers, scheduler, KWOK");
    child.kill().unwrap();
    child.wait().unwrap();
    until("all processes are gone", SOON, async || {
        let left = processes(&folder);
        if left.is_empty() { Ok(Some(())) } else { Err(left.join(", ")) }
    })
    .await
    .or_stop();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Runs [`child`] in a process of its own until it has said where its cluster lives.
async fn start(end: &str) -> (Child, String) {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["ends::child", "--exact", "--nocapture"]).env(END, end);
    tokio::task::spawn_blocking(move || {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("this program starts again");
        let lines = BufReader::new(child.stdout.as_mut().expect("it is piped")).lines();
        let said = |line: std::io::Result<String>| {
            line.expect("the child writes text")
                .split_once("folder ")
                .map(|(_, folder)| folder.to_owned())
        };
        let folder = lines.into_iter().find_map(said).expect("the child starts its cluster");
        (child, folder)
    })
    .await
    .expect("nothing above panics")
}

/// Command lines that name the folder.
fn processes(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("Linux has it").flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}
