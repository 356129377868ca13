//! The demo: a cluster on loopback whose fleet grows, shrinks, loses a machine and goes, drawn from what the
//! API server says.
//!
//! In: the controller's binary and where to write. Out: what was seen at the end of each stage. It decides
//! nothing and tells the controller nothing; the story waits for what the controller does.

mod bound;
mod decisions;
mod frame;
mod look;
mod market;
mod picture;
mod run;
mod screen;
mod story;
mod world;

pub use frame::{Ink, Line};
pub use picture::svg;
pub use run::{Arguments, run};
pub use story::{Options, Pace, Stage, tell};
