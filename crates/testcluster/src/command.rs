//! The command `testcluster build`, which makes the first test as fast as the others.

use crate::build;

/// Runs the command that the arguments name; an error is for people.
pub fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["build"] => build().map(|_| ()).map_err(|error| error.chain()),
        _ => Err("usage: testcluster build".to_owned()),
    }
}
