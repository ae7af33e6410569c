//! Faults C: crashes, restarts, full and broken disks, limits of the process. One test a row of the catalogue, named by its id.

mod disk;
mod kills;
mod limits;
