//! Decision records: what was planned goes to a folder or to standard output.
//!
//! In: plans and passes over what runs, as they are made. Out: lines of records, see the `record` crate. A
//! thread of its own encodes and writes, so the loop neither waits for a disk nor stops for one: what cannot
//! be written is counted, and told once until it can be again. A pass that comes to the same as the one
//! before is not written again, so that a cluster at rest writes nothing.

mod folder;
mod output;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

use ::disruption::{Consolidation, Decision, Waiting};
use model::Timestamp;
use model::fleet::Cluster;
use planner::Pass;
use prometheus_client::metrics::counter::Counter;
use record::{Encoded, Ending, Passing, Planning, PriceDate, Selection, Shown, Why};
use snapshot::Summary;

use crate::metrics::{Metrics, RecordLost};
use crate::planning::{Looked, Planned, Refused};
use output::{Output, WriteError};

/// Decisions that may wait to be written; each keeps its snapshot in memory until then, some MB.
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

/// What goes with nothing in its place, to be recorded.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The time.
    pub(crate) now: Timestamp,
    /// What was decided on.
    pub(crate) cluster: Cluster,
    /// What the decision before left waiting.
    pub(crate) waiting: Waiting,
    /// What goes, and why each other node stays.
    pub(crate) decision: Decision,
}

/// A decision that waits to be written.
#[derive(Debug)]
enum Decided {
    Plan(Why, Made),
    End(Box<Ended>),
    Pass(Arc<Looked>),
}

/// What the last looks at the nodes came to; at first as if there were none.
#[derive(Debug, Default)]
struct Told {
    ended: Decision,
    passed: Pass,
}

/// Takes plans for the thread that writes them; without one, for nobody.
#[derive(Debug)]
pub(crate) struct Records {
    running: Option<Running>,
    told: Told,
}

#[derive(Debug)]
struct Running {
    decisions: SyncSender<Decided>,
    ended: Receiver<()>,
    dropped: Counter,
}

impl Records {
    /// Starts the thread, where anything is to be recorded.
    pub(crate) fn start(recording: Option<&Recording>, metrics: &Metrics) -> Self {
        let Some(recording) = recording.cloned() else { return Self::none() };
        let (decisions, queue) = mpsc::sync_channel(WAITING_MAX);
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
            return Self::none();
        }
        let dropped = metrics.lost_record(RecordLost::Dropped);
        Self { running: Some(Running { decisions, ended, dropped }), told: Told::default() }
    }

    fn none() -> Self {
        Self { running: None, told: Told::default() }
    }

    /// Hands a plan over, and does not wait: where too many are waiting already, it is counted and lost.
    pub(crate) fn keep(&self, why: Why, made: Made) {
        self.hand_over(|| Decided::Plan(why, made));
    }

    /// The same of what goes with nothing in its place, unless the decision before came to the same.
    pub(crate) fn ended(&mut self, ended: impl FnOnce() -> Ended, decision: &Decision) {
        if self.running.is_none() || same(&self.told.ended, decision) {
            return;
        }
        if self.hand_over(|| Decided::End(Box::new(ended()))) {
            self.told.ended = decision.clone();
        }
    }

    /// The same of a pass over what runs.
    pub(crate) fn passed(&mut self, looked: Arc<Looked>) {
        let (told, pass) = (&self.told.passed, &looked.pass);
        let (before, now) = (&told.found, &pass.found);
        let is_told = before.moves == now.moves && before.answers == now.answers;
        if self.running.is_none() || (is_told && told.drift == pass.drift) {
            return;
        }
        // What the bound would be proved from is the largest part of it.
        let found = Consolidation { candidates: Vec::new(), ..pass.found.clone() };
        let told = Pass { found, drift: pass.drift.clone() };
        if self.hand_over(|| Decided::Pass(looked)) {
            self.told.passed = told;
        }
    }

    /// Gives whether it will be written.
    fn hand_over(&self, decided: impl FnOnce() -> Decided) -> bool {
        let Some(running) = &self.running else { return false };
        match running.decisions.try_send(decided()) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                running.dropped.inc();
                false
            }
        }
    }
}

/// Whether two decisions come to the same; since when what waits is not asked.
fn same(one: &Decision, other: &Decision) -> bool {
    one.expired == other.expired && one.delete == other.delete && one.kept == other.kept
}

