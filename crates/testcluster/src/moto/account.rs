//! An account of one test, and calls to it without an AWS SDK.

use hyper::Request;

use super::xml;
use crate::{Error, Result, http};

/// Versions of the query protocol, by service.
const VERSIONS: [(&str, &str); 4] =
    [("ec2", "2016-11-15"), ("iam", "2010-05-08"), ("sqs", "2012-11-05"), ("sts", "2011-06-15")];

/// A key of an account's user; whoever signs with it acts in that account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    /// The id of the key.
    pub access_key_id: String,
    /// Its secret; nobody checks signatures.
    pub secret_access_key: String,
}

/// An account in a region.
#[derive(Clone, Debug)]
pub struct Account {
    port: u16,
    id: String,
    region: String,
    credentials: Credentials,
}

impl Account {
    /// Makes a user with a key, which is how moto knows the account of a request.
    pub(super) async fn open(port: u16, id: &str, region: &str) -> Result<Self> {
        let nobody =
            Credentials { access_key_id: "none".to_owned(), secret_access_key: String::new() };
        let (id, region) = (id.to_owned(), region.to_owned());
        let mut account = Self { port, id, region, credentials: nobody };
        let user = [("UserName", "test".to_owned())];
        account.call("iam", "CreateUser", &user).await?;
        let key = account.call("iam", "CreateAccessKey", &user).await?;
        let field = |name: &str| {
            xml::first(&key, name).ok_or_else(|| Error::Answer {
                doing: format!("making a key of the account {}", account.id),
                answer: key.clone(),
            })
        };
        let (access_key_id, secret_access_key) = (field("AccessKeyId")?, field("SecretAccessKey")?);
        account.credentials = Credentials { access_key_id, secret_access_key };
        Ok(account)
    }

    /// What an AWS SDK signs with to act in this account.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The region of its calls.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Its twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Calls an action of EC2, IAM, SQS or STS; gives the XML, or an error with AWS's code and message.
    pub async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: &[(&str, String)],
    ) -> Result<String> {
        let version = VERSIONS.iter().find(|(name, _)| *name == service).map_or("", |(_, one)| one);
        let fixed = [("Action", action.to_owned()), ("Version", version.to_owned())];
        let pairs = fixed.iter().chain(parameters);
        let form: Vec<_> =
            pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let scope =
            format!("{}/20260101/{}/{service}", self.credentials.access_key_id, self.region);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={scope}/aws4_request, SignedHeaders=host, Signature=none"
        );
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", authorization)
            .header("x-moto-account-id", &self.id)
            .body(form.join("&"));
        let doing = format!("calling {service} {action}");
        let refused = |answer| Error::Answer { doing: doing.clone(), answer };
        let request = request.map_err(|error| refused(error.to_string()))?;
        let answer = http::send(self.port, &doing, request).await?;
        if answer.status == 200 {
            return Ok(answer.text);
        }
        let field = |name| xml::first(&answer.text, name).unwrap_or_else(|| answer.text.clone());
        Err(refused(format!("{} {}: {}", answer.status, field("Code"), field("Message"))))
    }
}

/// Percent-encodes all but the characters that need none anywhere.
fn encoded(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one =
        |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(one).collect()
}
