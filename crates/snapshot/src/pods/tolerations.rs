//! Which taints do not matter to a pod.
//!
//! Input: tolerations as written. Output: them sorted and without repeats, or the field that is
//! wrong.

use model::{Effect, Toleration, TolerationOperator};

use super::Problem;

/// Reads the tolerations at `path`.
pub(super) fn read(list: &[api::Toleration], path: &str) -> Result<Vec<Toleration>, Problem> {
    let mut tolerations = list
        .iter()
        .enumerate()
        .map(|(index, toleration)| one(toleration, &format!("{path}.tolerations[{index}]")))
        .collect::<Result<Vec<_>, _>>()?;
    tolerations.sort();
    tolerations.dedup();
    Ok(tolerations)
}

/// Adds what the `DaemonSet` controller adds to its pods.
///
/// Source: Kubernetes v1.36, `pkg/controller/daemon/util/daemonset_util.go`
/// (`AddOrUpdateDaemonPodTolerations`).
pub(super) fn add_of_daemons(tolerations: &mut Vec<Toleration>, host_network: bool) {
    let always = [
        ("node.kubernetes.io/not-ready", Effect::NoExecute),
        ("node.kubernetes.io/unreachable", Effect::NoExecute),
        ("node.kubernetes.io/disk-pressure", Effect::NoSchedule),
        ("node.kubernetes.io/memory-pressure", Effect::NoSchedule),
        ("node.kubernetes.io/pid-pressure", Effect::NoSchedule),
        ("node.kubernetes.io/unschedulable", Effect::NoSchedule),
    ];
    let on_host = ("node.kubernetes.io/network-unavailable", Effect::NoSchedule);
    let added = always.into_iter().chain(host_network.then_some(on_host));
    tolerations.extend(added.map(|(key, effect)| Toleration {
        key: Some(key.to_owned()),
        operator: TolerationOperator::Exists,
        value: String::new(),
        effect: Some(effect),
    }));
    tolerations.sort();
    tolerations.dedup();
}

fn one(toleration: &api::Toleration, path: &str) -> Result<Toleration, Problem> {
    let problem = |field: &str, message: String, remedy: &str| Problem {
        field: format!("{path}.{field}"),
        message,
        remedy: remedy.to_owned(),
    };
    let operator = match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => TolerationOperator::Equal,
        "Exists" => TolerationOperator::Exists,
        other => {
            let message = format!("{other:?} is no operator of tolerations");
            return Err(problem("operator", message, "use Equal or Exists"));
        }
    };
    let effect = match toleration.effect.as_deref().unwrap_or_default() {
        "" => None,
        "NoSchedule" => Some(Effect::NoSchedule),
        "PreferNoSchedule" => Some(Effect::PreferNoSchedule),
        "NoExecute" => Some(Effect::NoExecute),
        other => {
            let message = format!("{other:?} is no effect of a taint");
            let remedy = "use NoSchedule, PreferNoSchedule or NoExecute, or leave it out";
            return Err(problem("effect", message, remedy));
        }
    };
    let key = toleration.key.clone().filter(|key| !key.is_empty());
    if key.is_none() && operator == TolerationOperator::Equal {
        let message = "is missing, and only Exists tolerates every key".to_owned();
        return Err(problem("key", message, "name the key or use Exists"));
    }
    let value = match operator {
        TolerationOperator::Equal => toleration.value.clone().unwrap_or_default(),
        TolerationOperator::Exists => String::new(),
    };
    Ok(Toleration { key, operator, value, effect })
}
