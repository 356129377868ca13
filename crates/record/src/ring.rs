//! Files of segments as a ring: the oldest go when room is short.
//!
//! In: which files there are, how large they are, what is to be written. Out: their names, and which
//! go. A file goes whole, and each begins with all that its records name, so those that stay can be
//! read.

/// The most files that are kept, whatever their size: a process that starts again and again begins a
/// file each time.
pub const FILES_MAX: usize = 1_000;

/// A file's part of the ring at most: one of eight, so that at least seven eighths stay filled.
const PARTS: u64 = 8;

const START: &str = "records-";
const END: &str = ".jsonl.gz";

/// Bounds of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The most bytes that all files have together.
    pub bytes_max: u64,
}

/// One file of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its number; a later file has a greater one.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
}

impl File {
    /// The file's name, such as `records-000000000017.jsonl.gz`; names sort as numbers do.
    pub fn name(number: u64) -> String {
        format!("{START}{number:012}{END}")
    }

    /// The number of a file of that name; `None` where it is no file of a ring.
    pub fn number_of(name: &str) -> Option<u64> {
        let number = name.strip_prefix(START)?.strip_suffix(END)?.parse().ok()?;
        (Self::name(number) == name).then_some(number)
    }
}

impl Ring {
    /// Whether a file of `bytes` is too full for `more`: a new one is begun then.
    pub const fn is_full(self, bytes: u64, more: u64) -> bool {
        bytes > 0 && bytes.saturating_add(more) > self.bytes_max / PARTS
    }

    /// Which of `files`, of any order, go for `more` bytes, oldest first; `None` where they do not fit
    /// at all. `current` is the file that is being written, which stays.
    pub fn victims(self, files: &[File], current: Option<u64>, more: u64) -> Option<Vec<u64>> {
        let mut files: Vec<File> =
            files.iter().copied().filter(|file| Some(file.number) != current).collect();
        files.sort_unstable();
        let all: u64 = files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        let mut total = all.saturating_add(more);
        let mut count = files.len() + 1;
        let mut victims = Vec::new();
        for file in files {
            if total <= self.bytes_max && count <= FILES_MAX {
                break;
            }
            total = total.saturating_sub(file.bytes);
            count -= 1;
            victims.push(file.number);
        }
        (total <= self.bytes_max).then_some(victims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_numbers_do_and_others_are_not_taken_for_them() {
        assert_eq!(File::name(17), "records-000000000017.jsonl.gz");
        assert_eq!(File::number_of(&File::name(17)), Some(17));
        for name in [
            "records-17.jsonl.gz",
            "records-.jsonl.gz",
            "notes.txt",
            "records-+00000000017.jsonl.gz",
        ] {
            assert_eq!(File::number_of(name), None, "{name}");
        }
    }

    #[test]
    fn the_oldest_go_and_no_more_than_must() {
        let ring = Ring { bytes_max: 100 };
        let files: Vec<File> =
            [(3, 30), (1, 40), (2, 20)].map(|(number, bytes)| File { number, bytes }).to_vec();
        assert_eq!(ring.victims(&files, None, 10), Some(vec![]));
        assert_eq!(ring.victims(&files, None, 11), Some(vec![1]));
        assert_eq!(ring.victims(&files, None, 51), Some(vec![1, 2]));
        assert_eq!(ring.victims(&files, None, 100), Some(vec![1, 2, 3]));
        assert_eq!(ring.victims(&files, None, 101), None);
        // What the current file has already is given as a part of what is to be written.
        assert_eq!(ring.victims(&files, Some(3), 41), Some(vec![1]));
        let many: Vec<File> = (0..1_500).map(|number| File { number, bytes: 0 }).collect();
        assert_eq!(ring.victims(&many, None, 1).map(|victims| victims.len()), Some(501));
        assert!(ring.is_full(12, 1) && !ring.is_full(11, 1) && !ring.is_full(0, 99));
    }
}
