//! Which pods are planned, which are bound, and which run on every node: from objects to shapes.
