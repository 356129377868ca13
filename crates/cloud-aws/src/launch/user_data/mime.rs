//! MIME texts of several parts, which is what AL2023 takes: read, and written.

/// Ends our parts.
const BOUNDARY: &str = "//";

/// A text of these parts, each with its own headers.
pub(super) fn write(parts: &[String]) -> String {
    let mut text =
        format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\n\n");
    for part in parts {
        text = format!("{text}--{BOUNDARY}\n{part}\n");
    }
    text + &format!("--{BOUNDARY}--\n")
}

/// The parts of a class's own user data: of a MIME text its parts, else the one that it is, a
/// NodeConfig or a script.
pub(super) fn parts_of(own: &str) -> Result<Vec<String>, String> {
    if own.trim().is_empty() {
        return Ok(Vec::new());
    }
    let beginning = own.trim_start().to_ascii_lowercase();
    if beginning.starts_with("mime-version:") || beginning.starts_with("content-type: multipart") {
        return read(own.trim_start());
    }
    let is_config = own.lines().any(|line| line.starts_with("apiVersion: node.eks.aws/"));
    let kind = if is_config {
        "application/node.eks.aws"
    } else {
        "text/x-shellscript; charset=\"us-ascii\""
    };
    Ok(vec![format!("Content-Type: {kind}\n\n{own}\n")])
}

fn read(text: &str) -> Result<Vec<String>, String> {
    let malformed = |what: &str| format!("spec.userData is a MIME text {what}: correct it");
    let boundary = boundary(text).ok_or_else(|| malformed("without a boundary in its header"))?;
    let (between, end) = (format!("--{boundary}"), format!("--{boundary}--"));
    let mut parts: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let trimmed = line.trim_end();
        if trimmed == end {
            is_open = false;
        } else if trimmed == between {
            parts.push(String::new());
            is_open = true;
        } else if let Some(part) = parts.last_mut().filter(|_| is_open) {
            part.push_str(line);
            part.push('\n');
        }
    }
    if is_open {
        return Err(malformed("that does not end with its boundary"));
    }
    if parts.is_empty() {
        return Err(malformed("without parts"));
    }
    Ok(parts)
}

/// The boundary that the header, all before the first empty line, names.
fn boundary(text: &str) -> Option<String> {
    const NAME: &str = "boundary=";
    let header: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).collect();
    let header = header.join(" ");
    let at = header.to_ascii_lowercase().find(NAME)?;
    let value = header.get(at + NAME.len()..)?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ' ']).next(),
    };
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mime_text_is_its_parts() {
        for boundary in ["BOUNDARY", "\"BOUNDARY\"", "BOUNDARY; charset=utf-8"] {
            let own = format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary={boundary}\r\n\r\n\
                 --BOUNDARY\r\nContent-Type: text/x-shellscript\r\n\r\n#!/bin/sh\r\n\
                 --BOUNDARY\r\nContent-Type: application/node.eks.aws\r\n\r\nkind: NodeConfig\r\n\
                 --BOUNDARY--\r\nafter\r\n"
            );
            let parts = parts_of(&own).unwrap();
            assert_eq!(parts.len(), 2, "{boundary}");
            assert!(parts[0].ends_with("\n\n#!/bin/sh\n"), "{parts:?}");
            assert!(parts[1].starts_with("Content-Type: application/node.eks.aws\n"), "{parts:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let parts = ["Content-Type: a\n\none\n", "Content-Type: b\n\ntwo\n"].map(str::to_owned);
        let again = parts_of(&write(&parts)).unwrap();
        assert_eq!(again.len(), 2);
        assert!(again.iter().zip(&parts).all(|(a, b)| a.trim_end() == b.trim_end()), "{again:?}");
    }

    #[test]
    fn other_texts_are_one_part_of_their_kind() {
        let kind = |own: &str| {
            let parts = parts_of(own).unwrap();
            assert_eq!(parts.len(), 1);
            parts[0].lines().next().unwrap().to_owned()
        };
        assert!(kind("#!/bin/sh\necho hello").contains("shellscript"));
        assert!(
            kind("# ours\n---\nkind: NodeConfig\napiVersion: node.eks.aws/v1alpha1\n")
                .contains("eks")
        );
        assert_eq!(parts_of(" \n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_malformed_is_said() {
        for (own, word) in [
            ("MIME-Version: 1.0\n\n--a\n", "boundary"),
            ("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\nx", "without parts"),
            ("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nx", "end"),
        ] {
            let problem = parts_of(own).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }
}
