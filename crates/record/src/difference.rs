//! The first difference between two answers, field by field as they are written.

use model::{Plan, Unschedulable};
use planner::Report;

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
