"""Writes a model whose outputs are its input's numbers: one RESHAPE. `lookbook classify --raw` then
says which pixels it sees."""

import struct

import flatbuffers
import tflite


def write(width, height):
    """The model for pictures of that size."""
    fb = flatbuffers.Builder(1024)

    def numbers(start, items):
        start(fb, len(items))
        for item in reversed(items):
            fb.PrependInt32(item)
        return fb.EndVector()

    def tables(start, items):
        start(fb, len(items))
        for item in reversed(items):
            fb.PrependUOffsetTRelative(item)
        return fb.EndVector()

    def buffer(data=None):
        held = fb.CreateByteVector(data) if data else None
        tflite.BufferStart(fb)
        if held is not None:
            tflite.BufferAddData(fb, held)
        return tflite.BufferEnd(fb)

    def tensor(name, shape, kind, buffer_index):
        name, shape = fb.CreateString(name), numbers(tflite.TensorStartShapeVector, shape)
        tflite.TensorStart(fb)
        tflite.TensorAddShape(fb, shape)
        tflite.TensorAddType(fb, kind)
        tflite.TensorAddBuffer(fb, buffer_index)
        tflite.TensorAddName(fb, name)
        return tflite.TensorEnd(fb)

    count = width * height * 3
    flat = struct.pack("<2i", 1, count)
    buffers = tables(tflite.ModelStartBuffersVector, [buffer(), buffer(), buffer(flat), buffer()])
    floats, whole = tflite.TensorType.FLOAT32, tflite.TensorType.INT32
    tensors = [
        tensor("input", [1, height, width, 3], floats, 1),
        tensor("shape", [2], whole, 2),
        tensor("output", [1, count], floats, 3),
    ]
    tensors = tables(tflite.SubGraphStartTensorsVector, tensors)
    shape = numbers(tflite.ReshapeOptionsStartNewShapeVector, [1, count])
    tflite.ReshapeOptionsStart(fb)
    tflite.ReshapeOptionsAddNewShape(fb, shape)
    options = tflite.ReshapeOptionsEnd(fb)
    inputs = numbers(tflite.OperatorStartInputsVector, [0, 1])
    outputs = numbers(tflite.OperatorStartOutputsVector, [2])
    tflite.OperatorStart(fb)
    tflite.OperatorAddOpcodeIndex(fb, 0)
    tflite.OperatorAddInputs(fb, inputs)
    tflite.OperatorAddOutputs(fb, outputs)
    tflite.OperatorAddBuiltinOptionsType(fb, tflite.BuiltinOptions.ReshapeOptions)
    tflite.OperatorAddBuiltinOptions(fb, options)
    operators = tables(tflite.SubGraphStartOperatorsVector, [tflite.OperatorEnd(fb)])
    inputs = numbers(tflite.SubGraphStartInputsVector, [0])
    outputs = numbers(tflite.SubGraphStartOutputsVector, [2])
    tflite.SubGraphStart(fb)
    tflite.SubGraphAddTensors(fb, tensors)
    tflite.SubGraphAddInputs(fb, inputs)
    tflite.SubGraphAddOutputs(fb, outputs)
    tflite.SubGraphAddOperators(fb, operators)
    graphs = tables(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(fb)])
    tflite.OperatorCodeStart(fb)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(fb, tflite.BuiltinOperator.RESHAPE)
    tflite.OperatorCodeAddBuiltinCode(fb, tflite.BuiltinOperator.RESHAPE)
    tflite.OperatorCodeAddVersion(fb, 1)
    codes = tables(tflite.ModelStartOperatorCodesVector, [tflite.OperatorCodeEnd(fb)])
    about = fb.CreateString("pixels")
    tflite.ModelStart(fb)
    tflite.ModelAddVersion(fb, 3)
    tflite.ModelAddOperatorCodes(fb, codes)
    tflite.ModelAddSubgraphs(fb, graphs)
    tflite.ModelAddDescription(fb, about)
    tflite.ModelAddBuffers(fb, buffers)
    fb.Finish(tflite.ModelEnd(fb), b"TFL3")
    return bytes(fb.Output())


DESCRIPTION = '[input]\nresize = "squash"\nfilter = "bilinear"\n'
