//! Behaviour of the crate as others see it.

mod allocatable;
mod golden;
mod market;
