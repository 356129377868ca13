//! How far an on-demand price can be trusted.

use std::fmt;

/// Where an on-demand price comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceGrade {
    /// Its date, `YYYY-MM-DD` or `YYYY-MM`.
    pub as_of: String,
    /// The name of its source, see [`crate::Catalog::sources`].
    pub source: String,
    /// How it held up against other sources.
    pub quality: PriceQuality,
}

impl fmt::Display for PriceGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ({})", self.source, self.as_of, self.quality)
    }
}

/// How a price held up against other sources; `docs/catalog.md` says how it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceQuality {
    /// From the AWS price list.
    Primary,
    /// From a copy of it that agrees with the primary source of its time.
    Secondary,
    /// A copy whose family has become cheaper in us-east-1 since.
    StaleKnown,
    /// Its ratio to us-east-1 is that of its family.
    FamilyRatioOk,
    /// Its family is not known in the region; its ratio is the lowest seen there at least twice.
    FamilyLowRatio,
    /// Nothing to compare it with.
    Unverified,
    /// Off by what dedicated tenancy costs.
    Suspect,
}

impl PriceQuality {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Primary, "primary"),
        (Self::Secondary, "secondary"),
        (Self::StaleKnown, "stale-known"),
        (Self::FamilyRatioOk, "family-ratio-ok"),
        (Self::FamilyLowRatio, "family-low-ratio"),
        (Self::Unverified, "unverified"),
        (Self::Suspect, "suspect"),
    ];

    /// The name in the catalog.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find_map(|(quality, name)| (*quality == self).then_some(*name))
            .expect("every quality is listed")
    }

    pub(crate) fn from_name(text: &str) -> Option<Self> {
        Self::ALL.iter().find_map(|(quality, name)| (*name == text).then_some(*quality))
    }

    /// Whether a price of this quality counts as listed. The others are unknown prices unless
    /// estimates are asked for.
    pub const fn is_trusted(self) -> bool {
        match self {
            Self::Primary
            | Self::Secondary
            | Self::StaleKnown
            | Self::FamilyRatioOk
            | Self::FamilyLowRatio => true,
            Self::Unverified | Self::Suspect => false,
        }
    }
}

impl fmt::Display for PriceQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why an on-demand price is unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PriceUnknown {
    /// The catalog has none, and no estimate was asked for.
    #[error("the catalog has no price")]
    NotListed,
    /// The catalog's price is not trusted, and no estimate was asked for.
    #[error("the catalog's price is {0}")]
    Untrusted(PriceQuality),
    /// No estimate: the type has no price in the reference region either.
    #[error("no price in us-east-1 to estimate from")]
    NoReferencePrice,
    /// No estimate: the region's price level for the family is not known.
    #[error("no price ratio to us-east-1 for family {0} or its category")]
    NoFamilyRatio(String),
}
