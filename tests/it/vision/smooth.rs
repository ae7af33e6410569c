//! Smoothed landmarks against MediaPipe's with `smooth_landmarks`.

use sightline::geometry::Point;
use sightline::options::ModelChoice;

use super::parity::{reference_points, torso};
use super::{frames, golden, models, quantile};

/// MediaPipe's solutions count frames so, whatever the video says.
const STEP_US: i64 = 33_333;

#[test]
fn smoothed_poses_are_those_of_mediapipe() {
    let Some(models) = models(&[]) else { return };
    for clip in ["squats_portrait_720x1280_5fps.mp4", "pose_single_576x576.mp4", "fencing_footwork_advance_vfr.mov"] {
        let stem = clip.split('.').next().unwrap();
        let (Some(rows), Some(frames)) = (golden(&format!("{stem}__mediapipe_full_smooth")), frames(clip)) else { return };
        let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
        let (mut errors, mut raw_errors, mut visibility, mut missed, mut all) = (vec![], vec![], vec![], 0, 0);
        for (index, frame) in frames.enumerate() {
            let mut poses = estimator.estimate(&frame, &[], 1).unwrap();
            let raw = poses.clone();
            estimator.smooth((index as i64 + 1) * STEP_US, &mut poses);
            let Some(pose) = rows.get(&index).and_then(|row| row["poses"].as_array()?.first()) else { continue };
            let reference = reference_points(pose);
            all += 1;
            let (Some(pose), Some(raw)) = (poses.first(), raw.first()) else {
                missed += 1;
                continue;
            };
            let torso = torso(&reference, [11, 12, 23, 24]).unwrap();
            for ((r, k), raw) in reference.iter().zip(&pose.keypoints).zip(&raw.keypoints) {
                let distance = |p: Point| p.distance(Point::new(r[0], r[1])) / torso * 100.0;
                errors.push(distance(k.point()));
                raw_errors.push(distance(raw.point()));
                visibility.push((k.visibility - r[3]).abs());
            }
        }
        let [median, p95] = [0.5, 0.95].map(|at| quantile(&mut errors, at));
        let [raw_median, raw_p95] = [0.5, 0.95].map(|at| quantile(&mut raw_errors, at));
        let unseen = quantile(&mut visibility, 0.95);
        print!("{clip:32} {all} frames, missed {missed}; of the torso median {median:.2} %, p95 {p95:.2} %, ");
        println!("without smoothing {raw_median:.2} % and {raw_p95:.2} %; visibility p95 {unseen:.3}");
        assert!(median <= 2.0 && p95 <= 5.0, "{clip}: median {median}, p95 {p95}");
        assert!(median < raw_median && p95 < raw_p95, "{clip}: smoothing must bring them nearer");
        assert!(unseen <= 0.1, "{clip}: visibility {unseen}");
        assert!(missed * 50 <= all, "{clip}: {missed} frames have no pose");
    }
}
