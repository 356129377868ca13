//! Sources, tests and functions stay within the sizes of the house.

use anyhow::Context as _;
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::Violation;
use super::tree::{TextFile, Tree};

/// Lines of a source file, its inline tests not counted.
const SOURCE_LINES_MAX: usize = 600;
/// Lines of a test file, or of the inline tests of a source.
const TEST_LINES_MAX: usize = 800;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in tree.rust_files() {
        violations.extend(check_file(file)?);
    }
    Ok(violations)
}

fn check_file(file: &TextFile) -> anyhow::Result<Vec<Violation>> {
    let syntax = syn::parse_file(&file.text).with_context(|| format!("parsing {}", file.path))?;
    let mut violations = Vec::new();
    let inline_tests = syntax.items.iter().filter(|item| is_test(attributes(item)));
    let inline: usize = inline_tests.map(|item| lines_of(item.span())).sum();
    let total = file.text.lines().count();
    let (source, tests) =
        if file.is_test() { (0, total) } else { (total.saturating_sub(inline), inline) };
    for (what, lines, most) in
        [("source", source, SOURCE_LINES_MAX), ("tests", tests, TEST_LINES_MAX)]
    {
        if lines > most {
            violations.push(Violation {
                place: format!("{}:1", file.path),
                what: format!("{lines} lines of {what}, at most {most} are allowed"),
                remedy: "split the file by what it decides".to_owned(),
            });
        }
    }
    let mut functions = Functions(Vec::new());
    functions.visit_file(&syntax);
    let long = functions.0.into_iter().filter(|found| found.lines > FUNCTION_LINES_MAX);
    violations.extend(long.map(|found| Violation {
        place: format!("{}:{}", file.path, found.line),
        what: format!(
            "`{}` has {} lines, at most {FUNCTION_LINES_MAX} are allowed",
            found.name, found.lines
        ),
        remedy: "keep the branches here and move the rest to helpers".to_owned(),
    }));
    Ok(violations)
}

/// Whether these attributes hold `#[cfg(test)]`.
pub(super) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn lines_of(span: Span) -> usize {
    span.end().line + 1 - span.start().line
}

/// Functions with their sizes.
struct Functions(Vec<Function>);

struct Function {
    name: String,
    /// Where its `fn` stands.
    line: usize,
    lines: usize,
}

impl Functions {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.fn_token.span.start().line;
        self.0.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: block.span().end().line + 1 - line,
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.note(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::{TextFile, check_file};

    #[test]
    fn inline_tests_count_apart_and_long_functions_are_found() {
        let function = format!("fn long() {{\n{}}}\n", "x();\n".repeat(69));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "use a;\n".repeat(700));
        let text = format!("{}{function}{tests}", "//! Doc.\n".repeat(500));
        let path = "crates/model/src/x.rs".to_owned();
        let found = check_file(&TextFile { path, text }).unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let expected = "crates/model/src/x.rs:501: `long` has 71 lines, at most 70 are allowed; \
                        keep the branches here and move the rest to helpers";
        assert_eq!(found, [expected]);
    }
}
