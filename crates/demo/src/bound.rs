//! What the pods that are there cost at least: planned anew from nothing by the same planner, and proved by
//! the checker.

use anyhow::{Context as _, anyhow};
use ec2::Catalog;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Api, Client};
use model::Objective;
use planner::{Seed, Settings, Timestamp};
use snapshot::{Inputs, LowerOptions, PodSelection, Policies, Unavailable};

use crate::market::REGION;

/// Units of work of the search and of the proof: far more than so few pods take.
const WORK_MAX: u64 = 2_000_000;

/// USD an hour that no fleet for the same pods, bought anew, goes below; zero for no pods.
pub(crate) async fn bound(client: &Client) -> anyhow::Result<f64> {
    let mut inputs = Inputs::default();
    let objects = &mut inputs.objects;
    objects.pods = list(client, "", "Pod").await?;
    // What is going away needs no machine.
    objects.pods.retain(|pod: &api::Pod| pod.metadata.deletion_timestamp.is_none());
    objects.node_pools = list(client, "karpenter.sh", "NodePool").await?;
    objects.node_classes = list(client, "karpenter.k8s.aws", "EC2NodeClass").await?;
    // What could be bought if all were well: what a class or a pool waits for is no part of it.
    for pool in &mut objects.node_pools {
        pool.status = api::NodePoolStatus::default();
    }
    for class in &mut objects.node_classes {
        class.status = api::Ec2NodeClassStatus::default();
    }
    if objects.pods.is_empty() {
        return Ok(0.0);
    }
    // It takes a core for a moment, and the screen is drawn on.
    tokio::task::spawn_blocking(|| proved(inputs)).await.context("proving the bound")?
}

fn proved(inputs: Inputs) -> anyhow::Result<f64> {
    let options = LowerOptions {
        region: REGION.to_owned(),
        pods: Some(PodSelection::All),
        architectures: Vec::new(),
        capacity_types: Vec::new(),
        estimate_prices: true,
        live_market: None,
        unavailable: Unavailable::default(),
        now: Timestamp(0),
        existing_only: false,
        watched: false,
        policies: Policies::default(),
    };
    let lowered = snapshot::lower(inputs, &Catalog::embedded(), &options)?;
    let objective = Objective::LIST_PRICES;
    let settings = Settings { price_weights: false, objective, work_limit: WORK_MAX };
    let snapshot = &lowered.snapshot;
    let (plan, report) = planner::plan(snapshot, &settings, Timestamp(0), Seed(0));
    let checked = checker::check(snapshot, plan)
        .map_err(|violations| anyhow!("the checker refuses the plan: {violations:?}"))?;
    let candidates = &report.candidates;
    let proved = checker::prove_best(snapshot, checked.plan(), candidates, objective, WORK_MAX);
    let (_, bound) = proved.map_err(|error| anyhow!("no bound is proved: {error:?}"))?;
    let nano = u32::try_from(bound.lower.get() / 1_000).context("a bound below 4,000 USD/h")?;
    Ok(f64::from(nano) / 1e6)
}

async fn list<T: serde::de::DeserializeOwned>(
    client: &Client,
    group: &str,
    kind: &str,
) -> anyhow::Result<Vec<T>> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let found = api.list(&ListParams::default()).await?.items;
    let read =
        |object| serde_json::to_value::<DynamicObject>(object).and_then(serde_json::from_value);
    found.into_iter().map(|object| Ok(read(object)?)).collect()
}
