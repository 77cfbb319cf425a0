"""The same with ONNX Runtime: Python, Pillow, one thread. Arguments and answers are
those of peer_litert.py; it has one kind of kernels, fast."""

import json
import sys

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageOps


def main(model, labels, mean, std, resize, kernels, *photos):
    with open(labels) as lines:
        names = [line.strip() for line in lines if line.strip()]
    mean, std = np.float32(mean), np.float32(std)
    resize = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR}[resize]
    if kernels != "fast":
        sys.exit(f"no kernels '{kernels}'")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    _, height, width, _ = entry.shape
    for path in photos:
        with Image.open(path) as photo:
            photo = ImageOps.exif_transpose(photo).convert("RGB").resize((width, height), resize)
        values = (np.asarray(photo, np.float32)[None] - mean) / std
        scores = session.run(None, {entry.name: values})[0][0]
        answer = {"image": path, "label": names[int(scores.argmax())], "scores": [round(float(s), 7) for s in scores]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
