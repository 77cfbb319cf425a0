"""TensorFlow Lite Metadata for a model file: what other tools ask of it.

The schema is `metadata_schema.fbs` of TensorFlow Lite Support; numbers here are places of fields in
it. The labels are a text file in a ZIP archive at the end of the model, as the schema's tools put it.
"""

import io
import zipfile

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

IDENTIFIER = b"M001"
RGB, IMAGE_PROPERTIES, NORMALIZATION_OPTIONS, TENSOR_AXIS_LABELS = 1, 2, 1, 2
"""Of the enums ColorSpaceType, ContentProperties, ProcessUnitOptions and AssociatedFileType."""
LABELS_FILE = "labels.txt"


class Table:
    """A flat buffer's table: fields by their place, as (kind, value)."""

    def __init__(self, builder: flatbuffers.Builder, places: int):
        self.builder, self.places, self.fields = builder, places, []

    def text(self, place: int, value: str):
        return self.offset(place, self.builder.CreateString(value))

    def offset(self, place: int, value: int):
        self.fields.append(("offset", place, value))
        return self

    def byte(self, place: int, value: int):
        self.fields.append(("byte", place, value))
        return self

    def number(self, place: int, value: int):
        self.fields.append(("number", place, value))
        return self

    def end(self) -> int:
        self.builder.StartObject(self.places)
        for kind, place, value in self.fields:
            if kind == "offset":
                self.builder.PrependUOffsetTRelativeSlot(place, value, 0)
            elif kind == "byte":
                self.builder.PrependUint8Slot(place, value, 0)
            else:
                self.builder.PrependUint32Slot(place, value, 0)
        return self.builder.EndObject()


def offsets(builder: flatbuffers.Builder, values: list[int]) -> int:
    """A vector of tables."""
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependUOffsetTRelative(value)
    return builder.EndVector()


def floats(builder: flatbuffers.Builder, values: list[float]) -> int:
    """A vector of float32."""
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return builder.EndVector()


def describe(texts: dict[str, str], size: int, mean: float, std: float) -> bytes:
    """The metadata of a classifier: `texts` has name, description, version, author and license."""
    builder = flatbuffers.Builder(1024)
    square = Table(builder, 2).number(0, size).number(1, size).end()
    image = Table(builder, 2).byte(0, RGB).offset(1, square).end()
    content = Table(builder, 3).byte(0, IMAGE_PROPERTIES).offset(1, image).end()
    means, stds = floats(builder, [mean] * 3), floats(builder, [std] * 3)
    options = Table(builder, 2).offset(0, means).offset(1, stds).end()
    unit = Table(builder, 2).byte(0, NORMALIZATION_OPTIONS).offset(1, options).end()
    lowest, highest = (floats(builder, [(value - mean) / std] * 3) for value in (0.0, 255.0))
    stats = Table(builder, 2).offset(0, highest).offset(1, lowest).end()
    units = offsets(builder, [unit])
    photo = (
        Table(builder, 7)
        .text(0, "photo")
        .text(1, "The whole photo, squashed to a square with a bilinear filter that averages.")
        .offset(3, content)
        .offset(4, units)
        .offset(5, stats)
        .end()
    )
    labels = (
        Table(builder, 5)
        .text(0, LABELS_FILE)
        .text(1, "The labels, in the order of the outputs.")
        .byte(2, TENSOR_AXIS_LABELS)
        .end()
    )
    files = offsets(builder, [labels])
    logits = (
        Table(builder, 7)
        .text(0, "logits")
        .text(1, texts["output"])
        .offset(6, files)
        .end()
    )
    inputs, outputs = offsets(builder, [photo]), offsets(builder, [logits])
    graph = Table(builder, 8).offset(2, inputs).offset(3, outputs).end()
    graphs = offsets(builder, [graph])
    root = (
        Table(builder, 8)
        .text(0, texts["name"])
        .text(1, texts["description"])
        .text(2, texts["version"])
        .offset(3, graphs)
        .text(4, texts["author"])
        .text(5, texts["license"])
        .text(7, "1.0.0")
        .end()
    )
    builder.Finish(root, file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def put(model: bytes, described: bytes, labels: list[str]) -> bytes:
    """A model file with its metadata, and its labels at the end."""
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    buffer = schema.BufferT()
    buffer.data = list(described)
    entry = schema.MetadataT()
    entry.name, entry.buffer = b"TFLITE_METADATA", len(content.buffers)
    content.buffers.append(buffer)
    content.metadata = [*(content.metadata or []), entry]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        # Always the same bytes: a model's id is the hash of its file.
        name = zipfile.ZipInfo(LABELS_FILE, (1980, 1, 1, 0, 0, 0))
        files.writestr(name, "".join(f"{label}\n" for label in labels))
    return bytes(flatbuffer_utils.convert_object_to_bytearray(content)) + archive.getvalue()
