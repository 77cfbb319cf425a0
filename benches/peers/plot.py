"""Draws a photo's time by its size, for lookbook and its peers: plot.py results.json --out FILE.png"""

import argparse
import json
import pathlib
import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from table import NAMES

LOOKS = {
    "lookbook": {"color": "#d9480f", "marker": "o", "linewidth": 2.2},
    "litert": {"color": "#1971c2", "marker": "s", "linewidth": 1.6},
    "onnx": {"color": "#2f9e44", "marker": "^", "linewidth": 1.6},
}
INK = "#7a7a7a"
"""Of text and lines: it can be read on white and on black, for the picture has no ground of its own."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    rows = results["sizes"]
    plt.rcParams |= {"font.size": 11, "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK}
    plt.rcParams |= {"xtick.color": INK, "ytick.color": INK, "font.family": "DejaVu Sans"}
    figure, axes = plt.subplots(figsize=(8, 4.6), dpi=150)
    pixels = [row["megapixels"] for row in rows]
    for who, look in LOOKS.items():
        if who in rows[0]["ms"]:
            axes.plot(pixels, [statistics.median(row["ms"][who]) for row in rows], label=NAMES[who], **look)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(pixels, [f"{size:g}" for size in pixels], minor=False)
    axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    ticks = [tick for tick in (5, 10, 20, 50, 100, 200, 500, 1000) if tick]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    values = [statistics.median(times) for row in rows for times in row["ms"].values()]
    axes.set_ylim(min(values) / 1.4, max(values) * 1.4)
    axes.grid(True, color=INK, alpha=0.25, linewidth=0.7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("photo, megapixels (JPEG)")
    axes.set_ylabel("one photo, ms")
    title = "The built-in model, file to answer, one core" + (", AVX-512 hidden" if results["masked"] else "")
    axes.set_title(title, color=INK, loc="left")
    legend = axes.legend(frameon=False)
    for entry in legend.get_texts():
        entry.set_color(INK)
    figure.tight_layout()
    figure.savefig(options.out, transparent=True)


if __name__ == "__main__":
    main()
