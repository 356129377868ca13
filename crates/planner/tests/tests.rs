//! What can be bought in a planned node's place.

mod alternatives;
