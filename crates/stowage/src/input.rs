//! Files and standard input into memory, with errors that name the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use snapshot::Source;

use crate::outcome::Failure;

/// The most one FILE may hold, as it is on disk. A million pods are about 60 MB as CSV and 1 GB as
/// JSON from `kubectl`; what is larger is more likely a mistake, and would not fit in memory twice.
pub(crate) const FILE_BYTES_MAX: u64 = 2 << 30;

/// Reads every file in order; `-` is standard input, at most once.
pub(crate) fn read_all(files: &[impl AsRef<Path>]) -> Result<Vec<Source>, Failure> {
    let is_stdin = |file: &&_| AsRef::<Path>::as_ref(*file) == Path::new("-");
    if files.iter().filter(is_stdin).count() > 1 {
        return Err(Failure::refused(anyhow!(
            "standard input (-) can be read only once; name it once"
        )));
    }
    let sources: anyhow::Result<Vec<Source>> =
        files.iter().map(|file| read(file.as_ref())).collect();
    Ok(sources?)
}

fn read(path: &Path) -> anyhow::Result<Source> {
    let name = path.display().to_string();
    let bytes = if name == "-" {
        limited(io::stdin().lock(), FILE_BYTES_MAX).context("cannot read standard input")?
    } else {
        let doing = || format!("cannot read {name}");
        let file = File::open(path).with_context(doing)?;
        limited(file, FILE_BYTES_MAX).with_context(doing)?
    };
    Ok(Source { name, bytes })
}

fn limited(source: impl Read, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        bail!("it holds more than {bytes_max} bytes; split it into several files");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Failure, limited, read_all};

    #[test]
    fn input_over_the_limit_is_refused() {
        assert_eq!(limited(&b"abc"[..], 3).expect("three bytes fit"), b"abc");
        let error = limited(&b"abcd"[..], 3).expect_err("four do not");
        assert!(error.to_string().contains("more than 3 bytes"), "{error}");
    }

    #[test]
    fn missing_file_is_named() {
        let Err(Failure::Broken(error)) = read_all(&["no/such/file.yaml"]) else {
            panic!("a missing file is a failure of input");
        };
        assert!(format!("{error:#}").starts_with("cannot read no/such/file.yaml: "));
    }
}
