//! The queue of interruptions: late, twice, out of order, with messages about machines of others.

use std::time::Duration;

use async_trait::async_trait;
use cloud::{CloudError, ErrorClass, InterruptionQueue, MESSAGES_MAX, Message, Receipt, WAIT_MAX};
use model::{InstanceId, Timestamp};

use crate::cloud::SimCloud;
use crate::rule::Action;
use crate::seed::Seed;
use crate::setup::QueueHabits;

/// How often a receive that waits looks again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between the notice that a spot machine is taken back and its end, by EC2.
pub(crate) const SPOT_NOTICE: Duration = Duration::from_mins(2);

/// One copy of a message.
#[derive(Clone, Debug)]
struct Stored {
    body: String,
    sent_at: Duration,
    /// Given to whoever asks from then on.
    visible_at: Duration,
    /// The number of its last delivery.
    delivery: u64,
}

/// All messages that are not deleted.
#[derive(Debug)]
pub(crate) struct Queue {
    copies: Vec<Stored>,
    deliveries: u64,
    seed: Seed,
}

impl Queue {
    pub(crate) fn new(seed: u64) -> Self {
        Self { copies: Vec::new(), deliveries: 0, seed: Seed::of(seed, "queue") }
    }

    /// Sends a message at `now`; it may be sent twice, and not alone.
    pub(crate) fn send(&mut self, body: &str, habits: &QueueHabits, now: Duration) {
        self.add(body, habits, now);
        if self.seed.happens(habits.twice_percent) {
            self.add(body, habits, now);
        }
        if self.seed.happens(habits.strangers_percent) {
            let number = self.seed.below(1 << 32);
            let stranger = InstanceId::from(format!("i-0fff{number:013x}"));
            self.add(&spot_warning(&stranger, now), habits, now);
        }
    }

    fn add(&mut self, body: &str, habits: &QueueHabits, now: Duration) {
        let visible_at = now + self.seed.up_to(habits.late);
        let copy = Stored { body: body.to_owned(), sent_at: now, visible_at, delivery: 0 };
        // SQS keeps no order: a message takes any place among those that are there.
        let places = u64::try_from(self.copies.len()).unwrap_or(u64::MAX - 1).saturating_add(1);
        let place = usize::try_from(self.seed.below(places)).unwrap_or(0);
        self.copies.insert(place.min(self.copies.len()), copy);
    }

    fn receive(&mut self, habits: &QueueHabits, now: Duration) -> Vec<Message> {
        let mut messages = Vec::new();
        let visible = self.copies.iter_mut().filter(|copy| copy.visible_at <= now);
        for copy in visible.take(MESSAGES_MAX) {
            self.deliveries += 1;
            copy.delivery = self.deliveries;
            copy.visible_at = now + habits.visibility;
            messages.push(Message {
                receipt: Receipt::new(copy.delivery.to_string()),
                body: copy.body.clone(),
                sent_at: Some(Timestamp(i64::try_from(copy.sent_at.as_secs()).unwrap_or(i64::MAX))),
            });
        }
        messages
    }

    fn delete(&mut self, receipt: &Receipt) {
        self.copies.retain(|copy| copy.delivery.to_string() != receipt.as_str());
    }

    pub(crate) fn len(&self) -> usize {
        self.copies.len()
    }
}

/// What EventBridge sends before a spot machine is taken back.
pub(crate) fn spot_warning(id: &InstanceId, now: Duration) -> String {
    event("EC2 Spot Instance Interruption Warning", id, now, "\"instance-action\":\"terminate\"")
}

fn event(detail_type: &str, id: &InstanceId, now: Duration, more: &str) -> String {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!(
        "{{\"version\":\"0\",\"source\":\"aws.ec2\",\"detail-type\":\"{detail_type}\",\
         \"time\":\"{time}\",\"detail\":{{\"instance-id\":\"{id}\",{more}}}}}"
    )
}

#[async_trait]
impl InterruptionQueue for SimCloud {
    async fn receive(&self, wait: Duration) -> Result<Vec<Message>, CloudError> {
        let mut left = wait.min(WAIT_MAX);
        loop {
            let answer: Result<Vec<Message>, CloudError> = self
                .call(Action::Receive, |state, now| {
                    let habits = state.setup.queue.ok_or_else(no_queue)?;
                    Ok(state.queue.receive(&habits, now))
                })
                .await;
            let messages = answer?;
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            let pause = left.min(LOOK_EVERY);
            self.clock().sleep(pause).await;
            left -= pause;
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), CloudError> {
        self.call(Action::Delete, |state, _| {
            state.queue.delete(receipt);
            Ok(())
        })
        .await
    }
}

fn no_queue() -> CloudError {
    let (action, code) = (Action::Receive.as_str(), "QueueDoesNotExist");
    CloudError::new(action, ErrorClass::Gone, code, "The queue does not exist; create it")
}
