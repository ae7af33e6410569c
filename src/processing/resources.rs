//! What all analyses of this process share.

use std::sync::Arc;

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
}
