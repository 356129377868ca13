//! The embedded catalog: instance types, and what each region sells and charges, at a stated date.
//!
//! Only the region asked for is parsed. The files are `crates/ec2/catalog/*.tsv`; their format is
//! in `docs/catalog.md`.

pub(crate) mod region;
mod rows;
mod tables;
mod types;

use std::collections::BTreeMap;

use model::RegionName;

use crate::facts::TypeFacts;
use crate::market::RegionMarket;
use crate::measured::MeasuredAllocatable;
use crate::prices::PriceGrade;
use region::RegionFacts;
use rows::CatalogError;

const HEADER: &str = include_str!("../catalog/catalog.tsv");
const TYPES: &str = include_str!("../catalog/types.tsv");
const OVERRIDES: &str = include_str!("../catalog/overrides.tsv");
const MARKETS: &str = include_str!("../catalog/markets.tsv");
const MEASURED: &str = include_str!("../catalog/measured.tsv");

/// Why reading an embedded file cannot fail.
const HELD_BY_TESTS: &str = "tests read every line of the embedded catalog";

/// The region whose prices estimates for other regions start from: the only one with recent prices
/// for nearly all its types.
const REFERENCE_REGION: &str = "us-east-1";

/// Facts about EC2 at a stated date.
#[derive(Clone, Debug)]
pub struct Catalog {
    date: String,
    sources: Vec<Source>,
    grades: BTreeMap<char, PriceGrade>,
    /// Each region's part of the markets file.
    regions: BTreeMap<RegionName, &'static str>,
    types: &'static str,
    overrides: &'static str,
    measured: &'static str,
}

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that [`PriceGrade::source`] uses.
    pub name: String,
    /// Version or commit that was read.
    pub version: String,
    /// Date of that version, `YYYY-MM-DD`.
    pub date: String,
    /// Licence as an SPDX expression.
    pub licence: String,
    /// Address.
    pub address: String,
    /// What was taken from it.
    pub taken: String,
}

/// A region that the catalog does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("region {asked:?} is not in the catalog; it has {}", joined(.known))]
pub struct UnknownRegion {
    /// What was asked for.
    pub asked: String,
    /// What there is, by name.
    pub known: Vec<RegionName>,
}

impl Catalog {
    /// The catalog that this crate carries.
    pub fn embedded() -> Self {
        Self::read().expect(HELD_BY_TESTS)
    }

    /// Date of its newest source, `YYYY-MM-DD`. Prices are older: see [`Self::sources`] and
    /// [`crate::RegionListings::by_grade`].
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Where its facts come from, by name.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The regions whose zones and offerings it has, by name.
    pub fn regions(&self) -> impl Iterator<Item = &RegionName> {
        self.regions.keys()
    }

    /// What `name` sells.
    pub fn region(&self, name: &str) -> Result<RegionMarket<'_>, UnknownRegion> {
        let unknown =
            || UnknownRegion { asked: name.to_owned(), known: self.regions().cloned().collect() };
        let facts = self.region_facts(name).ok_or_else(unknown)?;
        Ok(RegionMarket::new(self, RegionName::from(name), facts, &self.types()))
    }

    /// Every instance type, by name; Macs and types that a region does not offer included.
    pub fn types(&self) -> Vec<TypeFacts> {
        types::read(self.types, self.overrides).expect(HELD_BY_TESTS)
    }

    /// The embedded measurements of allocatable.
    pub fn measured(&self) -> Vec<MeasuredAllocatable> {
        tables::measured(self.measured).expect(HELD_BY_TESTS)
    }

    pub(crate) fn grade(&self, letter: char) -> &PriceGrade {
        self.grades.get(&letter).expect(HELD_BY_TESTS)
    }

    pub(crate) fn region_facts(&self, name: &str) -> Option<RegionFacts> {
        let section = self.regions.get(name)?;
        Some(region::read(section, &self.grades).expect(HELD_BY_TESTS))
    }

    /// The region that estimates start from.
    pub(crate) fn reference_region(&self) -> RegionFacts {
        self.region_facts(REFERENCE_REGION).expect(HELD_BY_TESTS)
    }

    fn read() -> Result<Self, CatalogError> {
        let header = tables::header(HEADER)?;
        Ok(Self {
            date: header.date,
            sources: header.sources,
            grades: header.grades,
            regions: region::sections(MARKETS),
            types: TYPES,
            overrides: OVERRIDES,
            measured: MEASURED,
        })
    }
}

fn joined(names: &[RegionName]) -> String {
    let names: Vec<&str> = names.iter().map(RegionName::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Catalog, MEASURED, OVERRIDES, TYPES, region, tables, types};
    use std::collections::BTreeMap;

    #[test]
    fn every_line_of_the_embedded_catalog_is_readable_and_in_order() {
        let catalog = Catalog::read().expect("header");
        let types = types::read(TYPES, OVERRIDES).expect("types");
        assert!(types.is_sorted_by(|a, b| a.name < b.name));
        tables::measured(MEASURED).expect("measured");
        for (name, section) in &catalog.regions {
            let facts = region::read(section, &catalog.grades)
                .unwrap_or_else(|error| unreachable!("{name}: {error}"));
            assert!(facts.rows.is_sorted_by(|a, b| a.name < b.name), "{name}");
            assert!(facts.zones.is_sorted_by(|a, b| a.0 < b.0), "{name}");
            for row in &facts.rows {
                let known = types.binary_search_by(|one| one.name.as_str().cmp(row.name));
                assert!(known.is_ok(), "{name}: {} has no facts", row.name);
            }
        }
    }

    #[test]
    fn overrides_still_replace_what_the_types_say_and_are_as_many_as_known() {
        let mut counts = BTreeMap::new();
        for replaced in types::overrides(OVERRIDES).expect("overrides") {
            *counts.entry(replaced.field).or_insert(0) += 1;
            let column = types::COLUMNS.iter().position(|name| *name == replaced.field);
            let column = column.expect(replaced.field);
            let line = TYPES
                .lines()
                .find(|line| line.split('\t').next() == Some(replaced.name))
                .expect(replaced.name);
            let raw = line.split('\t').nth(column).expect(replaced.name);
            assert_eq!(raw, replaced.instead_of, "{}", replaced.name);
            assert_ne!(raw, replaced.value, "{}", replaced.name);
        }
        let expected = [("bandwidth_mbps", 3), ("branch_enis", 56), ("clock_mhz", 76), ("enis", 4)];
        assert_eq!(counts, BTreeMap::from(expected));
    }
}
