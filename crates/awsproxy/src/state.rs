//! What the proxy knows beyond the simulation, and the faults that a test asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::query::Query;

/// Instances of one type in one zone, bought one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pool {
    /// `spot` or `on-demand`.
    pub capacity_type: String,
    /// Such as `m7i.large`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
}

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service's error for too many calls, as 503 `RequestLimitExceeded` of EC2; nothing is done.
    Throttle,
    /// An error of the service with this status and code, nothing is done.
    Error(u16, &'static str),
    /// This status and this body, XML or JSON, nothing is done.
    Reply(u16, String),
    /// Nothing is done, and the connection ends.
    Reset,
    /// It is done, and the connection ends before the reply.
    LoseReply,
    /// It is done after this long.
    Delay(Duration),
    /// It is done; 200 with half of the reply.
    Truncate,
}

/// Makes the next `times` calls of an action go wrong. Of several rules the first that suits is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    action: &'static str,
    only: Vec<(&'static str, String)>,
    fault: Fault,
    times: u32,
}

impl Rule {
    /// The next `times` calls of `action`, such as `CreateFleet`.
    pub fn new(action: &'static str, fault: Fault, times: u32) -> Self {
        Self { action, only: Vec::new(), fault, times }
    }

    /// Only calls with this value of a parameter, wherever it is: `("InstanceType", "m7i.large")` is
    /// true of a fleet with an override of that type.
    pub fn only(mut self, parameter: &'static str, value: &str) -> Self {
        self.only.push((parameter, value.to_owned()));
        self
    }

    fn suits(&self, action: &str, query: &Query) -> bool {
        let has = |(name, value): &(&str, String)| {
            let mut pairs = query.0.iter();
            pairs.any(|(key, one)| key.rsplit('.').next() == Some(name) && one == value)
        };
        self.times > 0 && self.action == action && self.only.iter().all(has)
    }
}

/// A call that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Such as `CreateFleet`.
    pub action: String,
    /// Its parameters in their order, as the query protocol names them; empty for JSON.
    pub parameters: Vec<(String, String)>,
    /// What hit it.
    pub fault: Option<Fault>,
}

impl Call {
    /// The value of a parameter by its whole name, such as `LaunchTemplateData.ImageId`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// How late the cloud is; all zero at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// From the launch until the machine is listed and found by its id.
    pub seen: Duration,
    /// From the launch until it is `running`.
    pub pending: Duration,
    /// From its end until it is `terminated`.
    pub shutting_down: Duration,
}

/// How a machine is; at first every one is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Since when its own check fails, RFC 3339.
    pub instance_since: Option<String>,
    /// Since when the check of what it runs on fails, RFC 3339.
    pub system_since: Option<String>,
    /// Code and description of what is planned for it.
    pub events: Vec<(String, String)>,
}

/// The simulation's state, as far as it is not the simulation's own.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Pools that are not to be had, with the code that says so.
    pub(crate) refused: BTreeMap<Pool, &'static str>,
    /// Query and reply of each client token.
    pub(crate) tokens: BTreeMap<String, (Query, Vec<u8>)>,
    /// Instances launched through the proxy.
    pub(crate) launched: BTreeMap<String, Instant>,
    /// Instances terminated through the proxy.
    pub(crate) ended: BTreeMap<String, Instant>,
    /// Security groups of templates that were made, by name.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    /// Zones of subnets that were described.
    pub(crate) subnets: BTreeMap<String, String>,
    pub(crate) delays: Delays,
    /// Machines that are not well, by id.
    pub(crate) statuses: BTreeMap<String, Status>,
    /// The types that are sold; none named: all.
    pub(crate) sold: BTreeSet<String>,
    /// Values of public parameters, by path.
    pub(crate) parameters: BTreeMap<String, String>,
    /// USD per hour by type.
    pub(crate) on_demand: BTreeMap<String, String>,
    /// USD per hour by type and zone.
    pub(crate) spot: BTreeMap<(String, String), String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) log: Vec<Call>,
    /// Actions that the simulation does not know.
    pub(crate) unknown: BTreeSet<String>,
}

impl State {
    /// Notes a call and takes the fault that is due for it.
    pub(crate) fn fault(&mut self, action: &str, query: &Query) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.suits(action, query));
        let fault = rule.map(|rule| {
            rule.times -= 1;
            rule.fault.clone()
        });
        self.log.push(Call {
            action: action.to_owned(),
            parameters: query.0.clone(),
            fault: fault.clone(),
        });
        fault
    }

    /// Whether the machine was launched, and so lately that nobody sees it.
    pub(crate) fn is_hidden(&self, id: &str, now: Instant) -> bool {
        self.launched.get(id).is_some_and(|at| now < *at + self.delays.seen)
    }

    /// The state that is told of a machine instead of the simulation's.
    pub(crate) fn state_of(&self, id: &str, told: &str, now: Instant) -> Option<&'static str> {
        let within = |moment: Option<&Instant>, delay| moment.is_some_and(|at| now < *at + delay);
        match told {
            "running" if within(self.launched.get(id), self.delays.pending) => Some("pending"),
            "terminated" if within(self.ended.get(id), self.delays.shutting_down) => {
                Some("shutting-down")
            }
            _ => None,
        }
    }
}

/// The moment; a test's proxy is as late as real time says.
pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "delays of a simulated cloud, at the edge")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_what_it_names_as_often_as_it_says() {
        let mut state = State::default();
        let rule = Rule::new("CreateFleet", Fault::Throttle, 1).only("InstanceType", "m7i.large");
        state.rules.push(rule);
        let query = |name: &str| {
            let key = "LaunchTemplateConfigs.1.Overrides.1.InstanceType".to_owned();
            Query(vec![(key, name.to_owned())])
        };
        assert_eq!(state.fault("CreateFleet", &query("c7i.large")), None);
        assert_eq!(state.fault("RunInstances", &query("m7i.large")), None);
        assert_eq!(state.fault("CreateFleet", &query("m7i.large")), Some(Fault::Throttle));
        assert_eq!(state.fault("CreateFleet", &query("m7i.large")), None);
        assert_eq!(state.log.len(), 4);
        assert_eq!(state.log[2].fault, Some(Fault::Throttle));
    }

    #[test]
    fn a_machine_is_late_for_as_long_as_it_is_told() {
        let start = now();
        let mut state = State {
            delays: Delays {
                seen: Duration::from_secs(2),
                pending: Duration::from_secs(5),
                shutting_down: Duration::from_secs(3),
            },
            ..State::default()
        };
        state.launched.insert("i-1".to_owned(), start);
        state.ended.insert("i-1".to_owned(), start + Duration::from_secs(9));
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(state.is_hidden("i-1", at(1)) && !state.is_hidden("i-1", at(2)));
        assert!(!state.is_hidden("i-2", at(1)));
        assert_eq!(state.state_of("i-1", "running", at(4)), Some("pending"));
        assert_eq!(state.state_of("i-1", "running", at(5)), None);
        assert_eq!(state.state_of("i-1", "terminated", at(11)), Some("shutting-down"));
        assert_eq!(state.state_of("i-1", "terminated", at(12)), None);
    }
}
