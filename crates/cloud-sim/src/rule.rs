//! Faults as rules: what happens to which calls, how often.

use std::time::Duration;

use cloud::{CloudError, ErrorClass};

/// A call of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// [`cloud::Cloud::check`].
    Check,
    /// [`cloud::Cloud::market`].
    Market,
    /// [`cloud::Cloud::resolve`].
    Resolve,
    /// [`cloud::Cloud::prepare`].
    Prepare,
    /// [`cloud::Cloud::launch`].
    Launch,
    /// [`cloud::Cloud::instances`].
    List,
    /// [`cloud::Cloud::instances_of`].
    Find,
    /// [`cloud::Cloud::instance`].
    Get,
    /// [`cloud::Cloud::terminate`].
    Terminate,
    /// [`cloud::Cloud::tag`].
    Tag,
    /// [`cloud::Cloud::tidy`].
    Tidy,
    /// [`cloud::Cloud::statuses`].
    Statuses,
    /// [`cloud::Cloud::release`].
    Release,
    /// [`cloud::InterruptionQueue::receive`].
    Receive,
    /// [`cloud::InterruptionQueue::delete`].
    Delete,
}

impl Action {
    /// The API action that an error names.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "GetCallerIdentity",
            Self::Market => "DescribeInstanceTypeOfferings",
            Self::Resolve => "DescribeSubnets",
            Self::Prepare => "CreateInstanceProfile",
            Self::Launch => "CreateFleet",
            Self::List | Self::Find | Self::Get => "DescribeInstances",
            Self::Terminate => "TerminateInstances",
            Self::Tag => "CreateTags",
            Self::Statuses => "DescribeInstanceStatus",
            Self::Tidy | Self::Release => "DeleteLaunchTemplate",
            Self::Receive => "ReceiveMessage",
            Self::Delete => "DeleteMessage",
        }
    }
}

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused for being one too many; nothing is done.
    Throttled,
    /// Done, but the caller never hears of it.
    LostReply,
    /// Never arrived; to the caller it looks as a lost reply does.
    LostRequest,
    /// The service's own fault; nothing is done.
    Internal,
    /// Not allowed; nothing is done.
    Unauthorized,
    /// The object is not seen yet; nothing is done.
    NotFoundYet,
}

impl Fault {
    /// Whether the call is done all the same.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self, Self::LostReply)
    }

    pub(crate) fn error(&self, action: Action) -> CloudError {
        let retry = ErrorClass::Retry { after: None };
        let (class, code, message) = match self {
            Self::Throttled => {
                (retry, "RequestLimitExceeded", "Request limit exceeded; ask less often")
            }
            Self::LostReply | Self::LostRequest => (retry, "Timeout", "no reply in time"),
            Self::Internal => (retry, "InternalError", "An internal error has occurred"),
            Self::Unauthorized => (
                ErrorClass::Refused,
                "UnauthorizedOperation",
                "You are not authorized to perform this operation; add it to the role's policy",
            ),
            Self::NotFoundYet => {
                (ErrorClass::Gone, "InvalidInstanceID.NotFound", "The instance ID does not exist")
            }
        };
        CloudError::new(action.as_str(), class, code, message)
    }
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on as if there were no rules.
    Pass,
    /// It goes on after a while.
    Delay(Duration),
    /// It fails.
    Fail(Fault),
}

/// A verdict on some calls. The first rule that applies decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which calls; `None`: all.
    pub action: Option<Action>,
    /// How many of them are let by first.
    pub after: u32,
    /// How many of them it applies to then; `None`: all.
    pub times: Option<u32>,
    /// What becomes of them.
    pub verdict: Verdict,
}

impl Rule {
    /// The next `times` calls of `action` fail with `fault`.
    pub const fn fail(action: Action, times: u32, fault: Fault) -> Self {
        Self { action: Some(action), after: 0, times: Some(times), verdict: Verdict::Fail(fault) }
    }

    /// Whether it applies to a call of `action`; counts the call.
    fn applies(&mut self, action: Action) -> bool {
        if self.action.is_some_and(|it| it != action) || self.times == Some(0) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times = self.times.map(|times| times - 1);
        true
    }
}

/// What `rules` say of a call of `action`.
pub(crate) fn judge(rules: &mut [Rule], action: Action) -> Verdict {
    let rule = rules.iter_mut().find_map(|rule| rule.applies(action).then_some(&rule.verdict));
    rule.cloned().unwrap_or(Verdict::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lets_by_and_runs_out_and_the_first_decides() {
        let mut rules = vec![
            Rule { after: 1, ..Rule::fail(Action::Launch, 1, Fault::Throttled) },
            Rule { action: None, after: 0, times: None, verdict: Verdict::Pass },
        ];
        let verdicts: Vec<Verdict> = (0..3).map(|_| judge(&mut rules, Action::Launch)).collect();
        let fails = Verdict::Fail(Fault::Throttled);
        assert_eq!(verdicts, [Verdict::Pass, fails, Verdict::Pass]);
        assert_eq!(judge(&mut rules, Action::Get), Verdict::Pass);
    }
}
