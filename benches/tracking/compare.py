#!/usr/bin/env python3
"""Compares trackers on made scenes, as Markdown: VENV/bin/python benches/tracking/compare.py [--seeds FIRST:END] [--only NAME]

Needs requirements.txt beside it. SIGHTLINE names the program where it is not on the path.
"""

import argparse

import motmetrics as mm
import numpy as np

import rivals
import scenes

METRICS = ["mota", "idf1", "num_switches", "num_fragmentations", "num_unique_objects", "num_objects"]


def accumulated(scene, told):
    accumulator = mm.MOTAccumulator(auto_id=True)
    for truth, found in zip(scene.truth, told):
        distances = 1 - rivals.ious([t[1:] for t in truth], [f[1:] for f in found])
        distances[distances > 0.5] = np.nan
        accumulator.update([t[0] for t in truth], [f[0] for f in found], distances)
    return accumulator


def measured(tracker, made):
    """Of all these scenes as if they were one."""
    accumulators = [accumulated(scene, tracker(scene)) for scene in made]
    host = mm.metrics.create()
    rows = host.compute_many(accumulators, metrics=METRICS, generate_overall=True)
    return rows.loc["OVERALL"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="100:104", help="first and end of the seeds; 0 to 99 are for tuning")
    parser.add_argument("--only", action="append", help="a tracker; several times for several")
    parser.add_argument("--kind", action="append", help="a kind of scene")
    options = parser.parse_args()
    first, end = (int(v) for v in options.seeds.split(":"))
    names = options.only or list(rivals.ALL)
    print(f"Seeds {first} to {end - 1}. A cell: MOTA % / IDF1 % / id switches / fragments.\n")
    print("| scene | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    every = {kind: [scenes.make(kind, seed) for seed in range(first, end)] for kind in options.kind or scenes.KINDS}
    every["all"] = [scene for made in every.values() for scene in made]
    for kind, made in every.items():
        cells = [measured(rivals.ALL[name], made) for name in names]
        text = [f"{100 * c.mota:.1f} / {100 * c.idf1:.1f} / {c.num_switches:.0f} / {c.num_fragmentations:.0f}" for c in cells]
        print(f"| {kind} | " + " | ".join(text) + " |", flush=True)


if __name__ == "__main__":
    main()
