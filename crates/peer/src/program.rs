//! The program in `benches/karpenter`: built with Go, and run on an exchange file.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::answer::Answer;

/// The program, built.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Where its answers are kept, one file for each question, and not asked for again; `None` keeps none.
    pub kept: Option<PathBuf>,
}

/// Which of Karpenter's settings differ from their defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `preference-policy=Ignore`.
    pub ignore_preferences: bool,
    /// How many candidate nodes are tried at once; 0 is 1.
    pub concurrency: u32,
}

/// The oldest Go that Karpenter's module asks for.
const GO_LEAST: (u32, u32, u32) = (1, 26, 9);

/// The Go that is there: what `GO` names, else `go` on the path; `None` where there is none that is
/// new enough.
pub fn go() -> Option<OsString> {
    let go = std::env::var_os("GO").unwrap_or_else(|| OsString::from("go"));
    let printed = Command::new(&go).arg("version").env("GOTOOLCHAIN", "local").output().ok()?;
    let printed = String::from_utf8(printed.stdout).ok()?;
    let version = printed.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let version = (part(), part(), part());
    (version >= GO_LEAST).then_some(go)
}

impl Program {
    /// Builds the program of the workspace at `root` as `path`.
    ///
    /// # Errors
    /// Where there is no Go that is new enough, or the build fails.
    pub fn built(root: &Path, path: PathBuf) -> anyhow::Result<Self> {
        let go = go().context("no Go 1.26.9 or newer: see docs/side-by-side.md")?;
        let mut command = Command::new(go);
        command.args(["build", "-o"]).arg(&path).arg(".");
        // `cargo xtask` says where one from PyPI is; Go itself fetches none.
        command.env("GOTOOLCHAIN", "local").current_dir(root.join("benches/karpenter"));
        let built = command.output().context("starting Go")?;
        let errors = String::from_utf8_lossy(&built.stderr);
        ensure!(built.status.success(), "building benches/karpenter failed:\n{errors}");
        Ok(Self { path, kept: None })
    }

    /// What Karpenter makes of an exchange file.
    ///
    /// # Errors
    /// Where the program fails; the error has what it said.
    pub fn plan(&self, exchange: &Value, options: Options) -> anyhow::Result<Answer> {
        let given = serde_json::to_vec(exchange).context("writing the exchange file")?;
        let kept = self.kept.as_ref().map(|folder| {
            let asked = fnv(format!("{options:?}").bytes().chain(given.iter().copied()));
            folder.join(format!("{asked:032x}.json"))
        });
        if let Some(text) = kept.as_ref().and_then(|file| fs::read(file).ok()) {
            return serde_json::from_slice(&text).context("reading an answer that was kept");
        }
        let printed = self.ask(&given, options)?;
        let answer = serde_json::from_slice(&printed);
        let answer = answer.context("reading the result of benches/karpenter")?;
        if let Some(file) = kept {
            fs::write(&file, &printed).with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(answer)
    }

    /// What the program prints.
    fn ask(&self, given: &[u8], options: Options) -> anyhow::Result<Vec<u8>> {
        let mut command = Command::new(&self.path);
        if options.ignore_preferences {
            command.arg("--preference-policy=Ignore");
        }
        command.args(["--concurrency", &options.concurrency.max(1).to_string(), "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("starting the program of benches/karpenter")?;
        let mut stdin = child.stdin.take().context("standard input is piped")?;
        // It reads all before it prints anything, and may refuse early.
        let written = stdin.write_all(given);
        drop(stdin);
        let output = child.wait_with_output().context("waiting for the program")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the program of benches/karpenter failed: {errors}");
        written.context("handing over the exchange file")?;
        Ok(output.stdout)
    }
}

/// FNV-1a of 128 bits: files are told apart by it, and nobody is kept out.
fn fnv(bytes: impl Iterator<Item = u8>) -> u128 {
    const OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}
