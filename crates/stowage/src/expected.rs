//! Compares output with a checked-in file; `UPDATE_EXPECTED=1` writes the file instead.

use std::path::Path;

/// Asserts that `actual` is the content of `path` below this crate's folder.
pub(crate) fn assert_expected(path: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&file, actual).expect("the expected file can be written");
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        actual == expected,
        "{path} differs; if the new output is right, run once with UPDATE_EXPECTED=1 and review the \
         diff. New output:\n{actual}"
    );
}
