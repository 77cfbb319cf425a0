"""What a user would write instead of lookbook: Python, Pillow and LiteRT (TensorFlow Lite), on one thread.

    peer_litert.py MODEL.tflite LABELS.txt MEAN STD FILTER KERNELS PHOTO...

A pixel's value of 0 to 255 becomes (value - MEAN) / STD; FILTER is nearest or bilinear. KERNELS is fast
(XNNPACK, as LiteRT comes) or plain (as the rules of whole numbers say). Prints one JSON line a photo. Kept as
short as such programs are: what it imports is part of its start-up.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image, ImageOps


def main(model, labels, mean, std, resize, kernels, *photos):
    with open(labels) as lines:
        names = [line.strip() for line in lines if line.strip()]
    mean, std = np.float32(mean), np.float32(std)
    resize = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR}[resize]
    kernels = {"fast": OpResolverType.AUTO, "plain": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}[kernels]
    interpreter = Interpreter(model_path=model, num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    _, height, width, _ = (int(side) for side in entry["shape"])
    for path in photos:
        with Image.open(path) as photo:
            photo = ImageOps.exif_transpose(photo).convert("RGB").resize((width, height), resize)
        values = (np.asarray(photo, np.float32)[None] - mean) / std
        if entry["dtype"] != np.float32:
            scale, zero = entry["quantization"]
            limits = np.iinfo(entry["dtype"])
            values = np.clip(np.round(values / np.float32(scale) + zero), limits.min, limits.max)
        interpreter.set_tensor(entry["index"], values.astype(entry["dtype"]))
        interpreter.invoke()
        scores = interpreter.get_tensor(end["index"])[0].astype(np.float32)
        if end["dtype"] != np.float32:
            scale, zero = end["quantization"]
            scores = (scores - zero) * np.float32(scale)
        answer = {"image": path, "label": names[int(scores.argmax())], "scores": [round(float(s), 7) for s in scores]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
