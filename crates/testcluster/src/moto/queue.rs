//! A queue of SQS, to which a test sends as EventBridge would.

use super::{Account, xml};
use crate::{Error, Result};

/// A queue of an account.
#[derive(Clone, Debug)]
pub struct Queue {
    account: Account,
    url: String,
}

impl Account {
    /// Makes a queue of this name, with no message in it.
    pub async fn queue(&self, name: &str) -> Result<Queue> {
        let made = self.call("sqs", "CreateQueue", &[("QueueName", name.to_owned())]).await?;
        let url = xml::first(&made, "QueueUrl");
        let doing = || format!("making the queue {name}");
        let url = url.ok_or_else(|| Error::Answer { doing: doing(), answer: made.clone() })?;
        Ok(Queue { account: self.clone(), url })
    }
}

impl Queue {
    /// Sends a message.
    pub async fn send(&self, body: &str) -> Result<()> {
        let message = [("QueueUrl", self.url.clone()), ("MessageBody", body.to_owned())];
        self.account.call("sqs", "SendMessage", &message).await.map(drop)
    }

    /// How many messages there are, received ones that were not deleted included.
    pub async fn length(&self) -> Result<usize> {
        let asked = [("QueueUrl", self.url.clone()), ("AttributeName.1", "All".to_owned())];
        let answer = self.account.call("sqs", "GetQueueAttributes", &asked).await?;
        let of = |name| xml::attribute(&answer, name)?.parse::<usize>().ok();
        let waiting = of("ApproximateNumberOfMessages");
        let received = of("ApproximateNumberOfMessagesNotVisible");
        let both = waiting.zip(received).map(|(waiting, received)| waiting + received);
        both.ok_or_else(|| Error::Answer { doing: format!("looking at {}", self.url), answer })
    }
}
