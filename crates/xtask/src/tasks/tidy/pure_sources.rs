//! Sources of pure crates name no IO, clock, entropy, thread, unordered container or float.
//!
//! Looks at tokens, so that comments and strings do not count; what stands under `#[cfg(test)]` and
//! files of tests are left out, as tests may read recordings.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use anyhow::Context as _;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Violation;
use super::tree::{TextFile, Tree};

/// Modules of `std` that a pure crate leaves alone.
const MODULES: [(&str, &str); 6] = [
    ("env", "take the value as an argument"),
    ("fs", "take the text as an argument"),
    ("net", "network access belongs to the drivers"),
    ("os", "system calls belong to the drivers"),
    ("process", "return an error"),
    ("thread", "threads belong to the drivers"),
];

/// Words that a pure crate does not say.
const WORDS: [(&str, &str); 14] = [
    ("HashMap", "use `BTreeMap` or an index vector"),
    ("HashSet", "use `BTreeSet` or a sorted vector"),
    ("Instant", "search is bounded by counted work"),
    ("RandomState", "order must not differ from run to run"),
    ("SystemTime", "take `now` as an argument"),
    ("dbg", "return the data"),
    ("eprint", "return a finding"),
    ("eprintln", "return a finding"),
    ("f32", "count in integers"),
    ("f64", "count in integers"),
    ("print", "return the data"),
    ("println", "return the data"),
    ("stdin", "take the text as an argument"),
    ("stdout", "return the data"),
];

/// Words of [`WORDS`] that are macros: they count only with their `!`.
const MACROS: [&str; 5] = ["dbg", "eprint", "eprintln", "print", "println"];

/// Where floats are allowed: files that start so, and why.
const FLOATS_ALLOWED: [(&str, &str); 3] = [
    (
        "crates/api/src/quantity.rs",
        "a JSON number arrives as a float and leaves as its decimal text",
    ),
    (
        "crates/snapshot/src/objects/yaml.rs",
        "a YAML number arrives as a float and leaves as its decimal text",
    ),
    (
        "crates/solver/src/improve",
        "duals of linear programs, rounded to integers before anything is decided by them",
    ),
];

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    let mut allowances_used = BTreeSet::new();
    for name in tree.pure() {
        let own = |file: &&TextFile| file.crate_name() == Some(name) && !file.is_test();
        for file in tree.rust_files().filter(own) {
            let allowance = FLOATS_ALLOWED.iter().find(|(start, _)| file.path.starts_with(start));
            for found in find(file)? {
                match allowance {
                    Some((start, _)) if found.is_float => {
                        allowances_used.insert(*start);
                    }
                    _ => violations.push(found.violation(file)),
                }
            }
        }
    }
    for (start, reason) in FLOATS_ALLOWED {
        if !allowances_used.contains(start) {
            violations.push(Violation {
                place: start.to_owned(),
                what: format!("there are no floats any more, which were allowed as {reason}"),
                remedy: "remove the allowance from this rule".to_owned(),
            });
        }
    }
    Ok(violations)
}

/// A word that should not be there.
struct Found {
    line: usize,
    what: String,
    remedy: &'static str,
    is_float: bool,
}

impl Found {
    fn violation(self, file: &TextFile) -> Violation {
        Violation {
            place: format!("{}:{}", file.path, self.line),
            what: format!("{} in a pure crate", self.what),
            remedy: self.remedy.to_owned(),
        }
    }
}

/// What stands in `file` and should not, by line.
fn find(file: &TextFile) -> anyhow::Result<Vec<Found>> {
    let syntax = syn::parse_file(&file.text).with_context(|| format!("parsing {}", file.path))?;
    let tokens = TokenStream::from_str(&file.text).ok();
    let mut found = Vec::new();
    walk(tokens.context("what parses has tokens")?, &mut found);
    let mut floats = Floats(Vec::new());
    floats.visit_file(&syntax);
    found.extend(floats.0.into_iter().map(|span| Found {
        line: span.start().line,
        what: "a float".to_owned(),
        remedy: "count in integers",
        is_float: true,
    }));
    found.sort_by_key(|found| found.line);
    Ok(found)
}

fn walk(tokens: TokenStream, found: &mut Vec<Found>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if starts_test(&tokens[at..]) {
            at += length_of_item(&tokens[at..]);
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(word) => {
                let is_macro = is_punct(tokens.get(at + 1), '!');
                found.extend(refused_word(&word.to_string(), word.span(), is_macro));
                if word == "std" {
                    found.extend(refused_modules(&tokens[at + 1..]));
                }
            }
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

fn refused_word(word: &str, span: Span, is_macro: bool) -> Option<Found> {
    let (_, remedy) = WORDS.iter().find(|(refused, _)| *refused == word)?;
    let counts = is_macro || !MACROS.contains(&word);
    counts.then(|| Found {
        line: span.start().line,
        what: format!("`{word}`"),
        remedy,
        is_float: ["f32", "f64"].contains(&word),
    })
}

/// What follows `std`: `::module`, or `::{module, ..}`.
fn refused_modules(after: &[TokenTree]) -> Vec<Found> {
    let is_path = is_punct(after.first(), ':') && is_punct(after.get(1), ':');
    let mut heads = Vec::new();
    match after.get(2) {
        Some(TokenTree::Ident(word)) if is_path => heads.push(word.clone()),
        Some(TokenTree::Group(group)) if is_path => {
            let mut is_head = true;
            for token in group.stream() {
                if let (TokenTree::Ident(word), true) = (&token, is_head) {
                    heads.push(word.clone());
                }
                is_head = is_punct(Some(&token), ',');
            }
        }
        _ => {}
    }
    let refused = heads.iter().filter_map(|head| {
        let (module, remedy) = MODULES.iter().find(|(module, _)| head == module)?;
        Some(Found {
            line: head.span().start().line,
            what: format!("`std::{module}`"),
            remedy,
            is_float: false,
        })
    });
    refused.collect()
}

/// Whether an attribute `#[cfg(test)]` starts here.
fn starts_test(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(group), ..] if is_punct(Some(hash), '#') => {
            group.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

/// How many tokens up to the end of the item that starts here.
fn length_of_item(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(Some(other), ';'),
    };
    tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Float literals; the token walk cannot tell `0.1` from a field of a field.
struct Floats(Vec<Span>);

impl<'ast> Visit<'ast> for Floats {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !super::sizes::is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_lit_float(&mut self, float: &'ast syn::LitFloat) {
        self.0.push(float.span());
    }
}

#[cfg(test)]
mod tests {
    use super::{TextFile, find};

    #[test]
    fn impurities_are_found_and_tests_are_not() {
        let text = "use std::{collections::BTreeMap, env};\n\
                    use std::collections::HashMap;\n\
                    fn f() { println!(\"HashMap\"); let print = 0.5; x.0.1 }\n\
                    fn g(t: std::time::Instant) { std::fs::read(t) } // f64\n\
                    #[cfg(test)]\n\
                    mod tests { use std::fs; fn h() { let x: f64 = 1.0; } }\n";
        let path = "crates/model/src/x.rs".to_owned();
        let text = text.to_owned();
        let found = find(&TextFile { path, text }).unwrap();
        let found: Vec<_> =
            found.iter().map(|found| format!("{} {}", found.line, found.what)).collect();
        let expected = [
            "1 `std::env`",
            "2 `HashMap`",
            "3 `println`",
            "3 a float",
            "4 `Instant`",
            "4 `std::fs`",
        ];
        assert_eq!(found, expected);
    }
}
