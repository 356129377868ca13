//! Replies of EC2 that were cut off are failures.
//!
//! The SDK reads XML as far as it goes: a list that is cut off between two elements reads as a shorter
//! list, without an error. Whoever ends what is not on a list would end machines for it.

use std::fmt;

use aws_sdk_ec2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;

/// Lets only replies through that are whole.
#[derive(Debug)]
pub(crate) struct Whole;

/// The reply does not end as it must.
#[derive(Debug)]
struct CutOff(usize);

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the reply is cut off after {} bytes", self.0)
    }
}

impl std::error::Error for CutOff {}

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        if response.status().is_success() && !is_whole(body) {
            return Err(CutOff(body.len()).into());
        }
        Ok(())
    }
}

/// Whether the text ends with the end of the element that every reply is in.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let last = body.iter().rposition(|byte| *byte == b'<').and_then(|at| body.get(at..));
    last.is_some_and(|last| last.starts_with(b"</") && last.ends_with(b"Response>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_reply_is_whole() {
        let reply = "<AResponse xmlns=\"x\"><set><item>1</item></set></AResponse>";
        assert!(is_whole(reply.as_bytes()));
        assert!(is_whole(format!("{reply}\n").as_bytes()));
        for end in 0..reply.len() {
            assert!(!is_whole(&reply.as_bytes()[..end]), "{}", &reply[..end]);
        }
    }
}
