//! Joins inputs with the catalog into a snapshot.
