//! Frames as a picture, one below the other, in SVG: text on a dark ground, without scripts or fonts of its own.

use std::fmt::Write as _;

use crate::frame::{Ink, Line, WIDTH};
use crate::story::Stage;

/// Pixels of a character and of a line, and around them.
const CHARACTER: usize = 8;
const LINE: usize = 18;
const MARGIN: usize = 16;

/// The ends of stages as one picture.
pub fn svg(stages: &[Stage]) -> String {
    let frames: Vec<&[Line]> = stages.iter().map(|stage| stage.frame.as_slice()).collect();
    drawn(&frames)
}

fn drawn(frames: &[&[Line]]) -> String {
    let lines: usize = frames.iter().map(|frame| frame.len() + 2).sum();
    let (width, height) = (WIDTH * CHARACTER + 2 * MARGIN, lines * LINE + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#16191f\"/>\n"
    );
    let mut at = MARGIN + LINE;
    for frame in frames {
        for line in *frame {
            piece(&mut svg, line, at);
            at += LINE;
        }
        at += 2 * LINE;
    }
    svg.push_str("</svg>\n");
    svg
}

/// The pieces of a line, each at its place, so that any monospaced font will do.
fn piece(svg: &mut String, line: &Line, y: usize) {
    let mut column = 0;
    for (ink, text) in line {
        let length = text.chars().count();
        if !text.trim().is_empty() {
            let (x, wide) = (MARGIN + column * CHARACTER, length * CHARACTER);
            let (colour, weight) = colour(*ink);
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\" font-weight=\"{weight}\" \
                 textLength=\"{wide}\" xml:space=\"preserve\">{}</text>",
                escaped(text)
            );
        }
        column += length;
    }
}

fn colour(ink: Ink) -> (&'static str, &'static str) {
    match ink {
        Ink::Plain => ("#d7dae0", "normal"),
        Ink::Bold => ("#ffffff", "bold"),
        Ink::Dim => ("#7f8794", "normal"),
        Ink::Good => ("#7ec699", "normal"),
        Ink::Warm => ("#e5c07b", "normal"),
        Ink::Cold => ("#61afef", "normal"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::drawn;
    use crate::frame::Ink;

    #[test]
    fn text_is_escaped_and_kept() {
        let picture = drawn(&[&[vec![(Ink::Good, "a < b & c".to_owned())]]]);
        assert!(picture.contains(">a &lt; b &amp; c</text>"), "{picture}");
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    }
}
