"""Figures of a model: accuracy, log loss, calibration, the temperature and the review threshold."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import data

RIGHT_ABOVE = 0.96
"""Of the validation photos at or above the review threshold, this share is right."""
FEW = 30
"""Fewer validation photos than these are too few to fit a temperature or to choose a threshold."""
GUESSED = 1.0, 0.9
"""The temperature and the threshold where there are too few: only what the model is very sure of needs no review."""
FOLDS = 10
"""Parts of the validation photos for cross-validation."""


def normalise(pixels: np.ndarray) -> np.ndarray:
    """Turns pixels of 0 to 255 into the model's input."""
    return (pixels.astype(np.float32) - data.MEAN) / data.STD


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Model:
    """A .tflite file in the official runtime."""

    def __init__(self, content: bytes):
        self.interpreter = Interpreter(model_content=content)
        self.interpreter.allocate_tensors()
        entry = self.interpreter.get_input_details()[0]
        self.input, self.size = entry["index"], int(entry["shape"][1])
        scores = self.interpreter.get_output_details()[0]
        self.output, self.outputs = scores["index"], int(scores["shape"][-1])

    def operators(self) -> set[str]:
        """Names of the operators in the file."""
        # Interpreters may add a DELEGATE that stands for others; the file has none.
        names = {entry["op_name"] for entry in self.interpreter._get_ops_details()}
        return names - {"DELEGATE"}

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """Logits of one photo of squashed pixels."""
        self.interpreter.set_tensor(self.input, normalise(pixels)[None])
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)[0].copy()

    def all_logits(self, pixels) -> np.ndarray:
        """Logits of many photos, or of none."""
        return np.array([self.logits(photo) for photo in pixels], np.float32).reshape(len(pixels), self.outputs)


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean negative logarithm of the right label's score."""
    scores = softmax(logits.astype(np.float64) / temperature)
    return float(-np.log(scores[np.arange(len(labels)), labels] + 1e-12).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of the least log loss, to three digits."""
    choices = np.arange(0.2, 3.0, 0.005)
    return float(min(choices, key=lambda value: log_loss(logits, labels, value)).round(3))


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence: ten of equal width, as `lookbook evaluate` has them."""
    return (np.ceil(confidence * 10) - 1).clip(0, 9).astype(int)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error."""
    gaps = np.bincount(bins_of(confidence), right - confidence, 10)
    return float(np.abs(gaps).sum() / len(right))


def answers(logits: np.ndarray, labels: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """The confidence in each photo's answer, and whether the answer is right."""
    scores = softmax(logits.astype(np.float64) / temperature)
    return scores.max(axis=1), scores.argmax(axis=1) == labels


def interval(call, *values: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    """The middle 95 % of what `call` gives for photos drawn again and again (bootstrap)."""
    rng = np.random.default_rng(7)
    count = len(values[0])
    found = []
    for _ in range(draws):
        chosen = rng.integers(0, count, count)
        found.append(call(*(value[chosen] for value in values)))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def choose_threshold(confidence: np.ndarray, right: np.ndarray) -> float:
    """The least whole percentage at and above which enough photos are right."""
    for percent in range(0, 100):
        above = confidence >= percent / 100
        if above.any() and right[above].mean() >= RIGHT_ABOVE:
            return percent / 100
    return 0.99


def calibrate(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The temperature and the review threshold that the validation photos choose, if they are enough."""
    if len(labels) < FEW:
        return GUESSED
    temperature = fit_temperature(logits, labels)
    return temperature, choose_threshold(*answers(logits, labels, temperature))


def cross_validate(logits: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    """What temperature and threshold are worth on photos that did not choose them.

    Each tenth of the photos gets the temperature and the threshold that the others choose. Gives the lists
    `temperatures` and `thresholds`, and over all photos: `log_loss`, `calibration_error`, `review` (share below
    its threshold) and `right` (share of the others that is right).
    """
    folds = np.random.default_rng(7).permutation(len(labels)) % min(FOLDS, len(labels))
    confidence, above = np.zeros(len(labels)), np.zeros(len(labels), bool)
    right, losses, temperatures, thresholds = np.zeros(len(labels), bool), 0.0, [], []
    for fold in np.unique(folds):
        mine, others = folds == fold, folds != fold
        temperature = fit_temperature(logits[others], labels[others])
        threshold = choose_threshold(*answers(logits[others], labels[others], temperature))
        confidence[mine], right[mine] = answers(logits[mine], labels[mine], temperature)
        above[mine] = confidence[mine] >= threshold
        losses += log_loss(logits[mine], labels[mine], temperature) * mine.sum()
        temperatures.append(temperature)
        thresholds.append(threshold)
    return {
        "temperatures": temperatures,
        "thresholds": thresholds,
        "log_loss": losses / len(labels),
        "calibration_error": calibration_error(confidence, right),
        "review": float(1 - above.mean()),
        "right": float(right[above].mean()) if above.any() else 0.0,
    }
