//! The only room that knows FFmpeg: its command lines, its processes, its log, its pipes.

pub mod command;
pub mod decoder;
pub mod encoder;
pub mod ffmpeg;
pub mod fragments;
pub mod hls;
pub mod log;
pub mod matroska;
pub mod pixels;
pub mod ppm;
pub mod process;
pub mod remux;
pub mod sandbox;
pub mod timeline;
