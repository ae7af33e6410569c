#!/usr/bin/env python3
"""Sightline beside other stacks doing the same work on this machine, as Markdown.

    python3 benches/compare.py VIDEO... --model FOLDER [--reference SCRIPT] [--python PYTHON] [--runs 3]

The stacks take turns, A B C A B C, so that a machine whose speed drifts is equally unkind to all; medians are told, and the
ratios turn by turn. No start-up counts: each loads its models and runs them once before its clock starts.

- sightline: `sightline analyze --json`, x264 veryfast crf 23, with one pose, without, and with the detector on every third frame.
- SCRIPT: a Python program `SCRIPT VIDEO MODEL OUT.mp4 [--no-pose]` that prints a line of JSON with fps, cpu_s, frames, max_rss_mb.
- `yolo predict`: Ultralytics with the same OpenVINO model, writing its annotated video; no pose.

PYTHON has `ultralytics` and `openvino` installed (and what SCRIPT needs). SIGHTLINE and SIGHTLINE_FFMPEG name the programs
where they are not on the path.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

SIGHTLINE = os.environ.get("SIGHTLINE", "sightline")
FFMPEG = os.environ.get("SIGHTLINE_FFMPEG", "ffmpeg")

# What `yolo predict source=VIDEO save=True` runs, without the start-up of its command line.
PREDICT = """
import json, resource, sys, time
import numpy as np
from ultralytics import YOLO
video, model, out = sys.argv[1:]
yolo = YOLO(model, task="detect")
yolo.predict(np.zeros((480, 640, 3), np.uint8), verbose=False)
used = lambda: sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
began, cpu = time.time(), used()
frames = sum(1 for _ in yolo.predict(video, conf=.25, save=True, stream=True, verbose=False, project=out, name="p"))
seconds = time.time() - began
print(json.dumps(dict(frames=frames, fps=frames / seconds, cpu_s=used() - cpu,
                      max_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
"""


def last_line(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def sightline(video, model, out, *options):
    words = ["--log", "error", "analyze", video, "--detector", model, "-o", f"{out}/s.mp4", "--json", *options]
    told = last_line([SIGHTLINE, *words])
    return figures(told["frames"], told["fps"], told["cpu_seconds"], told["peak_memory_mb"])


def python(args, *command):
    told = last_line([args.python, *command])
    return figures(told["frames"], told["fps"], told["cpu_s"], told["max_rss_mb"])


def figures(frames, fps, cpu_seconds, memory_mb):
    return {"frames": frames, "fps": fps, "cpu_ms": 1000 * cpu_seconds / frames, "memory": memory_mb}


def stacks(args, video, model, out):
    """Name, and how it is run, in the order of the turns."""
    yield "sightline, one pose", lambda: sightline(video, model, out, "--max-poses", "1")
    if args.reference:
        reference = [args.reference, video, model, f"{out}/r.mp4", "--ffmpeg", FFMPEG]
        yield "Python stack, one pose", lambda: python(args, *reference)
    yield "sightline, no pose", lambda: sightline(video, model, out, "--pose", "none")
    if args.reference:
        yield "Python stack, no pose", lambda: python(args, *reference, "--no-pose")
    yield "yolo predict, no pose", lambda: python(args, "-c", PREDICT, video, model, out)
    for name, options in args.more:
        yield f"sightline, {name}", lambda options=options: sightline(video, model, out, *options)


def table(args, video):
    with tempfile.TemporaryDirectory() as out:
        # Ultralytics takes an OpenVINO model only from a folder of such a name.
        model = f"{out}/model_openvino_model"
        os.symlink(os.path.abspath(args.model), model)
        turns = []
        for turn in range(args.runs):
            turns.append({name: run() for name, run in stacks(args, os.path.abspath(video), model, out)})
            print(f"turn {turn + 1} of {args.runs} is done", file=sys.stderr)
    first = next(iter(turns[0]))
    print(f"\n### {os.path.basename(video)}, {turns[0][first]['frames']} frames, {args.runs} turns\n")
    print("| stack | frames/s | CPU ms a frame | peak MB | frames/s of ours over its |\n|---|---:|---:|---:|---:|")
    for name in turns[0]:
        middle = lambda key: statistics.median(turn[name][key] for turn in turns)
        against = None if name.startswith("sightline") else "sightline, one pose" if "one pose" in name else "sightline, no pose"
        ratios = [turn[against]["fps"] / turn[name]["fps"] for turn in turns] if against else []
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else ""
        print(f"| {name} | {middle('fps'):.1f} | {middle('cpu_ms'):.1f} | {middle('memory'):.0f} | {ratio} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", metavar="VIDEO")
    parser.add_argument("--model", required=True, help="folder with an OpenVINO model that Ultralytics exported")
    parser.add_argument("--reference", help="a Python program to compare with")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    args.more = [("one pose, detector on every third frame", ["--max-poses", "1", "--detect-every", "3"])]
    for video in args.videos:
        table(args, video)


if __name__ == "__main__":
    main()
