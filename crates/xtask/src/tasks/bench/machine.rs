//! The machine that figures were measured on, without its name.

use std::fs;
use std::process::Command;

use crate::workspace::{output_of, root};

/// Cores, memory and processor, such as `2 cores, 23 GiB, Intel(R) Xeon(R)`.
pub(super) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let field = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
    };
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map(|kib| format!("{} GiB", kib >> 20));
    let processor = field("/proc/cpuinfo", "model name");
    let parts = [Some(format!("{cores} cores")), memory, processor];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The commit that was measured, marked where the work tree differs from it.
pub(super) fn commit() -> anyhow::Result<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        output_of(command.args(arguments).current_dir(root()))
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock"])?;
    let mark = if changes.is_empty() { "" } else { " with changes" };
    Ok(format!("{}{mark}", commit.trim()))
}

/// The load averages of the last 1, 5 and 15 minutes: on a quiet machine they are near 0.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<_> = text.split(' ').take(3).collect();
    if averages.len() == 3 { averages.join(", ") } else { "unknown".to_owned() }
}
