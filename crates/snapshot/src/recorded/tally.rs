//! Counts behind the findings: bad rows of a file, and what the mapping of a format kept and lost.

use std::collections::BTreeMap;

use csv::StringRecord;
use model::{Finding, FindingCode};

use super::layout::Layout;
use super::row::{BadRow, Request, RowReader};
use crate::{Format, ReadOptions, Window};

/// Bad rows listed one by one for each file; one more finding stands for the rest, so that a file
/// of a million bad rows stays readable.
const BAD_ROWS_LISTED: usize = 20;

/// The bad rows of one file.
#[derive(Debug)]
pub(super) struct BadRows<'a> {
    source_name: &'a str,
    findings: Vec<Finding>,
}

impl<'a> BadRows<'a> {
    /// None yet.
    pub(super) const fn new(source_name: &'a str) -> Self {
        Self { source_name, findings: Vec::new() }
    }

    /// Notes the bad row at `line`.
    pub(super) fn note(&mut self, line: u64, row: &BadRow) {
        if self.findings.len() > BAD_ROWS_LISTED {
            if let Some(rest) = self.findings.last_mut() {
                rest.count += 1;
            }
            return;
        }
        self.findings.push(Finding {
            code: FindingCode::BadInput,
            object: format!("{}:{line}", self.source_name),
            field: row.field.to_owned(),
            message: format!("{}; the row is left out", row.message),
            remedy: row.remedy.to_owned(),
            count: 1,
        });
    }

    /// The findings; the last one stands for all that were not listed, by its count.
    pub(super) fn findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// What was kept and lost of one format's rows, over all files.
#[derive(Debug)]
pub(super) struct Tally {
    layout: &'static Layout,
    /// The first file of this format.
    source_name: String,
    /// Rows read.
    pub(super) rows: u64,
    planned: u64,
    density_limits: u64,
    /// Rows that lost something, by position in the layout's list.
    lost: Vec<u64>,
}

impl Tally {
    /// Counts a row that became a pod.
    pub(super) fn count(&mut self, reader: &RowReader<'_>, record: &StringRecord, row: Request) {
        self.planned += 1;
        self.density_limits += u64::from(reader.has_density_limit(record));
        for (lost, loses) in self.lost.iter_mut().zip(reader.losses(record, row)) {
            *lost += u64::from(loses);
        }
    }

    fn findings(&self, options: &ReadOptions) -> Vec<Finding> {
        let finding = |field: &str, message: String, count: u64| Finding {
            code: FindingCode::Mapping,
            object: self.source_name.clone(),
            field: field.to_owned(),
            message,
            remedy: String::new(),
            count,
        };
        let which = match options.window {
            Some(Window::At(second)) => format!("alive at second {second}"),
            Some(Window::All) | None => "the whole list".to_owned(),
        };
        let kept = format!(
            "{} of {} rows became pods ({which}): {}",
            self.planned, self.rows, self.layout.mapping
        );
        let mut findings = vec![finding("", kept, self.planned.max(1))];
        let dropped = self.layout.dropped.iter().zip(&self.lost);
        findings.extend(
            dropped
                .filter(|(_, lost)| **lost > 0)
                .map(|(column, lost)| finding(column.name, column.message.to_owned(), *lost)),
        );
        findings.extend(self.density_finding(options));
        findings
    }

    fn density_finding(&self, options: &ReadOptions) -> Option<Finding> {
        let field = self.layout.density.filter(|_| self.density_limits > 0)?;
        let (code, message, remedy) = if options.dlrm_density_limit {
            (
                FindingCode::NotHonoured,
                "the most pods of one application on one node is not honoured yet",
                "plan without the density limit",
            )
        } else {
            (FindingCode::Mapping, "dropped: the most pods of one application on one node", "")
        };
        Some(Finding {
            code,
            object: self.source_name.clone(),
            field: field.to_owned(),
            message: message.to_owned(),
            remedy: remedy.to_owned(),
            count: self.density_limits,
        })
    }
}

/// One tally per format.
#[derive(Debug)]
pub(super) struct Tallies(BTreeMap<Format, Tally>);

impl Tallies {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The tally of `layout`'s format; `source_name` is remembered where it is the first file.
    pub(super) fn of(&mut self, layout: &'static Layout, source_name: &str) -> &mut Tally {
        self.0.entry(layout.format).or_insert_with(|| Tally {
            layout,
            source_name: source_name.to_owned(),
            rows: 0,
            planned: 0,
            density_limits: 0,
            lost: vec![0; layout.dropped.len()],
        })
    }

    /// Findings of every format, in format order.
    pub(super) fn findings(&self, options: &ReadOptions) -> Vec<Finding> {
        self.0.values().flat_map(|tally| tally.findings(options)).collect()
    }
}
