//! Faults F: readers of events. One test a row of the catalogue, named by its id.
