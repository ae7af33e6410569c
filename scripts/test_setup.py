"""The pure parts of set-up: no network, no FFmpeg."""
from __future__ import annotations

import hashlib
import tempfile
import unittest
from pathlib import Path

from provision import download, ffmpeg, manifest, models, openvino, placing, wheels, web
from provision.record import Record
from provision.report import Failure

ROOT = Path(__file__).resolve().parent.parent


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def write(self, name: str, text: str = "content") -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class FfmpegVersion(unittest.TestCase):
    def test_every_way_a_build_names_itself(self) -> None:
        for word, version in {
            "4.4.2-0ubuntu0.22.04.1": (4, 4), "5.1.9-0+deb12u1": (5, 1), "n7.1": (7, 1), "7.0.2-static": (7, 0), "7": (7, 0),
            "n9.0.2-17-g2a571b6068-20260930": (9, 0), "n7.0-git": (7, 0), "N-118-g123": (999, 0),
            "git-2024-01-01-abcdef": (999, 0), "unknown": None,
        }.items():
            with self.subTest(word):
                self.assertEqual(ffmpeg.parse_version(f"ffmpeg version {word} Copyright (c) 2000-2026"), version)

    def test_what_is_not_ffmpeg(self) -> None:
        self.assertIsNone(ffmpeg.parse_version("avconv version 11"))
        self.assertIsNone(ffmpeg.version_at(Path("/nonexistent/ffmpeg")))


class Lists(unittest.TestCase):
    def test_the_manifest_reads_and_fits_the_pinned_wheels(self) -> None:
        pins = wheels.read_pins((ROOT / "scripts/wheels.txt").read_text())
        listed = manifest.read(ROOT / "models/manifest.toml")
        self.assertEqual([model.name for model in listed if model.default], ["yolox-nano", "blazepose-full"])
        for file in (file for model in listed for file in model.files):
            self.assertRegex(file.sha256, r"^[0-9a-f]{64}$")
            if file.wheel:
                self.assertTrue(pins[file.wheel.split("==")[0]].startswith(file.wheel + " "), file.wheel)

    def test_every_pin_has_a_hash_and_a_platform(self) -> None:
        pins = wheels.read_pins((ROOT / "scripts/wheels.txt").read_text())
        self.assertEqual(set(pins), set(wheels.TAGS))
        for pin in pins.values():
            self.assertRegex(pin, r"^[\w-]+==[\d.]+( --hash=sha256:[0-9a-f]{64})+$")

    def test_no_model_with_a_copyleft_licence_is_brought(self) -> None:
        for entry in manifest.parse_toml((ROOT / "models/manifest.toml").read_text())["model"]:
            if entry.get("default") or any("address" in file or "wheel" in file for file in entry["file"]):
                self.assertNotRegex(entry["licence"], "GPL")

    def test_a_file_name_that_leaves_the_folder_is_refused(self) -> None:
        for name in ("../x", "/x", "a/../../x", ".x", "a/.x", "a//x", ""):
            entry = {"name": "m", "task": "detect", "file": [{"name": name, "sha256": "0", "size": 1, "address": "https://example.org"}]}
            with self.subTest(name), self.assertRaisesRegex(Failure, "plain name"):
                manifest._model(entry)

    def test_only_what_is_brought_needs_a_source(self) -> None:
        entry = {"name": "m", "task": "detect", "file": [{"name": "m/x.xml", "sha256": "0", "size": 1}]}
        self.assertEqual(manifest._model(entry).files[0].name, "m/x.xml")
        with self.assertRaisesRegex(Failure, "neither `address`"):
            manifest._model({**entry, "default": True})

    def test_openvino_is_trimmed_to_the_cpu(self) -> None:
        kept = ["libopenvino.so.2641", "libopenvino_c.so.2641", "libopenvino_arm_cpu_plugin.so", "libtbb.so.12", "libtbbbind_2_5.so.3"]
        dropped = ["libopenvino_intel_gpu_plugin.so", "libopenvino_pytorch_frontend.so.2641", "libtbbmalloc_proxy.so.2", "cache.json"]
        self.assertEqual([name for name in kept + dropped if openvino.KEPT.fullmatch(f"openvino/libs/{name}")], kept)


class Models(Folder):
    def file(self, **source: str) -> manifest.ModelFile:
        return manifest.ModelFile("m.onnx", hashlib.sha256(b"content").hexdigest(), 7, **source)

    def test_the_mirror_is_searched_by_hash_whatever_the_name(self) -> None:
        self.write("mirror/a/m.onnx", "another")
        same = self.write("mirror/b/c/other-name.bin")
        (self.folder / "mirror/broken").symlink_to("nowhere")
        self.assertEqual(models.in_mirror(self.folder / "mirror", self.file()), same)
        self.assertIsNone(models.in_mirror(self.folder / "mirror/a", self.file()))

    def test_other_bytes_than_the_hash_says_are_refused(self) -> None:
        self.assertEqual(models._checked(self.file(), iter([b"con", b"tent"])), b"content")
        with self.assertRaises(download.Unreachable):
            models._checked(self.file(address="https://example.org"), iter([b"CONTENT"]))

    def test_more_bytes_than_expected_end_the_download(self) -> None:
        file = self.write("large", "x" * 100)
        self.assertEqual(b"".join(download.chunks(file.as_uri(), 100)), b"x" * 100)
        with self.assertRaisesRegex(download.Unreachable, "more than"):
            list(download.chunks(file.as_uri(), 99))


class Records(Folder):
    def test_a_part_holds_until_its_key_or_its_files_change(self) -> None:
        file, path = self.write("deps/lib"), self.folder / "record.json"
        Record(path, self.folder).keep("part", "key", [file])
        self.assertTrue(Record(path, self.folder).holds("part", "key"))
        self.assertFalse(Record(path, self.folder).holds("part", "another key"))
        file.write_text("changed!")
        self.assertFalse(Record(path, self.folder).holds("part", "key"))

    def test_a_record_that_is_broken_is_as_none(self) -> None:
        for text in ("{", "[1]", "7"):
            self.assertFalse(Record(self.write("record.json", text), self.folder).holds("part", "key"))

    def test_a_write_that_fails_leaves_the_old_file_and_no_other(self) -> None:
        def broken():
            yield b"half"
            raise OSError("disk full")

        file = self.write("file", "old")
        with self.assertRaises(OSError):
            placing.write_atomically(file, broken())
        self.assertEqual([(found.name, found.read_text()) for found in self.folder.iterdir()], [("file", "old")])


class WebSources(Folder):
    def test_the_key_follows_sources_and_nothing_else(self) -> None:
        for name in ("package.json", "index.html", "src/a.ts", "public/icon.svg"):
            self.write(name)
        key = web.sources_key(self.folder)
        for name in ("node_modules/x/index.js", "dist/index.html", "tsconfig.tsbuildinfo", ".eslintcache"):
            self.write(name)
        self.assertEqual(web.sources_key(self.folder), key)
        self.write("src/a.ts", "another")
        self.assertNotEqual(web.sources_key(self.folder), key)


if __name__ == "__main__":
    unittest.main()
