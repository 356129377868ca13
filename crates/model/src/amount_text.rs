//! Amounts of resources as text: canonical Kubernetes quantities for JSON, rounded units for people.

use crate::{Amount, well_known};

/// The canonical Kubernetes quantity: `3920m` or `4` for CPU, the greatest binary suffix that keeps
/// the number whole for bytes, a plain number for everything else.
pub fn canonical_quantity(resource: &str, amount: Amount) -> String {
    match unit(resource) {
        Unit::MilliCores => milli(amount.get()),
        Unit::Bytes => binary(amount.get()),
        Unit::Pieces => amount.get().to_string(),
    }
}

/// An amount for people: cores such as `3.92`, bytes such as `121.3 GiB`, pieces such as `8`.
pub fn human_amount(resource: &str, amount: Amount) -> String {
    match unit(resource) {
        Unit::MilliCores => thousandths(amount.get()),
        Unit::Bytes => rounded_bytes(amount.get()),
        Unit::Pieces => amount.get().to_string(),
    }
}

/// Two different amounts of one resource for people; exact where rounding would show them as equal.
pub fn human_amounts(resource: &str, one: Amount, other: Amount) -> (String, String) {
    let rounded = (human_amount(resource, one), human_amount(resource, other));
    if rounded.0 != rounded.1 || one == other {
        return rounded;
    }
    (canonical_quantity(resource, one), canonical_quantity(resource, other))
}

enum Unit {
    MilliCores,
    Bytes,
    Pieces,
}

/// The base unit of a resource, as [`Amount`] defines it.
fn unit(resource: &str) -> Unit {
    match resource {
        well_known::CPU => Unit::MilliCores,
        well_known::MEMORY | well_known::EPHEMERAL_STORAGE => Unit::Bytes,
        _ if resource.starts_with("hugepages-") => Unit::Bytes,
        _ => Unit::Pieces,
    }
}

fn milli(milli: i64) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

fn binary(bytes: i64) -> String {
    let mut number = bytes;
    let mut suffix = "";
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi"] {
        if number == 0 || number % 1024 != 0 {
            break;
        }
        number /= 1024;
        suffix = next;
    }
    format!("{number}{suffix}")
}

fn thousandths(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let magnitude = milli.unsigned_abs();
    let text = format!("{sign}{}.{:03}", magnitude / 1000, magnitude % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rounded_bytes(bytes: i64) -> String {
    let (name, size) = match bytes.unsigned_abs() {
        0..0x10_0000 => ("KiB", 1 << 10),
        0x10_0000..0x4000_0000 => ("MiB", 1 << 20),
        _ => ("GiB", 1_i128 << 30),
    };
    let tenths = (i128::from(bytes) * 10 + size / 2).div_euclid(size);
    let (whole, rest) = (tenths / 10, tenths.abs() % 10);
    if rest == 0 { format!("{whole} {name}") } else { format!("{whole}.{rest} {name}") }
}

#[cfg(test)]
mod tests {
    use super::{canonical_quantity, human_amount, human_amounts};
    use crate::{Amount, Quantity};

    #[test]
    fn amounts_are_exact_for_machines_and_short_for_people() {
        for (resource, amount, machine, person) in [
            ("cpu", 3920, "3920m", "3.92"),
            ("cpu", 192_000, "192", "192"),
            ("memory", 0, "0", "0 KiB"),
            ("memory", 1000, "1000", "1 KiB"),
            ("memory", 1 << 20, "1Mi", "1 MiB"),
            ("memory", 7 << 28, "1792Mi", "1.8 GiB"),
            ("memory", (1 << 37) + 1024, "134217729Ki", "128 GiB"),
            ("ephemeral-storage", 20 << 30, "20Gi", "20 GiB"),
            ("hugepages-2Mi", 4 << 20, "4Mi", "4 MiB"),
            ("nvidia.com/gpu", 1000, "1000", "1000"),
        ] {
            assert_eq!(canonical_quantity(resource, Amount::new(amount)), machine);
            assert_eq!(human_amount(resource, Amount::new(amount)), person);
            let parsed: Quantity = machine.parse().expect("a quantity");
            let back = if resource == "cpu" { parsed.milli_value() } else { parsed.value() };
            assert_eq!(back, amount, "{machine}");
        }
    }

    #[test]
    fn amounts_that_differ_never_look_equal() {
        let gib = 1 << 30;
        let pair = human_amounts("memory", Amount::new(gib + 1024), Amount::new(gib));
        assert_eq!(pair, ("1048577Ki".to_owned(), "1Gi".to_owned()));
        let pair = human_amounts("memory", Amount::new(2 * gib), Amount::new(gib));
        assert_eq!(pair, ("2 GiB".to_owned(), "1 GiB".to_owned()));
    }
}
