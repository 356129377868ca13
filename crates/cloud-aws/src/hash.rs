//! Hashes that go into names: the same in every process and version.

/// FNV-1a of the text, 64 bits.
pub(crate) fn fnv(text: &str) -> u64 {
    fnv_from(0xcbf2_9ce4_8422_2325, text)
}

/// FNV-1a twice with different beginnings: 128 bits in hexadecimal.
pub(crate) fn wide(text: &str) -> String {
    format!("{:016x}{:016x}", fnv(text), fnv_from(0x9ae1_6a3b_2f90_404f, text))
}

fn fnv_from(start: u64, text: &str) -> u64 {
    text.bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_test_vectors() {
        // http://www.isthe.com/chongo/tech/comp/fnv/
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(wide("a").len(), 32);
    }
}
