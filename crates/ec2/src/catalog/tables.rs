//! The small files: `catalog.tsv` (version, date, sources, price grades) and `measured.tsv`.

use std::collections::BTreeMap;

use model::{Amount, InstanceTypeName, Quantity, Resources, well_known};

use super::Source;
use super::rows::{CatalogError, Row, rows};
use crate::measured::MeasuredAllocatable;
use crate::prices::{PriceGrade, PriceQuality};
use crate::settings::AmiFamily;

/// The format that this reader understands.
const FORMAT: u32 = 1;

/// `catalog.tsv`.
pub(super) struct Header {
    pub(super) date: String,
    pub(super) sources: Vec<Source>,
    pub(super) grades: BTreeMap<char, PriceGrade>,
}

/// Reads `catalog.tsv`; another format version is refused.
pub(super) fn header(text: &str) -> Result<Header, CatalogError> {
    let mut header = Header { date: String::new(), sources: Vec::new(), grades: BTreeMap::new() };
    for mut row in rows(text) {
        match row.text()? {
            "catalog" => {
                if row.number::<u32>()? != FORMAT {
                    return Err(row.error("is a format version that this program does not read"));
                }
                row.text()?.clone_into(&mut header.date);
            }
            "source" => header.sources.push(source(&mut row)?),
            "grade" => {
                let letter = row.one_of(only_letter)?;
                let grade = PriceGrade {
                    as_of: row.text()?.to_owned(),
                    source: row.text()?.to_owned(),
                    quality: row.one_of(PriceQuality::from_name)?,
                };
                header.grades.insert(letter, grade);
            }
            _ => return Err(row.error("is not a known kind of line")),
        }
        row.end()?;
    }
    Ok(header)
}

fn source(row: &mut Row<'_>) -> Result<Source, CatalogError> {
    Ok(Source {
        name: row.text()?.to_owned(),
        version: row.text()?.to_owned(),
        date: row.text()?.to_owned(),
        licence: row.text()?.to_owned(),
        address: row.text()?.to_owned(),
        taken: row.text()?.to_owned(),
    })
}

/// Reads `measured.tsv`.
pub(super) fn measured(text: &str) -> Result<Vec<MeasuredAllocatable>, CatalogError> {
    rows(text).map(measurement).collect()
}

fn measurement(mut row: Row<'_>) -> Result<MeasuredAllocatable, CatalogError> {
    let measured = MeasuredAllocatable {
        instance_type: InstanceTypeName::from(row.text()?),
        ami_family: row.known_one_of(AmiFamily::from_name)?,
        max_pods: row.known_number()?,
        allocatable: row.one_of(|text| {
            let memory: Quantity = text.parse().ok()?;
            let memory = Amount::new(memory.value());
            Some(Resources::from_iter([(well_known::MEMORY.into(), memory)]))
        })?,
        source: row.text()?.to_owned(),
        date: row.text()?.to_owned(),
    };
    row.end()?;
    Ok(measured)
}

/// The letter of a text of one letter.
pub(super) fn only_letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}
