//! Faults E: input that means harm. One test a row of the catalogue, named by its id.
