//! What EC2 sells in the region, and at what price.
//!
//! Each part is read whole or not at all: a part that fails is `None`, with a warning, and the
//! catalog's stays. Prices: the newest of each type and zone for spot, Linux on shared tenancy for
//! on-demand.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{LocationType, MemoryInfo, VCpuInfo};
use aws_sdk_pricing::types::{Filter as PriceFilter, FilterType};
use cloud::{CloudError, ErrorClass};
use model::{InstanceTypeName, LiveMarket, LiveType, MicroUsdPerHour, Timestamp, ZoneId, ZoneName};

use crate::AwsCloud;
use crate::errors::failed;

type ListPrices = BTreeMap<InstanceTypeName, MicroUsdPerHour>;
type SpotPrices = BTreeMap<(InstanceTypeName, ZoneName), MicroUsdPerHour>;

impl AwsCloud {
    /// Reads all parts of the market.
    pub(crate) async fn read_market(&self) -> LiveMarket {
        let now = now();
        let on_demand = told("on-demand prices", self.on_demand().await);
        let spot = told("spot prices", self.spot(now).await);
        LiveMarket {
            types: told("instance types", self.types().await),
            offered: told("offerings", self.offered().await),
            zones: told("zones", self.zones().await),
            on_demand_at: on_demand.as_ref().map(|_| now),
            spot_at: spot.as_ref().map(|_| now),
            on_demand,
            spot,
        }
    }

    async fn types(&self) -> Result<BTreeMap<InstanceTypeName, LiveType>, CloudError> {
        const ACTION: &str = "DescribeInstanceTypes";
        let mut pages = self.ec2.describe_instance_types().max_results(100).into_paginator().send();
        let mut types = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            for one in page.instance_types() {
                let vcpus = one.v_cpu_info().and_then(VCpuInfo::default_v_cpus);
                let memory = one.memory_info().and_then(MemoryInfo::size_in_mib);
                let vcpus = vcpus.and_then(|count| u32::try_from(count).ok());
                let memory = memory.and_then(|mib| u64::try_from(mib).ok());
                if let (Some(name), Some(vcpus), Some(memory_mib)) =
                    (one.instance_type(), vcpus, memory)
                {
                    types.insert(name.as_str().into(), LiveType { vcpus, memory_mib });
                }
            }
        }
        not_empty(ACTION, types.is_empty()).map(|()| types)
    }

    async fn offered(&self) -> Result<BTreeSet<(InstanceTypeName, ZoneName)>, CloudError> {
        const ACTION: &str = "DescribeInstanceTypeOfferings";
        let call = self
            .ec2
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZone)
            .max_results(1000);
        let mut pages = call.into_paginator().send();
        let mut offered = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            offered.extend(page.instance_type_offerings().iter().filter_map(|one| {
                Some((one.instance_type()?.as_str().into(), one.location()?.into()))
            }));
        }
        not_empty(ACTION, offered.is_empty()).map(|()| offered)
    }

    /// Zone ids of the account, from its subnets: the peer's permissions do not include the
    /// description of zones.
    async fn zones(&self) -> Result<BTreeMap<ZoneName, ZoneId>, CloudError> {
        let mut pages = self.ec2.describe_subnets().max_results(1000).into_paginator().send();
        let mut zones = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeSubnets", &error))?;
            zones.extend(page.subnets().iter().filter_map(|one| {
                Some((one.availability_zone()?.into(), one.availability_zone_id()?.into()))
            }));
        }
        Ok(zones)
    }

    async fn spot(&self, now: Timestamp) -> Result<SpotPrices, CloudError> {
        const ACTION: &str = "DescribeSpotPriceHistory";
        let call = self
            .ec2
            .describe_spot_price_history()
            .product_descriptions("Linux/UNIX")
            .product_descriptions("Linux/UNIX (Amazon VPC)")
            .start_time(DateTime::from_secs(now.0))
            .max_results(1000);
        let mut pages = call.into_paginator().send();
        let mut newest: BTreeMap<_, (i64, MicroUsdPerHour)> = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            for one in page.spot_price_history() {
                let place = one.instance_type().zip(one.availability_zone());
                let price = one.spot_price().and_then(rounded_up);
                let (Some((name, zone)), Some(price)) = (place, price) else { continue };
                let at = one.timestamp().map_or(0, DateTime::secs);
                let key = (InstanceTypeName::from(name.as_str()), ZoneName::from(zone));
                let entry = newest.entry(key).or_insert((at, price));
                if at > entry.0 {
                    *entry = (at, price);
                }
            }
        }
        not_empty(ACTION, newest.is_empty())?;
        Ok(newest.into_iter().map(|(key, (_, price))| (key, price)).collect())
    }

    async fn on_demand(&self) -> Result<ListPrices, CloudError> {
        const ACTION: &str = "GetProducts";
        let region = self.config.region.as_str();
        if region.starts_with("us-gov-") || self.config.isolated_vpc {
            let message = "no list prices are served here; the catalog's stay";
            return Err(CloudError::new(ACTION, ErrorClass::Refused, "NotServed", message));
        }
        let mut prices = self.products("Compute Instance", "Shared").await?;
        // Metal is one machine to a customer, whatever the tenancy; its list price is under this name.
        prices.extend(self.products("Compute Instance (bare metal)", "Dedicated").await?);
        not_empty(ACTION, prices.is_empty()).map(|()| prices)
    }

    /// List prices of one family of products.
    async fn products(&self, family: &str, tenancy: &str) -> Result<ListPrices, CloudError> {
        const ACTION: &str = "GetProducts";
        let region = self.config.region.as_str();
        let filters = [
            ("regionCode", region),
            ("serviceCode", "AmazonEC2"),
            ("preInstalledSw", "NA"),
            ("operatingSystem", "Linux"),
            ("capacitystatus", "Used"),
            ("marketoption", "OnDemand"),
            ("tenancy", tenancy),
            ("productFamily", family),
        ];
        let mut call = self.pricing.get_products().service_code("AmazonEC2").max_results(100);
        for (field, value) in filters {
            let filter = PriceFilter::builder().field(field).value(value);
            let filter = filter.r#type(FilterType::TermMatch).build();
            call = call.filters(filter.map_err(|error| {
                CloudError::new(ACTION, ErrorClass::Bug, "BadRequest", error.to_string())
            })?);
        }
        let mut pages = call.into_paginator().send();
        let mut prices = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            prices.extend(page.price_list().iter().filter_map(|text| product(text)));
        }
        Ok(prices)
    }
}

