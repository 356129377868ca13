//! The first difference between two answers, field by field as they are written.

use std::collections::BTreeMap;

use disruption::{Consolidation, Decision, Drift};
use model::{Plan, Unschedulable};
use planner::{Pass, Report};

use crate::chunks::json;
use crate::decision::Figures;
use crate::wire::{Out, Wire};

/// Where two answers differ first, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field as a path such as `plan.newNodes[3]`.
    pub field: String,
    /// What was recorded, as JSON; `None` where the list is shorter.
    pub recorded: Option<String>,
    /// What came now.
    pub replayed: Option<String>,
}

/// The first difference; `None` where each byte is the same.
pub(crate) fn first(recorded: (&Plan, &Report), replayed: (&Plan, &Report)) -> Option<Difference> {
    let ((plan, report), (now_plan, now_report)) = (recorded, replayed);
    let Plan { new_nodes, existing, unschedulable } = plan;
    list("plan.newNodes", new_nodes, &now_plan.new_nodes)
        .or_else(|| list("plan.existing", existing, &now_plan.existing))
        .or_else(|| {
            list::<Unschedulable>("plan.unschedulable", unschedulable, &now_plan.unschedulable)
        })
        .or_else(|| figures(report, now_report))
        .or_else(|| list("report.candidates", &report.candidates, &now_report.candidates))
        .or_else(|| list("report.pools", &report.pools, &now_report.pools))
        .or_else(|| list("report.supplies", &report.supplies, &now_report.supplies))
}

/// The same of what goes with nothing in its place.
pub(crate) fn of_endings(recorded: &Decision, replayed: &Decision) -> Option<Difference> {
    let Decision { expired, delete, kept, waiting, again, allowances } = recorded;
    list("decision.expired", expired, &replayed.expired)
        .or_else(|| list("decision.delete", delete, &replayed.delete))
        .or_else(|| map("decision.kept", kept, &replayed.kept))
        .or_else(|| map("decision.waiting", waiting, &replayed.waiting))
        .or_else(|| map("decision.allowances", allowances, &replayed.allowances))
        .or_else(|| one("decision.again", again.as_ref(), replayed.again.as_ref()))
}

/// The same of passes.
pub(crate) fn of_passes(recorded: &Pass, replayed: &Pass) -> Option<Difference> {
    let (Pass { found, drift }, now) = (recorded, &replayed.found);
    let Consolidation { moves, answers, allowances, rotation, again, candidates, work_used } =
        found;
    let (Drift { go, kept }, now_drift) = (drift, &replayed.drift);
    list("found.moves", moves, &now.moves)
        .or_else(|| list("found.answers", answers, &now.answers))
        .or_else(|| map("found.allowances", allowances, &now.allowances))
        .or_else(|| one("found.rotation", rotation.next.as_ref(), now.rotation.next.as_ref()))
        .or_else(|| one("found.again", again.as_ref(), now.again.as_ref()))
        .or_else(|| list("found.candidates", candidates, &now.candidates))
        .or_else(|| numbers("found.workUsed", *work_used, now.work_used))
        .or_else(|| list("drift.go", go, &now_drift.go))
        .or_else(|| map("drift.kept", kept, &now_drift.kept))
}

fn map<K, V>(
    field: &str,
    recorded: &BTreeMap<K, V>,
    replayed: &BTreeMap<K, V>,
) -> Option<Difference>
where
    K: Wire + Clone + Ord,
    V: Wire + Clone,
{
    let pairs = |map: &BTreeMap<K, V>| -> Vec<(K, V)> {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    list(field, &pairs(recorded), &pairs(replayed))
}

fn one<T: Wire>(field: &str, recorded: Option<&T>, replayed: Option<&T>) -> Option<Difference> {
    let text = |value: Option<&T>| value.map_or_else(|| "null".to_owned(), |one| text(&Out(one)));
    let (recorded, replayed) = (text(recorded), text(replayed));
    (recorded != replayed).then(|| Difference {
        field: field.to_owned(),
        recorded: Some(recorded),
        replayed: Some(replayed),
    })
}

fn numbers(field: &str, recorded: u64, replayed: u64) -> Option<Difference> {
    (recorded != replayed).then(|| Difference {
        field: field.to_owned(),
        recorded: Some(recorded.to_string()),
        replayed: Some(replayed.to_string()),
    })
}

fn list<T: Wire>(field: &str, recorded: &[T], replayed: &[T]) -> Option<Difference> {
    let text = |item: Option<&T>| item.map(|item| text(&Out(item)));
    let longest = recorded.len().max(replayed.len());
    (0..longest).find_map(|place| {
        let (recorded, replayed) = (text(recorded.get(place)), text(replayed.get(place)));
        let field = || format!("{field}[{place}]");
        (recorded != replayed).then(|| Difference { field: field(), recorded, replayed })
    })
}

fn figures(recorded: &Report, replayed: &Report) -> Option<Difference> {
    let fields = |report| match serde_json::to_value(Figures::new(report)) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (recorded, replayed) = (fields(recorded), fields(replayed));
    recorded.iter().find_map(|(name, value)| {
        let now = replayed.get(name)?;
        (value != now).then(|| Difference {
            field: format!("report.{name}"),
            recorded: Some(value.to_string()),
            replayed: Some(now.to_string()),
        })
    })
}

fn text(value: &impl serde::Serialize) -> String {
    String::from_utf8_lossy(&json(value)).into_owned()
}
