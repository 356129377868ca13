//! Replies in the forms of the services.

use std::fmt::Write as _;

use serde_json::json;

use crate::query::Query;
use crate::state::State;

/// A status, a content type and a body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn xml(body: String) -> Self {
        Self { status: 200, kind: "text/xml", body: body.into_bytes() }
    }

    fn json(body: &serde_json::Value) -> Self {
        let kind = "application/x-amz-json-1.1";
        Self { status: 200, kind, body: body.to_string().into_bytes() }
    }

    /// An error of EC2.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors><RequestID>proxy</RequestID></Response>"
        );
        Self { status, kind: "text/xml", body: body.into_bytes() }
    }
}

/// `GetParameter` of a public parameter that the test set; `None`: the simulation answers.
pub(crate) fn parameter(state: &State, body: &[u8]) -> Option<Reply> {
    let request: serde_json::Value = serde_json::from_slice(body).ok()?;
    let name = request["Name"].as_str()?;
    if !name.starts_with("/aws/service/eks/") && !name.starts_with("/aws/service/bottlerocket/") {
        return None;
    }
    Some(match state.parameters.get(name) {
        Some(value) => Reply::json(&json!({ "Parameter": {
            "Name": name, "Type": "String", "Value": value, "Version": 1,
        }})),
        None => Reply {
            status: 400,
            kind: "application/x-amz-json-1.1",
            body: json!({ "__type": "ParameterNotFound", "message": name })
                .to_string()
                .into_bytes(),
        },
    })
}

/// `GetProducts`: one product for each price, in one page; a list of JSON texts, as the service has it.
pub(crate) fn products(state: &State) -> Reply {
    let texts: Vec<String> = (state.on_demand.iter())
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
    Reply::json(&json!({ "FormatVersion": "aws_v1", "PriceList": texts }))
}

/// `DescribeSpotPriceHistory`: the price of each type and zone, in one page.
pub(crate) fn spot_prices(state: &State, query: &Query) -> Reply {
    let mut items = String::new();
    let linux =
        query.list("ProductDescription").next().is_none_or(|name| name.starts_with("Linux/UNIX"));
    for ((name, zone), usd) in state.spot.iter().filter(|_| linux) {
        let written = write!(
            items,
            "<item><instanceType>{name}</instanceType><productDescription>Linux/UNIX\
             </productDescription><spotPrice>{usd}</spotPrice><timestamp>2026-11-01T00:00:00Z\
             </timestamp><availabilityZone>{zone}</availabilityZone></item>"
        );
        debug_assert!(written.is_ok());
    }
    Reply::xml(format!(
        "<DescribeSpotPriceHistoryResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>proxy</requestId><spotPriceHistorySet>{items}</spotPriceHistorySet>\
         <nextToken></nextToken></DescribeSpotPriceHistoryResponse>"
    ))
}
