"""How long an inference takes, of several models in turns: a machine that is busy now and then is so for all of them."""
from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import numpy
import openvino

ROUNDS, TIMES = 21, 5


def precisions(core: openvino.Core) -> list[str]:
    """What the processor computes floats in."""
    return ["f32", "bf16"] if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else ["f32"]


def compiled(core: openvino.Core, file: Path, precision: str | None) -> openvino.CompiledModel:
    """As the server compiles it. Without a precision, OpenVINO chooses one for what is not INT8."""
    hint = {"INFERENCE_PRECISION_HINT": precision} if precision else {}
    return core.compile_model(str(file), "CPU", {"PERFORMANCE_HINT": "LATENCY", **hint})


def milliseconds(models: dict[str, openvino.CompiledModel], tensor: numpy.ndarray) -> dict[str, list[float]]:
    """For each model the median of each round. The models take turns within a round."""
    requests = {name: model.create_infer_request() for name, model in models.items()}
    for request in requests.values():
        request.infer(tensor)
    rounds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, request in requests.items():
            rounds[name].append(median(_once(request, tensor) for _ in range(TIMES)))
    return rounds


def ratio(slow: list[float], quick: list[float]) -> float:
    """How many times as quick, from rounds that ran next to each other."""
    return median(a / b for a, b in zip(slow, quick))


def _once(request: openvino.InferRequest, tensor: numpy.ndarray) -> float:
    began = time.perf_counter()
    request.infer(tensor)
    return (time.perf_counter() - began) * 1e3
