//! Wishes for pods of a world in text.

/// `text` in which each line of pods ends with one of `wishes`, drawn by `seed`: a linear congruential generator
/// (Knuth's MMIX), its upper bits.
///
/// # Panics
///
/// Where there are no wishes.
pub fn with_wishes(text: &str, mut seed: u64, wishes: &[&str]) -> String {
    let lines = text.lines().map(|line| {
        if !line.trim_start().starts_with("pod ") {
            return line.to_owned();
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(seed >> 33).expect("31 bits fit");
        format!("{line} {}", wishes[drawn % wishes.len()])
    });
    lines.collect::<Vec<_>>().join("\n")
}
