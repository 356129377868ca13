//! Types against their wire form, the definitions against the types, hashes against changes.

mod definitions;
mod drift;
mod trace;
mod wire;
