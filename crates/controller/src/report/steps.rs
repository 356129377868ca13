//! One line in the log for each step that was executed.

use executor::{CloudRequest, ObjectRef, Request};

use crate::perform::{PerformError, Performed};

/// Says what was done. What changed nothing is said at debug.
pub(crate) fn log_step(request: &Request, performed: &Performed) {
    if let Performed::Launched(answer) = performed {
        return log_launch(answer);
    }
    if matches!((request, performed), (Request::Patch { .. }, Performed::Nothing)) {
        tracing::debug!(controller = "executor", "a conflict, or an object that is gone");
        return;
    }
    match request {
        Request::Create { target, .. } => {
            tracing::info!(controller = "executor", node_claim = target.name, "created nodeclaim");
        }
        Request::Delete { target, reason, .. } => {
            let (kind, name) = (target.kind.as_str(), full(target));
            tracing::info!(controller = "executor", kind, name, reason, "deleted object");
        }
        Request::Evict { target, .. } => {
            let granted = !matches!(performed, Performed::Refused);
            tracing::info!(
                controller = "executor",
                pod = full(target),
                granted,
                "asked for eviction"
            );
        }
        Request::Cloud(CloudRequest::Terminate(claim, id)) => {
            let (claim, id) = (claim.as_str(), id.as_str());
            tracing::info!(
                controller = "executor",
                node_claim = claim,
                instance = id,
                "terminated instance"
            );
        }
        Request::Patch { target, status, body } => {
            let (kind, name) = (target.kind.as_str(), full(target));
            tracing::debug!(controller = "executor", kind, name, status, %body, "patched object");
        }
        Request::Nominate { target, node, .. } => {
            let node = node.as_deref().unwrap_or_default();
            tracing::debug!(controller = "executor", pod = full(target), node, "nominated pod");
        }
        Request::Cloud(request) => {
            tracing::debug!(controller = "executor", ?request, "asked the cloud");
        }
        Request::Note(_) => {}
    }
}

fn log_launch(answer: &Result<cloud::Launch, cloud::LaunchError>) {
    match answer {
        Ok(launch) => {
            let instance = &launch.instance;
            tracing::info!(
                controller = "executor",
                node_claim = instance.claim().unwrap_or_default(),
                provider_id = instance.provider_id(),
                instance_type = instance.instance_type.as_str(),
                zone = instance.zone.as_str(),
                capacity_type = instance.capacity_type.as_str(),
                refused = launch.refused.len(),
                "launched nodeclaim"
            );
        }
        Err(failed) => {
            let claim = failed.claim.as_str();
            let class = failed.error.class.as_str();
            let refused = failed.refused.len();
            let error: &dyn std::error::Error = failed;
            tracing::warn!(
                controller = "executor",
                node_claim = claim,
                class,
                refused,
                error,
                "launch failed"
            );
        }
    }
}

/// Says what failed; it is tried again.
pub(crate) fn log_failure(request: &Request, error: &PerformError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(controller = "executor", step = %word(request), error, "step failed, it will be tried again");
}

/// Says what would be done.
pub(crate) fn log_shadow(request: &Request) {
    tracing::debug!(controller = "shadow", step = %word(request), "would do");
}

fn word(request: &Request) -> String {
    match request {
        Request::Create { target, .. } => format!("create {}", full(target)),
        Request::Patch { target, .. } => format!("patch {} {}", target.kind.as_str(), full(target)),
        Request::Delete { target, .. } => {
            format!("delete {} {}", target.kind.as_str(), full(target))
        }
        Request::Evict { target, .. } => format!("evict {}", full(target)),
        Request::Nominate { target, .. } => format!("nominate {}", full(target)),
        Request::Cloud(CloudRequest::Launch(launch)) => format!("launch {}", launch.claim.name),
        Request::Cloud(CloudRequest::FindInstances(claim)) => format!("find instances of {claim}"),
        Request::Cloud(CloudRequest::GetInstance(_, id)) => format!("look at {id}"),
        Request::Cloud(CloudRequest::Terminate(_, id)) => format!("terminate {id}"),
        Request::Cloud(CloudRequest::Tag(_, id, _)) => format!("tag {id}"),
        Request::Cloud(CloudRequest::Prepare(class)) => format!("prepare {}", class.metadata.name),
        Request::Cloud(CloudRequest::Tidy(..)) => "tidy".to_owned(),
        Request::Cloud(CloudRequest::Release(class)) => format!("release {}", class.metadata.name),
        Request::Note(note) => format!("note {}", note.reason),
    }
}

fn full(target: &ObjectRef) -> String {
    match &target.namespace {
        Some(namespace) => format!("{namespace}/{}", target.name),
        None => target.name.clone(),
    }
}
