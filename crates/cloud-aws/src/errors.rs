//! From the SDK's errors to classes that a caller can act on.
//!
//! The codes are EC2's own; the lists are those of `lifecycle.md` section 7.1 of Karpenter's model.

use std::error::Error;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use cloud::{CloudError, ErrorClass};

/// There is no such capacity, or what bounds it is used up.
const CAPACITY: [&str; 11] = [
    "InsufficientInstanceCapacity",
    "MaxSpotInstanceCountExceeded",
    "VcpuLimitExceeded",
    "UnfulfillableCapacity",
    "Unsupported",
    "InsufficientFreeAddressesInSubnet",
    "MaxFleetCountExceeded",
    "ReservationCapacityExceeded",
    "SpotMaxPriceTooLow",
    "InvalidCapacityReservationState.Unavailable",
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
];

/// The object is not there.
const GONE: [&str; 10] = [
    "InvalidInstanceID.NotFound",
    "InvalidInstanceID.Malformed",
    "InvalidLaunchTemplateName.NotFoundException",
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.NotFoundException",
    "ParameterNotFound",
    "ResourceNotFoundException",
    "NoSuchEntity",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
];

/// Trying again may help.
const RETRY: [&str; 18] = [
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "EC2ThrottledException",
    "InternalError",
    "InternalFailure",
    "InternalServiceError",
    "ServiceUnavailable",
    "Unavailable",
    "RequestExpired",
    // IAM's: two writes at a time, and a profile that is looked at too soon.
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "DeleteConflict",
    "ServiceFailure",
    // SQS's: too many messages under way, and too many calls.
    "OverLimit",
    "RequestThrottled",
];

/// The class of a code of the service.
pub(crate) fn class_of(code: &str) -> ErrorClass {
    if CAPACITY.contains(&code) {
        ErrorClass::Capacity
    } else if GONE.contains(&code) {
        ErrorClass::Gone
    } else if RETRY.contains(&code) {
        ErrorClass::Retry { after: None }
    } else {
        ErrorClass::Refused
    }
}

/// Whether a code says that a launch found no capacity.
pub(crate) fn is_capacity(code: &str) -> bool {
    CAPACITY.contains(&code)
}

/// Whether a code says that a launch template is not there.
pub(crate) fn is_template_gone(code: &str) -> bool {
    code.starts_with("InvalidLaunchTemplate") && class_of(code) == ErrorClass::Gone
}

/// The class, code and message of a failed call.
pub(crate) fn failed<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let retry = ErrorClass::Retry { after: None };
    let (class, code, message) = match error {
        SdkError::TimeoutError(_) => {
            (retry, "Timeout", "no reply in time; the call may have been carried out")
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            (ErrorClass::Refused, "RequestNotSent", "the request could not be made")
        }
        // Credentials that cannot be had are among these, as they may be had later; the causes say it.
        SdkError::DispatchFailure(_) => {
            (retry, "NoConnection", "no connection, or it broke before the reply")
        }
        SdkError::ResponseError(_) => (retry, "BrokenReply", "the reply could not be read"),
        SdkError::ConstructionFailure(_) => {
            (ErrorClass::Bug, "BadRequest", "the request is not complete")
        }
        SdkError::ServiceError(service) => return refused(action, service.err(), service.raw()),
        _ => (ErrorClass::Bug, "Unknown", "the SDK reports a failure of a new kind"),
    };
    CloudError::new(action, class, code, format!("{message}{}", causes(error)))
}

/// What lies under an error, each with a colon before it.
fn causes(error: &dyn Error) -> String {
    let mut all = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        all = format!("{all}: {cause}");
        next = cause.source();
    }
    all
}

fn refused(
    action: &'static str,
    error: &impl ProvideErrorMetadata,
    reply: &HttpResponse,
) -> CloudError {
    let status = reply.status().as_u16();
    // A success that cannot be read, as one that was cut off.
    if reply.status().is_success() {
        let message = format!("the reply, {} bytes, could not be read", body_length(reply));
        return CloudError::new(action, ErrorClass::Retry { after: None }, "BrokenReply", message);
    }
    let code = error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
    let message = error.message().unwrap_or("the service says no more").to_owned();
    // A fault of the service without a code that is known: 500, 502, 503, 504.
    let class = match class_of(&code) {
        ErrorClass::Refused if status >= 500 => ErrorClass::Retry { after: None },
        class => class,
    };
    CloudError::new(action, class, code, message)
}

fn body_length(reply: &HttpResponse) -> usize {
    reply.body().bytes().map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_one_class_each() {
        for code in CAPACITY {
            assert_eq!(class_of(code), ErrorClass::Capacity);
            assert!(!GONE.contains(&code) && !RETRY.contains(&code), "{code}");
        }
        for code in GONE {
            assert_eq!(class_of(code), ErrorClass::Gone, "{code}");
            assert!(!RETRY.contains(&code), "{code}");
        }
        assert_eq!(class_of("RequestLimitExceeded").as_str(), "retry");
        assert_eq!(class_of("UnauthorizedOperation"), ErrorClass::Refused);
        assert_eq!(class_of("InvalidParameterValue"), ErrorClass::Refused);
        assert_eq!(class_of("IdempotentParameterMismatch"), ErrorClass::Refused);
        // A class's image went away: somebody has to change the class.
        assert_eq!(class_of("InvalidAMIID.NotFound"), ErrorClass::Refused);
        assert!(is_template_gone("InvalidLaunchTemplateName.NotFoundException"));
        assert!(!is_template_gone("InvalidLaunchTemplateName.AlreadyExistsException"));
        assert!(!is_template_gone("InvalidInstanceID.NotFound"));
    }
}
