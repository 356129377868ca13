//! Supplies: what can be bought only so many times.

use crate::SupplyName;

/// Something that listings draw on, a unit for each node, and of which there is only so much.
///
/// Its price is that of the listings that draw on it: a reservation's is what a further node in it
/// adds to the bill, which may be nothing. Limits belong to a pool and count capacity; a supply
/// belongs to nobody, and whoever buys first has its units. No plan takes more than there are, and
/// the lower bound counts on no more either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Supply {
    /// Unique among supplies; of a reservation its id.
    pub name: SupplyName,
    /// What it stands for.
    pub kind: SupplyKind,
    /// How many nodes may still draw on it, at least 0; what nodes that are there hold already is
    /// not in it.
    pub cap: i64,
}

/// What a supply stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SupplyKind {
    /// Instances set aside in EC2, of one type in one zone; the cap is the count that is free.
    CapacityReservation,
}

impl SupplyKind {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CapacityReservation => "capacity reservation",
        }
    }
}
