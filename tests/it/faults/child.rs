//! Faults D: an FFmpeg that misbehaves, and files that are not what they seem. One test a row of the catalogue, named by its id.