/// Type and price of one product, a JSON text.
fn product(text: &str) -> Option<(InstanceTypeName, MicroUsdPerHour)> {
    let product: serde_json::Value = serde_json::from_str(text).ok()?;
    let name = product["product"]["attributes"]["instanceType"].as_str()?;
    let terms = product["terms"]["OnDemand"].as_object()?;
    let prices = terms.values().filter_map(|term| term["priceDimensions"].as_object());
    let prices = prices.flat_map(|dimensions| dimensions.values());
    let prices = prices.filter_map(|one| rounded_up(one["pricePerUnit"]["USD"].as_str()?));
    // Zero stands for a product that is not sold this way.
    let price = prices.filter(|price| price.get() > 0).min()?;
    Some((name.into(), price))
}

/// Dollars per hour with any number of decimals, rounded up to millionths.
fn rounded_up(text: &str) -> Option<MicroUsdPerHour> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.get(..fraction.len().min(6))?;
    let price = MicroUsdPerHour::parse_usd(&format!("{whole}.{kept}"))?;
    let rest = fraction.get(kept.len()..)?;
    if !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let more = i64::from(rest.bytes().any(|byte| byte != b'0'));
    Some(MicroUsdPerHour::new(price.get() + more))
}

/// An empty list where there is always something is a failure, never an answer.
fn not_empty(action: &'static str, empty: bool) -> Result<(), CloudError> {
    if !empty {
        return Ok(());
    }
    let message = "the list is empty, which cannot be; what was known before stays";
    Err(CloudError::new(action, ErrorClass::Retry { after: None }, "EmptyReply", message))
}

/// What was read, or nothing and a warning.
fn told<T>(part: &'static str, read: Result<T, CloudError>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            tracing::warn!(part, %error, "part of the market cannot be read; the catalog's stays");
            None
        }
    }
}

pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "an adapter may read the clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(now.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_rounded_up_to_millionths() {
        for (text, micro) in [
            ("0.0431000000", Some(43_100)),
            ("0.0000001", Some(1)),
            ("1", Some(1_000_000)),
            ("0.1234567", Some(123_457)),
            ("x", None),
            ("0.12345678x", None),
        ] {
            assert_eq!(rounded_up(text), micro.map(MicroUsdPerHour::new), "{text}");
        }
    }

    #[test]
    fn a_product_without_a_price_is_no_product() {
        let text = |usd: &str| {
            format!(
                "{{\"product\":{{\"attributes\":{{\"instanceType\":\"m7i.large\"}}}},\"terms\":\
                 {{\"OnDemand\":{{\"a\":{{\"priceDimensions\":{{\"b\":{{\"pricePerUnit\":\
                 {{\"USD\":\"{usd}\"}}}}}}}}}}}}}}"
            )
        };
        let found = product(&text("0.1008000000"));
        assert_eq!(found, Some(("m7i.large".into(), MicroUsdPerHour::new(100_800))));
        assert_eq!(product(&text("0.0000000000")), None);
        assert_eq!(product("{"), None);
        assert_eq!(product("{}"), None);
    }
}
