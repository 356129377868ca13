//! What every solve must satisfy, on random worlds and on worlds made for one rule.

mod apart;
mod exhaustive;
mod interruption;
mod ladder;
mod min_values;
mod oracle;
mod preferences;
mod properties;
mod reseated;
mod scarce;
mod scenarios;
mod soft;
mod spreads;
mod ties;
