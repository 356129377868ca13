//! The command `testcluster build`, which makes the first test as fast as the others.

use crate::binaries::{build, python};

/// Runs the command that the arguments name; an error is for people.
pub fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["build"] => {
            build().and_then(|_| python::programs()).map(|_| ()).map_err(|error| error.chain())
        }
        _ => Err("usage: testcluster build".to_owned()),
    }
}
