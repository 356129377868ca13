//! Subcommands, one file each.

mod lowering;
pub(crate) mod plan;
pub(crate) mod verify;
