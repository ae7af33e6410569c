//! The point of a box that says where its object is.

use serde::{Deserialize, Serialize};

use crate::geometry::{BBox, Point};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    Center,
    CenterLeft,
    CenterRight,
    TopCenter,
    TopLeft,
    TopRight,
    /// Where those who stand have their feet: the place on the ground, whatever the camera's height.
    #[default]
    BottomCenter,
    BottomLeft,
    BottomRight,
}

impl Anchor {
    pub fn of(self, bbox: &BBox) -> Point {
        let center = bbox.center();
        let x = match self {
            Self::CenterLeft | Self::TopLeft | Self::BottomLeft => bbox.x1,
            Self::Center | Self::TopCenter | Self::BottomCenter => center.x,
            Self::CenterRight | Self::TopRight | Self::BottomRight => bbox.x2,
        };
        let y = match self {
            Self::TopLeft | Self::TopCenter | Self::TopRight => bbox.y1,
            Self::CenterLeft | Self::Center | Self::CenterRight => center.y,
            Self::BottomLeft | Self::BottomCenter | Self::BottomRight => bbox.y2,
        };
        Point::new(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_where_its_name_says() {
        let bbox = BBox::new(10.0, 20.0, 30.0, 60.0);
        let places = [
            ("center", (20.0, 40.0)),
            ("center_left", (10.0, 40.0)),
            ("center_right", (30.0, 40.0)),
            ("top_center", (20.0, 20.0)),
            ("top_left", (10.0, 20.0)),
            ("top_right", (30.0, 20.0)),
            ("bottom_center", (20.0, 60.0)),
            ("bottom_left", (10.0, 60.0)),
            ("bottom_right", (30.0, 60.0)),
        ];
        for (name, (x, y)) in places {
            let anchor: Anchor = serde_json::from_value(name.into()).unwrap();
            assert_eq!(anchor.of(&bbox), Point::new(x, y), "{name}");
        }
    }
}