impl Drop for Records {
    fn drop(&mut self) {
        let Some(Running { decisions, ended, dropped: _ }) = self.running.take() else { return };
        drop(decisions);
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
    fn run(mut self, queue: &Receiver<Decided>) {
        for decided in queue {
            let encoded = encoded(&decided);
            drop(decided);
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

fn encoded(decided: &Decided) -> Encoded {
    match decided {
        Decided::Plan(why, made) => record::encode(&planning(*why, made)),
        Decided::End(ended) => {
            let Ended { now, cluster, waiting, decision } = &**ended;
            record::encode_ending(&Ending { now: *now, cluster, waiting, decision })
        }
        Decided::Pass(looked) => {
            let Looked { question, lowered, cluster, pass } = &**looked;
            let (snapshot, findings) = (&lowered.snapshot, &lowered.findings);
            let shown = shown(&lowered.summary, Selection::All);
            record::encode_pass(&Passing { question, snapshot, cluster, pass, findings, shown })
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
        shown: shown(&lowered.summary, Selection::Pending),
    }
}

fn shown(summary: &Summary, pods: Selection) -> Shown {
    let prices = summary.price_grades.iter().map(|(grade, types)| PriceDate {
        as_of: grade.as_of.clone(),
        source: grade.source.clone(),
        quality: grade.quality.to_string(),
        types: *types,
    });
    Shown {
        pods,
        default_pools: String::new(),
        attribution: String::new(),
        catalog_date: summary.catalog_date.clone(),
        prices: prices.collect(),
    }
}

#[cfg(test)]
mod tests {
    use model::{Reason, Timestamp, Unschedulable};
    use prometheus_client::registry::Registry;
    use record::{Segment, unpack};
    use snapshot::{Policies, Unavailable};

    use super::*;
    use crate::planning::{Circumstances, Planner, Spending};
    use crate::store::Tables;

    /// What is planned for a cluster that has nothing.
    fn planned() -> Planned {
        let planner =
            Planner::new("us-east-1".to_owned(), Spending::NO_SEARCH, Policies::default()).unwrap();
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
        let replays: Vec<_> = read.map(|recorded| record::replay_any(&recorded)).collect();
        assert_eq!(replays[0], None);
        let difference = replays[1].as_ref().expect("the plan was spoilt");
        assert_eq!(difference.field, "plan.unschedulable[0]");
        let _ = std::fs::remove_dir_all(&path);
    }

    /// What comes of looking at a cluster that has nothing, as if `claims` had expired.
    fn ended(claims: &[&str]) -> (Ended, Decision) {
        let expired = claims.iter().map(|claim| (*claim).into()).collect();
        let decision = Decision { expired, ..Decision::default() };
        let cluster = Cluster::default();
        let (waiting, now) = (Waiting::new(), Timestamp(5));
        (Ended { now, cluster, waiting, decision: decision.clone() }, decision)
    }

    #[test]
    fn what_comes_to_the_same_as_before_is_written_once() {
        let name = format!("stowage-records-{}-same", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        let to = RecordTo::Folder(path.clone());
        let metrics = Metrics::register(&mut Registry::default());
        let mut records = Records::start(Some(&Recording { to, bytes_max: 10_000_000 }), &metrics);
        let under_way = crate::planning::UnderWay::default();
        let planner = Planner::new(
            "us-east-1".to_owned(),
            crate::planning::Spending::NO_SEARCH,
            snapshot::Policies::default(),
        )
        .unwrap();
        for time in 0..3 {
            for claims in [&[][..], &[][..], &["a"][..]] {
                let (one, decision) = ended(claims);
                records.ended(|| one, &decision);
            }
            let (now, unavailable) = (Timestamp(time), Unavailable::new());
            let circumstances = Circumstances { now, seed: 7, market: None, unavailable };
            let rotation = ::disruption::Rotation::default();
            let tables = Tables::default();
            let found = planner.moves(&tables, &circumstances, &under_way, &rotation).unwrap();
            records.passed(found.looked);
            // The thread is given the time to write, so that none is lost.
            let wanted = 2 * u64::try_from(time).unwrap() + 1;
            let deadline = crate::clock::instant() + Duration::from_mins(2);
            while metrics.records_written.get() < wanted {
                assert!(crate::clock::instant() < deadline, "{wanted} records are to be written");
                std::thread::park_timeout(Duration::from_millis(2));
            }
        }
        drop(records);
        assert_eq!(
            metrics.records_written.get(),
            5,
            "each end that changed, and no pass over nothing"
        );
        let file = std::fs::read(path.join(record::ring::File::name(1))).unwrap();
        let segment = Segment::read("1", &unpack(file, 1 << 30).lines);
        let read = segment.entries.iter().map(|entry| segment.decode(entry).unwrap());
        let ends = read.filter(|one| matches!(one, record::Recorded::Ending(_)));
        assert_eq!(ends.count(), 5);
        let _ = std::fs::remove_dir_all(&path);
    }
}
