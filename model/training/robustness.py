"""Validation photos as a shop may get them: darker, smaller, cut out, cluttered, and so on.

Each condition makes files, which are then read as any photo is. `--keep DIR` leaves them there, one
folder a condition and in it one a label, for `lookbook evaluate`.
"""

import argparse
import io
import pathlib

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import data
from cutout import find_mask, soften
from measure import Model, softmax


def jpeg(photo: Image.Image, quality: int = 90, **options) -> bytes:
    """A photo as a JPEG file."""
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def scaled(photo: Image.Image, width: int) -> Image.Image:
    """A photo with another width."""
    height = round(photo.height * width / photo.width)
    return photo.resize((width, height), Image.Resampling.BICUBIC)


def bright(photo: Image.Image, factor: float) -> Image.Image:
    """A darker or brighter photo."""
    return ImageEnhance.Brightness(photo).enhance(factor)


def tinted(photo: Image.Image, *gains: float) -> Image.Image:
    """A photo in coloured light."""
    pixels = np.asarray(photo, np.float32) * np.float32(gains)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def noisy(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photo taken in the evening: dark, with noise."""
    pixels = np.asarray(photo, np.float32) * 0.5 + rng.normal(0, 14, (photo.height, photo.width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def turned_by_exif(photo: Image.Image) -> bytes:
    """A phone's file: the pixels lie on their side, and EXIF says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(photo.transpose(Image.Transpose.ROTATE_90), exif=exif)


def far(photo: Image.Image) -> Image.Image:
    """A photo in the middle half of a wall of the colour of its corner."""
    border = photo.width // 2, photo.height // 2
    return ImageOps.expand(photo, border, photo.getpixel((2, 2)))


def middle(photo: Image.Image, width: float, height: float) -> Image.Image:
    """The middle of a photo."""
    left, top = photo.width * (1 - width) / 2, photo.height * (1 - height) / 2
    return photo.crop((round(left), round(top), round(photo.width - left), round(photo.height - top)))


def cluttered(photo: Image.Image, other: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photo with a piece of another garment in a corner, a third of its width and height."""
    width, height = photo.width // 3, photo.height // 3
    piece = middle(other, 0.6, 0.6).resize((width, height))
    photo = photo.copy()
    photo.paste(piece, (rng.choice([0, photo.width - width]), rng.choice([0, photo.height - height])))
    return photo


def covered(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photo with a grey rectangle on a ninth of it."""
    width, height = photo.width // 3, photo.height // 3
    photo = photo.copy()
    place = int(rng.integers(photo.width - width)), int(rng.integers(photo.height - height))
    photo.paste((128, 128, 128), (*place, place[0] + width, place[1] + height))
    return photo


def cut_out(photo: Image.Image) -> bytes | None:
    """A PNG of the garment alone; nothing if it was not found."""
    mask = find_mask(photo)
    if mask is None:
        return None
    photo = photo.convert("RGBA")
    photo.putalpha(soften(mask, photo.size))
    file = io.BytesIO()
    photo.save(file, "PNG", compress_level=1)
    return file.getvalue()


CONDITIONS = {
    "as they are": lambda photo, other, rng: jpeg(photo, 95),
    "dark (brightness 0.4)": lambda photo, other, rng: jpeg(bright(photo, 0.4)),
    "overexposed (brightness 1.6)": lambda photo, other, rng: jpeg(bright(photo, 1.6)),
    "evening: dark, with noise": lambda photo, other, rng: jpeg(noisy(photo, rng)),
    "warm light": lambda photo, other, rng: jpeg(tinted(photo, 1.2, 1.0, 0.7)),
    "cold light": lambda photo, other, rng: jpeg(tinted(photo, 0.75, 0.95, 1.25)),
    "little contrast": lambda photo, other, rng: jpeg(ImageEnhance.Contrast(photo).enhance(0.4)),
    "black and white": lambda photo, other, rng: jpeg(ImageOps.grayscale(photo)),
    "out of focus": lambda photo, other, rng: jpeg(photo.filter(ImageFilter.GaussianBlur(3))),
    "JPEG, quality 30": lambda photo, other, rng: jpeg(photo, 30),
    "JPEG, quality 10": lambda photo, other, rng: jpeg(photo, 10),
    "200 pixels wide": lambda photo, other, rng: jpeg(scaled(photo, 200)),
    "3000 pixels wide": lambda photo, other, rng: jpeg(scaled(photo, 3000)),
    "turned by EXIF": lambda photo, other, rng: turned_by_exif(photo),
    "tilted by 15 degrees": lambda photo, other, rng: jpeg(
        photo.rotate(15, Image.Resampling.BICUBIC, fillcolor=photo.getpixel((2, 2)))
    ),
    "mirrored": lambda photo, other, rng: jpeg(ImageOps.mirror(photo)),
    "far away: the middle half": lambda photo, other, rng: jpeg(far(photo)),
    "too near: the middle 75 %": lambda photo, other, rng: jpeg(middle(photo, 0.75, 0.75)),
    "short and wide, as for children": lambda photo, other, rng: jpeg(middle(photo, 0.75, 1)),
    "cluttered": lambda photo, other, rng: jpeg(cluttered(photo, other(), rng)),
    "partly covered": lambda photo, other, rng: jpeg(covered(photo, rng)),
    "cut out, PNG": lambda photo, other, rng: cut_out(photo),
}
"""What each condition makes of a photo: a file, or nothing where it does not apply. `other` reads another."""


def files(photos: list[data.Photo], condition: str):
    """The files of a condition: name, label's index and content."""
    for place, (path, label) in enumerate(photos):
        # The garment that comes into the way has another label.
        other = photos[(place + len(photos) // 2) % len(photos)][0]
        rng = np.random.default_rng((7, place))
        content = CONDITIONS[condition](data.open_photo(path), lambda: data.open_photo(other), rng)
        if content is not None:
            yield path, label, content


def measure(model: Model, photos: list[data.Photo], condition: str, keep: pathlib.Path | None = None):
    """Scores as they are before the temperature, and labels, of the photos of a condition, if there are any."""
    logits, labels = [], []
    for file, label, content in files(photos, condition):
        if keep:
            suffix = ".png" if content.startswith(b"\x89PNG") else ".jpg"
            path = keep / condition / file.parent.name / f"{file.name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        photo = data.open_photo(io.BytesIO(content))
        logits.append(model.logits(np.asarray(data.squash(photo, model.size))))
        labels.append(label)
    return np.array(logits), np.array(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder with one folder a label")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="a .tflite file")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the photos of each condition")
    options = parser.parse_args()
    model = Model(options.model.read_bytes())
    photos = data.list_photos(options.photos).validation
    for condition in CONDITIONS:
        logits, labels = measure(model, photos, condition, options.keep)
        if not len(labels):
            print(f"{condition:34}    0 photos", flush=True)
            continue
        right = (logits.argmax(axis=1) == labels).mean()
        sure = softmax(logits.astype(np.float64)).max(axis=1).mean()
        print(f"{condition:34} {len(labels):4} photos  accuracy {right:.4f}  confidence {sure:.3f}", flush=True)


if __name__ == "__main__":
    main()
