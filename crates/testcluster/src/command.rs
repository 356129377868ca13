//! The commands `testcluster build`, which makes the first test as fast as the others, `testcluster go`, which
//! prints where a Go is that builds all that is compared with, and `testcluster rights`, which prints what
//! `deploy/rbac.yaml` is to be.

use std::io::Write as _;
use std::path::Path;

use crate::binaries::{build, golang, helm, python};
use crate::chart;

/// Runs the command that the arguments name; an error is for people.
pub fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["build"] => {
            let built = build().and_then(|_| helm()).and_then(|_| python::programs());
            built.map(|_| ()).map_err(|error| error.chain())
        }
        ["go"] => {
            let go = golang::go(golang::FOR_KARPENTER).map_err(|error| error.chain())?;
            print(&format!("{}\n", go.display()))
        }
        ["rights"] => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let rights = chart::rights(&root.join(chart::FOLDER)).map_err(|error| error.chain())?;
            print(&rights)
        }
        _ => Err("usage: testcluster build|go|rights".to_owned()),
    }
}

fn print(text: &str) -> Result<(), String> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|error| format!("writing to standard output: {error}"))
}
