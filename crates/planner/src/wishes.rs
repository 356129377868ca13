//! What pods on a node of an offering are charged for preferences that it does not satisfy.
//!
//! In: a snapshot, which offerings admit which shapes, the objective. Out: a charge for each shape and
//! offering, as [`Objective::preference`] defines it.

use model::{
    Effect, NanoUsdPerHour, Objective, OfferingIndex, PodShape, ShapeIndex, Snapshot, TAINT_WEIGHT,
    is_disliked,
};

/// Standalone prices of shapes that prefer anything.
pub(crate) struct Wishes<'a> {
    snapshot: &'a Snapshot,
    objective: Objective,
    /// `None` for shapes that prefer nothing.
    standalone: Vec<Option<NanoUsdPerHour>>,
}

impl<'a> Wishes<'a> {
    /// Of all shapes; `admits` says by shape and offering where pods may be.
    pub(crate) fn new(snapshot: &'a Snapshot, objective: Objective, admits: &[Vec<bool>]) -> Self {
        let mut taints = snapshot.pools.iter().flat_map(|pool| &pool.taints);
        let has_soft_taints = taints.any(|taint| taint.effect == Effect::PreferNoSchedule);
        let of_shape = |(shape, admits): (&PodShape, &Vec<bool>)| {
            let prefers = has_soft_taints || !shape.preferences.is_empty();
            let is_priced = prefers && !objective.preference_price.is_nothing();
            is_priced.then(|| standalone(snapshot, shape, admits))
        };
        let standalone = snapshot.shapes.iter().zip(admits).map(of_shape).collect();
        Self { snapshot, objective, standalone }
    }

    /// What one pod of `shape` is charged on a node of `offering`, nano-USD per hour.
    pub(crate) fn charge(&self, shape: ShapeIndex, offering: OfferingIndex) -> i64 {
        let Some(standalone) = self.standalone[shape.get()] else { return 0 };
        let offering = self.snapshot.offering(offering);
        let labels = self.snapshot.labels_of(offering);
        let shape = self.snapshot.shape(shape);
        let mut missed: i64 = (shape.preferences.iter())
            .filter(|one| one.labels.first_refused(|key| labels.get(key)).is_some())
            .map(|one| one.weight)
            .sum();
        if is_disliked(&self.snapshot.pool(offering.pool).taints, &shape.tolerations) {
            missed += TAINT_WEIGHT;
        }
        self.objective.preference(standalone, missed).get()
    }
}

fn standalone(snapshot: &Snapshot, shape: &PodShape, admits: &[bool]) -> NanoUsdPerHour {
    let least = |capped: bool| {
        let costs = snapshot.offerings.iter().zip(admits).filter_map(|(offering, admits)| {
            let listing = snapshot.listing_of(offering);
            let price = listing.price.filter(|_| *admits)?.rate;
            let is_fit =
                listing.supply.is_some() == capped && shape.requests.fits_in(&offering.room);
            is_fit.then(|| {
                let asked = shape.requests.iter().filter(|(_, amount)| amount.get() > 0);
                let shares = asked.map(|(name, amount)| {
                    let room = i128::from(offering.room.get(name.as_str()).get().max(1));
                    let price = i128::from(price.get()) * 1000;
                    (price * i128::from(amount.get()) + room - 1) / room
                });
                i64::try_from(shares.max().unwrap_or(0)).unwrap_or(i64::MAX)
            })
        });
        costs.min()
    };
    NanoUsdPerHour::new(least(false).or_else(|| least(true)).unwrap_or(0))
}
