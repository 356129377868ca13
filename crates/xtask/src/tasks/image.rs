//! `cargo xtask image`: the build of `deploy/Dockerfile` without a container engine.
//!
//! Builds the controller as the image does, a static binary for this machine's kind, then looks at what came
//! of it: no loader is asked for, it starts, and how large it is. A test holds [`RUSTFLAGS`] and
//! [`arguments`] against the Dockerfile.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use crate::workspace::{cargo, output_of, target};

/// What the compiler is told: the C library is linked in.
const RUSTFLAGS: &str = "-C target-feature=+crt-static";
/// The package of the image.
const PACKAGE: &str = "stowage-controller";

/// What cargo is told, for a target.
fn arguments(target: &str) -> [&str; 7] {
    ["build", "--release", "--locked", "--package", PACKAGE, "--target", target]
}

/// This machine's target, as the Dockerfile makes it from `uname -m`.
fn target_here() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Builds the binary of the image and holds it against what the image needs.
pub(crate) fn run() -> anyhow::Result<()> {
    let here = target_here();
    let mut build = cargo(&arguments(&here));
    if !build.env("RUSTFLAGS", RUSTFLAGS).status()?.success() {
        bail!("the binary could not be built; the reason is above");
    }
    let binary = target()?.join(&here).join("release").join(PACKAGE);
    println!("{}", looked_at(&binary)?);
    Ok(())
}

/// What a binary for an empty image is like; an error where it could not run in one.
fn looked_at(binary: &Path) -> anyhow::Result<String> {
    let shown = binary.display();
    let bytes = std::fs::read(binary).with_context(|| format!("reading {shown}"))?;
    ensure!(!needs_loader(&bytes)?, "{shown} asks for a loader, which an empty image has not");
    // Without any variable, as in the image.
    let starts = |flag| output_of(std::process::Command::new(binary).arg(flag).env_clear());
    let version = starts("--version")?;
    let help = starts("--help")?;
    ensure!(help.contains("--cluster-name"), "{shown} --help does not name --cluster-name");
    let size = bytes.len().div_ceil(1 << 20);
    Ok(format!("{shown}\n{}: static, {size} MiB", version.trim()))
}

/// Whether an ELF file of 64 bits, little-endian, has a segment that names a loader: `PT_INTERP`, which is 3
/// (System V ABI, chapter 5). Without one the kernel starts it alone, and nothing loads libraries for it.
fn needs_loader(elf: &[u8]) -> anyhow::Result<bool> {
    const INTERPRETER: u64 = 3;
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "not an ELF file of 64 bits, little-endian");
    let headers = usize::try_from(number(elf, 0x20, 8)?)?;
    let (size, count) = (number(elf, 0x36, 2)?, number(elf, 0x38, 2)?);
    let (size, count) = (usize::try_from(size)?, usize::try_from(count)?);
    for at in (0..count).map(|position| headers + position * size) {
        if number(elf, at, 4)? == INTERPRETER {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number of `width` bytes at a place, the lowest byte first.
fn number(bytes: &[u8], at: usize, width: usize) -> anyhow::Result<u64> {
    let field = bytes.get(at..at + width).context("the file ends within its headers")?;
    Ok(field.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    /// A command of the Dockerfile with its continued lines joined and its white space as single spaces.
    fn dockerfile() -> String {
        let text = std::fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
        text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_dockerfile_builds_what_is_built_here() {
        let text = dockerfile();
        let command =
            format!("RUSTFLAGS=\"{RUSTFLAGS}\" cargo {}", arguments("\"$target\"").join(" "));
        for part in [
            "RUN target=\"$(uname -m)-unknown-linux-gnu\"",
            &command,
            &format!("cp \"target/$target/release/{PACKAGE}\" /{PACKAGE}"),
            &format!("ENTRYPOINT [\"/{PACKAGE}\"]"),
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn what_the_image_is_built_from_is_not_left_out() {
        let ignored = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
        let ignored: Vec<&str> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(ignored.contains(&"target"), "{ignored:?}");
        let needed = ["Cargo.toml", "Cargo.lock", "crates", "LICENSE", "NOTICE"];
        for needed in needed {
            assert!(root().join(needed).exists() && !ignored.contains(&needed), "{needed}");
        }
    }

    #[test]
    fn a_dynamic_binary_asks_for_a_loader() {
        // This test is one: Rust's default for glibc is dynamic.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(needs_loader(&own).unwrap(), !cfg!(target_feature = "crt-static"));
        assert!(needs_loader(b"#!/bin/sh\n").is_err());
        assert!(needs_loader(&own[..0x30]).is_err());
    }
}
