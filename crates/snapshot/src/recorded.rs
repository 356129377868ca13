//! Recorded lists: rows of CSV files become pods.
//!
//! Input: the text of a list in one of three formats (`layout` says how a row of each becomes a
//! pod) and the options of the reader. Output: pods with unique names and interned requests, in
//! input order, and findings: each bad row, and what was mapped and dropped. A row is looked at in
//! this order: number of fields, filters, window, requests; a row that the filters or the window
//! leave out is never a finding for its requests.

mod layout;
mod names;
mod number;
mod row;
mod select;
mod tally;

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use model::Finding;

use crate::{Format, ReadError, ReadOptions, RecordedPods};

pub(crate) use layout::detect;

use layout::Layout;
use names::Names;
use row::{BadRow, Request, RowReader};
use tally::{BadRows, Tallies};

/// The namespace that pods of recorded lists are in.
const NAMESPACE: &str = "recorded";

/// Reads recorded lists one after another into one list of pods.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    options: &'a ReadOptions,
    pods: Names,
    shapes: Vec<Request>,
    index_by_shape: BTreeMap<Request, u32>,
    shape_of: Vec<u32>,
    tallies: Tallies,
    findings: Vec<Finding>,
}

impl<'a> Recorder<'a> {
    /// A recorder that has read nothing yet.
    pub(crate) const fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            pods: Names::new(),
            shapes: Vec::new(),
            index_by_shape: BTreeMap::new(),
            shape_of: Vec::new(),
            tallies: Tallies::new(),
            findings: Vec::new(),
        }
    }

    /// Reads one list. `format` is one of the recorded formats.
    ///
    /// # Errors
    /// Where no window was asked for, the header lacks a column that the format or the window needs,
    /// or a filter names a column that is not there.
    pub(crate) fn read_csv(
        &mut self,
        source_name: &str,
        text: &str,
        format: Format,
    ) -> Result<(), ReadError> {
        let Some(layout) = Layout::of(format) else {
            return Ok(());
        };
        let window = self
            .options
            .window
            .ok_or_else(|| ReadError::NoWindow { source_name: source_name.to_owned(), format })?;
        let mut lines = ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = lines.headers().cloned().unwrap_or_default();
        let reader = RowReader::new(source_name, &header, layout, window, self.options)?;
        self.read_rows(source_name, layout, &reader, &mut lines);
        Ok(())
    }

    /// The pods and the findings of all lists read.
    pub(crate) fn finish(self) -> (RecordedPods, Vec<Finding>) {
        let mut findings = self.findings;
        findings.extend(self.tallies.findings(self.options));
        let recorded = RecordedPods {
            shapes: self.shapes.iter().map(Request::resources).collect(),
            pods: self.pods.into_names().zip(self.shape_of).collect(),
        };
        (recorded, findings)
    }

    fn read_rows(
        &mut self,
        source_name: &str,
        layout: &'static Layout,
        reader: &RowReader<'_>,
        lines: &mut csv::Reader<&[u8]>,
    ) {
        let stem = stem(source_name);
        let mut bad = BadRows::new(source_name);
        let tally = self.tallies.of(layout, source_name);
        let mut name = String::new();
        let mut record = StringRecord::new();
        let mut number: u64 = 0;
        loop {
            let line = lines.position().line();
            match lines.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    bad.note(line, &BadRow::unreadable(&error));
                    continue;
                }
            }
            number += 1;
            tally.rows += 1;
            match reader.read(&record) {
                Ok(None) => {}
                Err(problem) => {
                    bad.note(record.position().map_or(line, csv::Position::line), &problem);
                }
                Ok(Some(request)) => {
                    tally.count(reader, &record, request);
                    reader.name_into(&mut name, &record, &stem, number);
                    self.pods.add(&mut name);
                    let shape = *self.index_by_shape.entry(request).or_insert_with(|| {
                        self.shapes.push(request);
                        u32::try_from(self.shapes.len() - 1).expect("fewer shapes than rows")
                    });
                    self.shape_of.push(shape);
                }
            }
        }
        self.findings.extend(bad.findings());
    }
}

/// The file's name without folders and without `.gz` and `.csv`; `stdin` for standard input.
fn stem(source_name: &str) -> String {
    let file = source_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let file = file.strip_suffix(".gz").unwrap_or(file);
    match file.strip_suffix(".csv").unwrap_or(file) {
        "" | "-" => "stdin".to_owned(),
        stem => stem.to_owned(),
    }
}
