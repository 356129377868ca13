//! `cargo xtask demo`: builds the binaries and starts the crate `demo` with them.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::workspace::{cargo, root, target};

/// How it is shown.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Print lines instead of frames that are drawn over, also where standard output is a terminal.
    #[arg(long)]
    plain: bool,
    /// Go on as soon as a stage is over.
    #[arg(long)]
    fast: bool,
    /// Write the ends of the stages as an SVG picture.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Build the controller for speed; its first build takes many minutes.
    #[arg(long)]
    release: bool,
}

const PACKAGES: [&str; 2] = ["demo", "stowage-controller"];

/// Builds, then tells the story to its end.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let profile: &[&str] = if options.release { &["--release"] } else { &[] };
    for package in PACKAGES {
        // One by one, so that no package gets the features of another.
        let arguments = [&["build", "--locked", "--bins", "-p", package], profile].concat();
        if !cargo(&arguments).status()?.success() {
            bail!("{package} could not be built; the reason is above");
        }
    }
    let folder = target()?.join(if options.release { "release" } else { "debug" });
    let mut demo = std::process::Command::new(folder.join("demo"));
    demo.arg("--controller").arg(folder.join("stowage-controller"));
    demo.arg("--root").arg(root());
    for (flag, is_given) in [("--plain", options.plain), ("--fast", options.fast)] {
        demo.args(is_given.then_some(flag));
    }
    if let Some(picture) = &options.picture {
        demo.arg("--picture").arg(picture);
    }
    let status = demo.status()?;
    if !status.success() {
        bail!("the demo ended early: {status}");
    }
    Ok(())
}
