//! Dollars against evictions, one panel a set, as SVG: the first seed of each.

use std::fmt::Write as _;

use super::super::measured::{Measured, Point};
use super::{Compared, float};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 36.0;

const KARPENTER: &str = "#c2410c";
const STOWAGE: &str = "#1d4ed8";
const BOUND: &str = "#6b7280";

/// The picture of all sets.
pub(super) fn drawn(compared: &[Compared]) -> String {
    let rows = u32::try_from(compared.len().div_ceil(2)).unwrap_or(1);
    let (width, height) = (2.0 * WIDTH, f64::from(rows) * HEIGHT + 24.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (place, one) in compared.iter().enumerate() {
        let (row, column) = (place / 2, place % 2);
        let (x, y) = (float(column) * WIDTH, float(row) * HEIGHT);
        let Some(state) = one.states.first() else { continue };
        let title = format!("{}, seed {}", one.set.name, state.seed);
        text.push_str(&panel(&title, state, x, y));
    }
    let y = height - 10.0;
    let legend = [(STOWAGE, "Stowage"), (KARPENTER, "Karpenter 1.15"), (BOUND, "bound")];
    for (place, (colour, name)) in legend.into_iter().enumerate() {
        let x = 60.0 + float(place) * 140.0;
        let _ = writeln!(
            text,
            "<path d=\"M{x} {} h24\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{y}\">{name}</text>",
            y - 4.0,
            x + 30.0
        );
    }
    text.push_str("</svg>\n");
    text
}

fn panel(title: &str, state: &Measured, x: f64, y: f64) -> String {
    let peer: Vec<Point> = state.peer.iter().flat_map(|run| run.curve.clone()).collect();
    let ours: Vec<Point> = state.runs.first().map_or(Vec::new(), |run| run.curve.clone());
    let most = peer.iter().chain(&ours).map(|point| point.evictions).max().unwrap_or(1).max(1);
    let (wide, high) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let across = |evictions: usize| x + LEFT + wide * float(evictions) / float(most);
    let down = |cost: f64| y + TOP + high * (1.0 - cost / state.start.cost);
    let mut text = format!(
        "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n\
         <path d=\"M{} {} V{} H{}\" fill=\"none\" stroke=\"#111827\"/>\n",
        x + LEFT,
        y + TOP - 14.0,
        x + LEFT,
        y + TOP,
        y + TOP + high,
        x + LEFT + wide
    );
    for quarter in 0..5_u32 {
        let cost = state.start.cost * f64::from(quarter) / 4.0;
        let evictions = most * usize::try_from(quarter).unwrap_or(0) / 4;
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{cost:.0}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{evictions}</text>",
            x + LEFT - 6.0,
            down(cost) + 4.0,
            across(evictions),
            y + TOP + high + 14.0
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">evictions</text>\
         <text x=\"{}\" y=\"{}\">USD/h</text>",
        x + LEFT + wide / 2.0,
        y + TOP + high + 28.0,
        x + 8.0,
        y + TOP - 14.0
    );
    if let Some(bound) = state.bound {
        let _ = writeln!(
            text,
            "<path d=\"M{} {} h{wide}\" stroke=\"{BOUND}\" stroke-dasharray=\"4 3\"/>",
            x + LEFT,
            down(bound)
        );
    }
    for (points, colour) in [(peer, KARPENTER), (ours, STOWAGE)] {
        let all = [state.start].into_iter().chain(points);
        let path: Vec<String> = all
            .map(|point| format!("{:.1} {:.1}", across(point.evictions), down(point.cost)))
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(", ")
        );
    }
    text
}
