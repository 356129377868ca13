//! From the arguments of a process to the story on its standard output, and a picture of it.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

use crate::picture::svg;
use crate::story::{Options, Pace, tell};

/// A Kubernetes control plane, kubelets, a simulated AWS and the controller, on loopback; ends by itself.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo", bin_name = "cargo xtask demo")]
pub struct Arguments {
    /// The controller's binary
    #[arg(long, value_name = "FILE")]
    controller: PathBuf,
    /// The folder of the definitions and `deploy/`
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Print lines instead of frames that are drawn over, also where standard output is a terminal
    #[arg(long)]
    plain: bool,
    /// Go on as soon as a stage is over
    #[arg(long)]
    fast: bool,
    /// Write the ends of the stages as a picture
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Tells the story to its end, or until Ctrl-C; nothing that it started is left.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { controller, root, plain, fast, picture } = arguments;
    let plain = plain || !io::stdout().is_terminal();
    let pace = if fast { Pace::FAST } else { Pace::LEISURELY };
    let options = Options { controller, root, plain, pace };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let told = runtime.context("cannot start the threads of the runtime")?.block_on(async {
        tokio::select! {
            told = tell(&options, Box::new(io::stdout())) => told.map(Some),
            stopped = tokio::signal::ctrl_c() => {
                stopped.context("cannot listen for Ctrl-C").map(|()| None)
            }
        }
    })?;
    if let (Some(stages), Some(path)) = (told, picture) {
        std::fs::write(&path, svg(&stages))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
