//! `markets.tsv`: per region its zones, price ratios, and one line per type that it offers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, ensure};

use super::raw::{Grade, RawMarket, RawPrice, RawType};

const COLUMNS: &str = "#region, then zone and ratio lines, then: \
    type\tzones\tusd_per_hour\tgrade\tband\tsavings_percent\n";

/// The whole file: regions by name, in each zones, ratios and types by name.
pub(super) fn text(
    types: &BTreeMap<String, RawType>,
    market: &RawMarket,
    grades: &BTreeMap<Grade, char>,
) -> anyhow::Result<String> {
    let mut text = COLUMNS.to_owned();
    let regions: BTreeSet<&str> = market.zones.keys().map(|(region, _)| region.as_str()).collect();
    for region in regions {
        writeln!(text, "region\t{region}")?;
        for ((_, zone), id) in of_region(&market.zones, region) {
            let id = if id.is_empty() { "-" } else { id };
            writeln!(text, "zone\t{}\t{id}", letter(region, zone)?)?;
        }
        for ((_, family), ratio) in of_region(&market.ratios, region) {
            writeln!(text, "ratio\t{family}\t{ratio}")?;
        }
        for (key, zones) in of_region(&market.offerings, region) {
            let name = &key.1;
            ensure!(types.contains_key(name), "{region}: {name} has no specs");
            let letters: Result<String, _> =
                zones.iter().map(|zone| letter(region, zone)).collect();
            let price = price(market.prices.get(key), grades)?;
            let spot = market
                .interruption
                .get(key)
                .map_or_else(|| "-\t-".to_owned(), |(band, savings)| format!("{band}\t{savings}"));
            writeln!(text, "{name}\t{}\t{price}\t{spot}", letters?)?;
        }
    }
    Ok(text)
}

fn of_region<'a, V>(
    map: &'a BTreeMap<(String, String), V>,
    region: &str,
) -> impl Iterator<Item = (&'a (String, String), &'a V)> {
    map.range((region.to_owned(), String::new())..).take_while(move |((of, _), _)| of == region)
}

/// What is left of a zone's name after its region's: one letter.
fn letter(region: &str, zone: &str) -> anyhow::Result<char> {
    let mut rest = zone
        .strip_prefix(region)
        .with_context(|| format!("zone {zone} is not named after {region}"))?
        .chars();
    let letter = rest.next().filter(char::is_ascii_lowercase);
    ensure!(rest.next().is_none(), "zone {zone} ends in more than one letter");
    letter.with_context(|| format!("zone {zone} ends in no letter"))
}

fn price(price: Option<&RawPrice>, grades: &BTreeMap<Grade, char>) -> anyhow::Result<String> {
    let Some(RawPrice { usd_per_hour, grade }) = price else {
        return Ok("-\t-".to_owned());
    };
    let letter = grades.get(grade).context("a price of unknown grade")?;
    Ok(format!("{usd_per_hour}\t{letter}"))
}
