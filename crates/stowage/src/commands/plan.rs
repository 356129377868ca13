//! `stowage plan`.

use anyhow::anyhow;

use crate::args;
use crate::outcome::Failure;

/// Refuses until the reader lands.
pub(crate) fn run(_: &args::Plan) -> Result<(), Failure> {
    Err(Failure::refused(anyhow!("the reader is not there yet")))
}
