//! Decision records: what was decided and from what, such that it can be decided again.
//!
//! A record holds all that was looked at, and what came of it: of a plan snapshot, settings, time and seed,
//! plan and report; of disruption the nodes with their pods and budgets, and an answer for each of them. Lists are cut into chunks that are known by their hash, and a stream of records
//! writes each chunk once: what did not change between two records takes no room in the second.
//!
//! - [`encode()`], [`encode_ending`], [`encode_pass`]: a decision as chunks and one line; the same decision
//!   gives the same bytes.
//! - [`Stream`]: which of these lines a segment of records still lacks. [`pack()`] presses them.
//! - [`Segment`]: reads such a segment, which is trusted in nothing, and gives records back.
//! - [`replay()`], [`replay_ending`], [`replay_pass`]: decide again, and say what is different.
//! - [`ring`]: which files of segments stay when room is short.
//!
//! Nothing is read from or written to a file here.

mod chunks;
mod decision;
mod decode;
mod difference;
mod encode;
mod error;
mod fleet;
mod hash;
mod indices;
mod line;
mod pack;
mod planning;
mod replay;
pub mod ring;
mod segment;
mod stream;
mod wire;

pub use decode::Recorded;
pub use difference::Difference;
pub use encode::{Encoded, encode, encode_ending, encode_pass};
pub use error::{Place, Problem, RecordError};
pub use fleet::{Ending, Passing, RecordedEnding, RecordedPass};
pub use hash::Hash;
pub use line::FORMAT;
pub use pack::{Unpacked, pack, unpack};
pub use planning::{Planning, PriceDate, RecordedPlanning, Selection, Shown, VERSION, Why};
pub use replay::{Replay, replay, replay_any, replay_ending, replay_pass};
pub use segment::{Entry, Segment};
pub use stream::Stream;
