"""Trains the clothing model: first a linear head on frozen features, then the whole network.

The weights that are kept are the running average of the weights over the last steps (EMA). The
validation photos choose nothing inside a run: the last epoch is kept. One line an epoch goes to the
log.
"""

import argparse
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf

import backbone
import data

SEED = 7
BATCH = 32
PEAK_RATE = 4e-4
WARM_UP = 0.06
"""Share of the steps in which the rate rises to its peak."""
WEIGHT_DECAY = 0.02
SMOOTHING = 0.1
EMA = 0.99
FIRST_TRAINED = 9
"""The convolutions before this one stay as they are: they see edges and colours, and cost the most."""


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_head(features, labels, classes, penalty=1e-3, steps=400):
    """Fits a logistic regression with Adam; returns the filters and bias of a 1x1 convolution."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    scaled = (features - mean) / spread
    targets = np.eye(classes)[labels]
    weights = np.zeros((features.shape[1], classes))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    bias = np.log(targets.mean(axis=0) + 1e-3)
    for step in range(1, steps + 1):
        error = (softmax(scaled @ weights + bias) - targets) / len(labels)
        gradient = scaled.T @ error + penalty * weights
        bias -= 0.5 * error.sum(axis=0)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 3e-3 * (1 - step / (steps + 1))
        weights -= rate * (first / (1 - 0.9**step)) / (
            np.sqrt(second / (1 - 0.999**step)) + 1e-8
        )
    weights /= spread[:, None]
    return weights[None, None].astype(np.float32), (bias - mean @ weights).astype(np.float32)


def predict(model, pixels: np.ndarray) -> np.ndarray:
    """Outputs of a model for photos given as bytes."""
    parts = [
        model(data.normalise(pixels[start : start + 64]), training=False).numpy()
        for start in range(0, len(pixels), 64)
    ]
    return np.concatenate(parts)


class Average(keras.callbacks.Callback):
    """Keeps a running average of the weights; after each epoch measures, logs and saves it."""

    def __init__(self, log, out, pixels, labels):
        super().__init__()
        self.log, self.out, self.pixels, self.labels = log, out, pixels, labels
        self.steps = 0

    def on_train_begin(self, logs=None):
        self.averages = [variable.numpy() for variable in self.model.trainable_variables]

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        # The first steps count for less than the average's full memory.
        keep = min(EMA, (1 + self.steps) / (10 + self.steps))
        for average, variable in zip(self.averages, self.model.trainable_variables):
            average *= keep
            average += (1 - keep) * variable.numpy()

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self.began
        weights = [variable.numpy() for variable in self.model.trainable_variables]
        self.assign(self.averages)
        logits = predict(self.model, self.pixels)
        self.model.save(self.out)
        self.assign(weights)
        right = (logits.argmax(axis=1) == self.labels).mean()
        chosen = softmax(logits)[np.arange(len(self.labels)), self.labels]
        self.log(
            f"epoch {epoch + 1:2}  loss {logs['loss']:.4f}  validation accuracy {right:.4f}"
            f"  log loss {-np.log(chosen + 1e-9).mean():.4f}  {seconds:.0f} s"
        )

    def assign(self, weights):
        """Puts weights into the network."""
        for variable, weight in zip(self.model.trainable_variables, weights):
            variable.assign(weight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with clothing/ and backbones/")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where the trained network goes")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file for one line an epoch")
    parser.add_argument("--epochs", type=int, default=8, help="0 keeps the backbone frozen")
    parser.add_argument("--limit", type=int, help="use so many training photos only, for a quick check")
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.log.write_text("")

    def log(line: str) -> None:
        print(line, flush=True)
        with options.log.open("a") as file:
            file.write(line + "\n")

    began = time.monotonic()
    network = backbone.build(len(data.LABELS), dropout=0.2)
    backbone.load_imagenet(network, options.data / "backbones" / "efficientnet_lite0.npz")
    clothing = options.data / "clothing"
    pixels, labels = data.load_squashed(clothing / "validation")
    train_pixels, train_labels = data.load_squashed(clothing / "train")
    if options.limit:
        chosen = np.random.default_rng(SEED).permutation(len(train_labels))[: options.limit]
        train_pixels, train_labels = train_pixels[chosen], train_labels[chosen]
    frozen = keras.Model(network.input, network.get_layer("features").output)
    features = predict(frozen, train_pixels).reshape(len(train_labels), -1)
    network.get_layer("head").set_weights(fit_head(features, train_labels, len(data.LABELS)))
    right = (predict(network, pixels).argmax(axis=1) == labels).mean()
    log(f"{len(train_labels)} photos to train, {len(labels)} to validate, seed {SEED}")
    log(f"linear head on frozen features: validation accuracy {right:.4f}")
    del train_pixels

    if options.epochs:
        photos = data.Augmented(
            clothing / "train", BATCH, SEED, SMOOTHING, options.limit, workers=2, max_queue_size=8
        )
        steps = options.epochs * len(photos)
        warm_up = max(1, int(steps * WARM_UP))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warm_up, alpha=0.01, warmup_target=PEAK_RATE, warmup_steps=warm_up
        )
        for layer in network.layers:
            if layer.name[:2].isdigit() and int(layer.name[:2]) < FIRST_TRAINED:
                layer.trainable = False
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=WEIGHT_DECAY, global_clipnorm=1.0
        )
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        network.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))
        network.fit(
            photos,
            epochs=options.epochs,
            shuffle=False,
            verbose=0,
            callbacks=[Average(log, options.out, pixels, labels)],
        )
    else:
        network.save(options.out)
    log(f"trained in {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    tf.config.experimental.enable_op_determinism()
    main()
