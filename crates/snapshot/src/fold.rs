//! Figures folded from raw facts: room of offerings and nodes.
