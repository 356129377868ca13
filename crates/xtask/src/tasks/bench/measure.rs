//! Runs of the release binaries: answer, time and memory.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::workspace::{output_of, root};

/// Reports the peak memory of a command; where it is missing, memory is not reported.
const TIME: &str = "/usr/bin/time";

/// What one command answered, and what it took.
pub(super) struct Figures {
    pub(super) answer: Answer,
    /// Start to exit.
    pub(super) time: Spread,
    /// The most of all runs; `None` where it cannot be measured.
    pub(super) peak_kib: Option<u64>,
}

/// The parts of the answer that are reported.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) cost_per_hour: f64,
    pub(super) lower_bound_per_hour: Option<f64>,
    /// (objective - bound) / bound; `None` where no bound is proved.
    pub(super) gap: Option<f64>,
    /// Whether the search ended by itself.
    pub(super) complete: bool,
    pub(super) work_used: u64,
    nodes: Vec<Node>,
    pub(super) unschedulable: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Node {
    pods: Vec<IgnoredAny>,
}

impl Answer {
    /// Pods that got a node.
    pub(super) fn placed(&self) -> usize {
        self.nodes.iter().map(|node| node.pods.len()).sum()
    }

    /// Pods that were to be placed.
    pub(super) fn pods(&self) -> usize {
        self.placed() + self.unschedulable.len()
    }

    /// Nodes to buy.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

/// Times of repeated runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    median: Duration,
    least: Duration,
    most: Duration,
}

impl Spread {
    /// The spread of at least one time; the lower median of an even number.
    pub(super) fn of(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        times.sort_unstable();
        ensure!(!times.is_empty(), "nothing was measured");
        Ok(Self {
            median: times[(times.len() - 1) / 2],
            least: times[0],
            most: times[times.len() - 1],
        })
    }

    /// Reads the three numbers that `encoded` gave.
    fn decoded(text: &str) -> Option<Self> {
        let mut nanos = text.split_whitespace().map(str::parse);
        let mut next = || Some(Duration::from_nanos(nanos.next()?.ok()?));
        Some(Self { median: next()?, least: next()?, most: next()? })
    }

    /// Nanoseconds, for the process that asked.
    #[cfg(feature = "in-process")]
    pub(super) fn encoded(&self) -> String {
        let Self { median, least, most } = self;
        format!("{} {} {}", median.as_nanos(), least.as_nanos(), most.as_nanos())
    }
}

impl fmt::Display for Spread {
    /// `median (least-most) unit`, or `median unit` of one run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, unit) =
            if self.median < Duration::from_millis(500) { (1e3, "ms") } else { (1.0, "s") };
        let shown = |time: Duration| time.as_secs_f64() * scale;
        let (median, least, most) = (shown(self.median), shown(self.least), shown(self.most));
        if self.least == self.most {
            return write!(f, "{median:.2} {unit}");
        }
        write!(f, "{median:.2} ({least:.2}–{most:.2}) {unit}")
    }
}

/// Runs `stowage plan` with these arguments and this effort several times.
pub(super) fn command(
    binary: &Path,
    arguments: &[String],
    effort: &str,
    runs: u32,
    scratch: &Path,
) -> anyhow::Result<Figures> {
    let report = scratch.join("memory");
    let measures_memory = Path::new(TIME).exists();
    let (mut times, mut peak_kib, mut output) = (Vec::new(), None, String::new());
    for _ in 0..runs {
        let mut command = Command::new(if measures_memory { Path::new(TIME) } else { binary });
        if measures_memory {
            command.args(["-f", "%M", "-o"]).arg(&report).arg(binary);
        }
        command.arg("plan").args(arguments).args(["--effort", effort, "-o", "json"]);
        command.current_dir(root());
        let (time, printed) = timed(|| output_of(&mut command))?;
        times.push(time);
        output = printed;
        if measures_memory {
            let text = fs::read_to_string(&report).context("reading the report on memory")?;
            peak_kib = peak_kib.max(text.trim().parse().ok());
        }
    }
    let answer = serde_json::from_str(&output).context("reading the answer of `stowage plan`")?;
    Ok(Figures { answer, time: Spread::of(times)?, peak_kib })
}

/// Times plans in one process of the release build of this tool.
pub(super) fn first_answer(
    helper: &Path,
    arguments: &[String],
    plans: u32,
) -> anyhow::Result<Spread> {
    let mut command = Command::new(helper);
    command
        .args(["first-answer", "--plans", &plans.to_string()])
        .args(arguments)
        .current_dir(root());
    let printed = output_of(&mut command)?;
    Spread::decoded(&printed).with_context(|| format!("reading the times {printed:?}"))
}

/// What `work` gives and how long it took.
pub(super) fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    #[expect(clippy::disallowed_methods, reason = "measuring is what this task is for")]
    let start = Instant::now();
    let result = work()?;
    Ok((start.elapsed(), result))
}
