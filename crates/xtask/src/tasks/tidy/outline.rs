//! Each module says what it does; a crate's root is a table of contents; `main.rs` hands over.

use anyhow::Context as _;
use syn::spanned::Spanned as _;

use super::Violation;
use super::tree::{TextFile, Tree};

/// Lines of a `main.rs`: parse and hand over.
const MAIN_LINES_MAX: usize = 30;

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in tree.rust_files() {
        if !file.text.starts_with("//!") {
            violations.push(Violation {
                place: format!("{}:1", file.path),
                what: "the module does not say what it does".to_owned(),
                remedy: "start with `//!`: what it decides, what goes in and what comes out"
                    .to_owned(),
            });
        }
        if file.path.ends_with("/src/lib.rs") {
            violations.extend(logic_in_root(file)?);
        }
        let lines = file.text.lines().count();
        if file.path.ends_with("/src/main.rs") && lines > MAIN_LINES_MAX {
            violations.push(Violation {
                place: format!("{}:1", file.path),
                what: format!("{lines} lines, at most {MAIN_LINES_MAX} are allowed"),
                remedy: "parse the arguments and hand over to a module".to_owned(),
            });
        }
    }
    Ok(violations)
}

fn logic_in_root(file: &TextFile) -> anyhow::Result<Vec<Violation>> {
    let syntax = syn::parse_file(&file.text).with_context(|| format!("parsing {}", file.path))?;
    let is_entry = |item: &&syn::Item| match item {
        syn::Item::Mod(module) => module.content.is_none(),
        syn::Item::Use(_) => true,
        _ => false,
    };
    let others = syntax.items.iter().filter(|item| !is_entry(item));
    let violations = others.map(|item| Violation {
        place: format!("{}:{}", file.path, item.span().start().line),
        what: "a crate's root is a table of contents: `mod` and `use` only".to_owned(),
        remedy: "move the item to a module of its own".to_owned(),
    });
    Ok(violations.collect())
}
