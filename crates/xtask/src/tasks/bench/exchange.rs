//! What `benches/karpenter` reads, for one recorded list; runs as a process of its own.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::selection::Selection;

/// Where to write what.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    selection: Selection,
}

/// Writes the exchange file.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let document = peer::exchange::document(&options.selection.snapshot()?)?;
    let shown = options.out.display();
    let file = File::create(&options.out).with_context(|| format!("creating {shown}"))?;
    let mut out = BufWriter::new(file);
    serde_json::to_writer(&mut out, &document).with_context(|| format!("writing {shown}"))?;
    out.flush().with_context(|| format!("writing {shown}"))
}
