//! Faults B: checksums of parts and wholes. One test a row of the catalogue, named by its id.
