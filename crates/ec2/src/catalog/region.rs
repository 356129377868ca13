//! One region's part of `markets.tsv`: zones, price ratios, and the types it offers.

use std::collections::BTreeMap;

use model::{InterruptionBand, MicroUsdPerHour, RegionName};

use super::rows::{CatalogError, Row, rows};
use super::tables::only_letter;
use crate::prices::PriceGrade;

/// What the catalog says of one region.
#[derive(Clone, Debug)]
pub(crate) struct RegionFacts {
    /// Letter and id of each zone, by letter; the id is empty where it could not be told.
    pub(crate) zones: Vec<(char, &'static str)>,
    /// Price level against the reference region by family, in hundred-thousandths.
    pub(crate) ratios: BTreeMap<&'static str, u32>,
    /// Offered types, by name.
    pub(crate) rows: Vec<OfferedType>,
}

/// One type that a region offers.
#[derive(Clone, Debug)]
pub(crate) struct OfferedType {
    pub(crate) name: &'static str,
    /// Letters of the zones that offer it, in order.
    pub(crate) zones: &'static str,
    /// On-demand price and the letter of its grade.
    pub(crate) price: Option<(MicroUsdPerHour, char)>,
    /// The Spot Advisor's band and its savings against on demand in whole per cent, which can be
    /// below zero.
    pub(crate) spot: Option<(InterruptionBand, i8)>,
}

/// Each region's part of the whole file.
pub(super) fn sections(markets: &'static str) -> BTreeMap<RegionName, &'static str> {
    markets
        .split("\nregion\t")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(name, section)| (RegionName::from(name), section))
        .collect()
}

/// Reads one region's part; a price whose grade is not among `grades` is refused.
pub(super) fn read(
    section: &'static str,
    grades: &BTreeMap<char, PriceGrade>,
) -> Result<RegionFacts, CatalogError> {
    let mut facts = RegionFacts { zones: Vec::new(), ratios: BTreeMap::new(), rows: Vec::new() };
    for mut row in rows(section) {
        match row.text()? {
            "zone" => {
                let letter = row.one_of(only_letter)?;
                facts.zones.push((letter, row.known()?.unwrap_or("")));
            }
            "ratio" => {
                let family = row.text()?;
                let ratio = row.one_of(hundred_thousandths)?;
                facts.ratios.insert(family, ratio);
            }
            name => facts.rows.push(offered(name, &mut row, grades)?),
        }
        row.end()?;
    }
    Ok(facts)
}

fn offered(
    name: &'static str,
    row: &mut Row<'static>,
    grades: &BTreeMap<char, PriceGrade>,
) -> Result<OfferedType, CatalogError> {
    let zones = row.text()?;
    let price = match row.known()? {
        None => {
            row.one_of(|grade| (grade == "-").then_some(()))?;
            None
        }
        Some(usd) => {
            let price = MicroUsdPerHour::parse_usd(usd)
                .filter(|price| *price > MicroUsdPerHour::ZERO)
                .ok_or_else(|| row.error("is not a price above zero"))?;
            let grade = only_letter(row.text()?).filter(|letter| grades.contains_key(letter));
            Some((price, grade.ok_or_else(|| row.error("is not a grade"))?))
        }
    };
    let band = row.known_one_of(band)?;
    let savings = row.known_number()?.filter(|percent: &i8| *percent < 100);
    Ok(OfferedType { name, zones, price, spot: band.zip(savings) })
}

fn band(text: &str) -> Option<InterruptionBand> {
    Some(match text {
        "0" => InterruptionBand::Below5,
        "1" => InterruptionBand::From5To10,
        "2" => InterruptionBand::From10To15,
        "3" => InterruptionBand::From15To20,
        "4" => InterruptionBand::Above20,
        _ => return None,
    })
}

/// `1.34118` gives 134,118, exactly; six decimals are refused.
fn hundred_thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 5 {
        return None;
    }
    format!("{whole}{fraction:0<5}").parse().ok()
}
