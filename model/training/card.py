"""Brings the figures of the model card up to date: tables between its marks, and two pictures.

All figures are those of the written file in the official LiteRT runtime on the validation photos. A
block of the card begins with `<!-- NAME: by card.py -->` and ends with `<!-- end -->`.
"""

import argparse
import pathlib
import re
import tomllib

import matplotlib
import numpy as np

import data
from measure import Model, bins_of, calibration_error, cross_validate, interval, log_loss, softmax
from robustness import CONDITIONS, measure

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (after the choice of what draws)


def draw_confusion(confusion: np.ndarray, names: list[str], file: pathlib.Path) -> None:
    """A row for each true label, a column for each answer; colour is the share of the row."""
    figure, axes = pyplot.subplots(figsize=(7, 6.4), layout="constrained")
    shares = confusion / confusion.sum(axis=1, keepdims=True).clip(1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(confusion):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, confusion[row, column], ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("answer")
    axes.set_ylabel("true label")
    axes.set_title(f"Confusion on {confusion.sum()} validation photos")
    figure.savefig(file, dpi=110)


def draw_reliability(confidence: np.ndarray, right: np.ndarray, file: pathlib.Path) -> None:
    """How often photos are right, for each tenth of confidence, and how many there are."""
    figure, axes = pyplot.subplots(figsize=(6, 5.6), layout="constrained")
    bins = bins_of(confidence)
    counts = np.bincount(bins, minlength=10)
    some = counts > 0
    means, shares = (np.bincount(bins, values, 10)[some] / counts[some] for values in (confidence, right))
    spread = 1.96 * np.sqrt(shares * (1 - shares) / counts[some])
    axes.bar(np.arange(10) / 10 + 0.05, counts / counts.sum(), 0.096, color="#cccccc", label="share of the photos")
    axes.plot([0, 1], [0, 1], "--", color="#777777", label="as sure as right")
    axes.errorbar(means, shares, spread, fmt="o-", capsize=3, color="#1f5fa8", label="share that is right")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="share")
    axes.set_title(f"Reliability: expected calibration error {calibration_error(confidence, right):.3f}")
    axes.legend(loc="upper left")
    figure.savefig(file, dpi=110)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def between(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def fill(card: str, name: str, text: str) -> str:
    """Replaces a block of the card."""
    block = re.compile(rf"(<!-- {name}: by card.py -->\n).*?(<!-- end -->)", re.DOTALL)
    if not block.search(card):
        raise SystemExit(f"the card has no block '{name}'")
    return block.sub(lambda found: f"{found[1]}{text}\n{found[2]}", card)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder with one folder a label")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of the model and its card")
    parser.add_argument("--limit", type=int, help="so many photos of a condition only, for a quick check")
    options = parser.parse_args()
    file = options.model / "clothing.tflite"
    description = tomllib.loads(file.with_suffix(".toml").read_text("utf-8"))
    temperature, threshold = description["temperature"], description["review_below"]
    model = Model(file.read_bytes())
    listing = data.list_photos(options.photos)
    names, validation = listing.labels, listing.validation
    if names != description["labels"]:
        raise SystemExit(f"{options.photos} has other labels than the model")
    if not validation:
        raise SystemExit(f"{options.photos} has no photo to validate: there are no figures for the card")
    pixels, labels = data.load_squashed(validation, model.size)
    logits = model.all_logits(pixels).astype(np.float64)
    scores = softmax(logits / temperature)
    answers, confidence = scores.argmax(axis=1), scores.max(axis=1)
    right, above = answers == labels, confidence >= threshold
    confusion = np.zeros((len(names),) * 2, int)
    np.add.at(confusion, (labels, answers), 1)
    pictures = options.model / "pictures"
    pictures.mkdir(exist_ok=True)
    draw_confusion(confusion, names, pictures / "confusion.png")
    draw_reliability(confidence, right, pictures / "reliability.png")

    blocks = {}
    blocks["accuracy"] = table(
        [f"on the {len(labels)} validation photos", "value", "95 % interval (bootstrap)"],
        [
            ["accuracy", f"{right.mean():.3f} ({right.sum()} right)", between(interval(np.mean, right))],
            [
                "expected calibration error, ten bins",
                f"{calibration_error(confidence, right):.3f}",
                between(interval(calibration_error, confidence, right)),
            ],
            ["log loss", f"{log_loss(logits, labels, temperature):.3f}", ""],
        ],
    )
    rows = []
    for index, label in enumerate(names):
        both, are, said = confusion[index, index], confusion[index].sum(), confusion[:, index].sum()
        rows.append(
            [label, f"{both} of {are}, {both / max(1, are):.3f}", f"{both} of {said}, {both / max(1, said):.3f}"]
        )
    blocks["labels"] = table(["label", "found (recall)", "right when said (precision)"], rows)
    crossed = cross_validate(logits, labels)
    low, high = (end(crossed["thresholds"]) for end in (min, max))
    warm, cold = (end(crossed["temperatures"]) for end in (min, max))
    others = f" Of the others, {right[above].mean():.1%} are right." if above.any() else ""
    blocks["review"] = (
        f"A confidence below {threshold:.2f} sends a photo to review: {1 - above.mean():.1%} of the\n"
        f"validation photos.{others}\n\n"
        "The temperature and the threshold were also chosen ten times by nine tenths of these photos, and tried on\n"
        f"the others: temperatures of {warm:.2f} to {cold:.2f}, thresholds of {low:.2f} to {high:.2f},\n"
        f"{crossed['review']:.1%} to review, {crossed['right']:.1%} of the others right, log loss"
        f" {crossed['log_loss']:.3f}, expected\ncalibration error {crossed['calibration_error']:.3f}."
    )
    rows = []
    for condition in CONDITIONS:
        found, truths = measure(model, validation[: options.limit], condition)
        if not len(truths):
            rows.append([condition, "0", "", "", ""])
            continue
        scores = softmax(found.astype(np.float64) / temperature)
        correct, sure = scores.argmax(axis=1) == truths, scores.max(axis=1) >= threshold
        rows.append(
            [
                condition,
                str(len(truths)),
                f"{correct.mean():.3f}",
                f"{1 - sure.mean():.1%}",
                f"{correct[sure].mean():.3f}" if sure.any() else "",
            ]
        )
        print(*rows[-1], flush=True)
    blocks["robustness"] = table(
        ["condition", "photos", "accuracy", "to review", "accuracy of the others"], rows
    )
    path = options.model / "MODEL_CARD.md"
    card = path.read_text("utf-8")
    for name, text in blocks.items():
        card = fill(card, name, text)
    path.write_text(card, "utf-8")


if __name__ == "__main__":
    main()
