//! Faults H: the API as a whole. One test a row of the catalogue, named by its id.
