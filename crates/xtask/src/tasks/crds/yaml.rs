//! JSON values as block-style YAML.
//!
//! Keys come in the order of the map, texts are plain where no reader could take them for something
//! else, and in JSON's quotes otherwise, which YAML reads alike.

use serde_json::Value;

/// A whole document.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes the lines of `value`, each `depth` levels in, the first one included.
fn block(value: &Value, depth: usize, into: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                indent(depth, into);
                into.push_str(&scalar_text(key));
                into.push(':');
                after_key(value, depth, into);
            }
        }
        Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| {
            let mut lines = String::new();
            block(item, depth + 1, &mut lines);
            // The dash takes the place of the first line's last two blanks.
            indent(depth, into);
            into.push_str("- ");
            into.push_str(lines.trim_start_matches(' '));
        }),
        scalar => {
            indent(depth, into);
            into.push_str(&flow(scalar));
            into.push('\n');
        }
    }
}

fn after_key(value: &Value, depth: usize, into: &mut String) {
    let is_block = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        into.push('\n');
        // Lists stand under the first letter of their key.
        let deeper = usize::from(!value.is_array());
        block(value, depth + deeper, into);
    } else {
        into.push(' ');
        into.push_str(&flow(value));
        into.push('\n');
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        other => other.to_string(),
    }
}

fn scalar_text(text: &str) -> String {
    let letter = text.chars().next().is_some_and(char::is_alphabetic);
    let plain = text.chars().all(|c| c.is_alphanumeric() || "-_./ ,;".contains(c));
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let other = word.contains(&text.to_ascii_lowercase().as_str());
    if letter && plain && !other && !text.ends_with(' ') {
        return text.to_owned();
    }
    Value::from(text).to_string()
}

fn indent(depth: usize, into: &mut String) {
    for _ in 0..depth {
        into.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn lists_and_maps_are_blocks_and_doubtful_texts_are_quoted() {
        let value = json!({
            "a": { "list": [1, { "x": "y", "z": [] }, ["n", "b c"]], "empty": {} },
            "0": "10%",
            "b": "it's: #1",
            "c": true,
        });
        let expected = "\"0\": \"10%\"\na:\n  empty: {}\n  list:\n  - 1\n  - x: \"y\"\n    z: []\n  \
                        - - \"n\"\n    - b c\nb: \"it's: #1\"\nc: true\n";
        assert_eq!(document(&value), expected);
    }
}
