"""The stages of the networks: rows of inverted residual blocks."""

LITE0 = [
    # expansion, kernel, stride, channels out, repeats
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
]
"""The stages of EfficientNet-Lite0. The first of a stage's repeats has the stride."""

MOBILENET_V2 = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 3, 2, 32, 3),
    (6, 3, 2, 64, 4),
    (6, 3, 1, 96, 3),
    (6, 3, 2, 160, 3),
    (6, 3, 1, 320, 1),
]
"""The stages of MobileNetV2."""
