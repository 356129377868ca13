//! One row: whether it is planned, what it asks for, what it is called.

use csv::StringRecord;
use model::{Resources, well_known};

use super::layout::{Column, Dropped, Layout, Loses};
use super::names::push_number;
use super::number::{scaled, whole};
use super::select::{Condition, Moment};
use crate::{ReadError, ReadOptions, Window};

/// What a row asks for; equal requests are one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    cpu_milli: i64,
    memory_bytes: i64,
    /// Whole GPUs.
    pub(super) gpus: i64,
}

impl Request {
    /// As resources, the pod itself included.
    pub(super) fn resources(&self) -> Resources {
        Resources::new()
            .with(well_known::CPU, self.cpu_milli)
            .with(well_known::MEMORY, self.memory_bytes)
            .with(well_known::NVIDIA_GPU, self.gpus)
            .with(well_known::PODS, 1)
    }
}

/// Why a row was left out.
#[derive(Debug)]
pub(super) struct BadRow {
    /// The column; empty where the whole row is meant.
    pub(super) field: &'static str,
    /// What is the matter.
    pub(super) message: String,
    /// What to do.
    pub(super) remedy: &'static str,
}

impl BadRow {
    /// A row that is not CSV.
    pub(super) fn unreadable(error: &csv::Error) -> Self {
        Self {
            field: "",
            message: format!("the row cannot be read: {error}"),
            remedy: "write the row as comma-separated values",
        }
    }

    /// A time that is not one.
    pub(super) fn time(field: &'static str, text: &str) -> Self {
        Self {
            field,
            message: format!("{text:?} is not a time of at least zero seconds"),
            remedy: "give seconds of the recording as a plain number",
        }
    }

    fn length(expected: usize, found: usize) -> Self {
        Self {
            field: "",
            message: format!("the row has {found} fields, the header has {expected}"),
            remedy: "give the row one field for each column",
        }
    }

    fn amount(field: &'static str, text: &str) -> Self {
        Self {
            field,
            message: format!("{text:?} is not a plain number of at least zero"),
            remedy: "give digits with at most one decimal point",
        }
    }

    fn pieces(field: &'static str, text: &str) -> Self {
        Self {
            field,
            message: format!("{text:?} is not a whole number of at least zero"),
            remedy: "give whole GPUs",
        }
    }
}

/// Reads rows of one file.
#[derive(Debug)]
pub(super) struct RowReader<'a> {
    header: &'a StringRecord,
    layout: &'static Layout,
    conditions: Vec<Condition>,
    moment: Option<Moment>,
    name: Option<usize>,
    cpu: usize,
    memory: usize,
    gpu: Option<usize>,
    density: Option<usize>,
    /// By position in the layout's list; `None` where the file has no such column.
    dropped: Vec<Option<usize>>,
}

impl<'a> RowReader<'a> {
    /// Finds the columns in the header.
    pub(super) fn new(
        source_name: &str,
        header: &'a StringRecord,
        layout: &'static Layout,
        window: Window,
        options: &ReadOptions,
    ) -> Result<Self, ReadError> {
        let refuse = |problem: String| ReadError::Header {
            source_name: source_name.to_owned(),
            format: layout.format,
            problem,
        };
        let find = |name: &str| header.iter().position(|column| column.trim() == name);
        let need = |column: &Column| {
            find(column.name).ok_or_else(|| refuse(format!("it has no column {}", column.name)))
        };
        let moment = Moment::new(header, &layout.alive, window).map_err(|column| {
            refuse(format!(
                "it has no column {column}, which --at needs; say --all for the whole list"
            ))
        })?;
        Ok(Self {
            header,
            layout,
            conditions: options
                .filters
                .iter()
                .map(|filter| Condition::new(source_name, header, filter))
                .collect::<Result<_, _>>()?,
            moment,
            name: layout.name.and_then(find),
            cpu: need(&layout.cpu)?,
            memory: need(&layout.memory)?,
            gpu: layout.gpu.as_ref().map(need).transpose()?,
            density: layout.density.and_then(find),
            dropped: layout.dropped.iter().map(|one| find(one.name)).collect(),
        })
    }

    /// What the row asks for; `None` where a filter or the window leaves it out.
    pub(super) fn read(&self, record: &StringRecord) -> Result<Option<Request>, BadRow> {
        if record.len() != self.header.len() {
            return Err(BadRow::length(self.header.len(), record.len()));
        }
        if !self.conditions.iter().all(|one| one.holds(record)) {
            return Ok(None);
        }
        if let Some(moment) = &self.moment
            && !moment.finds_alive(record)?
        {
            return Ok(None);
        }
        let gpus = match (self.gpu, &self.layout.gpu) {
            (Some(position), Some(column)) => pieces(record, position, column)?,
            _ => 0,
        };
        Ok(Some(Request {
            cpu_milli: amount(record, self.cpu, &self.layout.cpu)?,
            memory_bytes: amount(record, self.memory, &self.layout.memory)?,
            gpus,
        }))
    }

    /// Writes the row's full name into `name`: its own, or the file's stem and the row's number.
    pub(super) fn name_into(
        &self,
        name: &mut String,
        record: &StringRecord,
        stem: &str,
        number: u64,
    ) {
        name.clear();
        name.push_str(super::NAMESPACE);
        name.push('/');
        match self.name.map_or("", |column| field(record, column)) {
            "" => {
                name.push_str(stem);
                name.push('-');
                push_number(name, number);
            }
            own => name.push_str(own),
        }
    }

    /// Whether the row loses something by each dropped column, in the layout's order.
    pub(super) fn losses<'r>(
        &'r self,
        record: &'r StringRecord,
        request: Request,
    ) -> impl Iterator<Item = bool> + 'r {
        let columns = self.dropped.iter().zip(self.layout.dropped);
        columns.map(move |(position, dropped)| {
            position.is_some_and(|position| loses(dropped, field(record, position), request))
        })
    }

    /// Whether the row limits how many of its application share a node.
    pub(super) fn has_density_limit(&self, record: &StringRecord) -> bool {
        self.density.and_then(|column| whole(field(record, column))).is_some_and(|limit| limit > 0)
    }
}

/// The field without blanks around it.
pub(super) fn field(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default().trim()
}

fn amount(record: &StringRecord, position: usize, column: &Column) -> Result<i64, BadRow> {
    let text = field(record, position);
    scaled(text, column.base_units).ok_or_else(|| BadRow::amount(column.name, text))
}

fn pieces(record: &StringRecord, position: usize, column: &Column) -> Result<i64, BadRow> {
    let text = field(record, position);
    whole(text).filter(|pieces| *pieces >= 0).ok_or_else(|| BadRow::pieces(column.name, text))
}

fn loses(dropped: &Dropped, text: &str, request: Request) -> bool {
    match dropped.loses {
        Loses::NotEmpty => !text.is_empty(),
        Loses::AboveZero => scaled(text, 1).is_some_and(|amount| amount > 0),
        Loses::GpuShare => {
            request.gpus > 0 && scaled(text, 1).is_some_and(|thousandths| thousandths < 1000)
        }
    }
}
