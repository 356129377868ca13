//! A moment as lines of coloured text: the stage, the bill beside its bound, the nodes with their packing,
//! what the controller said last.

use crate::look::{Row, View};

/// Nodes that are shown.
const ROWS: usize = 16;
/// Characters of a packing bar.
const BAR: usize = 16;
/// Characters of a line that are shown.
pub(crate) const WIDTH: usize = 100;

/// How a piece of text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// As the terminal has it.
    Plain,
    /// Brighter.
    Bold,
    /// Fainter.
    Dim,
    /// Green: as it should be.
    Good,
    /// Yellow: not yet, or not any more.
    Warm,
    /// Blue: on its way, or with much room left.
    Cold,
}

/// Pieces of one line.
pub type Line = Vec<(Ink, String)>;

/// A frame of the demo. `bound` is of the pods that are there now.
pub(crate) fn frame(stage: &str, view: &View, bound: Option<f64>) -> Vec<Line> {
    let mut lines = vec![
        vec![(Ink::Bold, "stowage demo".to_owned()), (Ink::Dim, format!("  {stage}"))],
        bill(view, bound),
        Vec::new(),
        vec![(Ink::Dim, head())],
    ];
    lines.extend(view.nodes.iter().take(ROWS).map(node));
    if view.nodes.len() > ROWS {
        let more = format!("  and {} more", view.nodes.len() - ROWS);
        lines.push(vec![(Ink::Dim, more)]);
    }
    lines.push(Vec::new());
    for decision in &view.decisions {
        lines.push(vec![(Ink::Plain, decision.chars().take(WIDTH).collect())]);
    }
    lines
}

fn head() -> String {
    let [kind, zone, capacity, usd, pods] = ["type", "zone", "capacity", "USD/h", "pods"];
    let facts = format!("{kind:<13} {zone:<11} {capacity:<10} {usd:>6}  {pods:>4}  ");
    format!("{facts}{:<BAR$}   {:<BAR$}   state", "cpu", "memory")
}

fn bill(view: &View, bound: Option<f64>) -> Line {
    let pods = format!("{} pods run, {} wait   ", view.running, view.pending);
    let nodes = format!("{} nodes   ", view.nodes.len());
    let mut line = vec![(Ink::Plain, pods), (Ink::Plain, nodes)];
    line.push((Ink::Bold, format!("{:.4} USD/h", view.bill)));
    if let Some(bound) = bound {
        line.push((Ink::Plain, format!("   bound {bound:.4}")));
        if bound > 0.0 && view.bill >= bound {
            let over = (view.bill - bound) / bound * 100.0;
            let ink = if over <= 5.0 { Ink::Good } else { Ink::Warm };
            line.push((ink, format!("   {over:.1} % over it")));
        }
    }
    line
}

fn node(row: &Row) -> Line {
    let ink = match row.state {
        "ready" => Ink::Good,
        "joining" => Ink::Cold,
        _ => Ink::Warm,
    };
    let facts = format!(
        "{:<13} {:<11} {:<10} {:>6.4}  {:>4}  ",
        row.instance_type, row.zone, row.capacity_type, row.usd, row.pods
    );
    let mut line = vec![(Ink::Plain, facts)];
    line.extend(bar(row.cpu));
    line.push((Ink::Plain, "   ".to_owned()));
    line.extend(bar(row.memory));
    line.push((ink, format!("   {}", row.state)));
    line
}

/// A bar of a share between 0 and 1.
fn bar(share: f64) -> [(Ink, String); 2] {
    let whole = (1..=BAR).filter(|step| share * steps(BAR) + 0.5 >= steps(*step)).count();
    let ink = if share >= 0.8 { Ink::Good } else { Ink::Cold };
    [(ink, "█".repeat(whole)), (Ink::Dim, "░".repeat(BAR - whole))]
}

fn steps(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::{BAR, bar, frame};
    use crate::look::{Row, View};

    #[test]
    fn bars_are_as_long_as_shares() {
        for (share, whole) in [(0.0, 0), (0.5, BAR / 2), (1.0, BAR), (1.4, BAR)] {
            assert_eq!(bar(share)[0].1.chars().count(), whole, "{share}");
        }
    }

    #[test]
    fn a_frame_has_the_bill_beside_the_bound_and_each_node() {
        let row = Row { instance_type: "m7i.large".to_owned(), usd: 0.2, ..Row::default() };
        let view = View { nodes: vec![row], bill: 0.2, running: 3, ..View::default() };
        let lines = frame("a stage", &view, Some(0.1));
        let texts: Vec<String> =
            lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
        let text = texts.join("\n");
        for part in
            ["a stage", "3 pods run", "0.2000 USD/h", "bound 0.1000", "100.0 % over", "m7i.large"]
        {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}
