//! Black-box tests of the binary: arguments and files in; output, errors and exit codes out.

mod answers;
mod moves;
mod refusals;
mod replay;
mod scenarios;
mod search;
mod stowage;
mod verify;
