"""Tests of what happens to folders of photos of every kind. Run by smoke.sh."""

import pathlib
import tempfile
import tomllib
import types
import unittest

import numpy as np
from PIL import Image

import data
import export
import measure
import pack


def photo(file: pathlib.Path, seed: int) -> None:
    """Writes a small photo; the same for the same seed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(file.with_suffix(".png"))


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "photos"

    def put(self, label: str, seeds) -> None:
        for seed in seeds:
            photo(self.folder / label / f"{seed}", seed)


class Listings(InFolder):
    def counts(self):
        return data.list_photos(self.folder).counts()

    def test_about_a_tenth_is_held_back(self):
        self.put("hat", range(400))
        self.put("shoes", range(400, 800))
        for _, train, validation in self.counts():
            self.assertEqual(train + validation, 400)
            self.assertTrue(20 < validation < 60, validation)

    def test_a_label_of_few_photos_has_some_to_train(self):
        self.put("one", [1])
        self.put("two", [2, 3])
        self.assertEqual(self.counts(), [("one", 1, 0), ("two", 1, 1)])

    def test_no_label_is_held_back_as_a_whole(self):
        self.put("hat", [0])
        low = [seed for seed in range(1, 200) if self.place(seed) < data.HELD_BACK][:4]
        self.put("shoes", low)
        self.assertEqual(self.counts()[1], ("shoes", 1, 3))

    def place(self, seed: int) -> float:
        file = self.folder.parent / "a.png"
        photo(file, seed)
        return data.place_of(file)

    def test_copies_stay_together(self):
        self.put("hat", range(40))
        self.put("shoes", [100])
        for seed in range(40):
            photo(self.folder / "hat" / f"copy-{seed}", seed)
        listing = data.list_photos(self.folder)
        seeds = [{path.stem.removeprefix("copy-") for path, _ in part} for part in (listing.train, listing.validation)]
        self.assertEqual(seeds[0] & seeds[1], set())
        photo(self.folder / "shoes" / "copy", 100)
        self.assertEqual(self.counts()[1], ("shoes", 2, 0))

    def test_folders_that_are_no_labels_are_left_out_with_a_word(self):
        for label in ("hat", "shoes", "review", "rejected"):
            self.put(label, [1, 2])
        (self.folder / "notes").mkdir()
        listing = data.list_photos(self.folder)
        self.assertEqual(listing.labels, ["hat", "shoes"])
        self.assertEqual([line.split(":")[0] for line in listing.left_out], ["notes", "rejected", "review"])

    def test_names_that_cannot_be_labels_are_told(self):
        self.put("hat", [1])
        for name in ("two\nlines", " shoes", "x" * 201, "caf\udce9"):
            file = self.folder / name / "1.png"
            photo(file, 2)
            with self.assertRaisesRegex(SystemExit, "give it a name"):
                data.list_photos(self.folder)
            file.unlink()

    def test_parts_need_the_same_labels_but_for_those_without_validation(self):
        for label in ("train/hat", "train/shoes", "validation/hat"):
            self.put(label, [1, 2])
        self.assertEqual(self.counts(), [("hat", 2, 2), ("shoes", 2, 0)])
        self.put("validation/skirt", [1])
        with self.assertRaisesRegex(SystemExit, "lacks: skirt"):
            self.counts()

    def test_one_label_is_too_few(self):
        self.put("hat", [1, 2])
        self.put("rejected", [3])
        with self.assertRaisesRegex(SystemExit, "fewer than two labels.*\nleft out: rejected"):
            self.counts()


class Packing(InFolder):
    def setUp(self):
        super().setUp()
        self.put("hat", [1])
        self.put("shoes", [2])
        self.file = self.folder.parent / "work" / "photos.npz"
        self.file.parent.mkdir()

    def is_done(self) -> bool:
        return pack.is_done(self.file, pack.origin_of(data.list_photos(self.folder), None))

    def test_a_file_of_other_photos_is_not_taken_for_done(self):
        self.assertFalse(self.is_done())
        np.savez(self.file, origin=pack.origin_of(data.list_photos(self.folder), None))
        self.assertTrue(self.is_done())
        self.put("hat", [3])
        self.assertFalse(self.is_done())
        (self.file.parent / "lite2-256-1.npz").touch()
        with self.assertRaisesRegex(SystemExit, "lite2-256-1.npz .* remove that folder"):
            self.is_done()

    def test_no_photo_to_validate_is_nothing_bad(self):
        self.assertEqual(pack.read_all([], 1)["pixels"].shape, (0, pack.KEPT, pack.KEPT, 3))

    def test_all_files_that_cannot_be_read_are_named(self):
        files = [self.folder / "hat" / name for name in ("a.jpg", "b.jpg")]
        for file in files:
            file.write_text("no photo")
        with self.assertRaisesRegex(SystemExit, "(?s)a.jpg.*b.jpg"):
            pack.read_all([(file, 0) for file in files], 1)


class Descriptions(unittest.TestCase):
    def describe(self, count: int, sure: float = 5.0) -> dict:
        """The description of a model that is right about all photos."""
        names = ['"Röcke" \\ & \x7f', "hat"]
        labels = np.arange(count) % 2
        logits = np.eye(2)[labels] * sure
        trained = types.SimpleNamespace(labels=names, size=224)
        self.lines = export.figures(names, logits, labels, *measure.calibrate(logits, labels))
        self.text = export.describe("clothing", trained, logits, labels, 'of "my" photos')
        described = tomllib.loads(self.text)
        self.assertEqual(described["labels"], names)
        self.assertEqual(described["source"], 'of "my" photos')
        return described

    def test_few_photos_do_not_choose(self):
        for count in (0, 1, measure.FEW - 1):
            described = self.describe(count)
            self.assertEqual((described["temperature"], described["review_below"]), measure.GUESSED)
            self.assertIn("guess", self.text)
            self.assertIn("guess", " ".join(self.lines))

    def test_many_photos_choose(self):
        described = self.describe(measure.FEW)
        self.assertNotEqual((described["temperature"], described["review_below"]), measure.GUESSED)
        self.assertIn("100.0% are right", self.text)
        self.assertNotIn("guess", " ".join([self.text, *self.lines]))


if __name__ == "__main__":
    unittest.main()
