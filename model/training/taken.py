"""Sees that lookbook takes a trained model without being told anything, and that what was learned arrives there.

For both files: the labels are those of the folders, and most photos to train get their own. For the file of floats: the
scores are those of the network that train.py wrote, nearly; and for the pixels that expected.py wrote, those of the
official runtime.
"""

import argparse
import json
import pathlib
import subprocess
import tomllib

import numpy as np
import torch

import data
import networks
from measure import softmax

CLOSE = 1e-4
"""How far a score may be from the official runtime's, of the same pixels."""
NEAR = 0.03
"""How far it may be from the network's in PyTorch: weights are rounded to float16, and large JPEGs read smaller."""
LEARNED = 0.4
"""This share of the photos to train must get their own label: four times what chance gives for ten labels."""


def classify(lookbook: pathlib.Path, model: pathlib.Path, path: pathlib.Path) -> dict:
    """What lookbook says about a photo."""
    command = [lookbook, "classify", "--model", model, "--format", "json", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"lookbook does not take {model.name} or {path}: {done.stdout}")
    return json.loads(done.stdout)


def check_photos(options, file: str, listing: data.Listing) -> list[dict]:
    """Gives what a file says about the photos to train. Fails if the labels are wrong, or too few answers right."""
    found = [classify(options.lookbook, options.out / file, path) for path, _ in listing.train]
    for answer in found:
        if set(answer["scores"]) != set(listing.labels):
            raise SystemExit(f"{file} has other labels than {listing.labels}: {answer}")
    right = [answer["label"] == listing.labels[index] for answer, (_, index) in zip(found, listing.train)]
    print(f"{file}: {sum(right)} of {len(right)} photos to train right")
    if np.mean(right) < LEARNED:
        raise SystemExit(f"{file} does not know the photos that it was trained with: {found}")
    return found


def check_scores(name: str, found: list[dict], scores: list[dict], limit: float) -> None:
    """Fails if scores are further apart than they may be."""
    pairs = [(answer["scores"][label], score) for answer, row in zip(found, scores) for label, score in row.items()]
    apart = max(abs(one - other) for one, other in pairs)
    print(f"scores are at most {apart:.1e} from those of {name}")
    if apart > limit:
        raise SystemExit(f"lookbook's scores are too far from those of {name}: {found}")


def network_scores(options, listing: data.Listing) -> list[dict[str, float]]:
    """The scores of the photos to train by the network that train.py wrote."""
    network, labels, size = networks.load(options.out / ".work" / "student.npz")
    pixels, _ = data.load_squashed(listing.train, size)
    with torch.no_grad():
        logits = network.eval()(torch.from_numpy(pixels).permute(0, 3, 1, 2).float())
    described = tomllib.loads((options.out / "clothing.toml").read_text("utf-8"))
    return [dict(zip(labels, row.tolist())) for row in softmax(logits.numpy() / described["temperature"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path, help="folder that run.sh --smoke wrote")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder that it was trained with")
    parser.add_argument("--lookbook", type=pathlib.Path, required=True, help="the program")
    options = parser.parse_args()
    listing = data.list_photos(options.photos)
    check_photos(options, "clothing-int8.tflite", listing)
    found = check_photos(options, "clothing.tflite", listing)
    check_scores("the trained network", found, network_scores(options, listing), NEAR)
    expected = options.out / "expected"
    photos = json.loads((expected / "expected.json").read_text("utf-8"))["photos"]
    model = options.out / "clothing.tflite"
    found = [classify(options.lookbook, model, expected / photo["pixels"]) for photo in photos]
    check_scores("the official runtime", found, [photo["scores"] for photo in photos], CLOSE)


if __name__ == "__main__":
    main()
