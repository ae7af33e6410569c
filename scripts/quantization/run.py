"""One quantization from the model to its place among the models: calibrate, quantize, measure, and only then keep."""
from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy
import openvino
from provision.placing import write_atomically
from provision.report import Failure, Step, megabytes, say

from . import analysis, calibration, comparison, entry, frames, heads, timing, workplace
from .letterbox import fitted
from .source import Source, as_int8

LOOKED_AT = 12  # frames in which the server's surest score is held against calibration's
AS_SURE = 0.005  # by how much those may differ: results have four digits, sums their order


def run(source: Source, target: Path, options: argparse.Namespace, root: Path) -> int:
    """0 where the model was kept, 1 where it loses too much."""
    work = workplace.provide(root)
    core = openvino.Core()
    model = calibration.read(core, source.file)
    network = heads.recognise(_shapes(model.inputs), _shapes(model.outputs))
    say(f"{source.file.name}: {network.head.name}, {network.width} x {network.height}")

    manifest = target.parent / "manifest.toml"
    text = (manifest if manifest.is_file() else root / "models" / "manifest.toml").read_text()
    with tempfile.TemporaryDirectory(prefix="quantize-", dir=root / ".deps") as scratch:
        trial = Path(scratch, target.name)
        trial.mkdir()
        listed = Path(scratch, "manifest.toml")
        listed.write_text(text)
        entry.with_entry(text, _entry(trial, network, source, options))  # a name that is taken shows now, not after minutes

        def find(clip: Path, detector: str, precision: str, title: str) -> list[list[comparison.Detection]]:
            with Step(f"{title} over {clip.name}") as step:
                found = analysis.analyse(work, clip, detector, Path(scratch), precision)
                step.result = f"{sum(map(len, found))} detections in {len(found)} frames"
            return found

        seen = find(options.video, str(source.file), "f32", "as it is, in f32,")
        numbers = frames.spread(len(seen), options.frames)
        with Step(f"calibration frames of {options.video.name}") as step:
            inputs = Inputs(network, frames.pictures(work.ffmpeg, options.video, numbers))
            if len(inputs) != len(numbers):
                raise Failure(f"FFmpeg gave {len(inputs)} of {len(numbers)} frames of {options.video.name}: choose another video.")
            furthest = _agree(timing.compiled(core, source.file, "f32"), network, inputs, [seen[number] for number in numbers])
            step.result = f"{len(inputs)} of {len(seen)}, seen as the server does (scores within {furthest:.4f})"

        with Step(f"INT8 by NNCF {version('nncf')}, preset {options.preset}:"):
            file = trial / f"{source.file.stem}.xml"
            calibration.save(calibration.quantized(model, inputs, options.preset, options.spare), file)
        if source.metadata is not None:
            (trial / "metadata.yaml").write_text(as_int8(source.metadata, source.file.name))
        entered = entry.with_entry(text, _entry(trial, network, source, options))
        listed.write_text(entered)

        clip = options.check or options.video
        before = find(clip, str(source.file), "f32", "as it is, in f32,") if options.check else seen
        # By its name: what the server reads is the entry.
        int8 = comparison.compare(before, find(clip, target.name, "f32", "INT8, the rest in f32,"))
        _tell("INT8", int8)
        if "bf16" in timing.precisions(core):
            _tell("bf16", comparison.compare(before, find(clip, str(source.file), "bf16", "as it is, in bf16,")))
        _time(core, source.file, file, inputs[0])
        small = sum(part.stat().st_size for part in trial.glob(f"{file.stem}.*"))
        say(f"files: {megabytes(source.size)} before, {megabytes(small)} in INT8")

        if int8.loss > options.max_loss and not options.force:
            say(f"The loss of {int8.loss:.4f} is beyond --max-loss {options.max_loss}: nothing was kept. More --frames, a --video closer to "
                "what the model is for, --spare 1 or more, or the other --preset may lose less; --force keeps it all the same.")
            return 1
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(trial, target)
        write_atomically(manifest, entered.encode())
    say(f"{target.name} is in {target} and in {manifest}: choose it with --detector {target.name}")
    return 0


class Inputs:
    """The frames to calibrate with as tensors, each made when it is asked for: as floats they would take four times the memory."""

    def __init__(self, network: heads.Network, pictures: Iterable[tuple[int, int, bytes]]) -> None:
        self.head = network.head
        size = network.width, network.height
        shaped = (numpy.frombuffer(content, numpy.uint8).reshape(height, width, 3) for width, height, content in pictures)
        self.fitted = [fitted(picture, size, self.head.centred) for picture in shaped]

    def __len__(self) -> int:
        return len(self.fitted)

    def __getitem__(self, place: int) -> numpy.ndarray:
        picture = self.fitted[place]
        ordered = picture[:, :, ::-1] if self.head.blue_first else picture
        planes = numpy.ascontiguousarray(ordered.transpose(2, 0, 1)[None], numpy.float32)
        return planes / numpy.float32(255.0 / self.head.brightest)


def _agree(model: openvino.CompiledModel, network: heads.Network, inputs: Inputs, seen: list[list[comparison.Detection]]) -> float:
    """Holds the surest score of some frames, fed by calibration, against the server's. Returns the largest difference."""
    furthest = 0.0
    for place in frames.spread(len(inputs), LOOKED_AT):
        score = network.surest(model(inputs[place])[0])
        told = max((found.confidence for found in seen[place]), default=min(score, analysis.CONFIDENCE))
        furthest = max(furthest, abs(score - told))
    if furthest > AS_SURE:
        raise Failure(f"The program sees these frames otherwise than calibration would (scores differ by {furthest:.3f}): choose a video "
                      "without HDR, interlacing or transparency. If it has none of these, scripts/quantization/heads.py is out of date.")
    return furthest


def _entry(folder: Path, network: heads.Network, source: Source, options: argparse.Namespace) -> str:
    how = f"NNCF {version('nncf')}, up to {options.frames} frames of {options.video.name}, {options.preset}, {options.spare} spared"
    origin = f"{source.file.name} in INT8 by scripts/quantize: {how}"
    return entry.entry(folder, network.head.name, (network.width, network.height), source.licence, origin, source.known)


def _tell(name: str, found: comparison.Comparison) -> None:
    say(f"{name} against f32: loss {found.loss:.4f} (1 - F1), recall {found.recall:.4f}, precision {found.precision:.4f}, "
        f"mean IoU {found.mean_iou:.4f}, mean change of confidence {found.mean_shift:.4f}")


def _time(core: openvino.Core, before: Path, after: Path, tensor: numpy.ndarray) -> None:
    models = {precision: timing.compiled(core, before, precision) for precision in timing.precisions(core)}
    models["INT8"] = timing.compiled(core, after, None)
    rounds = timing.milliseconds(models, tensor)
    taken = ", ".join(f"{name} {sorted(times)[len(times) // 2]:.1f} ms" for name, times in rounds.items())
    int8 = rounds.pop("INT8")
    gains = ", ".join(f"{timing.ratio(times, int8):.2f} times as quick as {name}" for name, times in rounds.items())
    say(f"one inference: {taken}; INT8 is {gains}")


def _shapes(ports: list[openvino.Output]) -> list[tuple[int, ...]]:
    return [tuple(side.get_length() if side.is_static else -1 for side in port.partial_shape) for port in ports]
