//! Workloads without pods, and how many pods they would have.
//!
//! Input: workload objects and which of them own pods. Output: templates with a number of pods; what
//! is held or between runs is noted.

use api::{JobSpec, JobStatus, ObjectMeta, PodTemplate};

use super::owners::Owners;
use super::tally::Tally;
use super::{Problem, name_of};
use crate::Objects;

/// A template and how many pods are made from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload<'a> {
    /// Its kind.
    pub(super) kind: &'static str,
    /// Its name and namespace.
    pub(super) metadata: &'a ObjectMeta,
    /// The path to the pod spec.
    pub(super) path: &'static str,
    /// The pod.
    pub(super) template: &'a PodTemplate,
    /// How many.
    pub(super) replicas: u32,
    /// Claims that are made for each.
    pub(super) claim_templates: &'a [api::VolumeClaimTemplate],
}

const PATH: &str = "spec.template.spec";
const PATH_OF_CRON_JOB: &str = "spec.jobTemplate.spec.template.spec";

/// The workloads that stand for pods not in the input, by kind, then in input order.
pub(super) fn without_pods<'a>(
    objects: &'a Objects,
    owners: &Owners<'a>,
    tally: &mut Tally,
) -> Vec<Workload<'a>> {
    let mut expansion = Expansion { owners, tally, workloads: Vec::new() };
    for deployment in &objects.deployments {
        let spec = &deployment.spec;
        let workload = workload("Deployment", &deployment.metadata, &spec.template);
        expansion.add(workload, "spec.replicas", spec.replicas);
    }
    for stateful_set in &objects.stateful_sets {
        let spec = &stateful_set.spec;
        let workload = Workload {
            claim_templates: &spec.volume_claim_templates,
            ..workload("StatefulSet", &stateful_set.metadata, &spec.template)
        };
        expansion.add(workload, "spec.replicas", spec.replicas);
    }
    for replica_set in &objects.replica_sets {
        if !owners.is_of_deployment(&replica_set.metadata) {
            let spec = &replica_set.spec;
            let workload = workload("ReplicaSet", &replica_set.metadata, &spec.template);
            expansion.add(workload, "spec.replicas", spec.replicas);
        }
    }
    for job in &objects.jobs {
        expansion.add_job(job);
    }
    for cron_job in &objects.cron_jobs {
        expansion.add_cron_job(cron_job, objects.pods.is_empty());
    }
    expansion.workloads
}

struct Expansion<'a, 'o> {
    owners: &'o Owners<'a>,
    tally: &'o mut Tally,
    workloads: Vec<Workload<'a>>,
}

impl<'a> Expansion<'a, '_> {
    /// Adds a workload of `replicas` pods, 1 where absent, unless its pods are in the input.
    fn add(&mut self, workload: Workload<'a>, field: &str, replicas: Option<i32>) {
        if self.owners.has_pods(workload.kind, workload.metadata) {
            return;
        }
        let replicas = replicas.unwrap_or(1);
        match u32::try_from(replicas) {
            Ok(0) => {}
            Ok(replicas) => self.workloads.push(Workload { replicas, ..workload }),
            Err(_) => {
                let problem = Problem {
                    field: field.to_owned(),
                    message: format!("{replicas} is below zero"),
                    remedy: "give the number of pods".to_owned(),
                };
                let object = name_of(workload.kind, workload.metadata);
                self.tally.bad_field(&object, problem, 1);
            }
        }
    }

    fn add_job(&mut self, job: &'a api::Job) {
        let is_over = job.status.conditions.iter().any(|condition| {
            let ends = ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"];
            ends.contains(&condition.kind.as_str()) && condition.status == "True"
        });
        if is_over {
            return;
        }
        if job.spec.suspend {
            let object = name_of("Job", &job.metadata);
            let message = "suspended Jobs are not planned";
            self.tally.note(&object, "spec.suspend", message, 1);
            return;
        }
        let workload = workload("Job", &job.metadata, &job.spec.template);
        let replicas = at_once(&job.spec, &job.status);
        self.add(workload, "spec.parallelism", Some(replicas));
    }

    /// A CronJob stands for one run, in an input without pods: in one with pods, which shows a
    /// moment of a cluster, it is between two runs.
    fn add_cron_job(&mut self, cron_job: &'a api::CronJob, is_without_pods: bool) {
        let metadata = &cron_job.metadata;
        if self.owners.has_pods("CronJob", metadata) || self.owners.has_jobs(metadata) {
            return;
        }
        let object = name_of("CronJob", metadata);
        let spec = &cron_job.spec;
        if spec.suspend {
            let message = "suspended CronJobs are not planned";
            self.tally.note(&object, "spec.suspend", message, 1);
            return;
        }
        if !is_without_pods {
            let message = "a CronJob without pods is between two runs: it is not planned";
            self.tally.note(&object, "", message, 1);
            return;
        }
        let message = "a CronJob is planned as the pods of one run";
        self.tally.note(&object, "", message, 1);
        let run = &spec.job_template.spec;
        let workload =
            Workload { path: PATH_OF_CRON_JOB, ..workload("CronJob", metadata, &run.template) };
        let replicas = at_once(run, &JobStatus::default());
        self.add(workload, "spec.jobTemplate.spec.parallelism", Some(replicas));
    }
}

fn workload<'a>(
    kind: &'static str,
    metadata: &'a ObjectMeta,
    template: &'a PodTemplate,
) -> Workload<'a> {
    Workload { kind, metadata, path: PATH, template, replicas: 0, claim_templates: &[] }
}

/// How many pods of a Job run at once: its parallelism, but no more than there are completions to
/// go. A negative parallelism is passed on, to be refused.
fn at_once(spec: &JobSpec, status: &JobStatus) -> i32 {
    let parallelism = spec.parallelism.unwrap_or(1);
    let to_go =
        spec.completions.map_or(parallelism, |all| all.saturating_sub(status.succeeded).max(0));
    parallelism.min(to_go)
}
