//! One write to the API server.
//!
//! Conflicts, and objects that are gone or there already, are answers and no failures: every write is
//! derived again from what the API server says next.

use executor::{Kind, ObjectRef, Request};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, EvictParams, Patch, PatchParams, PostParams,
    Preconditions,
};
use kube::{Api, Client, Error};
use serde_json::{Value, json};

use super::{PerformError, Performed};
use crate::config::FIELD_MANAGER;

/// What is being done, for people; and the doing.
pub(super) fn write<'a>(
    client: &'a Client,
    request: &'a Request,
) -> (String, impl Future<Output = Result<Performed, PerformError>> + 'a) {
    let doing = doing(request);
    let for_error = doing.clone();
    let written = async move {
        let answer = send(client, request).await;
        answer.map_err(|source| PerformError::Kube { doing: for_error, source: Box::new(source) })
    };
    (doing, written)
}

/// A word from a closed list, for metrics.
pub(super) const fn step(request: &Request) -> &'static str {
    match request {
        Request::Create { .. } => "create",
        Request::Patch { status: false, .. } => "patch",
        Request::Patch { status: true, .. } => "patch_status",
        Request::Delete { .. } => "delete",
        Request::Evict { .. } => "evict",
        Request::Nominate { .. } => "nominate",
        Request::Cloud(_) => "cloud",
        Request::Note(_) => "note",
    }
}

fn doing(request: &Request) -> String {
    let target = match request {
        Request::Create { target, .. }
        | Request::Patch { target, .. }
        | Request::Delete { target, .. }
        | Request::Evict { target, .. }
        | Request::Nominate { target, .. } => target,
        Request::Cloud(_) | Request::Note(_) => return step(request).to_owned(),
    };
    let namespace = target.namespace.as_ref().map(|namespace| format!("{namespace}/"));
    let namespace = namespace.unwrap_or_default();
    format!("{} of {} {namespace}{}", step(request), target.kind.as_str(), target.name)
}

async fn send(client: &Client, request: &Request) -> Result<Performed, Error> {
    match request {
        Request::Create { target, body } => create(client, target, body).await,
        Request::Patch { target, status, body } => patch(client, target, *status, body).await,
        Request::Delete { target, uid, grace_seconds, .. } => {
            delete(client, target, uid, *grace_seconds).await
        }
        Request::Evict { target, uid } => evict(client, target, uid).await,
        Request::Nominate { target, uid, node } => {
            let body = json!({
                "metadata": { "uid": uid },
                "status": { "nominatedNodeName": node },
            });
            patch(client, target, true, &body).await
        }
        Request::Cloud(_) | Request::Note(_) => Ok(Performed::Nothing),
    }
}

async fn create(client: &Client, target: &ObjectRef, body: &Value) -> Result<Performed, Error> {
    let object: DynamicObject = serde_json::from_value(body.clone()).map_err(Error::SerdeError)?;
    let params =
        PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match api(client, target).create(&params, &object).await {
        Ok(created) => Ok(wrote(target, &created)),
        Err(error) if is(&error, &[409]) => Ok(Performed::Nothing),
        Err(error) => Err(error),
    }
}

async fn patch(
    client: &Client,
    target: &ObjectRef,
    status: bool,
    body: &Value,
) -> Result<Performed, Error> {
    let api = api(client, target);
    let params =
        PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(body);
    let patched = if status {
        api.patch_status(&target.name, &params, &patch).await
    } else {
        api.patch(&target.name, &params, &patch).await
    };
    match patched {
        Ok(patched) => Ok(wrote(target, &patched)),
        Err(error) if is(&error, &[404, 409]) => Ok(Performed::Nothing),
        Err(error) => Err(error),
    }
}

async fn delete(
    client: &Client,
    target: &ObjectRef,
    uid: &str,
    grace_seconds: Option<i64>,
) -> Result<Performed, Error> {
    let params = DeleteParams {
        grace_period_seconds: grace_seconds.and_then(|seconds| u32::try_from(seconds).ok()),
        preconditions: only(uid),
        ..DeleteParams::default()
    };
    match api(client, target).delete(&target.name, &params).await {
        Ok(answer) => Ok(answer.left().map_or(Performed::Nothing, |left| wrote(target, &left))),
        Err(error) if is(&error, &[404, 409]) => Ok(Performed::Nothing),
        Err(error) => Err(error),
    }
}

async fn evict(client: &Client, target: &ObjectRef, uid: &str) -> Result<Performed, Error> {
    let namespace = target.namespace.as_deref().unwrap_or("default");
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let delete_options = Some(DeleteParams { preconditions: only(uid), ..DeleteParams::default() });
    let params = EvictParams { delete_options, ..EvictParams::default() };
    match api.evict(&target.name, &params).await {
        Ok(_) => Ok(Performed::Nothing),
        Err(error) if is(&error, &[404, 409]) => Ok(Performed::Nothing),
        Err(error) if is(&error, &[429]) || is_many_budgets(&error) => Ok(Performed::Refused),
        Err(error) => Err(error),
    }
}

fn only(uid: &str) -> Option<Preconditions> {
    let uid = Some(uid.to_owned()).filter(|uid| !uid.is_empty());
    uid.map(|uid| Preconditions { uid: Some(uid), resource_version: None })
}

/// A pod under several budgets is a 500 whose message says so; it ends when one of them goes.
fn is_many_budgets(error: &Error) -> bool {
    matches!(error, Error::Api(status)
        if status.code == 500 && status.message.contains("more than one PodDisruptionBudget"))
}

fn is(error: &Error, codes: &[u16]) -> bool {
    matches!(error, Error::Api(status) if codes.contains(&status.code))
}

fn wrote(target: &ObjectRef, object: &DynamicObject) -> Performed {
    let version = object.metadata.resource_version.as_deref();
    let version = version.and_then(|version| version.parse().ok()).unwrap_or(0);
    Performed::Wrote(target.clone(), version)
}

fn api(client: &Client, target: &ObjectRef) -> Api<DynamicObject> {
    let resource = resource(target.kind);
    match &target.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

fn resource(kind: Kind) -> ApiResource {
    let (group, plural) = match kind {
        Kind::Pod => ("", "pods"),
        Kind::Node => ("", "nodes"),
        Kind::NodeClaim => (api::names::GROUP, "nodeclaims"),
        Kind::NodePool => (api::names::GROUP, "nodepools"),
        Kind::Ec2NodeClass => (api::names::AWS_GROUP, "ec2nodeclasses"),
    };
    let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        api_version,
        kind: kind.as_str().to_owned(),
        plural: plural.to_owned(),
    }
}
