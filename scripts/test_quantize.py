"""The pure parts of quantization: no NNCF, no OpenVINO, no video."""
from __future__ import annotations

import io
import sys
import tempfile
import unittest
from pathlib import Path

if sys.version_info < (3, 11):
    raise unittest.SkipTest("SKIPPED: scripts/quantize needs Python 3.11 or newer")

from provision import manifest, wheels
from provision.report import Failure
from quantization import analysis, comparison, entry, frames, heads, letterbox, source, workplace
from quantization.comparison import Detection

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = (ROOT / "models/manifest.toml").read_text()


class Frames(unittest.TestCase):
    def test_they_lie_evenly_over_the_whole_clip(self) -> None:
        self.assertEqual(frames.spread(10, 2), [2, 7])
        self.assertEqual(frames.spread(7, 3), [1, 3, 5])
        self.assertEqual(frames.spread(3, 300), [0, 1, 2])
        self.assertEqual(frames.spread(0, 300), [])
        for total, wanted in ((314, 300), (268, 31), (100_000, 2000)):
            found = frames.spread(total, wanted)
            self.assertEqual((len(set(found)), found), (wanted, sorted(found)))
            # No part of the clip is left out by more than a step.
            steps = [after - before for before, after in zip([-1, *found], [*found, total])]
            self.assertLessEqual(max(steps), total // wanted + 1)

    def test_pictures_are_read_until_one_is_cut_off(self) -> None:
        stream = b"P6\n2 1\n255\nabcdef" + b"P6\n1 1\n255\n\n\n\n" + b"P6\n1 1\n255\nx"
        self.assertEqual(list(frames.ppm(io.BytesIO(stream))), [(2, 1, b"abcdef"), (1, 1, b"\n\n\n")])
        with self.assertRaisesRegex(Failure, "8 bits"):
            list(frames.ppm(io.BytesIO(b"P6\n1 1\n65535\nabcdef")))


class Letterbox(unittest.TestCase):
    """The literals of src/vision/letterbox.rs and resample.rs."""

    def test_it_lies_where_the_server_has_it(self) -> None:
        place = letterbox.letterbox
        self.assertEqual(place((1280, 720), (640, 640), True), letterbox.Letterbox(640, 360, 0, 140))
        self.assertEqual(place((356, 640), (640, 640), True).left, 142)
        self.assertEqual(place((855, 640), (640, 640), True), letterbox.Letterbox(640, 479, 0, 80))
        self.assertEqual(place((1280, 719), (640, 640), True).height, 360)
        self.assertEqual(place((1280, 719), (416, 416), False).height, 233)
        self.assertEqual(place((1280, 720), (416, 416), False), letterbox.Letterbox(416, 234, 0, 0))

    def test_samples_are_taken_as_the_server_takes_them(self) -> None:
        self.assertEqual(letterbox.taps(4, 2), [(0, 1, 1024), (2, 3, 1024)])
        self.assertEqual(letterbox.taps(1, 3), [(0, 0, 0)] * 3)
        self.assertEqual((letterbox.taps(2, 4)[1], letterbox.taps(2, 4)[3]), ((0, 1, 512), (1, 1, 0)))


class Heads(unittest.TestCase):
    def test_shapes_tell_them(self) -> None:
        self.assertEqual(heads.recognise([(1, 3, 416, 416)], [(1, 3549, 85)]), heads.Network(heads.YOLOX, 416, 416))
        self.assertEqual(heads.recognise([(1, 3, 384, 640)], [(1, 8, 5040)]), heads.Network(heads.ULTRALYTICS, 640, 384))

    def test_others_are_refused_with_their_shapes(self) -> None:
        for inputs, outputs in (
            ([(1, 3, -1, -1)], [(1, 84, -1)]), ([(1, 256, 256, 3)], [(1, 195), (1, 1)]), ([(1, 3, 4, 4)], [(1, 0, 85)]), ([], []),
        ):
            with self.subTest(inputs), self.assertRaisesRegex(Failure, "cannot be quantized"):
                heads.recognise(inputs, outputs)
        with self.assertRaisesRegex(Failure, r"\[1,3,\?,\?\]"):
            heads.recognise([(1, 3, -1, -1)], [(1, 84, 8400)])


class Comparisons(unittest.TestCase):
    CAR = Detection(2, 0.8, (0, 0, 10, 10))

    def test_overlap(self) -> None:
        self.assertEqual(comparison.iou((0, 0, 10, 10), (0, 0, 10, 10)), 1)
        self.assertEqual(comparison.iou((0, 0, 10, 10), (0, 5, 10, 15)), 1 / 3)
        self.assertEqual(comparison.iou((0, 0, 10, 10), (10, 0, 20, 10)), 0)

    def test_an_object_is_matched_once_by_one_of_its_class(self) -> None:
        near, nearer = Detection(2, 0.7, (0, 1, 10, 11)), Detection(2, 0.5, (0, 0, 10, 9.5))
        truck, far = Detection(7, 0.9, (0, 0, 10, 10)), Detection(2, 0.9, (0, 4, 10, 14))  # 0.43 of it
        self.assertEqual(comparison.matches([self.CAR], [near, truck, far, nearer]), [(self.CAR, nearer)])
        self.assertEqual(comparison.matches([self.CAR, self.CAR], [near]), [(self.CAR, near)])
        self.assertEqual(comparison.matches([self.CAR], [truck, far]), [])

    def test_the_surest_chooses_first(self) -> None:
        unsure = Detection(2, 0.4, (0, 0, 10, 10))
        only = Detection(2, 0.6, (0, 0, 10, 10))
        self.assertEqual(comparison.matches([unsure, self.CAR], [only]), [(self.CAR, only)])

    def test_figures(self) -> None:
        weaker, ghost = Detection(2, 0.6, (0, 0, 10, 8)), Detection(0, 0.9, (50, 50, 60, 60))
        found = comparison.compare([[self.CAR], [self.CAR], [self.CAR]], [[weaker], [], [self.CAR, ghost]])
        self.assertEqual((found.reference, found.found, found.both), (3, 3, 2))
        self.assertAlmostEqual(found.recall, 2 / 3)
        self.assertAlmostEqual(found.precision, 2 / 3)
        self.assertAlmostEqual(found.loss, 1 / 3)
        self.assertAlmostEqual(found.mean_iou, 0.9)
        self.assertAlmostEqual(found.mean_shift, 0.1)
        self.assertEqual(comparison.compare([[self.CAR]], [[]]).loss, 1)

    def test_what_cannot_be_compared_is_told(self) -> None:
        with self.assertRaisesRegex(Failure, "1 frames and the other 2"):
            comparison.compare([[self.CAR]], [[], []])
        with self.assertRaisesRegex(Failure, "finds nothing"):
            comparison.compare([[]], [[self.CAR]])

    def test_results_are_read(self) -> None:
        lines = ['{"schema":"sightline/1"}', '{"frame":0,"detections":[{"class_id":2,"label":"car","confidence":0.8,"bbox":[0,0,10,10]}]}',
                 '{"frame":1,"detections":[]}', '{"summary":{}}']
        self.assertEqual(analysis.frames(lines), [[self.CAR], []])


class Entries(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name, "cars_int8")
        self.folder.mkdir()
        for name, content in (("cars.bin", "weights"), ("cars.xml", "net"), ("metadata.yaml", "task: detect")):
            (self.folder / name).write_text(content)

    def entry(self, **other: object) -> str:
        values = {"head": "yolox", "size": (416, 256), "licence": "MIT", "source": 'a "quoted" \\ source', "known": {}, **other}
        return entry.entry(self.folder, **values)

    def test_one_is_added_and_all_else_stays(self) -> None:
        text = entry.with_entry(MANIFEST, self.entry(known={"labels": ["car", "lorry é"], "scale": {"mean": [1.5, 2], "bgr": True}}))
        self.assertTrue(text.startswith(MANIFEST.rstrip()))
        before, after = (manifest.parse_toml(read)["model"] for read in (MANIFEST, text))
        self.assertEqual(after[:-1], before)
        files = [("cars_int8/cars.xml", 3), ("cars_int8/cars.bin", 7)]
        self.assertEqual([(file["name"], file["size"]) for file in after[-1].pop("file")], files)
        self.assertEqual(after[-1], {"name": "cars_int8", "task": "detect", "head": "yolox", "input": [416, 256], "licence": "MIT",
                                     "labels": ["car", "lorry é"], "scale": {"mean": [1.5, 2], "bgr": True}, "source": 'a "quoted" \\ source'})

    def test_set_up_takes_it(self) -> None:
        file = Path(self.folder, "manifest.toml")
        file.write_text(entry.with_entry("", self.entry()))
        [model] = manifest.read(file)
        self.assertEqual((model.name, model.default, model.files[0].address), ("cars_int8", False, None))
        self.assertRegex(model.files[0].sha256, "^[0-9a-f]{64}$")

    def test_a_name_that_is_taken_is_refused(self) -> None:
        with self.assertRaisesRegex(Failure, "cars_int8 already"):
            entry.with_entry(entry.with_entry(MANIFEST, self.entry()), self.entry())


class Sources(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name, "road_damage")
        self.folder.mkdir()
        self.model = self.folder / "best.onnx"
        self.model.write_text("net")

    def at(self, path: Path, licence: str | None = None, text: str = "") -> source.Source:
        listed = self.folder / "manifest.toml"
        listed.write_text(text)
        return source.Source.at(path, licence, listed)

    def test_a_model_is_named_as_the_server_names_it(self) -> None:
        self.assertEqual(self.at(self.model, "MIT").name, "best")
        self.assertEqual((self.at(self.folder, "MIT").name, self.at(self.folder, "MIT").file), ("road_damage", self.model))
        with self.assertRaisesRegex(Failure, "neither a model file"):
            self.at(self.folder / "manifest.toml", "MIT")

    def test_its_licence_is_said_or_known(self) -> None:
        with self.assertRaisesRegex(Failure, "--licence"):
            self.at(self.model)
        (self.folder / "metadata.yaml").write_text("license: 'AGPL-3.0 License (https://example.org)'\ntask: detect\n")
        self.assertEqual(self.at(self.model).licence, "AGPL-3.0 License (https://example.org)")
        digest = "c24dc6c53be8ce3e3b4e2ab9c67ce0fa1a8b8d12e5cc7a1f7d8b0f8dbd6e2c0a"
        listed = f'[[model]]\nname = "m"\nlicence = "MIT"\nlabels = ["hole"]\nfile = [{{ name = "x", sha256 = "{digest}" }}]\n'
        self.assertEqual(self.at(self.model, None, listed).known, {})
        known = self.at(self.model, None, listed.replace(digest, source.sha256_of(self.model)))
        self.assertEqual((known.licence, known.known), ("MIT", {"labels": ["hole"]}))
        self.assertEqual(self.at(self.model, "BSD").licence, "BSD")

    def test_metadata_say_int8(self) -> None:
        text = "task: detect\nargs:\n  half: true\n  int8: false\nnames:\n  0: half: true\n"
        self.assertEqual(source.as_int8(text, "best.xml"), "# INT8 by scripts/quantize, of best.xml\n"
                         "task: detect\nargs:\n  half: false\n  int8: true\nnames:\n  0: half: true\n")


class Environment(unittest.TestCase):
    def test_every_package_has_one_version_and_openvino_the_runtimes(self) -> None:
        listed = workplace.pins(ROOT).splitlines()
        runtime = wheels.version_of(wheels.read_pins((ROOT / "scripts/wheels.txt").read_text())["openvino"])
        self.assertIn(f"openvino=={runtime}", listed)
        self.assertEqual(sum(line.startswith("nncf==") for line in listed), 1)
        for line in listed[1:]:
            self.assertRegex(line, r"^[\w.-]+==[\d.]+$")


if __name__ == "__main__":
    unittest.main()
