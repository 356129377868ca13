//! Points in time, always given and never read from a clock here.

/// Seconds since the Unix epoch; no decision reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);
