//! How a frame becomes the numbers of a model's input.

use serde::Deserialize;

use crate::geometry::Size;
use crate::vision::letterbox::Fit;
use crate::vision::told::Told;

/// The order of the numbers: planes of a colour each, or pixels of three colours each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// `[1, 3, height, width]`
    Nchw,
    /// `[1, height, width, 3]`
    Nhwc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    Rgb,
    Bgr,
}

/// Everything between a frame and a model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feed {
    pub size: Size,
    pub order: Order,
    pub colours: Colours,
    /// Of the model's three channels: a byte becomes `(byte - mean) / scale`.
    pub mean: [f32; 3],
    pub scale: [f32; 3],
    pub fit: Fit,
    /// The byte around the frame.
    pub padding: u8,
}

impl Feed {
    /// As Ultralytics feeds its models: RGB, 0..=1, in the middle of grey.
    pub const fn unit_rgb(size: Size, order: Order) -> Self {
        Self { size, order, colours: Colours::Rgb, mean: [0.0; 3], scale: [255.0; 3], fit: Fit::Centred, padding: 114 }
    }

    /// BGR bytes, as OpenCV reads pictures, stretched to the input.
    pub const fn plain_bgr(size: Size, order: Order) -> Self {
        Self { size, order, colours: Colours::Bgr, mean: [0.0; 3], scale: [1.0; 3], fit: Fit::Stretched, padding: 0 }
    }

    /// This way, but for what somebody says.
    pub fn told(self, told: &Told) -> Self {
        Self {
            size: self.size,
            order: self.order,
            colours: told.colours.unwrap_or(self.colours),
            mean: told.mean.map_or(self.mean, |mean| mean.each()),
            scale: told.scale.map_or(self.scale, |scale| scale.each()),
            fit: told.letterbox.unwrap_or(self.fit),
            padding: told.padding.unwrap_or(self.padding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_taken() {
        let told: Told = toml::from_str("colours = \"bgr\"\nscale = 128\nmean = [1, 2, 3.5]\nletterbox = \"top-left\"").unwrap();
        let feed = Feed::unit_rgb(Size::new(4, 2), Order::Nhwc).told(&told);
        assert_eq!((feed.colours, feed.scale, feed.mean), (Colours::Bgr, [128.0; 3], [1.0, 2.0, 3.5]));
        assert_eq!((feed.fit, feed.padding, feed.order), (Fit::TopLeft, 114, Order::Nhwc));
    }
}
