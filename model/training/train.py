"""Trains a network: first a linear head on frozen features, then all but the first layers.

The weights that are kept are the running average of the weights over the last steps (EMA). The
validation photos choose nothing inside a run: the last epoch is kept. One line an epoch goes to the
log. With teachers, most of a target is their scores for the very pixels that the network sees.
"""

import argparse
import copy
import dataclasses
import os
import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from changes import STRENGTHS, Epoch, Photos, mix
from data import LABELS, load_squashed, squash
from networks import NETWORKS

WARM_UP = 0.06
"""Share of the steps in which the rate rises to its peak."""
WEIGHT_DECAY = 0.02
SMOOTHING = 0.1
FROZEN = 9
"""These first convolutions stay as they are: they see edges and colours, and cost the most."""
TAUGHT = 0.75
"""Share of the teachers' scores in a target; the rest is the label."""

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
"""Keeps memory between steps rather than asking the system anew: twice as fast on a CPU."""


@dataclasses.dataclass
class Recipe:
    """What can be chosen of a run."""

    network: str = "efficientnet_lite0"
    seed: int = 7
    epochs: int = 15
    size: int = 224
    """Width and height of the photos in training."""
    batch: int = 32
    rate: float = 5e-4
    """The peak, at the head."""
    decay: float = 0.93
    """Of the rate, for each part between a layer and the head."""
    changes: str = "strong"
    """How much photos are changed: mild or strong."""
    mixed: float = 0.4
    """Share of the batches that are mixed."""
    average: float = 0.995
    """Share of the running average that a step keeps."""
    first: float = 0.0
    """Share of the weights at the start in those that are kept: the mean of two networks, one of which
    comes from the other, is often better than both (model soups, https://arxiv.org/abs/2203.05482)."""


def fit_head(features: torch.Tensor, labels: torch.Tensor, head: torch.nn.Linear) -> None:
    """Fits a logistic regression on features of photos."""
    mean, spread = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / spread
    probe = torch.nn.Linear(head.in_features, head.out_features)
    torch.nn.init.zeros_(probe.weight)
    torch.nn.init.zeros_(probe.bias)
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=100)

    def loss():
        optimizer.zero_grad()
        value = functional.cross_entropy(probe(scaled), labels)
        value = value + 0.01 * probe.weight.square().sum()
        value.backward()
        return value.detach()

    optimizer.step(loss)
    with torch.no_grad():
        head.weight.copy_(probe.weight / spread)
        head.bias.copy_(probe.bias - head.weight.cpu() @ mean)


def to_device(pixels: torch.Tensor) -> torch.Tensor:
    """Turns photos of bytes (photos, height, width, 3) into what the networks take."""
    return pixels.to(DEVICE).permute(0, 3, 1, 2).float()


@torch.no_grad()
def predict(call, pixels: np.ndarray) -> torch.Tensor:
    """What `call` gives for photos of bytes."""
    starts = range(0, len(pixels), 32)
    parts = [call(to_device(torch.from_numpy(pixels[start : start + 32]))) for start in starts]
    return torch.cat(parts).cpu()


def groups(network, recipe: Recipe) -> list[dict]:
    """The trainable weights with their rates; biases do not decay."""
    for conv in network.convolutions()[:FROZEN]:
        conv.requires_grad_(False)
    found = []
    for depth, part in network.depths():
        rate = recipe.rate * recipe.decay**depth
        for name, value in part.named_parameters():
            if value.requires_grad:
                decay = 0.0 if name.endswith("bias") else WEIGHT_DECAY
                found.append({"params": [value], "lr": rate, "weight_decay": decay, "peak": rate})
    return found


def rate_at(step: int, steps: int) -> float:
    """Share of the peak rate: rises in a line, falls in half a cosine to 1 %."""
    warm_up = max(1, int(steps * WARM_UP))
    if step < warm_up:
        return (step + 1) / warm_up
    gone = (step - warm_up) / max(1, steps - warm_up)
    return 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * gone))


def loss_of(logits, targets, weights) -> torch.Tensor:
    """Mean weighted cross-entropy against soft targets."""
    return -(weights * (targets * functional.log_softmax(logits, 1)).sum(1)).mean()


class Teachers:
    """Trained networks whose mean scores are targets."""

    def __init__(self, files: list[pathlib.Path]):
        self.networks = [load(file).requires_grad_(False).eval() for file in files]

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        scores = [functional.softmax(network(pixels), 1) for network in self.networks]
        return torch.stack(scores).mean(0)


def load(file: pathlib.Path):
    """Reads a network that `save` wrote."""
    with np.load(file) as arrays:
        content = {name: arrays[name] for name in arrays.files}
    network = NETWORKS[str(content.pop("network"))](len(LABELS))
    network.load_state_dict({name: torch.from_numpy(value) for name, value in content.items()})
    return network.to(DEVICE, memory_format=torch.channels_last)


def save(network, name: str, file: pathlib.Path) -> None:
    """Writes a network's name and weights."""
    weights = {key: value.cpu().numpy() for key, value in network.state_dict().items()}
    np.savez(file, network=name, **weights)


