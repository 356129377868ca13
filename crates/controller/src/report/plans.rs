//! What is said about a plan: one line in the log, its metrics, and an event on each pod left out.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Finding, FindingCode, PodName};

use super::reasons;
use super::{About, Event, NOMINATED, Recorder, Severity};
use crate::metrics::{Controller, Metrics};
use crate::planning::{Bill, Planned, usd};
use crate::store::Tables;

/// A pod is told at most so often why it waits: as Karpenter.
const LEFT_OUT_QUIET: Duration = Duration::from_mins(5);

/// One line and the metrics of a plan. `took` is from the snapshot to the checked plan.
pub(crate) fn log_plan(planned: &Planned, bill: &Bill, took: Duration, metrics: &Metrics) {
    let totals = planned.checked.totals();
    let scheduling = Controller { controller: "provisioner" };
    metrics.unschedulable_pods.get_or_create(&scheduling).set(count(totals.pods_left_out));
    metrics.scheduling_duration.get_or_create(&scheduling).observe(took.as_secs_f64());
    metrics.plan_cost.set(usd(bill.cost.get(), 1_000_000));
    metrics.existing_cost.set(usd(totals.existing_cost_per_hour.get(), 1_000_000));
    metrics.plan_bound.set(bill.bound.map_or(f64::NAN, |bound| usd(bound.get(), 1_000_000_000)));
    metrics.plan_gap.set(bill.gap().unwrap_or(f64::NAN));
    tracing::info!(
        controller = "provisioner",
        pods = totals.pods_placed,
        left_out = totals.pods_left_out,
        nodes = totals.new_nodes,
        cost_per_hour = %bill.cost,
        bound_per_hour = bill.bound.map(|bound| usd(bound.get(), 1_000_000_000)),
        gap = bill.gap(),
        work = planned.report.work_used,
        findings = planned.lowered.findings.len(),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "planned"
    );
}

/// Says what lowering found that it had not found for the plan before: pods wait for it, and the same is
/// found again with every plan.
pub(crate) fn log_news(planned: &Planned, before: Option<&Planned>) {
    fn text(finding: &Finding) -> (&str, &str, &str) {
        (&finding.object, &finding.field, &finding.message)
    }
    let known = before.into_iter().flat_map(|before| before.lowered.findings.iter().map(text));
    let known: BTreeSet<_> = known.collect();
    for finding in planned.lowered.findings.iter().filter(|one| !known.contains(&text(one))) {
        log_finding(finding);
    }
}

/// Says one finding: a warning where somebody has something to mend.
pub(crate) fn log_finding(finding: &Finding) {
    let Finding { code, object, field, message, remedy, count: _ } = finding;
    match code {
        FindingCode::Note | FindingCode::Mapping | FindingCode::MissingFact => {
            tracing::info!(controller = "provisioner", object, field, remedy, "{message}");
        }
        FindingCode::BadInput
        | FindingCode::BadField
        | FindingCode::NotHonoured
        | FindingCode::MissingReference => {
            tracing::warn!(controller = "provisioner", object, field, remedy, "{message}");
        }
    }
}

/// Tells each pod that the plan leaves out why.
pub(crate) fn tell_left_out(planned: &Planned, tables: &Tables, recorder: &mut Recorder) {
    for group in &planned.checked.plan().unschedulable {
        let why = reasons::sentence(&group.reasons);
        for pod in &group.pods {
            let name = &planned.lowered.snapshot.pod(*pod).name;
            recorder.record(Event {
                about: about_pod(name, tables),
                severity: Severity::Warning,
                reason: "FailedScheduling",
                message: format!("Failed to schedule pod, {why}"),
                quiet: Some(LEFT_OUT_QUIET),
            });
        }
    }
}

/// Tells each pod of a new node which claim it was bought with.
pub(crate) fn tell_nominated(
    planned: &Planned,
    claims: &[String],
    tables: &Tables,
    recorder: &mut Recorder,
) {
    for (node, claim) in planned.checked.plan().new_nodes.iter().zip(claims) {
        for pod in &node.pods {
            let name = &planned.lowered.snapshot.pod(*pod).name;
            recorder.record(Event {
                about: about_pod(name, tables),
                severity: Severity::Normal,
                reason: NOMINATED,
                message: format!("Pod should schedule on: nodeclaim/{claim}"),
                quiet: None,
            });
        }
    }
}

/// The pod of a snapshot as the object of an event.
pub(crate) fn about_pod(name: &PodName, tables: &Tables) -> About {
    let (namespace, name) = name.as_str().split_once('/').unwrap_or(("default", name.as_str()));
    let pod = tables.pods.objects.get(&(namespace.into(), name.into()));
    let uid = pod.and_then(|pod| pod.metadata.uid.as_deref()).unwrap_or_default();
    About {
        api_version: "v1",
        kind: "Pod",
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
