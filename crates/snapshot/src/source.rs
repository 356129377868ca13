//! What is read and how: sources of bytes, their formats, and what the reader is asked for.
//!
//! Input: named bytes, possibly gzip, and [`ReadOptions`]. Output: [`Inputs`], objects and recorded
//! pods with findings. A source that cannot be read at all is a [`ReadError`]; a bad object or row
//! is a finding.

use std::borrow::Cow;
use std::fmt;
use std::io::Read as _;
use std::str::FromStr;

use flate2::read::MultiGzDecoder;
use model::{Finding, PodName, Resources};

use crate::Objects;
use crate::objects;
use crate::recorded::{self, Recorder};

/// One file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name as the user typed it, `-` for standard input.
    pub name: String,
    /// What it holds, possibly gzip.
    pub bytes: Vec<u8>,
}

/// What a source holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Kubernetes objects, JSON or YAML.
    Objects,
    /// The `openb` pod list of Alibaba's GPU cluster trace 2023, CSV.
    Openb,
    /// Alibaba's disaggregated DLRM trace 2025, CSV.
    Dlrm,
    /// The Azure VM trace 2017 as processed for trace generation, CSV.
    Azure,
}

impl Format {
    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Openb => "openb",
            Self::Dlrm => "dlrm",
            Self::Azure => "azure",
        }
    }
}

/// Which rows of a recorded list are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// All of them, as if they were alive together.
    All,
    /// Those alive at this second of the recording.
    At(i64),
}

/// Which pods of a cluster are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodSelection {
    /// Those that have no node yet; the others take room on theirs.
    Pending,
    /// Every live one, as if no node existed.
    All,
}

/// How a column is compared with a filter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// As numbers where both are numbers, else as text.
    Equal,
    /// As numbers.
    AtMost,
    /// As numbers.
    AtLeast,
}

/// A condition on a column of a recorded list: `COLUMN=VALUE`, `COLUMN<=VALUE` or `COLUMN>=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column's name in the header.
    pub column: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with; may be empty for `=`.
    pub value: String,
}

/// A text that is not a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No comparison, or nothing before it.
    #[error("{0:?} is not COLUMN=VALUE, COLUMN<=VALUE or COLUMN>=VALUE")]
    Shape(String),
    /// `<=` and `>=` compare numbers only.
    #[error("{text:?}: {value:?} is not a number, and <= and >= compare numbers only")]
    Number {
        /// The whole filter.
        text: String,
        /// What should be a number.
        value: String,
    },
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || FilterError::Shape(text.to_owned());
        let (left, value) = text.split_once('=').ok_or_else(shape)?;
        let (column, comparison) = match left.as_bytes().last() {
            Some(b'<') => (&left[..left.len() - 1], Comparison::AtMost),
            Some(b'>') => (&left[..left.len() - 1], Comparison::AtLeast),
            _ => (left, Comparison::Equal),
        };
        let (column, value) = (column.trim(), value.trim());
        if column.is_empty() || column.contains(['<', '>']) {
            return Err(shape());
        }
        // The API server's quantity grammar covers every plain decimal, exactly.
        if comparison != Comparison::Equal && value.parse::<model::Quantity>().is_err() {
            return Err(FilterError::Number { text: text.to_owned(), value: value.to_owned() });
        }
        Ok(Self { column: column.to_owned(), comparison, value: value.to_owned() })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::Equal => "=",
            Comparison::AtMost => "<=",
            Comparison::AtLeast => ">=",
        };
        write!(f, "{}{sign}{}", self.column, self.value)
    }
}

/// How sources are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format of every source; `None` detects it for each.
    pub format: Option<Format>,
    /// Which rows of recorded lists; `None` refuses such lists.
    pub window: Option<Window>,
    /// Conditions that rows of recorded lists must all meet.
    pub filters: Vec<Filter>,
    /// DLRM: whether a row's `max_instance_per_node` is honoured.
    pub dlrm_density_limit: bool,
}

/// Pods of recorded lists, cheap enough for a million: requests are kept once per distinct value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedPods {
    /// Distinct requests, `pods: 1` included, in the order first met.
    pub shapes: Vec<Resources>,
    /// Name and index into `shapes`, in input order; names are unique.
    pub pods: Vec<(PodName, u32)>,
}

