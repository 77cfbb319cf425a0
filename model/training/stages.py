"""The stages of EfficientNet-Lite: rows of inverted residual blocks.

From the EfficientNet-Lite release in TensorFlow's TPU models: EfficientNet without squeeze-and-excite, with ReLU6,
and with the stem and the head of the same width in all sizes.
"""

Stage = tuple[int, int, int, int, int]
"""Expansion, kernel, stride, channels out, repeats. The first of a stage's repeats has the stride."""

LITE0: list[Stage] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
]

LITE1: list[Stage] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 3),
    (6, 5, 2, 40, 3),
    (6, 3, 2, 80, 4),
    (6, 5, 1, 112, 4),
    (6, 5, 2, 192, 5),
    (6, 3, 1, 320, 1),
]

LITE2: list[Stage] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 3),
    (6, 5, 2, 48, 3),
    (6, 3, 2, 88, 4),
    (6, 5, 1, 120, 4),
    (6, 5, 2, 208, 5),
    (6, 3, 1, 352, 1),
]

STAGES = {"lite0": LITE0, "lite1": LITE1, "lite2": LITE2}
"""The stages by the networks' names."""
