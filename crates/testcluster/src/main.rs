//! Builds what the tests of the edges run against, apart from the tests, so that its time is its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match testcluster::command::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("testcluster: {message}");
            ExitCode::FAILURE
        }
    }
}
