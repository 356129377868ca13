//! Time against the number of pods, both logarithmic, as SVG.

use std::fmt::Write as _;

use crate::measured::Measured;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 20.0;
const WIDE: f64 = 560.0;
const HIGH: f64 = 330.0;

/// Decades of pods and of seconds that are drawn.
const PODS: (f64, f64) = (3.0, 5.0);
const SECONDS: (f64, f64) = (-3.0, 3.0);

const OURS: &str = "#1d4ed8";
const END: &str = "#60a5fa";
const KARPENTER: &str = "#c2410c";
const GROWTH: &str = "#9ca3af";

/// A line with its name and colour.
struct Line {
    name: &'static str,
    colour: &'static str,
    points: Vec<(usize, f64)>,
}

/// The picture of rows by ascending pods.
pub fn drawn(rows: &[Measured]) -> String {
    let first = |row: &Measured| (row.pods, row.first.seconds[0]);
    let growth = rows.first().map(|least| {
        let from = f64_of(least.pods);
        let each = least.first.seconds[0] / (from * from.ln());
        rows.iter().map(|row| (row.pods, each * f64_of(row.pods) * f64_of(row.pods).ln())).collect()
    });
    let theirs = rows.iter().filter_map(|row| Some((row.pods, row.peer.first()?.seconds)));
    let end = rows.iter().filter_map(|row| Some((row.pods, row.end.as_ref()?.seconds[0])));
    let lines = [
        Line { name: "Karpenter", colour: KARPENTER, points: theirs.collect() },
        Line { name: "ours, end of search", colour: END, points: end.collect() },
        Line { name: "ours, first answer", colour: OURS, points: rows.iter().map(first).collect() },
        Line { name: "n log n", colour: GROWTH, points: growth.unwrap_or_default() },
    ];
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    axes(&mut text);
    for (place, line) in lines.iter().enumerate() {
        let y = TOP + 14.0 + 16.0 * f64_of(place);
        let _ = writeln!(
            text,
            "<path d=\"M{} {} h24\" stroke=\"{}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{y}\">{}</text>",
            LEFT + 12.0,
            y - 4.0,
            line.colour,
            LEFT + 42.0,
            line.name
        );
        path(&mut text, line);
    }
    text.push_str("</svg>\n");
    text
}

fn axes(text: &mut String) {
    let (bottom, right) = (TOP + HIGH, LEFT + WIDE);
    let _ = writeln!(
        text,
        "<path d=\"M{LEFT} {TOP} V{bottom} H{right}\" fill=\"none\" stroke=\"#111827\"/>"
    );
    for (name, pods) in [("1,000", 1_000), ("10,000", 10_000), ("100,000", 100_000)] {
        let (x, y) = (across(pods), bottom + 16.0);
        let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>");
    }
    let names = ["1 ms", "10 ms", "0.1 s", "1 s", "10 s", "100 s", "1000 s"];
    for (name, exponent) in names.into_iter().zip(-3_i32..) {
        let y = down(10.0_f64.powi(exponent));
        let _ = writeln!(
            text,
            "<path d=\"M{LEFT} {y} H{right}\" stroke=\"#e5e7eb\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let (x, y) = (LEFT + WIDE / 2.0, bottom + 34.0);
    let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">pods</text>");
}

fn path(text: &mut String, line: &Line) {
    let points: Vec<String> = (line.points.iter())
        .map(|(pods, seconds)| format!("{:.1},{:.1}", across(*pods), down(*seconds)))
        .collect();
    let colour = line.colour;
    let _ = writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        points.join(" ")
    );
    for point in points {
        if let Some((x, y)) = point.split_once(',') {
            let _ = writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        }
    }
}

fn across(pods: usize) -> f64 {
    LEFT + WIDE * (f64_of(pods.max(1)).log10() - PODS.0) / (PODS.1 - PODS.0)
}

fn down(seconds: f64) -> f64 {
    TOP + HIGH * (SECONDS.1 - seconds.max(1e-3).log10()) / (SECONDS.1 - SECONDS.0)
}

/// Pods are fewer than 2^32.
fn f64_of(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
