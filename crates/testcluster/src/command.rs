//! The commands `testcluster build`, which makes the first test as fast as the others, and `testcluster
//! rights`, which prints what `deploy/rbac.yaml` is to be.

use std::io::Write as _;
use std::path::Path;

use crate::binaries::{build, helm, python};
use crate::chart;

/// Runs the command that the arguments name; an error is for people.
pub fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["build"] => {
            let built = build().and_then(|_| helm()).and_then(|_| python::programs());
            built.map(|_| ()).map_err(|error| error.chain())
        }
        ["rights"] => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let rights = chart::rights(&root.join(chart::FOLDER)).map_err(|error| error.chain())?;
            let written = std::io::stdout().write_all(rights.as_bytes());
            written.map_err(|error| format!("writing to standard output: {error}"))
        }
        _ => Err("usage: testcluster build|rights".to_owned()),
    }
}
