//! `cargo xtask demo` as a process: parses its arguments and hands over.

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    demo::run(demo::Arguments::parse())
}
