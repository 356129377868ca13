//! What can be bought in a planned node's place, and where pods of nodes that go run then.

mod alternatives;
mod compat;
mod moving;
mod one_node;
