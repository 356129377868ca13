//! Pod names in input order, each made unique.
//!
//! A name that is already taken gets `#2`, `#3` and so on. A million names must be cheap, so the
//! index is a table of positions that keeps no second copy of a name. Its hash has no seed: the
//! same input gives the same table.

use model::PodName;

/// A taken slot: the name's hash, and its position in the list.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    position: u32,
}

/// Unique names in the order given.
#[derive(Debug)]
pub(super) struct Names {
    given: Vec<PodName>,
    /// For each name, how often it was asked for.
    asked: Vec<u32>,
    /// By hash, with linear probing; the length is a power of two, at most half are taken.
    slots: Vec<Option<Slot>>,
}

impl Names {
    /// No names.
    pub(super) const fn new() -> Self {
        Self { given: Vec::new(), asked: Vec::new(), slots: Vec::new() }
    }

    /// Adds `name`, or `name#2`, `name#3`, … where it is taken.
    pub(super) fn add(&mut self, name: &mut String) {
        let Some(first) = self.insert(name) else {
            return;
        };
        let length = name.len();
        loop {
            self.asked[first] += 1;
            name.truncate(length);
            name.push('#');
            push_number(name, u64::from(self.asked[first]));
            if self.insert(name).is_none() {
                return;
            }
        }
    }

    /// The names in the order added.
    pub(super) fn into_names(self) -> impl Iterator<Item = PodName> {
        self.given.into_iter()
    }

    /// Adds `name` unless it is taken; its position where it is.
    fn insert(&mut self, name: &str) -> Option<usize> {
        if self.slots.len() < 2 * (self.given.len() + 1) {
            self.grow();
        }
        let hash = hash(name);
        let mask = self.slots.len() - 1;
        let mut index = hash as usize & mask;
        while let Some(slot) = self.slots[index] {
            let position = slot.position as usize;
            if slot.hash == hash && self.given[position].as_str() == name {
                return Some(position);
            }
            index = (index + 1) & mask;
        }
        let position = u32::try_from(self.given.len()).expect("lists have fewer than 2^32 rows");
        self.slots[index] = Some(Slot { hash, position });
        self.given.push(PodName::from(name));
        self.asked.push(1);
        None
    }

    fn grow(&mut self) {
        let size = (4 * (self.given.len() + 1)).next_power_of_two();
        let taken = std::mem::replace(&mut self.slots, vec![None; size]);
        for slot in taken.into_iter().flatten() {
            let mut index = slot.hash as usize & (size - 1);
            while self.slots[index].is_some() {
                index = (index + 1) & (size - 1);
            }
            self.slots[index] = Some(slot);
        }
    }
}

/// Appends `number` in decimal.
pub(super) fn push_number(text: &mut String, number: u64) {
    use std::fmt::Write;
    write!(text, "{number}").expect("writing to a string cannot fail");
}

/// FNV-1a, 64 bits, folded to 32.
fn hash(name: &str) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    u32::try_from((hash ^ (hash >> 32)) & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_taken_name_gets_the_next_free_number() {
        let mut names = Names::new();
        for name in ["a", "b", "a", "a#3", "a", "b", "a#3"] {
            names.add(&mut name.to_owned());
        }
        let names: Vec<String> = names.into_names().map(|name| name.to_string()).collect();
        assert_eq!(names, ["a", "b", "a#2", "a#3", "a#4", "b#2", "a#3#2"]);
    }
}
