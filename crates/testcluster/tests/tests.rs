//! The surroundings of tests, tested: what they start works as the real thing, and is gone afterwards.

mod chart;
mod control_plane;
mod definitions;
mod ends;
mod kubelets;
mod moto;
mod support;
