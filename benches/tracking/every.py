#!/usr/bin/env python3
"""What detecting in every N-th frame keeps and saves, as Markdown: every.py [--every N] [--runs N] [OPTION...] -- CLIP...

Options behind --every and --runs go to `sightline analyze`, for example --detector yolox-s --pose none. Runs with and without take
turns, and the median counts; on a machine that does other work too, CPU time says more than frames a second. A box is kept where the other run has one of the same class with an IoU of at least 0.8 in
the same frame. SIGHTLINE names the program where it is not on the path.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

SIGHTLINE = os.environ.get("SIGHTLINE", "sightline")
NEAR = 0.8


def analysed(clip, every, options):
    """The detections of each frame, frames a second, and milliseconds of CPU time a frame."""
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/r.jsonl"
        command = [SIGHTLINE, "analyze", clip, "--no-video", "--json", "--jsonl", results, "--detect-every", str(every), *options]
        report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        with open(results) as lines:
            next(lines)
            frames = [json.loads(line)["detections"] for line in lines]
    return frames, (report["frames"] / report["processing_seconds"], 1000 * report["cpu_seconds"] / report["frames"])


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    area = lambda x: (x[2] - x[0]) * (x[3] - x[1])  # noqa: E731
    return both / (area(a) + area(b) - both) if both else 0.0


def kept(frames, others, least=0.0):
    """Of the boxes of the first that are this sure the share that is among those of the second, and how many there are."""
    near = lambda d, o: d["class_id"] == o["class_id"] and iou(d["bbox"], o["bbox"]) >= NEAR  # noqa: E731
    found = [any(near(d, o) for o in other) for frame, other in zip(frames, others) for d in frame if d["confidence"] >= least]
    return 100 * sum(found) / max(len(found), 1), len(found)


def main():
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else -1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    known, options = parser.parse_known_args(words[: max(split, 0)])
    clips = words[split + 1 :]
    print("| clip | boxes | kept % | of those at least 0.4 sure | of the boxes told, true % | neighbours agree % ", end="")
    print(f"| frames/s with 1 and {known.every} | CPU ms a frame |\n|---|---|---|---|---|---|---|---|")
    for clip in clips:
        speeds = {1: [], known.every: []}
        for _ in range(known.runs):
            every, one = analysed(clip, 1, options)
            some, other = analysed(clip, known.every, options)
            speeds[1].append(one)
            speeds[known.every].append(other)
        (found, boxes), (sure, _), (true, _) = kept(every, some), kept(every, some, 0.4), kept(some, every)
        # Each frame against the one before: what the detector itself does not repeat, nothing in between can know.
        agree, _ = kept(every[1:], every)
        (fps, cpu), (faster, less) = ([statistics.median(v) for v in zip(*speeds[n])] for n in (1, known.every))
        print(f"| {os.path.basename(clip)} | {boxes} | {found:.1f} | {sure:.1f} | {true:.1f} | {agree:.1f} ", end="")
        print(f"| {fps:.0f} and {faster:.0f} ({faster / fps:.1f} ×) | {cpu:.1f} and {less:.1f} |", flush=True)


if __name__ == "__main__":
    main()
