//! How the starts of a pool's nodes went: the condition `NodeRegistrationHealthy` (`lifecycle.md`
//! section 1.4 of Karpenter's model).
//!
//! In: claims that registered, and claims that were ended as they did not in time. Out: the condition.
//! It informs and stops nothing. The last four starts count; two failures among them are unhealthy. A
//! change of the pool or of its class makes a new beginning.

use api::{Condition, NodeClaim, names};
use model::Timestamp;

use crate::conditions::{self, Wanted};
use crate::launch::StartLimits;
use crate::time;

/// Starts that count.
const KEPT: usize = 4;
/// Failures among them from which on a pool is unhealthy: half of [`KEPT`], however few starts there were.
const FAILURES: usize = 2;

/// How the start of a node went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Its node registered.
    Registered,
    /// It was ended, as it was not launched or its node did not register in time.
    Failed {
        /// A word for programs.
        reason: String,
        /// A sentence for people.
        message: String,
    },
}

impl Start {
    /// How the claim's start went, once that is known. A claim that was ended for another reason than
    /// its limits says nothing.
    pub fn of(claim: &NodeClaim, limits: StartLimits) -> Option<Self> {
        if claim.is_true(names::REGISTERED) {
            return Some(Self::Registered);
        }
        let ended = claim.metadata.deletion_timestamp.as_deref().and_then(time::parse)?;
        if !is_over(claim, limits, ended) {
            return None;
        }
        if claim.is_true(names::LAUNCHED) {
            let message = format!(
                "the machine of NodeClaim {} was launched, and its node did not register within {} s; \
                 look at the kubelet's log, the class's user data, role and security groups",
                claim.metadata.name, limits.registration
            );
            return Some(Self::Failed { reason: "RegistrationFailed".to_owned(), message });
        }
        let launched = claim.condition(names::LAUNCHED);
        let reason = launched.map(|one| one.reason.clone()).filter(|reason| !reason.is_empty());
        Some(Self::Failed {
            reason: reason.unwrap_or_else(|| "LaunchFailed".to_owned()),
            message: launched.map(|one| one.message.clone()).unwrap_or_default(),
        })
    }
}

/// Whether the claim's limit was over at `moment`.
pub(crate) fn is_over(claim: &NodeClaim, limits: StartLimits, moment: Timestamp) -> bool {
    let (kind, limit) = if claim.is_true(names::LAUNCHED) {
        (names::REGISTERED, limits.registration)
    } else {
        (names::LAUNCHED, limits.launch)
    };
    let created = claim.metadata.creation_timestamp.as_deref().and_then(time::parse);
    let since = conditions::since(&claim.status.conditions, kind).or(created);
    since.is_some_and(|since| moment >= time::after(since, limit))
}

/// The last starts of a pool's nodes. They may be lost: what the pool's condition says is then where
/// they begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// Oldest first.
    last: Vec<Start>,
}

impl Starts {
    /// What a condition of before stands for.
    pub fn begin(condition: Option<&Condition>) -> Self {
        let last = match condition.map(|one| (one.status.as_str(), one)) {
            Some(("True", _)) => vec![Start::Registered],
            Some(("False", one)) => {
                let (reason, message) = (one.reason.clone(), one.message.clone());
                vec![Start::Failed { reason, message }; FAILURES]
            }
            _ => Vec::new(),
        };
        Self { last }
    }

    /// One more.
    pub fn add(&mut self, start: Start) {
        self.last.push(start);
        let over = self.last.len().saturating_sub(KEPT);
        self.last.drain(..over);
    }

    /// What they say of the pool; `None`: too little to change what is said already.
    pub(crate) fn verdict(&self) -> Option<Wanted<'_>> {
        let kind = names::NODE_REGISTRATION_HEALTHY;
        let failures: Vec<Wanted<'_>> = (self.last.iter())
            .filter_map(|start| match start {
                Start::Registered => None,
                Start::Failed { reason, message } => Some(Wanted::no(kind, reason, message)),
            })
            .collect();
        if failures.len() >= FAILURES {
            return failures.last().copied();
        }
        self.last.contains(&Start::Registered).then(|| Wanted::yes(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StartLimits = StartLimits { launch: 10, registration: 20 };

    fn failed(reason: &str) -> Start {
        Start::Failed { reason: reason.to_owned(), message: String::new() }
    }

    fn said(starts: &Starts) -> &str {
        starts.verdict().map_or("nothing", |wanted| wanted.status)
    }

    #[test]
    fn two_failures_of_the_last_four_are_unhealthy() {
        let mut starts = Starts::default();
        assert_eq!(said(&starts), "nothing");
        for (start, expected) in [
            (failed("a"), "nothing"),
            (Start::Registered, "True"),
            (failed("b"), "False"),
            (Start::Registered, "False"),
            (Start::Registered, "True"),
            (failed("c"), "False"),
        ] {
            starts.add(start);
            assert_eq!(said(&starts), expected, "{starts:?}");
        }
        assert_eq!(starts.verdict().unwrap().reason, "c");
    }

    #[test]
    fn a_restart_begins_with_what_the_condition_says() {
        let condition = |status: &str| Condition {
            status: status.to_owned(),
            reason: "RegistrationFailed".to_owned(),
            ..Condition::default()
        };
        for (status, expected) in [("True", "True"), ("False", "False"), ("Unknown", "nothing")] {
            assert_eq!(said(&Starts::begin(Some(&condition(status)))), expected);
        }
        assert_eq!(said(&Starts::begin(None)), "nothing");
        let mut starts = Starts::begin(Some(&condition("True")));
        starts.add(failed("a"));
        assert_eq!(said(&starts), "True");
    }

    fn claim(launched: Option<&str>, ended: &str) -> NodeClaim {
        let mut claim = NodeClaim::default();
        claim.metadata.creation_timestamp = Some("2026-01-01T00:00:00Z".into());
        claim.metadata.deletion_timestamp = Some(ended.into());
        claim.status.conditions = launched
            .map(|status| Condition {
                kind: names::LAUNCHED.to_owned(),
                status: status.to_owned(),
                reason: "Refused".to_owned(),
                last_transition_time: Some("2026-01-01T00:00:02Z".into()),
                ..Condition::default()
            })
            .into_iter()
            .collect();
        claim
    }

    #[test]
    fn only_a_claim_that_ended_past_its_limit_failed() {
        let reason = |claim: &NodeClaim| match Start::of(claim, LIMITS) {
            Some(Start::Failed { reason, .. }) => reason,
            Some(Start::Registered) => "registered".to_owned(),
            None => "nothing".to_owned(),
        };
        assert_eq!(reason(&claim(None, "2026-01-01T00:00:09Z")), "nothing");
        assert_eq!(reason(&claim(None, "2026-01-01T00:00:10Z")), "LaunchFailed");
        assert_eq!(reason(&claim(Some("Unknown"), "2026-01-01T00:00:11Z")), "nothing");
        assert_eq!(reason(&claim(Some("Unknown"), "2026-01-01T00:00:12Z")), "Refused");
        assert_eq!(reason(&claim(Some("True"), "2026-01-01T00:00:19Z")), "nothing");
        assert_eq!(reason(&claim(Some("True"), "2026-01-01T00:00:20Z")), "RegistrationFailed");
    }
}
