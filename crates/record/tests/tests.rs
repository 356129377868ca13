//! Records are read back as they were written, and whatever else is read gives a named error.

mod damage;
mod fleets;
mod rounds;
mod support;
