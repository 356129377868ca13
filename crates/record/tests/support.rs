//! Plannings of small worlds, and segments with them.

use model::{Finding, FindingCode, Objective, Plan, Snapshot, Timestamp};
use planner::{Report, Seed, Settings};
use record::{
    Encoded, Planning, PriceDate, Recorded, RecordedPlanning, Segment, Selection, Shown, Stream,
    Why, encode,
};

/// A planning with all that it borrows.
pub(crate) struct Made {
    pub(crate) why: Why,
    pub(crate) settings: Settings,
    pub(crate) cut: bool,
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    pub(crate) report: Report,
    pub(crate) findings: Vec<Finding>,
}

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000);
pub(crate) const SEED: Seed = Seed(u64::MAX);

/// Plans `snapshot`; the search ends at the `looks`th look at it, if it goes on for so long.
pub(crate) fn made(snapshot: Snapshot, settings: Settings, looks: Option<usize>) -> Made {
    let (mut seen, mut cut) = (0, false);
    let (plan, report) = planner::plan_watched(&snapshot, &settings, NOW, SEED, &mut |_| {
        seen += 1;
        cut |= looks.is_some_and(|looks| seen > looks);
        cut
    });
    let finding = Finding {
        code: FindingCode::NotHonoured,
        object: "Pod default/web".to_owned(),
        field: String::new(),
        message: "\"quoted\" and \u{1f980}".to_owned(),
        remedy: "none".to_owned(),
        count: 3,
    };
    let (why, findings) = (Why::Pods, vec![finding]);
    Made { why, settings, cut, snapshot, plan, report, findings }
}

pub(crate) fn settings(work_limit: u64) -> Settings {
    let objective =
        Objective { restart_cost: 50_000, preference_price: model::PreferencePrice::DEFAULT };
    Settings { price_weights: true, objective, work_limit }
}

impl Made {
    pub(crate) fn planning(&self) -> Planning<'_> {
        Planning {
            why: self.why,
            now: NOW,
            seed: SEED,
            settings: self.settings,
            cut: self.cut,
            snapshot: &self.snapshot,
            plan: &self.plan,
            report: &self.report,
            findings: &self.findings,
            shown: shown(),
        }
    }

    pub(crate) fn encoded(&self) -> Encoded {
        encode(&self.planning())
    }

    /// Asserts that each value is the recorded one.
    pub(crate) fn assert_is(&self, recorded: &RecordedPlanning) {
        assert_eq!(recorded.snapshot, self.snapshot);
        assert_eq!(recorded.plan, self.plan);
        assert_eq!(recorded.report, self.report);
        assert_eq!(recorded.findings, self.findings);
        assert_eq!((recorded.now, recorded.seed), (NOW, SEED));
        assert_eq!((recorded.why, recorded.cut), (self.why, self.cut));
        assert_eq!(recorded.settings, self.settings);
        assert_eq!(recorded.shown, shown());
        assert_eq!(recorded.version, record::VERSION);
    }
}

pub(crate) fn shown() -> Shown {
    let price = PriceDate {
        as_of: "2026-07".to_owned(),
        source: "prices".to_owned(),
        quality: "primary".to_owned(),
        types: 9,
    };
    Shown {
        pods: Selection::Pending,
        default_pools: String::new(),
        attribution: "someone".to_owned(),
        catalog_date: "2026-07-20".to_owned(),
        prices: vec![price],
    }
}

/// The lines of a segment with these records.
pub(crate) fn lines(records: &[Encoded]) -> Vec<u8> {
    let mut stream = Stream::new();
    let mut lines = Vec::new();
    for record in records {
        lines.extend(stream.lacks(record));
        stream.wrote(record);
    }
    lines
}

/// What a segment holds, which must be whole.
pub(crate) fn all(lines: &[u8]) -> Vec<Recorded> {
    let segment = Segment::read("test", lines);
    assert_eq!(segment.faults, vec![]);
    segment.entries.iter().map(|entry| segment.decode(entry).expect("it is whole")).collect()
}

/// The plannings that a segment holds, and nothing else.
pub(crate) fn recorded(lines: &[u8]) -> Vec<RecordedPlanning> {
    all(lines).into_iter().map(planning).collect()
}

pub(crate) fn planning(recorded: Recorded) -> RecordedPlanning {
    let planning = match recorded {
        Recorded::Planning(planning) => Some(planning),
        _ => None,
    };
    *planning.expect("it is a planning")
}
