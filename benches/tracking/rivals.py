"""Trackers by one interface: the detections of each frame in, for each frame the boxes with their ids out.

All get the same detections with confidences from 0.1 on, may begin tracks from 0.25 on, remember for a second, and tell only
what is at least 0.25 sure: what this project's tracker tells as well.
"""

import os
import subprocess
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import supervision as sv  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from trackers import ByteTrackTracker, OCSORTTracker  # noqa: E402

SIGHTLINE = os.environ.get("SIGHTLINE", "sightline")
SURE = 0.25
MEMORY = 1.0


def ious(a, b):
    a, b = np.asarray(a, float).reshape(-1, 4), np.asarray(b, float).reshape(-1, 4)
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    area = lambda x: (x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1])  # noqa: E731
    return both / np.maximum(area(a)[:, None] + area(b)[None] - both, 1e-9)


def sightline(scene, *options):
    """This project's own, the program itself."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as times:
        times.write("# timestamp format v2\n" + "".join(f"{t * 1000:.3f}\n" for t in scene.times))
        times.flush()
        rows = [
            f"{frame},-1,{x1:.3f},{y1:.3f},{x2 - x1:.3f},{y2 - y1:.3f},{confidence:.4f}\n"
            for frame, found in enumerate(scene.detections, 1)
            for x1, y1, x2, y2, confidence in found
        ]
        command = [SIGHTLINE, "track", "--timestamps", times.name, "--confidence", str(SURE), *options]
        told = subprocess.run(command, input="".join(rows), capture_output=True, text=True, check=True).stdout
    frames = [[] for _ in scene.times]
    for line in told.splitlines():
        frame, identity, left, top, width, height = (float(v) for v in line.split(",")[:6])
        if identity > 0:
            frames[int(frame) - 1].append((int(identity), left, top, left + width, top + height))
    return frames


def plain_iou(scene):
    """Each track is where it was seen last: the best pairs by IoU from 0.3 on."""
    tracks, ids, frames = {}, 0, []
    for time, found in zip(scene.times, scene.detections):
        found = [d for d in found if d[4] >= SURE]
        tracks = {i: (box, seen) for i, (box, seen) in tracks.items() if time - seen <= MEMORY}
        known, told, free = list(tracks), [], set(range(len(found)))
        overlap = ious([tracks[i][0] for i in known], [d[:4] for d in found])
        for row, column in zip(*linear_sum_assignment(-overlap)):
            if overlap[row, column] >= 0.3:
                free.discard(column)
                tracks[known[row]] = (found[column][:4], time)
                told.append((known[row], *found[column][:4]))
        for column in free:
            ids += 1
            tracks[ids] = (found[column][:4], time)
            told.append((ids, *found[column][:4]))
        frames.append(told)
    return frames


def followed(scene, update):
    frames = []
    for time, found in zip(scene.times, scene.detections):
        rows = np.array(found, float).reshape(-1, 5)
        detections = sv.Detections(xyxy=rows[:, :4], confidence=rows[:, 4], class_id=np.zeros(len(rows), int))
        said = update(detections, time)
        ids = said.tracker_id if said.tracker_id is not None else []
        rows = zip(ids, said.confidence if len(said) else [], said.xyxy)
        frames.append([(int(i), *box) for i, confidence, box in rows if i is not None and i >= 0 and confidence >= SURE])
    return frames


def supervision_bytetrack(scene):
    tracker = sv.ByteTrack(track_activation_threshold=SURE, lost_track_buffer=30, frame_rate=30)
    return followed(scene, lambda detections, _: tracker.update_with_detections(detections))


def trackers_bytetrack(scene):
    tracker = ByteTrackTracker(lost_track_buffer=30, track_activation_threshold=SURE, high_conf_det_threshold=SURE)
    return followed(scene, lambda detections, time: tracker.update(detections, timestamp=time))


def trackers_ocsort(scene):
    tracker = OCSORTTracker(lost_track_buffer=30, minimum_consecutive_frames=2, high_conf_det_threshold=SURE)
    return followed(scene, lambda detections, time: tracker.update(detections, timestamp=time))


ALL = {
    "sightline": sightline,
    "plain IoU": plain_iou,
    "supervision ByteTrack": supervision_bytetrack,
    "trackers ByteTrack": trackers_bytetrack,
    "trackers OC-SORT": trackers_ocsort,
}