def figures(logits: torch.Tensor, labels: torch.Tensor) -> str:
    """Accuracy, and log loss at the best temperature."""
    right = (logits.argmax(1) == labels).float().mean()
    temperatures = np.arange(0.3, 1.6, 0.02)
    loss = min(functional.cross_entropy(logits / value, labels).item() for value in temperatures)
    return f"accuracy {right:.4f} log loss {loss:.4f}"


def train(network, photos: Photos, recipe: Recipe, teachers: Teachers | None, report):
    """Trains a network and gives its running average; `report` gets that after each epoch."""
    mean = copy.deepcopy(network).requires_grad_(False).eval()
    optimizer = torch.optim.AdamW(groups(network, recipe))
    steps_an_epoch = len(photos) // recipe.batch
    steps, step = recipe.epochs * steps_an_epoch, 0
    values = {name: value for name, value in network.named_parameters() if value.requires_grad}
    means = dict(mean.named_parameters())
    for epoch in range(recipe.epochs):
        began, total = time.monotonic(), 0.0
        loader = torch.utils.data.DataLoader(
            Epoch(photos, STRENGTHS[recipe.changes], recipe.size, recipe.seed, epoch),
            recipe.batch,
            num_workers=2,
            prefetch_factor=4,
            drop_last=True,
        )
        network.train()
        for pixels, labels, weights in loader:
            rng = np.random.default_rng((recipe.seed, epoch, step))
            pixels, labels, weights = to_device(pixels), labels.to(DEVICE), weights.to(DEVICE)
            targets = functional.one_hot(labels, len(LABELS)).float()
            pixels, targets, weights = mix(pixels, targets, weights, rng, recipe.mixed)
            targets = targets * (1 - SMOOTHING) + SMOOTHING / len(LABELS)
            if teachers:
                targets = TAUGHT * teachers(pixels) + (1 - TAUGHT) * targets
            share = rate_at(step, steps)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            loss = loss_of(network(pixels), targets, weights)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            # The first steps count for less than the average's full memory.
            step += 1
            keep = min(recipe.average, (1 + step) / (10 + step))
            with torch.no_grad():
                for name, value in values.items():
                    means[name].lerp_(value, 1 - keep)
            total += loss.item()
        report(mean, epoch, total / steps_an_epoch, time.monotonic() - began)
    return mean


def begin(recipe: Recipe, options, photos: Photos):
    """The network before training: one that was trained before, or a backbone with a linear head."""
    if options.start:
        return load(options.start).eval()
    network = NETWORKS[recipe.network](len(LABELS), options.data / "backbones")
    network = network.to(DEVICE, memory_format=torch.channels_last).eval()
    whole = [np.asarray(squash(Image.fromarray(photo), recipe.size)) for photo in photos.pixels]
    features = predict(network.features, np.stack(whole))
    fit_head(features, torch.from_numpy(photos.labels), network.head)
    return network


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with clothing/ and backbones/")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="file for the trained network (.npz)")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file to add one line an epoch to")
    parser.add_argument("--masks", type=pathlib.Path, help="what cutout.py wrote: change backgrounds too")
    parser.add_argument("--start", type=pathlib.Path, help="begin with this network")
    parser.add_argument("--teachers", type=pathlib.Path, nargs="+", help="networks whose scores are targets")
    parser.add_argument("--limit", type=int, help="use so many training photos only, for a quick check")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224], help="sizes to measure in")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    return parser.parse_args()


def main() -> None:
    options = parse()
    recipe = Recipe(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Recipe)})
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.deterministic = True
    options.log.parent.mkdir(parents=True, exist_ok=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)

    def log(line: str) -> None:
        print(line, flush=True)
        with options.log.open("a") as file:
            file.write(line + "\n")

    began = time.monotonic()
    clothing = options.data / "clothing"
    photos = Photos(clothing / "train", options.masks, options.limit, recipe.seed)
    seen = {size: load_squashed(clothing / "validation", size) for size in options.sizes}

    def measure(call) -> str:
        return "  ".join(
            f"{size}: {figures(predict(call, pixels), torch.from_numpy(labels))}"
            for size, (pixels, labels) in seen.items()
        )

    log(f"{options.log.stem}: {recipe}, {len(photos)} photos to train")
    network = begin(recipe, options, photos)
    log(f"begins with {measure(network)}")
    teachers = Teachers(options.teachers) if options.teachers else None
    if teachers:
        log(f"teachers have {measure(lambda pixels: teachers(pixels).log())}")

    def report(mean, epoch, loss, seconds):
        save(mean, recipe.network, options.out)
        log(f"epoch {epoch + 1:2}  loss {loss:.4f}  {measure(mean)}  {seconds:.0f} s")

    first = copy.deepcopy(network)
    mean = train(network, photos, recipe, teachers, report)
    if recipe.first:
        with torch.no_grad():
            for value, at_first in zip(mean.parameters(), first.parameters()):
                value.lerp_(at_first, recipe.first)
        save(mean, recipe.network, options.out)
        log(f"with {recipe.first} of the first weights {measure(mean)}")
    log(f"trained in {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    if any(name not in os.environ for name in ALLOCATOR):
        # They are read at the start of a process.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ALLOCATOR})
    main()
