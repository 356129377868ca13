//! What people are told: events, log lines and metrics, rendered from reports in this one place.

mod dedupe;
mod events;
mod plans;
mod reasons;
mod steps;

pub(crate) use dedupe::Pace;
pub(crate) use events::{About, Event, NOMINATED, Recorder, Severity, UNCONSOLIDATABLE};
pub(crate) use plans::{log_finding, log_news, log_plan, tell_left_out, tell_nominated};
pub(crate) use steps::{log_failure, log_shadow, log_step};
