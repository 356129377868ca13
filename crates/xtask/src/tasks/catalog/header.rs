//! `catalog.tsv`: format version, date, sources with licences, and the letters of price grades.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::raw::{Grade, RawMarket};

/// Version of the format; the reader in `ec2` refuses others.
const FORMAT: u32 = 1;

/// Name, version, date, licence, address and what was taken, from the data folder's README.
const SOURCES: [[&str; 6]; 5] = [
    [
        "ec2instances.info",
        "a19cd859f059",
        "2024-04-04",
        "MIT",
        "https://github.com/vantage-sh/ec2instances.info",
        "on-demand prices; price ratios between regions are derived from it",
    ],
    [
        "karpenter",
        "1d927085dd81",
        "2026-08-21",
        "Apache-2.0",
        "https://github.com/aws/karpenter-provider-aws",
        "on-demand prices, network bandwidth, branch interfaces; expectations of the golden test",
    ],
    [
        "libcloud",
        "3.9.1",
        "2025-03-02",
        "Apache-2.0",
        "https://github.com/apache/libcloud",
        "on-demand prices",
    ],
    [
        "moto",
        "5.2.5",
        "2026-10-27",
        "Apache-2.0",
        "https://github.com/getmoto/moto",
        "instance types, zones, offerings",
    ],
    [
        "spotinfo",
        "5eedf20a9961",
        "2025-06-28",
        "Apache-2.0",
        "https://github.com/alexei-led/spotinfo",
        "Spot Advisor interruption bands and savings",
    ],
];

/// The letter of each grade that offered types are priced with: `a`, `b`, … in order of date,
/// source, quality.
pub(super) fn grades(market: &RawMarket) -> BTreeMap<Grade, char> {
    let used: BTreeSet<&Grade> = market
        .prices
        .iter()
        .filter(|(key, _)| market.offerings.contains_key(*key))
        .map(|(_, price)| &price.grade)
        .collect();
    used.into_iter().cloned().zip('a'..='z').collect()
}

/// The whole file.
pub(super) fn text(grades: &BTreeMap<Grade, char>) -> String {
    let newest = SOURCES.iter().map(|source| source[2]).max();
    let mut text = format!("catalog\t{FORMAT}\t{}\n", newest.unwrap_or_default());
    for source in SOURCES {
        text.push_str("source\t");
        text.push_str(&source.join("\t"));
        text.push('\n');
    }
    for (grade, letter) in grades {
        let Grade { as_of, source, quality } = grade;
        writeln!(text, "grade\t{letter}\t{as_of}\t{source}\t{quality}")
            .expect("writing to a string cannot fail");
    }
    text
}
