#!/usr/bin/env python3
"""How many tracks real clips get, as Markdown: VENV/bin/python benches/tracking/clips.py [--label person] [OPTION...] -- CLIP...

Options go to `sightline analyze`, which detects once; all trackers get the same detections. Nobody told the truth about these clips, so
what counts is how long tracks last: fewer and longer ones are better, as long as the picture agrees.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict

import rivals
import scenes

LONG = 1.0


def detected(clip, label, options):
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/r.jsonl"
        command = [rivals.SIGHTLINE, "analyze", clip, "--no-video", "--jsonl", results, "--pose", "none", "--no-tracking", "--confidence", "0.1"]
        subprocess.run([*command, *options], capture_output=True, check=True)
        with open(results) as lines:
            next(lines)
            frames = [json.loads(line) for line in lines]
    scene = scenes.Scene(os.path.basename(clip), [f["pts_us"] / 1e6 for f in frames])
    scene.detections = [[(*d["bbox"], d["confidence"]) for d in f["detections"] if d["label"] == label] for f in frames]
    return scene


def lives(scene, told):
    """For each id when it was seen."""
    seen = defaultdict(list)
    for time, frame in zip(scene.times, told):
        for identity, *_ in frame:
            seen[identity].append(time)
    return seen


def main():
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else -1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label", default="person")
    known, options = parser.parse_known_args(words[: max(split, 0)])
    print("A cell: tracks / longer than 1 s / share of the boxes that are in those.\n")
    print("| clip | " + " | ".join(rivals.ALL) + " |\n|---|" + "---|" * len(rivals.ALL))
    for clip in words[split + 1 :]:
        scene = detected(clip, known.label, options)
        boxes = sum(d[4] >= rivals.SURE for frame in scene.detections for d in frame)
        cells = []
        for track in rivals.ALL.values():
            seen = lives(scene, track(scene)).values()
            long = [times for times in seen if times[-1] - times[0] > LONG]
            cells.append(f"{len(seen)} / {len(long)} / {100 * sum(map(len, long)) / max(boxes, 1):.1f} %")
        print(f"| {scene.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
