//! Worths that may prove a bound, kept on the way.
//!
//! Whether worths of one round or of another prove more is only known once they are proved. Kept are
//! those of each round that promises more than all rounds before it, so that those kept after some
//! work are among those kept after more of it, and the bound never falls as work grows.

/// What pods of each class may be worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// Nano-USD per hour, class by class.
    pub(crate) worths: Vec<i64>,
    /// How far they are known to overrate pods.
    pub(crate) load: Load,
}

impl Proposal {
    /// Worths of which nothing is known.
    pub(crate) const fn first(worths: Vec<i64>) -> Self {
        Self { worths, load: Load::NONE }
    }
}

/// A filling worth more than its node costs, or nothing known: (0, 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// What the pods are worth, nano-USD per hour.
    pub(crate) filled: i64,
    /// What the node costs, nano-USD per hour, above zero.
    pub(crate) price: i64,
}

impl Load {
    /// Nothing known.
    pub(crate) const NONE: Self = Self { filled: 0, price: 1 };

    /// The one that is over its price by more.
    pub(crate) fn worse(self, other: Self) -> Self {
        let crossed = |a: Self, b: Self| i128::from(a.filled) * i128::from(b.price);
        if crossed(other, self) > crossed(self, other) { other } else { self }
    }
}

/// A round that promises less than this part more than the best before it is not kept.
const STEP: i128 = 4_000;

/// The proposals kept so far.
#[derive(Clone, Debug)]
pub(super) struct Proposals {
    kept: Vec<Proposal>,
    best: i128,
}

impl Proposals {
    /// With `first` worths, which need not be good ones.
    pub(super) fn new(first: Vec<i64>) -> Self {
        Self { kept: vec![Proposal::first(first)], best: 0 }
    }

    /// Keeps `worths` if they promise more than all before, for `demand` pods of each class.
    pub(super) fn consider(&mut self, worths: &[i64], load: Load, demand: &[i64]) {
        let sum: i128 =
            worths.iter().zip(demand).map(|(w, d)| i128::from(*w) * i128::from(*d)).sum();
        let hope = if load.filled <= load.price {
            sum
        } else {
            sum * i128::from(load.price) / i128::from(load.filled)
        };
        if hope > self.best + self.best / STEP {
            self.best = hope;
            self.add(worths, load);
        }
    }

    /// By which part the most promising worths are behind `worths`.
    pub(super) fn gap(&self, worths: &[i64], demand: &[i64]) -> f64 {
        let sum: i128 =
            worths.iter().zip(demand).map(|(w, d)| i128::from(*w) * i128::from(*d)).sum();
        let behind = i64::try_from(sum - self.best).unwrap_or(i64::MAX);
        super::float(behind.max(0)) / super::float(i64::try_from(sum.max(1)).unwrap_or(i64::MAX))
    }

    /// Keeps `worths` whatever they promise.
    pub(super) fn add(&mut self, worths: &[i64], load: Load) {
        if self.kept.last().is_none_or(|last| last.worths != worths) {
            self.kept.push(Proposal { worths: worths.to_vec(), load });
        }
    }

    /// All that were kept, in order.
    pub(super) fn into_kept(self) -> Vec<Proposal> {
        self.kept
    }
}
