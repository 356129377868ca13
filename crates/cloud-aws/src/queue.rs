//! The queue of interruptions: SQS, to which rules of EventBridge send.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::config::Credentials;
use aws_sdk_sqs::types::{Message as Found, MessageSystemAttributeName};
use cloud::{CloudError, ErrorClass, InterruptionQueue, MESSAGES_MAX, Message, Receipt, WAIT_MAX};
use model::Timestamp;

use crate::connect::{AwsConfig, loader};
use crate::errors::failed;

const RECEIVE: &str = "ReceiveMessage";

/// A message that was received is not given to anybody else for this long, unless it is deleted;
/// Karpenter's own number.
pub const VISIBILITY: Duration = Duration::from_secs(20);

/// The queue on SQS.
#[derive(Debug)]
pub struct AwsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    visibility: Duration,
}

impl AwsQueue {
    /// The queue of that name in the region and account of `config`, with the default chain of
    /// credentials. Asks for its address: [`ErrorClass::Gone`] where there is no such queue.
    pub async fn connect(config: &AwsConfig, name: &str) -> Result<Self, CloudError> {
        let sdk = loader(config).load().await;
        if sdk.credentials_provider().is_none() {
            let message = "give the service account a role, or set the AWS SDK's variables";
            let refused = ErrorClass::Refused;
            return Err(CloudError::new("GetQueueUrl", refused, "NoCredentials", message));
        }
        Self::open(aws_sdk_sqs::Client::new(&sdk), name, VISIBILITY).await
    }

    /// The same with these credentials, and another visibility than [`VISIBILITY`], in whole seconds.
    pub async fn connect_as(
        config: &AwsConfig,
        name: &str,
        credentials: Credentials,
        visibility: Duration,
    ) -> Result<Self, CloudError> {
        let sdk = loader(config).credentials_provider(credentials).load().await;
        Self::open(aws_sdk_sqs::Client::new(&sdk), name, visibility).await
    }

    async fn open(
        client: aws_sdk_sqs::Client,
        name: &str,
        visibility: Duration,
    ) -> Result<Self, CloudError> {
        const ACTION: &str = "GetQueueUrl";
        let reply = client.get_queue_url().queue_name(name).send().await;
        let reply = reply.map_err(|error| failed(ACTION, &error))?;
        let url = reply.queue_url().filter(|url| !url.is_empty()).ok_or_else(|| {
            CloudError::new(
                ACTION,
                ErrorClass::Bug,
                "IncompleteReply",
                "a reply without an address",
            )
        })?;
        Ok(Self { url: url.to_owned(), client, visibility })
    }
}

#[async_trait]
impl InterruptionQueue for AwsQueue {
    async fn receive(&self, wait: Duration) -> Result<Vec<Message>, CloudError> {
        let call = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(MESSAGES_MAX).unwrap_or(1))
            .wait_time_seconds(seconds(wait.min(WAIT_MAX)))
            .visibility_timeout(seconds(self.visibility))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let reply = call.send().await.map_err(|error| failed(RECEIVE, &error))?;
        Ok(reply.messages().iter().filter_map(read).collect())
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), CloudError> {
        let call = self.client.delete_message().queue_url(&self.url);
        let reply = call.receipt_handle(receipt.as_str()).send().await;
        reply.map(drop).map_err(|error| failed("DeleteMessage", &error))
    }
}

/// A message. One without a receipt can be neither deleted nor told apart: it comes again, or expires.
fn read(found: &Found) -> Option<Message> {
    let Some(receipt) = found.receipt_handle() else {
        tracing::warn!(message = found.message_id(), "a message has no receipt");
        return None;
    };
    let attributes = found.attributes();
    let sent = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    // Milliseconds since the Unix epoch.
    let sent_at = sent.and_then(|text| text.parse::<i64>().ok()).map(|at| Timestamp(at / 1000));
    let body = found.body().unwrap_or_default().to_owned();
    Some(Message { receipt: Receipt::new(receipt), body, sent_at })
}

/// Whole seconds; the limits of SQS are far below what would not fit.
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
