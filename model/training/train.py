"""Trains teachers from ImageNet weights, and one student from the teachers' scores.

Each network is trained whole. The weights that are kept are the running average of the weights over the
last steps (EMA). The validation photos choose nothing inside a run: the last step is kept. The student
sees the very views that its teachers give scores for, for a long time (Beyer et al., 2022, "a good
teacher is patient and consistent", https://arxiv.org/abs/2106.05237).

Trained networks are kept in the folder for work: a run that was interrupted goes on after the last one.
"""

import argparse
import copy
import dataclasses
import math
import pathlib
import time

import numpy as np
import torch
from torch.nn import functional

import networks
from views import Photos, Views, read_photos

WARM_UP = 0.06
"""Share of the steps in which the rate rises to its peak."""
WEIGHT_DECAY = 0.03
SMOOTHING = 0.1
"""Of the labels, over all labels."""
TAUGHT = 0.8
"""Share of the teachers' scores in a target; the rest is the label."""

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one network is trained."""

    network: str
    seed: int
    epochs: int
    size: int
    """Width and height of the photos that it sees."""
    batch: int = 64
    rate: float = 8e-4
    """The peak, at the head."""
    decay: float = 0.93
    """Of the rate, for each part between a layer and the head."""
    dropout: float = 0.2
    """Of features, before the head."""
    drop: float = 0.1
    """Stochastic depth: the last block's chance to be passed over."""
    mixed: float = 0.4
    """Share of the photos that are mixed."""
    average: float = 0.996
    """Share of the running average that a step keeps."""
    share: float = 1.0
    """Of the time, where a run has a limit."""

    @property
    def name(self) -> str:
        return f"{self.network}-{self.size}-{self.seed}"


SEEN = 256
"""The size that the teachers see; the student sees the same views, made smaller."""

REUSE = 2
"""How often the student sees a view, on average: a view and its teachers' scores cost more than a step."""

TEACHERS = [
    Recipe("lite2", seed=1, epochs=29, size=SEEN, share=0.12),
    Recipe("lite1", seed=2, epochs=24, size=SEEN, share=0.1),
    Recipe("lite2", seed=3, epochs=30, size=SEEN, share=0.12),
    Recipe("lite1", seed=4, epochs=26, size=SEEN, share=0.1),
]
"""The teachers. Different sizes and seeds err differently. The numbers of epochs are those of the run in train.log."""
STUDENT = Recipe(
    "lite0",
    seed=5,
    epochs=209,
    size=224,
    batch=128,
    rate=1.2e-3,
    decay=0.96,
    dropout=0.0,
    drop=0.0,
    mixed=0.5,
    average=0.998,
    share=0.56,
)
"""The student: the network that is shipped."""


class Clock:
    """How much of a training is done: by steps, or by time where that ends first."""

    def __init__(self, steps: int, seconds: float | None):
        self.steps, self.seconds, self.began = steps, seconds, time.monotonic()

    def gone(self) -> float:
        return time.monotonic() - self.began

    def done(self, step: int) -> float:
        by_time = self.gone() / self.seconds if self.seconds else 0.0
        return min(1.0, max(step / self.steps, by_time))


def groups(network: networks.Mobile, recipe: Recipe) -> list[dict]:
    """The weights with their rates; only filters decay."""
    found = []
    for depth, part in network.depths():
        rate = recipe.rate * recipe.decay**depth
        filters = [value for value in part.parameters() if value.ndim > 1]
        others = [value for value in part.parameters() if value.ndim <= 1]
        for values, decay in ((filters, WEIGHT_DECAY), (others, 0.0)):
            found.append({"params": values, "lr": rate, "weight_decay": decay, "peak": rate})
    return found


def rate_at(done: float) -> float:
    """Share of the peak rate: rises in a line, falls in half a cosine to nearly nothing."""
    if done < WARM_UP:
        return max(0.01, done / WARM_UP)
    return 0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def autocast():
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=DEVICE.type == "cuda")


