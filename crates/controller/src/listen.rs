//! Listens on the queue of interruptions, and hands what it hears to the loop.
//!
//! In: the queue, the gate. Out: messages, each with a slot that whoever handles it gives back: when all
//! slots are taken nothing more is received, so that memory is bounded and what this process cannot
//! handle stays on the queue. Only a leader listens: a message that is received is hidden from others.

use std::sync::Arc;
use std::time::Duration;

use cloud::{CloudError, InterruptionQueue, MESSAGES_MAX, Message, WAIT_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::backoff::Backoff;
use crate::leader::{Gate, Role};
use crate::perform::Answer;

/// Messages that are received and not handled at once; each is handled within a few turns of the loop.
const HANDLED_MAX: usize = 200;
/// How often a process that may not write looks whether it may.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a receive that failed: as the rate limiter of Karpenter's controllers.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) };

/// A message, and the slot that it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// Listens until nobody hears any more.
pub(crate) async fn listen(
    queue: Arc<dyn InterruptionQueue>,
    gate: Gate,
    answers: mpsc::UnboundedSender<Answer>,
    seed: u64,
) {
    let slots = Arc::new(Semaphore::new(HANDLED_MAX));
    let batch = u32::try_from(MESSAGES_MAX).unwrap_or(1);
    let mut failures = 0_u32;
    loop {
        if matches!(gate.role(), Role::Shadow) || answers.is_closed() {
            return;
        }
        if !gate.may_write() {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        let Ok(mut taken) = Arc::clone(&slots).acquire_many_owned(batch).await else { return };
        match queue.receive(WAIT_MAX).await {
            Ok(messages) => {
                failures = 0;
                let received = messages
                    .into_iter()
                    .filter_map(|message| taken.split(1).map(|slot| Received { message, slot }));
                let received: Vec<Received> = received.collect();
                if !received.is_empty() && answers.send(Answer::Received(received)).is_err() {
                    return;
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                log(&error);
                tokio::time::sleep(BACKOFF.wait(failures, "interruption-queue", seed)).await;
            }
        }
    }
}

fn log(error: &CloudError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(controller = "interruption", error, "the queue cannot be read");
}
