//! Which pods want the same port of a node.

use super::rivals::check;
use super::{object, pod};
use crate::PodSelection;

fn asking(ports: &str) -> String {
    format!("containers: [{{ports: [{ports}]}}]")
}

#[test]
fn pods_that_ask_for_one_host_port_are_rivals() {
    let text = pod("a", &asking("{containerPort: 1, hostPort: 80}"))
        + &pod("b", &asking("{hostPort: 80, protocol: TCP, hostIP: 0.0.0.0}, {hostPort: 81}"))
        + &pod("c", &asking("{hostPort: 80, protocol: UDP}"))
        + &pod("d", &asking("{containerPort: 80}"))
        + &pod("e", &format!("hostNetwork: true, {}", asking("{containerPort: 81}")));
    check(
        &text,
        PodSelection::All,
        &[
            "default/a: [host port 80/TCP]",
            "default/b: [host port 80/TCP] [host port 81/TCP]",
            "default/c: [host port 80/UDP]",
            "default/d:",
            "default/e: [host port 81/TCP]",
        ],
    );
}

/// Who asks for a port on one address shares the node with who asks for it on another, and with nobody
/// who asks for it on all.
#[test]
fn addresses_tell_ports_apart() {
    let text = pod("a", &asking("{hostPort: 80, hostIP: 10.0.0.1}"))
        + &pod("b", &asking("{hostPort: 80, hostIP: 10.0.0.2}"))
        + &pod("c", &asking("{hostPort: 80}"));
    check(
        &text,
        PodSelection::All,
        &[
            "default/a: [host port 80/TCP on 10.0.0.1]",
            "default/b: [host port 80/TCP on 10.0.0.2]",
            "default/c: [host port 80/TCP] [host port 80/TCP on 10.0.0.1] [host port 80/TCP on \
             10.0.0.2]",
        ],
    );
}

#[test]
fn pods_that_are_bound_hold_their_ports_and_sidecars_have_some() {
    let sidecar = "initContainers: [{restartPolicy: Always, ports: [{hostPort: 80}]}, {ports: \
                   [{hostPort: 81}]}]";
    let text = object("v1", "Node", "name: one", "")
        + &pod("bound", &format!("nodeName: one, {}", asking("{hostPort: 80}, {hostPort: 9}")))
        + &pod("waits", sidecar);
    check(
        &text,
        PodSelection::Pending,
        &["default/waits: [host port 80/TCP]", "on one: [host port 80/TCP]"],
    );
}

#[test]
fn a_port_that_a_daemon_set_takes_is_a_resource_of_which_a_node_has_one() {
    let template = format!("template: {{spec: {{{}}}}}", asking("{hostPort: 80}, {hostPort: 9}"));
    let text = object("apps/v1", "DaemonSet", "name: d", &template)
        + &pod("a", &asking("{hostPort: 80}"))
        + &pod("b", &asking("{hostPort: 80, hostIP: 10.0.0.1}"))
        + &pod("c", &asking("{hostPort: 81}"));
    let set = super::set_of(&text, PodSelection::All);
    let ports = |requests: &model::Resources| {
        let names = requests.iter().map(|(name, amount)| format!("{name} {}", amount.get()));
        names.filter(|name| name.starts_with("host port")).collect::<Vec<String>>().join(", ")
    };
    let of_pods = set
        .pods
        .iter()
        .map(|(_, shape)| ports(&set.shapes[usize::try_from(*shape).expect("small")].requests));
    let all = "host port 80/TCP 1, host port 80/TCP on 10.0.0.1 1";
    let expected = [all, "host port 80/TCP on 10.0.0.1 1", ""];
    assert_eq!(of_pods.collect::<Vec<String>>(), expected);
    assert_eq!(ports(&set.daemon_sets[0].shape.requests), all);
    assert!(set.findings.is_empty(), "{:?}", set.findings);
}
