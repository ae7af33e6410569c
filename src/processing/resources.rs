//! What all analyses of this process share.

use std::sync::Arc;
use std::time::Duration;

use super::slots::Slots;
use crate::media::command::EncodeSettings;
use crate::media::ffmpeg::Ffmpeg;
use crate::vision::catalog::Catalog;

#[derive(Clone)]
pub struct Resources {
    pub ffmpeg: Ffmpeg,
    pub catalog: Arc<Catalog>,
    pub slots: Slots,
    pub encode: EncodeSettings,
    /// Largest picture that is decoded.
    pub max_pixels: u64,
    /// FFmpeg takes bytes or gives frames within this, or it hangs.
    pub stall_limit: Duration,
}