/// All that was read.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Kubernetes objects.
    pub objects: Objects,
    /// Rows of recorded lists.
    pub recorded: RecordedPods,
    /// What was wrong, left out or mapped.
    pub findings: Vec<Finding>,
}

/// A source that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A recorded list without a window.
    #[error(
        "{source_name} is a recorded list ({format}) whose rows come and go: say --all for the whole \
         list or --at SECONDS for those alive then",
        format = .format.as_str()
    )]
    NoWindow {
        /// The source.
        source_name: String,
        /// What it holds.
        format: Format,
    },
    /// A filter names a column that the list does not have.
    #[error("{source_name} has no column {column:?}; its columns are {}", .columns.join(", "))]
    NoSuchColumn {
        /// The source.
        source_name: String,
        /// The column asked for.
        column: String,
        /// Those there are.
        columns: Vec<String>,
    },
    /// The header is not that of the format.
    #[error("{source_name} is not a list of format {}: {problem}", .format.as_str())]
    Header {
        /// The source.
        source_name: String,
        /// The format expected.
        format: Format,
        /// What is missing.
        problem: String,
    },
    /// Broken or oversized gzip.
    #[error("{source_name} cannot be decompressed: {problem}")]
    Gzip {
        /// The source.
        source_name: String,
        /// What went wrong.
        problem: String,
    },
    /// A list whose header is that of no known format.
    #[error(
        "{source_name} is a CSV list of no known format: say which with --format \
         (openb, dlrm or azure)"
    )]
    UnknownList {
        /// The source.
        source_name: String,
    },
    /// Not text.
    #[error("{source_name} is not UTF-8 text: invalid at byte {byte}")]
    Text {
        /// The source.
        source_name: String,
        /// Where.
        byte: usize,
    },
}

/// Most bytes that a source may decompress to: 4 GiB. A list of 1,000,000 pods is 2 GB of JSON; a
/// few kilobytes of gzip can hold more than any memory.
const DECOMPRESSED_BYTES_MAX: u64 = 4 << 30;

/// Reads every source in order.
///
/// # Errors
/// Where a source as a whole cannot be read, see [`ReadError`].
pub fn read(sources: &[Source], options: &ReadOptions) -> Result<Inputs, ReadError> {
    let mut inputs = Inputs::default();
    let mut reader = objects::Reader::default();
    let mut recorder = Recorder::new(options);
    for source in sources {
        let bytes = decompressed(source)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| ReadError::Text {
            source_name: source.name.clone(),
            byte: error.valid_up_to(),
        })?;
        let format = options.format.or_else(|| recorded::detect(text)).unwrap_or(Format::Objects);
        match format {
            Format::Objects if is_csv(source, text) => {
                return Err(ReadError::UnknownList { source_name: source.name.clone() });
            }
            Format::Objects => reader.read(&source.name, text, &mut inputs),
            Format::Openb | Format::Dlrm | Format::Azure => {
                recorder.read_csv(&source.name, text, format)?;
            }
        }
    }
    objects::note_others(&mut inputs);
    let (recorded, findings) = recorder.finish();
    inputs.recorded = recorded;
    inputs.findings.extend(findings);
    Ok(inputs)
}

/// Objects never come in such a file, and as YAML it would only give an error about its second row.
fn is_csv(source: &Source, text: &str) -> bool {
    let name = source.name.strip_suffix(".gz").unwrap_or(&source.name);
    let has_suffix = std::path::Path::new(name)
        .extension()
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case("csv"));
    has_suffix && text.lines().next().is_some_and(|line| line.contains(','))
}

fn decompressed(source: &Source) -> Result<Cow<'_, [u8]>, ReadError> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    if !source.bytes.starts_with(&GZIP) {
        return Ok(Cow::Borrowed(&source.bytes));
    }
    let mut bytes = Vec::new();
    let error = |problem: String| ReadError::Gzip { source_name: source.name.clone(), problem };
    MultiGzDecoder::new(source.bytes.as_slice())
        .take(DECOMPRESSED_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|problem| error(problem.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > DECOMPRESSED_BYTES_MAX) {
        return Err(error(format!("it holds more than {DECOMPRESSED_BYTES_MAX} bytes")));
    }
    Ok(Cow::Owned(bytes))
}
