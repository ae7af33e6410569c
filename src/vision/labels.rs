//! Class names of models that bring none.

use crate::detection::Labels;

/// The 80 object classes of COCO 2017, in the order every COCO detector uses (cocodataset.org, instances).
pub fn coco80() -> Labels {
    Labels::new(COCO80)
}

/// Names for a model that brings none: COCO's where it has as many classes, else numbers.
pub fn for_count(classes: usize) -> Labels {
    match classes {
        80 => coco80(),
        91 => coco91(),
        _ => Labels::new((0..classes).map(|i| format!("class {i}"))),
    }
}

/// COCO's 91 numbers of categories, of which these were never given away: DETR answers in them.
fn coco91() -> Labels {
    const NEVER: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
    let mut names = COCO80.into_iter();
    Labels::new((0..91).map(|id| if NEVER.contains(&id) { "n/a" } else { names.next().unwrap_or("n/a") }))
}

const COCO80: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_has_its_order() {
        let labels = coco80();
        assert_eq!((&*labels.get(0), &*labels.get(2), &*labels.get(79)), ("person", "car", "toothbrush"));
        assert_eq!(&*for_count(3).get(2), "class 2");
        assert_eq!(for_count(80), labels);
        let labels = for_count(91);
        assert_eq!((&*labels.get(0), &*labels.get(1), &*labels.get(13), &*labels.get(90)), ("n/a", "person", "stop sign", "toothbrush"));
    }
}
