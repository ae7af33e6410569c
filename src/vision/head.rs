//! The words for the ways in which models answer.

use serde::{Deserialize, Serialize};

/// The word of the manifest for a way to read a model. docs/models.md says more about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    Yolox,
    Yolov5,
    Ultralytics,
    End2end,
    Nanodet,
    Ssd,
    Detr,
    Blazepose,
    Movenet,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    #[error(
        "its input is {inputs} and its output {outputs}, which is no head that can be read: those of YOLO (v5, v8 to v12, X, end to end, for objects or poses), NanoDet, SSD with its post-processing or prior boxes, DETR, BlazePose and MoveNet can"
    )]
    Shapes { inputs: String, outputs: String },
    #[error("it is for poses, but its output {outputs} is not that of persons with COCO's 17 keypoints")]
    Keypoints { outputs: String },
    #[error("it does the task {task:?}, and of its family only models for objects (detect) and poses (pose) can be used")]
    Task { task: String },
}
