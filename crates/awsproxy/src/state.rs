//! What the proxy knows beyond the simulation, and the faults that a test asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

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

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 `RequestLimitExceeded`, nothing is done.
    Throttle,
    /// An error of this status and code, nothing is done.
    Error(u16, &'static str),
    /// It is done, and the connection ends before the reply.
    LoseReply,
    /// It is done after this long.
    Delay(Duration),
    /// 200 with half of the reply.
    Truncate,
}

/// Makes the next `times` calls of `action` fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Such as `CreateFleet`.
    pub action: &'static str,
    /// How.
    pub fault: Fault,
    /// How often.
    pub times: u32,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) empty: BTreeSet<Pool>,
    /// Query and reply of each client token.
    pub(crate) tokens: BTreeMap<String, (Query, Vec<u8>)>,
    /// Instances launched through the proxy.
    pub(crate) instances: BTreeSet<String>,
    /// Values of public parameters, by path.
    pub(crate) parameters: BTreeMap<String, String>,
    /// USD per hour by type.
    pub(crate) on_demand: BTreeMap<String, String>,
    /// USD per hour by type and zone.
    pub(crate) spot: BTreeMap<(String, String), String>,
    pub(crate) rules: Vec<Rule>,
    /// Actions in the order in which they came, with the fault where one was due.
    pub(crate) log: Vec<(String, Option<Fault>)>,
    /// Actions that the simulation does not know.
    pub(crate) unknown: BTreeSet<String>,
}

impl State {
    /// Notes a call and takes the fault that is due for it.
    pub(crate) fn fault(&mut self, action: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.action == action && rule.times > 0);
        let fault = rule.map(|rule| {
            rule.times -= 1;
            rule.fault.clone()
        });
        self.log.push((action.to_owned(), fault.clone()));
        fault
    }
}
