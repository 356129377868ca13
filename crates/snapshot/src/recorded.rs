//! Recorded lists: rows of CSV files become pods.
