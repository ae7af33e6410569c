#!/usr/bin/env python3
"""What presets and rate factors of x264 cost and give, as Markdown: python3 benches/encoding.py CLIP...

The program draws into five seconds of each clip and writes them without loss; FFmpeg encodes that as src/media/command.rs
does, and VMAF compares. CPU time is told, not wall time, so other work on the machine hardly matters.
SIGHTLINE and SIGHTLINE_FFMPEG name the two programs where they are not on the path.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile

SIGHTLINE = os.environ.get("SIGHTLINE", "sightline")
FFMPEG = os.environ.get("SIGHTLINE_FFMPEG", "ffmpeg")
SECONDS = "5"
PRESETS = ["ultrafast", "superfast", "veryfast", "faster", "fast"]
RATE_FACTORS = [20, 23, 26]
KEY_FRAMES = ["-force_key_frames", "expr:gte(t,n_forced*2)"]
NO_LOOKAHEAD_THREAD = ["-x264-params", "sync-lookahead=0"]


def run(*args):
    """Runs a command and gives its CPU seconds and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stderr


def ffmpeg(*args):
    return run(FFMPEG, "-hide_banner", "-nostdin", "-y", *args)


def annotated(clip, folder):
    """The drawn pictures of a clip's first seconds, without loss."""
    cut, drawn = f"{folder}/cut.mkv", f"{folder}/drawn.mp4"
    ffmpeg("-i", clip, "-t", SECONDS, "-map", "0:V:0", "-c", "copy", cut)
    run(SIGHTLINE, "analyze", "--crf", "0", "--preset", "ultrafast", "-o", drawn, cut)
    return drawn


def encoded(source, output, preset, rate_factor, *more):
    """Bytes and CPU seconds of an encoding; decoding the source is taken off."""
    decoding, _ = ffmpeg("-i", source, "-f", "null", "-")
    args = ["-c:v", "libx264", "-preset", preset, "-crf", str(rate_factor), "-pix_fmt", "yuv420p", *more]
    cpu, _ = ffmpeg("-i", source, "-fps_mode", "passthrough", *args, output)
    return os.path.getsize(output), cpu - decoding


def vmaf(output, source):
    # Frame by frame: the two files' clocks are rounded differently.
    graph = "[0:v]setpts=N/TB[a];[1:v]setpts=N/TB[b];[a][b]libvmaf=n_subsample=5"
    _, said = ffmpeg("-i", output, "-i", source, "-lavfi", graph, "-f", "null", "-")
    return float(re.search(r"VMAF score: ([\d.]+)", said).group(1))


def table(clip, folder):
    source, output = annotated(clip, folder), f"{folder}/encoded.mp4"
    _, said = ffmpeg("-i", source, "-f", "null", "-")
    frames = int(re.findall(r"frame=\s*(\d+)", said)[-1])
    print(f"\n### {os.path.basename(clip)}, {frames} frames\n")
    print("| preset | crf | kB | VMAF | CPU ms a frame |\n|---|---:|---:|---:|---:|", flush=True)
    for preset in PRESETS:
        for factor in RATE_FACTORS:
            size, cpu = encoded(source, output, preset, factor, *KEY_FRAMES, *NO_LOOKAHEAD_THREAD)
            print(f"| {preset} | {factor} | {size // 1000} | {vmaf(output, source):.1f} | {1000 * cpu / frames:.1f} |", flush=True)
    whole, _ = encoded(source, output, "veryfast", 23, *KEY_FRAMES, *NO_LOOKAHEAD_THREAD)
    for what, options in [("key frames every 2 s", NO_LOOKAHEAD_THREAD), ("`sync-lookahead=0`", KEY_FRAMES)]:
        without, _ = encoded(source, output, "veryfast", 23, *options)
        print(f"\nveryfast, 23: {what}: {100 * (whole - without) / without:+.2f} % bytes", flush=True)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            table(path, place)