def shrink(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Photos in a smaller size, averaged as Pillow does it."""
    if pixels.shape[-1] == size:
        return pixels
    return functional.interpolate(pixels, (size, size), mode="bilinear", antialias=True)


class Teachers:
    """Trained networks whose mean scores are targets."""

    def __init__(self, files: list[pathlib.Path]):
        self.calls = []
        for file in files:
            network = networks.load(file)[0].eval().fold().requires_grad_(False)
            network = network.to(DEVICE, memory_format=torch.channels_last)
            if DEVICE.type == "cuda":
                network = network.bfloat16()
            self.calls.append(network)

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        if DEVICE.type == "cuda":
            # The input is normalised in float32: bfloat16 is too coarse for a pixel, but not for its share.
            pixels = pixels.round().bfloat16()
        scores = [functional.softmax(call(pixels).float(), 1) for call in self.calls]
        return torch.stack(scores).mean(0)


@torch.no_grad()
def predict(call, pixels: torch.Tensor, size: int) -> torch.Tensor:
    """What `call` gives for photos of bytes."""
    starts = range(0, len(pixels), 64)
    parts = [call(shrink(pixels[start : start + 64].float(), size)).float() for start in starts]
    return torch.cat(parts).cpu()


def figures(logits: torch.Tensor, labels: torch.Tensor) -> str:
    """Accuracy, and log loss at the best temperature."""
    right = (logits.argmax(1) == labels).float().mean()
    temperatures = np.arange(0.3, 2.0, 0.02)
    loss = min(functional.cross_entropy(logits / value, labels).item() for value in temperatures)
    return f"accuracy {right:.4f} log loss {loss:.4f}"


class Average:
    """The running average of a network's weights and of what its batch norms saw."""

    def __init__(self, network: networks.Mobile, keep: float):
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.keep, self.steps = keep, 0
        pairs = zip(self.network.state_dict().values(), network.state_dict().values(), strict=True)
        self.pairs = [pair for pair in pairs if pair[0].is_floating_point()]

    @torch.no_grad()
    def add(self) -> None:
        # The first steps count for less than the average's full memory.
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_([mean for mean, _ in self.pairs], [new for _, new in self.pairs], 1 - keep)


class Batches:
    """What a network learns from: views of the photos, their targets and their weights."""

    def __init__(self, photos: Photos, recipe: Recipe, labels: int, size: int):
        self.photos, self.labels = photos, labels
        self.count = min(recipe.batch, len(photos))
        self.views = Views(photos, size, recipe.seed)
        self.mixed = recipe.mixed
        self.order = torch.empty(0, dtype=torch.long, device=DEVICE)

    def choose(self, count: int) -> torch.Tensor:
        """The next photos, in an order that is new each time all were there."""
        if len(self.order) < count:
            self.order = torch.randperm(len(self.photos), device=DEVICE, generator=self.views.dice)
        chosen, self.order = self.order[:count], self.order[count:]
        return chosen

    def draw(self, count: int):
        """Fresh views: pixels, smoothed labels, weights."""
        chosen = self.choose(count)
        targets = functional.one_hot(self.photos.labels[chosen], self.labels).float()
        targets = targets * (1 - SMOOTHING) + SMOOTHING / self.labels
        return self.views.draw(chosen), targets, self.photos.weights[chosen]

    def next(self):
        """A batch."""
        return self.views.mix(*self.draw(self.count), self.mixed)


class TaughtBatches(Batches):
    """Views with teachers' scores for targets, kept in a pool from which each is taken several times."""

    def __init__(self, photos: Photos, recipe: Recipe, labels: int, teachers: "Teachers"):
        super().__init__(photos, recipe, labels, SEEN)
        self.teachers, self.size = teachers, recipe.size
        self.fresh = max(1, self.count // REUSE)
        # A pool of many batches, so that a view's uses are far apart; smaller for few photos.
        rounds = min(16, max(4, len(photos) // self.fresh))
        places = rounds * self.fresh
        self.pixels = torch.empty(places, 3, recipe.size, recipe.size, dtype=torch.uint8, device=DEVICE)
        self.targets = torch.empty(places, labels, device=DEVICE)
        self.weights = torch.empty(places, device=DEVICE)
        self.oldest = 0
        for _ in range(rounds):
            self.refresh()

    def refresh(self) -> None:
        """Puts fresh views in the place of the oldest."""
        pixels, targets, weights = self.draw(self.fresh)
        scores = self.teachers(pixels.contiguous(memory_format=torch.channels_last))
        place = slice(self.oldest, self.oldest + self.fresh)
        self.pixels[place] = shrink(pixels, self.size).round().clamp(0, 255).byte()
        self.targets[place] = TAUGHT * scores + (1 - TAUGHT) * targets
        self.weights[place] = weights
        self.oldest = (self.oldest + self.fresh) % len(self.pixels)

    def next(self):
        self.refresh()
        order = torch.randperm(len(self.pixels), device=DEVICE, generator=self.views.dice)[: self.count]
        return self.views.mix(self.pixels[order].float(), self.targets[order], self.weights[order], self.mixed)


def train(network, batches: Batches, recipe: Recipe, options, report):
    """Trains a network and gives its running average."""
    network = network.to(DEVICE, memory_format=torch.channels_last).train()
    mean = Average(network, recipe.average)
    optimizer = torch.optim.AdamW(groups(network, recipe), fused=DEVICE.type == "cuda")
    steps_an_epoch = max(1, len(batches.photos) // batches.count)
    epochs = options.epochs or recipe.epochs
    clock = Clock(epochs * steps_an_epoch, options.seconds and options.seconds * recipe.share)
    step, total = 0, torch.zeros((), device=DEVICE)
    while clock.done(step) < 1:
        pixels, targets, weights = batches.next()
        share = rate_at(clock.done(step))
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        with autocast():
            logits = network(pixels.contiguous(memory_format=torch.channels_last))
        loss = -(weights * (targets * functional.log_softmax(logits.float(), 1)).sum(1)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        optimizer.zero_grad()
        mean.add()
        total += loss.detach()
        step += 1
        if step % steps_an_epoch == 0:
            report(mean.network, step // steps_an_epoch, total, steps_an_epoch, clock)
            total.zero_()
    return mean.network


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="what pack.py wrote")
    parser.add_argument("--weights", type=pathlib.Path, help="folder with NAME.pth; else from the installed packages")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the trained networks")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file to add one line an epoch to")
    parser.add_argument("--epochs", type=int, help="so many for each network, for a quick check")
    parser.add_argument("--teachers", type=int, help="so many teachers only")
    parser.add_argument("--seconds", type=float, help="end after so long: schedules shrink to it")
    parser.add_argument("--every", type=int, default=4, help="measure each so many epochs")
    return parser.parse_args()


class Run:
    """Networks of one folder for work, one after another."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.began = time.monotonic()
        options.work.mkdir(parents=True, exist_ok=True)
        arrays = np.load(options.photos)
        self.labels = [str(label) for label in arrays["labels"]]
        self.photos = read_photos(arrays, "train", DEVICE)
        self.seen = torch.from_numpy(arrays["validation_pixels"]).to(DEVICE).permute(0, 3, 1, 2)
        self.answers = torch.from_numpy(arrays["validation_labels"].astype(np.int64))

    def log(self, line: str) -> None:
        print(line, flush=True)
        with self.options.log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def measure(self, call, size: int) -> str:
        if not len(self.seen):
            return "no photo to validate"
        with autocast():
            return figures(predict(call, self.seen, size), self.answers)

    def network(self, recipe: Recipe, files: list[pathlib.Path] | None = None) -> pathlib.Path:
        """Trains a network, or finds it done; `files` are its teachers. Gives its file."""
        file = self.options.work / f"{'student' if files else recipe.name}.npz"
        if file.exists():
            return file
        torch.manual_seed(recipe.seed)
        self.log(f"{file.stem}: {recipe}, {len(self.photos)} photos to train")
        count = len(self.labels)
        network = networks.pretrained(
            recipe.network, count, self.options.weights, dropout=recipe.dropout, drop=recipe.drop
        )
        if files:
            teachers = Teachers(files)
            self.log(f"teachers: {self.measure(lambda pixels: teachers(pixels).log(), SEEN)}")
            batches = TaughtBatches(self.photos, recipe, count, teachers)
        else:
            batches = Batches(self.photos, recipe, count, recipe.size)
        began = time.monotonic()

        def report(mean, epoch, total, steps, clock):
            if epoch % self.options.every == 0:
                self.log(
                    f"epoch {epoch:3}  loss {total.item() / steps:.4f}  {self.measure(mean, recipe.size)}"
                    f"  {clock.gone():.0f} s"
                )
                networks.save(mean, self.labels, recipe.size, file.with_suffix(".unfinished.npz"))

        mean = train(network, batches, recipe, self.options, report)
        self.log(f"{file.stem}: {self.measure(mean, recipe.size)}, {time.monotonic() - began:.0f} s")
        networks.save(mean, self.labels, recipe.size, file)
        file.with_suffix(".unfinished.npz").unlink(missing_ok=True)
        return file


def main() -> None:
    # Nothing is timed for the best convolution first: that took longer than it saved.
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    run = Run(parse())
    files = [run.network(recipe) for recipe in TEACHERS[: run.options.teachers]]
    run.network(STUDENT, files)


if __name__ == "__main__":
    main()
