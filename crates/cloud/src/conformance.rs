//! What every adapter of the port does alike: a list of named cases over a [`Fixture`].
//!
//! In: an adapter and somebody who can empty its pools. Out: for each case, nothing, or what was not
//! as it must be. Cases do not depend on each other or on their order: each launches for claims of
//! its own names, and ends what it launched.

mod ends;
mod finds;
mod launches;
mod queues;
mod resolves;
mod support;

use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;
use model::{CapacityType, InstanceId};

use crate::{Choice, Cloud, InterruptionQueue};

/// What a case needs beside the adapter.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The adapter.
    fn cloud(&self) -> &dyn Cloud;

    /// A node class that is there as a whole: what it selects exists. Its status is empty.
    fn class(&self) -> api::Ec2NodeClass;

    /// The same class, but that no subnet is as its selector says.
    fn class_without_subnets(&self) -> api::Ec2NodeClass;

    /// Two roles that machines may have, both there.
    fn roles(&self) -> [String; 2];

    /// At least two choices on demand and for spot that differ in type, each with units to spare,
    /// in zones of the class's subnets.
    fn choices(&self) -> Vec<Choice>;

    /// From now on, whoever asks for `choice` is told that there is no capacity, until
    /// [`Fixture::refill`].
    async fn empty(&self, choice: &Choice, capacity_type: CapacityType);

    /// The queue of interruptions. It gives a message again within a few waits, unless it was deleted.
    fn queue(&self) -> &dyn InterruptionQueue;

    /// Sends a message to the queue.
    async fn send(&self, body: &str);

    /// From now on the check of what this machine runs on fails.
    async fn impair(&self, id: &InstanceId);

    /// From now on an event of this code is planned for the machine.
    async fn plan(&self, id: &InstanceId, code: &str);

    /// All that was emptied has units again.
    async fn refill(&self);

    /// Lets some time pass, at least a second for the cloud. What was launched or ended is seen
    /// everywhere after at most [`WAITS_MAX`] of these.
    async fn wait(&self);
}

/// Most waits for something to be seen.
pub const WAITS_MAX: usize = 60;

/// What was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// What a case came to.
pub type Outcome = Result<(), Failure>;

/// A case under way; it is driven where it was started, such as by `block_on`.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// One thing that every adapter does.
#[derive(Clone, Copy)]
pub struct Case {
    /// What must be true, as words joined by underscores; unique.
    pub name: &'static str,
    /// Tries it.
    pub run: for<'a> fn(&'a dyn Fixture) -> Running<'a>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! cases {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All cases.
        pub const ALL: &[Case] = &[$($(
            Case { name: stringify!($name), run: |fixture| Box::pin($module::$name(fixture)) },
        )*)*];
    };
}

cases! {
    resolves:
        a_working_cloud_says_so
        a_class_is_resolved_to_what_it_selects
        what_is_not_found_is_a_problem_and_no_error
        a_role_has_a_profile_once_it_is_prepared
        another_role_has_another_profile
        a_role_that_is_not_there_is_refused
        what_was_prepared_is_deleted_with_the_class
        a_class_with_a_profile_of_its_own_needs_none
        the_market_knows_what_is_offered;
    launches:
        a_launch_is_one_of_its_choices_with_its_tags
        the_same_token_gives_the_same_machine
        the_same_token_with_other_choices_is_refused
        another_token_gives_another_machine
        an_empty_choice_falls_through_to_the_next
        no_capacity_at_all_names_every_choice_and_launches_nothing
        spot_is_launched_as_spot
        a_class_that_is_not_resolved_is_refused;
    finds:
        a_list_holds_every_machine_once
        a_claim_finds_its_own_machines_only
        a_machine_is_found_by_its_id
        a_machine_is_where_its_class_says
        an_unknown_machine_is_gone
        tags_are_added_and_kept
        tagging_an_unknown_machine_is_gone;
    queues:
        a_message_is_received_until_it_is_deleted
        all_messages_come_though_not_at_once
        a_message_is_as_it_was_sent
        an_empty_queue_is_no_failure
        a_machine_that_fails_its_checks_is_told;
    ends:
        a_terminated_machine_is_gone_from_everywhere
        terminating_twice_is_no_failure
        terminating_an_unknown_machine_is_gone
        releasing_a_class_twice_is_no_failure
        what_a_launch_used_is_kept_while_that_is_not_long_ago
        what_no_launch_uses_is_deleted_and_made_again
        a_profile_of_an_earlier_role_is_deleted_once_nothing_has_it
        a_profile_that_a_machine_has_is_kept;
}

/// Runs every case, one after the other, and gives the failures with the names of their cases.
pub async fn run_all(fixture: &dyn Fixture) -> Vec<(&'static str, Failure)> {
    let mut failures = Vec::new();
    for case in ALL {
        if let Err(failure) = (case.run)(fixture).await {
            failures.push((case.name, failure));
        }
        fixture.refill().await;
    }
    failures
}
