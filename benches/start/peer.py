"""The function that a user would write instead: Python, boto3, Pillow and LiteRT, with the same model.

    peer.py MODEL.tflite MODEL.toml

As the course has it: clients and interpreter are made once, and each record's photo is fetched, classified and
written down. The loop that asks the Lambda Runtime API is the shortest that works; the one in AWS's own image
does more, and takes longer.
"""

import http.client
import io
import json
import os
import sys
import tomllib
import urllib.parse
from decimal import Decimal

import boto3
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
with open(sys.argv[2], "rb") as words:
    description = tomllib.load(words)
labels, mean, std = (
    description["labels"],
    np.float32(description["input"]["mean"]),
    np.float32(description["input"]["std"]),
)
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]


def classify(photo: bytes) -> tuple[str, float]:
    """The first label and its confidence."""
    with Image.open(io.BytesIO(photo)) as image:
        image = ImageOps.exif_transpose(image).convert("RGB").resize((224, 224), Image.BILINEAR)
    interpreter.set_tensor(entry["index"], (np.asarray(image, np.float32)[None] - mean) / std)
    interpreter.invoke()
    logits = interpreter.get_tensor(end["index"])[0] / description["temperature"]
    scores = np.exp(logits - logits.max())
    return labels[int(scores.argmax())], float(scores.max() / scores.sum())


def handler(event: dict, _context: object) -> dict:
    """Classifies each record's photo."""
    found = []
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        label, confidence = classify(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        row = {"image": f"{bucket}/{key}", "label": label, "confidence": Decimal(str(round(confidence, 4)))}
        table.put_item(Item=row)
        found.append(label)
    return {"labels": found}


def main() -> None:
    """Asks for events, and answers them."""
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    invocation = "/2018-06-01/runtime/invocation"
    while True:
        api.request("GET", f"{invocation}/next")
        answer = api.getresponse()
        event, request = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
        api.request("POST", f"{invocation}/{request}/response", json.dumps(handler(event, None)))
        api.getresponse().read()


main()
