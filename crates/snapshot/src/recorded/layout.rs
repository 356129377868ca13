//! How a row of each recorded format becomes a pod: columns, units, what is dropped.
//!
//! One constant per format, all listed in [`ALL`]; `docs/recorded-formats.md` is the same table in
//! prose. Units and meanings are those that the publishers of the traces state.

use crate::Format;

/// A column and how many base units of the resource one unit of it is.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Thousandths of a core, bytes, or pieces.
    pub(super) base_units: i64,
}

/// When a row is alive; both ends in seconds of the recording.
#[derive(Debug)]
pub(super) enum Alive {
    /// From `from` until before `until`; an empty field is open on that side.
    Between {
        /// The first second.
        from: &'static str,
        /// The first second after.
        until: &'static str,
    },
    /// From `from` for `duration` seconds.
    For {
        /// The first second.
        from: &'static str,
        /// How many seconds.
        duration: &'static str,
    },
}

impl Alive {
    /// The two columns.
    pub(super) const fn columns(&self) -> [&'static str; 2] {
        match self {
            Self::Between { from, until } => [from, until],
            Self::For { from, duration } => [from, duration],
        }
    }
}

/// Which rows of a dropped column lose something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loses {
    /// Those that say anything.
    NotEmpty,
    /// Those with a number above zero.
    AboveZero,
    /// Those that ask for GPUs and share them: below 1000.
    GpuShare,
}

/// A column that does not reach the pod.
#[derive(Debug)]
pub(super) struct Dropped {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Which rows lose something.
    pub(super) loses: Loses,
    /// What becomes of them.
    pub(super) message: &'static str,
}

/// How one format is read.
#[derive(Debug)]
pub(super) struct Layout {
    /// The format.
    pub(super) format: Format,
    /// The row's own name; rows of a list without this column are named after the file.
    pub(super) name: Option<&'static str>,
    /// CPU.
    pub(super) cpu: Column,
    /// Memory.
    pub(super) memory: Column,
    /// Whole GPUs, which become `nvidia.com/gpu`.
    pub(super) gpu: Option<Column>,
    /// Most pods of one application on one node; not positive where there is no limit.
    pub(super) density: Option<&'static str>,
    /// When a row is alive.
    pub(super) alive: Alive,
    /// What is dropped, with a count in the output.
    pub(super) dropped: &'static [Dropped],
    /// The mapping in words.
    pub(super) mapping: &'static str,
}

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

const fn column(name: &'static str, base_units: i64) -> Column {
    Column { name, base_units }
}

const OPENB: Layout = Layout {
    format: Format::Openb,
    name: Some("name"),
    cpu: column("cpu_milli", 1),
    memory: column("memory_mib", MIB),
    gpu: Some(column("num_gpu", 1)),
    density: None,
    alive: Alive::Between { from: "creation_time", until: "deletion_time" },
    dropped: &[
        Dropped {
            name: "gpu_milli",
            loses: Loses::GpuShare,
            message: "a share of a GPU counts as a whole one: EC2 and the GPU device plugin sell \
                      whole GPUs",
        },
        Dropped {
            name: "gpu_spec",
            loses: Loses::NotEmpty,
            message: "dropped: the GPU models that the row accepts",
        },
        Dropped {
            name: "qos",
            loses: Loses::NotEmpty,
            message: "dropped: the quality of service class",
        },
    ],
    mapping: "cpu_milli is cpu, memory_mib is memory (MiB), num_gpu is nvidia.com/gpu; pod_phase \
              and scheduled_time are ignored",
};

const DLRM: Layout = Layout {
    format: Format::Dlrm,
    name: Some("instance_sn"),
    cpu: column("cpu_request", 1000),
    memory: column("memory_request", GIB),
    gpu: Some(column("gpu_request", 1)),
    density: Some("max_instance_per_node"),
    alive: Alive::Between { from: "creation_time", until: "deletion_time" },
    dropped: &[
        Dropped { name: "disk_request", loses: Loses::AboveZero, message: "dropped: local disk" },
        Dropped {
            name: "rdma_request",
            loses: Loses::AboveZero,
            message: "dropped: the share of an RDMA network card",
        },
    ],
    mapping: "cpu_request is cpu, memory_request is memory (GiB), gpu_request is nvidia.com/gpu; \
              limits, role and app_name are ignored",
};

const AZURE: Layout = Layout {
    format: Format::Azure,
    name: None,
    cpu: column("vcpu", 1000),
    memory: column("memory_gib", GIB),
    gpu: None,
    density: None,
    alive: Alive::For { from: "arrival_s", duration: "duration_max_s" },
    dropped: &[],
    mapping: "each virtual machine is a pod of exactly vcpu and memory_gib (GiB); a duration is \
              the upper bound of its bin",
};

/// Every recorded format.
const ALL: [&Layout; 3] = [&OPENB, &DLRM, &AZURE];

impl Layout {
    /// How `format` is read; `None` where it is not a recorded list.
    pub(super) fn of(format: Format) -> Option<&'static Self> {
        ALL.into_iter().find(|layout| layout.format == format)
    }

    /// Columns without which there are no requests.
    pub(super) fn required(&self) -> impl Iterator<Item = &'static str> {
        [Some(&self.cpu), Some(&self.memory), self.gpu.as_ref()]
            .into_iter()
            .flatten()
            .map(|column| column.name)
    }
}

/// The recorded format whose required columns the first line of `text` has; `None` where it is not
/// the header of a recorded list.
pub(crate) fn detect(text: &str) -> Option<Format> {
    let header = text.trim_start_matches('\u{feff}').lines().next()?;
    let has = |name: &str| header.split(',').any(|column| column.trim().trim_matches('"') == name);
    ALL.into_iter().find(|layout| layout.required().all(has)).map(|layout| layout.format)
}
