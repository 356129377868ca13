//! Decision records: what was planned goes to a folder or to standard output.
//!
//! In: plans, as they are made. Out: lines of records, see the `record` crate. A thread of its own
//! encodes and writes, so the loop neither waits for a disk nor stops for one: what cannot be written
//! is counted, and told once until it can be again.

mod folder;
mod output;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use record::{Planning, PriceDate, Selection, Shown, Why};

use crate::metrics::{Metrics, RecordLost};
use crate::planning::{Planned, Refused};
use output::{Output, WriteError};

/// Plans that may wait to be written; each keeps its snapshot in memory until then, some MB.
const WAITING_MAX: usize = 4;
/// The end of the process waits so long for what is being written.
const END_MAX: Duration = Duration::from_secs(2);

/// Where decision records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordTo {
    /// Lines between those of the log.
    Stdout,
    /// Files in this folder, as a ring.
    Folder(PathBuf),
}

/// Whether decisions are recorded, and how many of them are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Where to.
    pub to: RecordTo,
    /// The most bytes that all files together have. On standard output, of which nobody knows what is
    /// kept, all that a record needs is written anew after an eighth of them.
    pub bytes_max: u64,
}

/// A plan to be recorded.
#[derive(Debug)]
pub(crate) enum Made {
    /// One that holds.
    Planned(Arc<Planned>),
    /// One that the checker refuses: with its record, the bug can be looked at.
    Refused(Box<Refused>),
}

/// Takes plans for the thread that writes them; without one, for nobody.
#[derive(Debug)]
pub(crate) struct Records {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    plans: SyncSender<(Why, Made)>,
    ended: Receiver<()>,
    dropped: Counter,
}

impl Records {
    /// Starts the thread, where anything is to be recorded.
    pub(crate) fn start(recording: Option<&Recording>, metrics: &Metrics) -> Self {
        let Some(recording) = recording.cloned() else { return Self { running: None } };
        let (plans, queue) = mpsc::sync_channel(WAITING_MAX);
        let (end, ended) = mpsc::channel::<()>();
        let writer = Writer {
            output: Output::new(&recording),
            written: metrics.records_written.clone(),
            failed: metrics.lost_record(RecordLost::NotWritten),
            is_failing: false,
        };
        let started = std::thread::Builder::new().name("records".to_owned()).spawn(move || {
            writer.run(&queue);
            drop(end);
        });
        if let Err(error) = started {
            let error: &dyn std::error::Error = &error;
            tracing::error!(controller = "records", error, "nothing is recorded");
            return Self { running: None };
        }
        let dropped = metrics.lost_record(RecordLost::Dropped);
        Self { running: Some(Running { plans, ended, dropped }) }
    }

    /// Hands a plan over, and does not wait: where too many are waiting already, it is counted and lost.
    pub(crate) fn keep(&self, why: Why, made: Made) {
        let Some(running) = &self.running else { return };
        match running.plans.try_send((why, made)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                running.dropped.inc();
            }
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let Some(Running { plans, ended, dropped: _ }) = self.running.take() else { return };
        drop(plans);
        // Nothing is ever sent: it ends when the thread does, or the time is over.
        let _ = ended.recv_timeout(END_MAX);
    }
}

/// The thread's own.
struct Writer {
    output: Output,
    written: Counter,
    failed: Counter,
    is_failing: bool,
}

impl Writer {
    fn run(mut self, queue: &Receiver<(Why, Made)>) {
        for (why, made) in queue {
            let encoded = record::encode(&planning(why, &made));
            drop(made);
            match self.output.write(&encoded) {
                Ok(()) => self.wrote(),
                Err(error) => self.lost(&error),
            }
        }
    }

    fn wrote(&mut self) {
        self.written.inc();
        if std::mem::take(&mut self.is_failing) {
            tracing::info!(controller = "records", "decisions are recorded again");
        }
    }

    fn lost(&mut self, error: &WriteError) {
        self.failed.inc();
        if !std::mem::replace(&mut self.is_failing, true) {
            let error: &dyn std::error::Error = error;
            tracing::error!(controller = "records", error, "a decision is not recorded");
        }
    }
}

/// A plan as it is recorded.
fn planning(why: Why, made: &Made) -> Planning<'_> {
    let (lowered, plan, report, settings, cut) = match made {
        Made::Planned(planned) => {
            let Planned { lowered, checked, report, settings, cut, alternatives: _ } = &**planned;
            (lowered, checked.plan(), report, settings, cut)
        }
        Made::Refused(refused) => {
            let Refused { lowered, plan, report, settings, cut, violations: _ } = &**refused;
            (lowered, plan, report, settings, cut)
        }
    };
    let summary = &lowered.summary;
    let prices = summary.price_grades.iter().map(|(grade, types)| PriceDate {
        as_of: grade.as_of.clone(),
        source: grade.source.clone(),
        quality: grade.quality.to_string(),
        types: *types,
    });
    Planning {
        why,
        now: report.now,
        seed: report.seed,
        settings: *settings,
        cut: *cut,
        snapshot: &lowered.snapshot,
        plan,
        report,
        findings: &lowered.findings,
        shown: Shown {
            pods: Selection::Pending,
            default_pools: String::new(),
            attribution: String::new(),
            catalog_date: summary.catalog_date.clone(),
            prices: prices.collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use model::{Reason, Timestamp, Unschedulable};
    use prometheus_client::registry::Registry;
    use record::{Segment, unpack};
    use snapshot::Unavailable;

    use super::*;
    use crate::planning::{Circumstances, Planner};
    use crate::store::Tables;

    /// What is planned for a cluster that has nothing.
    fn planned() -> Planned {
        let planner = Planner::new("us-east-1".to_owned(), 0).unwrap();
        let unavailable = Unavailable::new();
        let now = Timestamp(5);
        let circumstances = Circumstances { now, seed: 7, market: None, unavailable };
        planner.plan(&Tables::default(), &circumstances, &mut || false).unwrap()
    }

    #[test]
    fn plans_are_written_by_the_end_and_a_refused_one_is_among_them() {
        let name = format!("stowage-records-{}-thread", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        let to = RecordTo::Folder(path.clone());
        let metrics = Metrics::register(&mut Registry::default());
        let records = Records::start(Some(&Recording { to, bytes_max: 10_000_000 }), &metrics);
        records.keep(Why::First, Made::Planned(Arc::new(planned())));
        let Planned { lowered, checked, report, settings, cut, .. } = planned();
        let mut plan = checked.plan().clone();
        let reasons = vec![Reason::NoNodePool];
        plan.unschedulable.push(Unschedulable { pods: Vec::new(), reasons });
        let violations = checker::check(&lowered.snapshot, plan.clone()).unwrap_err();
        let refused = Refused { lowered, plan, report, settings, cut, violations };
        records.keep(Why::Pods, Made::Refused(Box::new(refused)));
        drop(records);
        assert_eq!(metrics.records_written.get(), 2);
        let file = std::fs::read(path.join(record::ring::File::name(1))).unwrap();
        let segment = Segment::read("1", &unpack(file, 1 << 30).lines);
        let read = segment.entries.iter().map(|entry| segment.decode(entry).unwrap());
        let replays: Vec<_> = read.map(|recorded| record::replay(&recorded).difference).collect();
        assert_eq!(replays[0], None);
        let difference = replays[1].as_ref().expect("the plan was spoilt");
        assert_eq!(difference.field, "plan.unschedulable[0]");
        let _ = std::fs::remove_dir_all(&path);
    }
}
