//! The queue: what is sent is received until it is deleted, whatever it is.

use std::collections::BTreeSet;
use std::time::Duration;

use super::support::{Scope, ensure, eventually, must};
use super::{Failure, Fixture, Outcome, WAITS_MAX};
use crate::{MESSAGES_MAX, Message};

const NO_WAIT: Duration = Duration::ZERO;
/// More messages than one receive gives.
const MANY: usize = 25;

/// Receives until `enough`, and deletes all that came.
async fn drained(
    fixture: &dyn Fixture,
    mut enough: impl FnMut(&[Message]) -> bool,
) -> Result<Vec<Message>, Failure> {
    let queue = fixture.queue();
    let mut all = Vec::new();
    for _ in 0..WAITS_MAX {
        let received = must(queue.receive(NO_WAIT).await, "receiving")?;
        ensure(received.len() <= MESSAGES_MAX, || format!("{} at once", received.len()))?;
        let quiet = received.is_empty();
        for message in received {
            must(queue.delete(&message.receipt).await, "deleting")?;
            all.push(message);
        }
        if enough(&all) {
            return Ok(all);
        }
        if quiet {
            fixture.wait().await;
        }
    }
    Err(Failure(format!("not all came: {all:?}")))
}

fn has(messages: &[Message], body: &str) -> bool {
    messages.iter().any(|message| message.body == body)
}

pub(super) async fn a_message_is_received_until_it_is_deleted(fixture: &dyn Fixture) -> Outcome {
    let queue = fixture.queue();
    fixture.send("until it is deleted").await;
    let mut receipts = Vec::new();
    let mut deliveries = 0;
    eventually(fixture, "the message, twice", async || {
        for message in queue.receive(NO_WAIT).await? {
            deliveries += usize::from(message.body == "until it is deleted");
            receipts.push(message.receipt);
        }
        Ok(deliveries >= 2)
    })
    .await?;
    for receipt in &receipts {
        must(queue.delete(receipt).await, "deleting")?;
        must(queue.delete(receipt).await, "deleting again")?;
    }
    // A second copy that was under way may come still; after that, none.
    let mut quiet = 0;
    for _ in 0..WAITS_MAX {
        let received = must(queue.receive(NO_WAIT).await, "receiving")?;
        quiet = if received.is_empty() { quiet + 1 } else { 0 };
        for message in received {
            must(queue.delete(&message.receipt).await, "deleting")?;
        }
        if quiet == WAITS_MAX / 2 {
            return Ok(());
        }
        fixture.wait().await;
    }
    Err(Failure("it comes again though it was deleted".to_owned()))
}

pub(super) async fn all_messages_come_though_not_at_once(fixture: &dyn Fixture) -> Outcome {
    let bodies: BTreeSet<String> = (0..MANY).map(|number| format!("many-{number}")).collect();
    for body in &bodies {
        fixture.send(body).await;
    }
    drained(fixture, |all| bodies.iter().all(|body| has(all, body))).await.map(drop)
}

pub(super) async fn a_message_is_as_it_was_sent(fixture: &dyn Fixture) -> Outcome {
    let odd = ["{", "\"<&>\u{e9}\u{1f600}", "{\"detail-type\":\"x\"}", &"long ".repeat(10_000)];
    for body in odd {
        fixture.send(body).await;
    }
    let all = drained(fixture, |all| odd.iter().all(|body| has(all, body))).await?;
    let untold = all.iter().find(|message| message.sent_at.is_none());
    ensure(untold.is_none(), || format!("nobody knows when it was sent: {untold:?}"))
}

pub(super) async fn an_empty_queue_is_no_failure(fixture: &dyn Fixture) -> Outcome {
    let received = must(fixture.queue().receive(NO_WAIT).await, "receiving")?;
    ensure(received.len() <= MESSAGES_MAX, || format!("{received:?}"))
}

pub(super) async fn a_machine_that_fails_its_checks_is_told(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_machine_that_fails_its_checks_is_told").await?;
    let outcome = async {
        let well = scope.launched(&scope.request(0)).await?;
        let ill = scope.launched(&scope.request(1)).await?;
        let planned = scope.launched(&scope.request(2)).await?;
        fixture.impair(&ill.id).await;
        fixture.plan(&planned.id, "instance-retirement").await;
        eventually(fixture, "the status of both machines", async || {
            let all = fixture.cloud().statuses().await?;
            let of = |id| all.iter().filter(move |status| status.id == id);
            let fails = of(ill.id.clone()).all(|status| {
                matches!(status.system, interruption::Check::Fails(Some(_)))
                    && status.instance == interruption::Check::Passes
            });
            let events =
                of(planned.id.clone()).flat_map(|status| &status.events).map(|event| &event.code);
            Ok(fails
                && of(ill.id.clone()).count() == 1
                && events.eq(["instance-retirement"])
                && of(well.id.clone()).next().is_none())
        })
        .await
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}
