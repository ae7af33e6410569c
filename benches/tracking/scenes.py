"""Made scenes whose truth is known: who is where in each frame, and what a detector might say of it.

A scene is made from its kind and a seed alone. Objects stand one behind the other; whoever is hidden by more than a nearer one or
a pillar leaves over is seen less surely, with a smaller box, or not at all. A detector misses, trembles and sees what is not there.
"""

from dataclasses import dataclass, field

import numpy as np

WIDTH, HEIGHT = 1280, 720
#: An object of which less is to be seen is not in the truth: nobody could say where it is.
VISIBLE = 0.2


@dataclass
class Noise:
    missed: float = 0.05
    #: Deviation of a box's sides, as part of its height.
    tremble: float = 0.02
    #: Detections of nothing, a frame.
    false: float = 0.1


@dataclass
class Scene:
    name: str
    #: When each frame is shown, in seconds.
    times: list
    #: For each frame, what is there: (id, x1, y1, x2, y2).
    truth: list = field(default_factory=list)
    #: For each frame, what is detected: (x1, y1, x2, y2, confidence).
    detections: list = field(default_factory=list)


def walker(rng, seconds, speed=(60, 220), height=(120, 260)):
    """One who walks through the picture, bobbing, along a line that bends."""
    tall = rng.uniform(*height)
    depth = tall / 260
    towards = rng.choice([-1, 1])
    pace = rng.uniform(*speed) * depth
    begin = rng.uniform(-0.2, 0.6) * seconds
    x = -40 if towards > 0 else WIDTH + 40
    base = HEIGHT * (0.45 + 0.5 * depth)
    bend, phase = rng.uniform(-0.4, 0.4) * pace, rng.uniform(0, 6.28)

    def at(t):
        since = t - begin
        if since < 0:
            return None
        dx = towards * pace * since + bend * np.sin(0.7 * since + phase)
        bob = 0.01 * tall * np.sin(8 * since)
        width = tall * (0.38 + 0.06 * np.sin(6 * since + phase))
        return x + dx, base + bob, width, tall

    return at


def turner(rng, seconds):
    """One who walks up and down and turns round suddenly, like a fencer."""
    tall, middle = rng.uniform(180, 260), rng.uniform(250, WIDTH - 250)
    reach, beat, phase = rng.uniform(60, 200), rng.uniform(0.8, 2.0), rng.uniform(0, 2)
    base = HEIGHT * rng.uniform(0.75, 0.95)

    def at(t):
        swing = abs(((t / beat + phase) % 2) - 1) * 2 - 1
        return middle + reach * swing, base, tall * (0.45 + 0.1 * np.sin(5 * t)), tall

    return at


def comer(rng, seconds):
    """One who comes towards the camera, or goes away from it."""
    x, drift = rng.uniform(200, WIDTH - 200), rng.uniform(-40, 40)
    small, large = rng.uniform(50, 90), rng.uniform(250, 450)
    nearer = rng.random() < 0.5

    def at(t):
        share = t / seconds if nearer else 1 - t / seconds
        tall = small * (large / small) ** share
        return x + drift * t, 150 + tall * 1.2, tall * 0.4, tall

    return at


#: kind: (objects, how many, noise, pillars, shaking camera in pixels, variable rate)
KINDS = {
    "crossings": ([walker], 8, Noise(), 0, 0, False),
    "occlusions": ([walker], 8, Noise(), 4, 0, False),
    "camera shake": ([walker, comer], 8, Noise(), 0, 9, False),
    "missed detections": ([walker], 8, Noise(missed=0.35), 0, 0, False),
    "false positives": ([walker], 8, Noise(false=2.5), 0, 0, False),
    "variable rate": ([walker], 8, Noise(), 2, 0, True),
    "size changes": ([comer], 7, Noise(), 0, 0, False),
    "sudden turns": ([turner], 4, Noise(missed=0.1), 0, 0, False),
    "crowd": ([walker, walker, comer], 22, Noise(missed=0.1, tremble=0.03, false=0.5), 3, 3, False),
}


def frame_times(rng, seconds, variable):
    if not variable:
        return list(np.arange(0, seconds, 1 / 30))
    times, now = [], 0.0
    while now < seconds:
        times.append(now)
        # A phone in the dark: 24 to 60 frames a second, and now and then a pause.
        now += rng.uniform(1 / 60, 1 / 24) if rng.random() > 0.04 else rng.uniform(0.1, 0.3)
    return times


