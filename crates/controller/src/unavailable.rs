//! What the cloud did not have a moment ago, so that nobody asks for it again right away.
//!
//! In: refusals of launches. Out: the offerings that are not to be bought. In memory alone: a process
//! that starts afresh asks again, which costs one refused launch.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::Refusal;
use model::{CapacityType, InstanceTypeName, ZoneName};
use tokio::time::Instant;

/// How long an offering is left alone: as long as Karpenter does.
const REMEMBERED: Duration = Duration::from_mins(3);

/// An offering that the cloud refused; without a zone, the type in all zones.
type Key = (InstanceTypeName, Option<ZoneName>, CapacityType);

/// Offerings that the cloud refused within the last three minutes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unavailable {
    until: BTreeMap<Key, Instant>,
}

impl Unavailable {
    /// Remembers `refusals`; those known already are remembered anew.
    pub(crate) fn remember<'a>(
        &mut self,
        refusals: impl IntoIterator<Item = &'a Refusal>,
        now: Instant,
    ) {
        for refusal in refusals {
            let key = (refusal.instance_type.clone(), refusal.zone.clone(), refusal.capacity_type);
            self.until.insert(key, now + REMEMBERED);
        }
    }

    /// Forgets what is old and gives what is not.
    pub(crate) fn current(&mut self, now: Instant) -> snapshot::Unavailable {
        self.until.retain(|_, until| *until > now);
        self.until.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(zone: Option<&str>) -> Refusal {
        Refusal {
            instance_type: InstanceTypeName::from("m6i.large"),
            zone: zone.map(ZoneName::from),
            capacity_type: CapacityType::Spot,
            code: "InsufficientInstanceCapacity".to_owned(),
        }
    }

    #[test]
    fn a_refusal_is_remembered_for_three_minutes_and_anew_when_repeated() {
        let start = Instant::now();
        let mut known = Unavailable::default();
        known.remember(&[refusal(Some("us-east-1a")), refusal(None)], start);
        let later = start + Duration::from_mins(2);
        assert_eq!(known.current(later).len(), 2);
        known.remember(&[refusal(None)], later);
        let after = start + REMEMBERED;
        let left: Vec<_> = known.current(after).into_iter().collect();
        assert_eq!(left, [(InstanceTypeName::from("m6i.large"), None, CapacityType::Spot)]);
        assert_eq!(known.current(later + REMEMBERED).len(), 0);
    }
}
