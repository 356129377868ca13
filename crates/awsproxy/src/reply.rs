//! Replies in the forms of the services.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::query::Query;
use crate::state::State;

const JSON: &str = "application/x-amz-json-1.1";
/// Spot prices are asked for by these; the simulated ones are all of the first.
const PRODUCTS: [&str; 2] = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"];

/// How a service words its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// XML of EC2's own kind.
    Ec2,
    /// XML of IAM and STS.
    Query,
    /// JSON.
    Json,
}

/// A status, a content type and a body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    /// Headers in which some services say the code of an error.
    pub(crate) codes: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &'static str, body: Vec<u8>) -> Self {
        Self { status, kind, body, codes: Vec::new() }
    }

    pub(crate) fn xml(body: String) -> Self {
        Self::new(200, "text/xml", body.into_bytes())
    }

    fn json(status: u16, body: &Value) -> Self {
        Self::new(status, JSON, body.to_string().into_bytes())
    }

    /// A text that a test made up.
    pub(crate) fn given(status: u16, body: &str) -> Self {
        let kind = if body.starts_with('{') { JSON } else { "text/xml" };
        Self::new(status, kind, body.as_bytes().to_vec())
    }

    /// An error as the service of a call words it: that of EC2, of the other services of the query
    /// protocol, or of those that speak JSON.
    pub(crate) fn error_of(form: Form, status: u16, code: &str, message: &str) -> Self {
        match form {
            Form::Ec2 => Self::error(status, code, message),
            Form::Query => Self {
                status,
                ..Self::xml(format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}\
                     </Message></Error><RequestId>proxy</RequestId></ErrorResponse>"
                ))
            },
            Form::Json => Self::json(status, &json!({ "__type": code, "message": message })),
        }
    }

    /// An error of EC2.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors><RequestID>proxy</RequestID></Response>"
        );
        Self::new(status, "text/xml", body.into_bytes())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// `GetParameter` of a public parameter that the test set; `None`: the simulation answers.
pub(crate) fn parameter(state: &State, body: &[u8]) -> Option<Reply> {
    let request: Value = serde_json::from_slice(body).ok()?;
    let name = request["Name"].as_str()?;
    if !name.starts_with("/aws/service/eks/") && !name.starts_with("/aws/service/bottlerocket/") {
        return None;
    }
    Some(match state.parameters.get(name) {
        Some(value) => Reply::json(
            200,
            &json!({ "Parameter": {
                "Name": name, "Type": "String", "Value": value, "Version": 1,
            }}),
        ),
        None => Reply::json(400, &json!({ "__type": "ParameterNotFound", "message": name })),
    })
}

/// The items of one page, and the token of the next.
pub(crate) fn page<'a, T>(
    all: &'a [T],
    max: usize,
    token: Option<&str>,
) -> (&'a [T], Option<String>) {
    let from = token.and_then(|token| token.parse::<usize>().ok()).unwrap_or(0).min(all.len());
    let to = from.saturating_add(max).min(all.len());
    (&all[from..to], (to < all.len()).then(|| to.to_string()))
}

/// `GetProducts`: one product for each price of the family that is asked for; a list of JSON texts, as
/// the service has it.
pub(crate) fn products(state: &State, body: &[u8]) -> Reply {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let filters = request["Filters"].as_array().cloned().unwrap_or_default();
    let asks_metal = filters.iter().any(|filter| {
        filter["Field"] == "productFamily" && filter["Value"] == "Compute Instance (bare metal)"
    });
    let prices = state.on_demand.iter();
    let texts: Vec<String> = prices
        .filter(|(name, _)| name.contains(".metal") == asks_metal)
        .map(|(name, usd)| {
            json!({
                "product": { "attributes": { "instanceType": name } },
                "terms": { "OnDemand": { "term": { "priceDimensions": { "rate": {
                    "unit": "Hrs", "pricePerUnit": { "USD": usd },
                }}}}},
            })
            .to_string()
        })
        .collect();
    let max = request["MaxResults"].as_u64().and_then(|max| usize::try_from(max).ok());
    let (texts, next) = page(&texts, max.unwrap_or(100).min(100), request["NextToken"].as_str());
    let mut reply = json!({ "FormatVersion": "aws_v1", "PriceList": texts });
    if let Some(next) = next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(200, &reply)
}

/// `DescribeSpotPriceHistory`: the price of each type and zone that is asked for.
pub(crate) fn spot_prices(state: &State, query: &Query) -> Reply {
    let suits = |prefix: &str, value: &str| {
        let mut asked = query.list(prefix).peekable();
        asked.peek().is_none() || asked.any(|one| one == value)
    };
    let is_linux = PRODUCTS.iter().take(1).any(|name| suits("ProductDescription", name));
    let zone_asked = query.get("AvailabilityZone");
    let all: Vec<_> = (state.spot.iter().filter(|_| is_linux))
        .filter(|((name, zone), _)| {
            suits("InstanceType", name) && zone_asked.is_none_or(|asked| asked == zone)
        })
        .collect();
    let max = query.get("MaxResults").and_then(|max| max.parse().ok()).unwrap_or(1000);
    let (prices, next) = page(&all, max, query.get("NextToken"));
    let mut items = String::new();
    for ((name, zone), usd) in prices {
        let written = write!(
            items,
            "<item><instanceType>{name}</instanceType><productDescription>{}</productDescription>\
             <spotPrice>{usd}</spotPrice><timestamp>2026-11-01T00:00:00Z</timestamp>\
             <availabilityZone>{zone}</availabilityZone></item>",
            PRODUCTS[0]
        );
        debug_assert!(written.is_ok());
    }
    Reply::xml(format!(
        "<DescribeSpotPriceHistoryResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>proxy</requestId><spotPriceHistorySet>{items}</spotPriceHistorySet>\
         <nextToken>{}</nextToken></DescribeSpotPriceHistoryResponse>",
        next.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all = [1, 2, 3, 4, 5];
        assert_eq!(page(&all, 2, None), (&all[..2], Some("2".to_owned())));
        assert_eq!(page(&all, 2, Some("4")), (&all[4..], None));
        assert_eq!(page(&all, 5, None), (&all[..], None));
        assert_eq!(page(&all, 5, Some("9")), (&all[5..], None));
    }

    #[test]
    fn prices_are_those_that_are_asked_for() {
        let mut state = State::default();
        for zone in ["a", "b"] {
            state.spot.insert(("m7i.large".to_owned(), zone.to_owned()), "0.04".to_owned());
        }
        let count = |body: &str| {
            let reply = spot_prices(&state, &Query::parse(body.as_bytes()));
            reply.text().matches("<spotPrice>").count()
        };
        assert_eq!(count("ProductDescription.1=Linux%2FUNIX&MaxResults=1000"), 2);
        assert_eq!(count("ProductDescription.1=Windows"), 0);
        assert_eq!(count("AvailabilityZone=a"), 1);
        assert_eq!(count("InstanceType.1=c7i.large"), 0);
        assert_eq!(count("MaxResults=1"), 1);
        for name in ["m7i.large", "m7i.metal-24xl"] {
            state.on_demand.insert(name.to_owned(), "1".to_owned());
        }
        let metal =
            br#"{"Filters":[{"Field":"productFamily","Value":"Compute Instance (bare metal)"}]}"#;
        let text = products(&state, metal).text();
        assert!(text.contains("m7i.metal-24xl") && !text.contains("m7i.large"), "{text}");
    }
}