def camera(rng, frames, shake):
    """How far the picture is moved in each frame: a hand that trembles and drifts."""
    steps = rng.normal(0, 1, (frames, 2)) * shake
    moved, now = [], np.zeros(2)
    for step in steps:
        now = 0.85 * now + step
        moved.append(now.copy())
    return moved


def covered(box, others):
    """The share of a box that others hide, on a grid."""
    x1, y1, x2, y2 = box
    xs, ys = np.linspace(x1, x2, 12), np.linspace(y1, y2, 16)
    gx, gy = np.meshgrid(xs, ys)
    hidden = np.zeros(gx.shape, bool)
    for a1, b1, a2, b2 in others:
        hidden |= (gx >= a1) & (gx <= a2) & (gy >= b1) & (gy <= b2)
    return hidden


def seen_part(box, hidden):
    """What is left of a box: the columns and rows of which something is to be seen."""
    x1, y1, x2, y2 = box
    columns, rows = np.flatnonzero((~hidden).mean(0) > 0.25), np.flatnonzero((~hidden).mean(1) > 0.25)
    if not len(columns) or not len(rows):
        return None
    w, h = x2 - x1, y2 - y1
    return x1 + w * columns[0] / 11, y1 + h * rows[0] / 15, x1 + w * columns[-1] / 11, y1 + h * rows[-1] / 15


def clipped(box):
    x1, y1, x2, y2 = box
    return max(x1, 0), max(y1, 0), min(x2, WIDTH), min(y2, HEIGHT)


def area(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def detected(rng, box, visible, noise):
    """What a detector says of an object of which this share is to be seen; often nothing."""
    if rng.random() < noise.missed + max(0.0, 0.55 - visible):
        return None
    h = box[3] - box[1]
    sides = np.array(box) + rng.normal(0, noise.tremble * h, 4) * [0.6, 1, 0.6, 1]
    confidence = float(np.clip(0.15 + 0.75 * visible + rng.normal(0, 0.1), 0.02, 0.98))
    if sides[2] - sides[0] < 4 or sides[3] - sides[1] < 8 or confidence < 0.1:
        return None
    return (*clipped(sides), confidence)


def nothing(rng):
    h = rng.uniform(40, 250)
    x, y = rng.uniform(0, WIDTH - h / 2), rng.uniform(0, HEIGHT - h)
    return x, y, x + 0.4 * h, y + h, float(np.clip(rng.normal(0.3, 0.12), 0.1, 0.9))


def make(kind, seed, seconds=12.0):
    makers, count, noise, pillars, shake, variable = KINDS[kind]
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    objects = [makers[i % len(makers)](rng, seconds) for i in range(count)]
    pillar_boxes = [(x, 0, x + rng.uniform(30, 110), HEIGHT) for x in rng.uniform(150, WIDTH - 200, pillars)]
    scene = Scene(f"{kind} {seed}", frame_times(rng, seconds, variable))
    for time, moved in zip(scene.times, camera(rng, len(scene.times), shake)):
        there = []
        for identity, at in enumerate(objects, 1):
            place = at(time)
            if place is not None:
                x, base, w, h = place
                box = np.array([x - w / 2, base - h, x + w / 2, base]) + np.tile(moved, 2)
                there.append((base, identity, tuple(box)))
        # Whoever stands lower in the picture is nearer.
        there.sort(reverse=True)
        pillars_now = [tuple(np.array(p) + np.tile([moved[0], 0], 2)) for p in pillar_boxes]
        truth, found = [], []
        for place, (_, identity, box) in enumerate(there):
            inside = clipped(box)
            if area(inside) < 0.3 * area(box):
                continue
            hidden = covered(inside, [b for _, _, b in there[:place]] + pillars_now)
            visible = float((~hidden).mean())
            if visible >= VISIBLE:
                truth.append((identity, *inside))
            part = seen_part(inside, hidden)
            said = part and detected(rng, part if visible < 0.6 else inside, visible, noise)
            if said:
                found.append(said)
        found += [nothing(rng) for _ in range(rng.poisson(noise.false))]
        scene.truth.append(truth)
        scene.detections.append(found)
    return scene
