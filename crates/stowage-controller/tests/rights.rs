//! Each rule that the chart gives to the controller is used: what is asked for is read from the API server's
//! audit log and held against the rules, verb by verb. That none is missing all tests hold, as none of them
//! may meet a refusal.

use std::collections::BTreeSet;

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use testcluster::audit::Asked;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World};

const APP: &str = "web";

/// One verb on one resource, and the names and the namespace that it is for; empty means all.
#[derive(Debug)]
struct Right {
    verb: String,
    group: String,
    resource: String,
    names: Vec<String>,
    namespace: Option<String>,
}

impl Right {
    fn is_used_by(&self, asked: &Asked) -> bool {
        asked.verb == self.verb
            && asked.group == self.group
            && asked.resource == self.resource
            && (self.names.is_empty() || self.names.contains(&asked.name))
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == asked.namespace)
    }
}

/// The single rights of rules.
fn rights(rules: Option<Vec<PolicyRule>>, namespace: Option<&str>) -> Vec<Right> {
    let mut rights = Vec::new();
    for rule in rules.unwrap_or_default() {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                rights.extend(rule.verbs.iter().map(|verb| Right {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    names: rule.resource_names.clone().unwrap_or_default(),
                    namespace: namespace.map(str::to_owned),
                }));
            }
        }
    }
    rights
}

/// All that the controller's account may do.
async fn all_rights(world: &World) -> Vec<Right> {
    let roles: Api<ClusterRole> = Api::all(world.client.clone());
    let mut all = rights(roles.get("stowage").await.unwrap().rules, None);
    let roles: Api<Role> = Api::namespaced(world.client.clone(), "kube-system");
    let ours = roles.list(&ListParams::default()).await.unwrap().items.into_iter();
    for role in ours.filter(|role| role.metadata.name.iter().any(|it| it.starts_with("stowage"))) {
        all.extend(rights(role.rules, Some("kube-system")));
    }
    assert!(all.len() > 30, "the rules were not found: {all:?}");
    all
}

/// What each right that is there is for: a life of pods, claims and nodes in which everything happens.
async fn live(world: &World) {
    world.pool("general", "on-demand", "amd64").await;
    // Longer than a second, so that what is left of it when the claim's time is over is not missed.
    let spec = json!({"terminationGracePeriodSeconds": 30});
    let shape = PodShape { spec, ..PodShape::requesting(&[("cpu", "1")]) };
    workloads::create(&world.client, &workloads::deployment(APP, 2, &shape)).await.or_stop();
    workloads::running(&world.client, APP, 2, SOON).await.or_stop();
    let claim = world.list("NodeClaim").await.remove(0);
    let name = claim.metadata.name.unwrap();

    // A budget that allows nothing keeps the pods, until the claim's time is over, which it is soon.
    let budget = format!(
        "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: keep, namespace: {}}}, \
         spec: {{maxUnavailable: 0, selector: {{matchLabels: {{app: {APP}}}}}}}}}",
        workloads::NAMESPACE
    );
    world.cluster.apply_text(&budget).await.or_stop();
    let soon =
        k8s_openapi::jiff::Timestamp::now() + k8s_openapi::jiff::SignedDuration::from_secs(45);
    let soon = soon.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let grace = json!({"metadata": {"annotations": {
        "karpenter.sh/nodeclaim-termination-timestamp": soon,
    }}});
    let api = world.custom("NodeClaim");
    api.patch(&name, &PatchParams::default(), &Patch::Merge(&grace)).await.unwrap();
    api.delete(&name, &DeleteParams::default()).await.unwrap();
    until("the claim is gone", SOON, async || {
        let found = api.get_opt(&name).await?;
        Ok::<_, kube::Error>(found.is_none().then_some(()))
    })
    .await
    .or_stop();
    workloads::running(&world.client, APP, 2, SOON).await.or_stop();

    // Empty nodes go by themselves, before their pool does.
    workloads::scale(&world.client, APP, 0).await.or_stop();
    world.until_count("NodeClaim", 0).await;
    world.nothing_is_left_after_all_is_deleted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_right_of_the_chart_is_used() {
    let world = World::start().await;
    let running = world.controller(&[]);
    live(&world).await;
    running.stop().await;
    world.check_logs();
    let asked: BTreeSet<Asked> = world.cluster.asked().or_stop().into_iter().collect();
    let rights = all_rights(&world).await;
    let unused: Vec<&Right> =
        rights.iter().filter(|right| !asked.iter().any(|asked| right.is_used_by(asked))).collect();
    println!("{} rights, {} kinds of requests", rights.len(), asked.len());
    assert!(
        unused.is_empty(),
        "rights that nothing uses: {unused:#?}\nTake them out of deploy/chart/stowage/templates and run \
         `cargo xtask chart`, or make `live` in tests/rights.rs do what needs them; asked for was {asked:#?}"
    );
}
