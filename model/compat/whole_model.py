"""Models of one operator, what the official runtime makes of them, and the list that whole_*.py add to."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TYPES = {"int8": np.int8, "uint8": np.uint8, "float32": np.float32, "int32": np.int32, "bool": np.bool_}
LEAST = {"int8": -128, "uint8": 0}

FAMILIES = {}
"""Name of a file -> what yields its cases, with how often it is called."""


class Tensor:
    """A tensor of a model; an input unless it has data."""

    def __init__(self, kind, shape, scale=None, zero=0, data=None, axis=0):
        self.kind, self.shape = kind, [int(size) for size in shape]
        self.scale, self.zero, self.data, self.axis = scale, zero, data, axis

    def grid(self):
        return [float(np.float32(self.scale)), int(self.zero), self.kind == "int8"]

    def numbers(self, rng):
        """Random numbers, all that there are among them where they fit."""
        count = int(np.prod(self.shape))
        numbers = rng.permutation(np.arange(max(count, 256)) % 256)[:count] + LEAST[self.kind]
        return numbers.reshape(self.shape).astype(TYPES[self.kind])


def table(options):
    """The fields of a tensor or operator, as the schema wants them."""
    kind, fields = options
    made = getattr(schema, kind + "T")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def invoke(code, options, tensors, outputs, inputs, version=1):
    """What the runtime makes of `inputs`, the numbers of the tensors without data."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors = 3, [schema.BufferT()], []
    for number, tensor in enumerate(tensors + outputs):
        made = schema.TensorT()
        made.name, made.buffer = b"t%d" % number, 0
        made.shape = np.array(tensor.shape, np.int32)
        made.type = getattr(schema.TensorType, tensor.kind.upper())
        if tensor.data is not None:
            buffer = schema.BufferT()
            data = np.asarray(tensor.data, TYPES[tensor.kind])
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        if tensor.scale is not None:
            grid = made.quantization = schema.QuantizationParametersT()
            grid.scale = np.atleast_1d(np.array(tensor.scale, np.float32))
            grid.zeroPoint = np.full(len(grid.scale), tensor.zero, np.int64)
            grid.quantizedDimension = tensor.axis
        graph.tensors.append(made)
    builtin = schema.OperatorCodeT()
    builtin.builtinCode = getattr(schema.BuiltinOperator, code)
    builtin.deprecatedBuiltinCode, builtin.version = min(builtin.builtinCode, 127), version
    model.operatorCodes = [builtin]
    operator = schema.OperatorT()
    operator.inputs = np.arange(len(tensors), dtype=np.int32)
    operator.outputs = np.arange(len(tensors), len(tensors) + len(outputs), dtype=np.int32)
    if options:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, options[0])
        operator.builtinOptions = table(options)
    graph.operators, model.subgraphs = [operator], [graph]
    inner = [number for number, tensor in enumerate(tensors) if tensor.data is None]
    graph.inputs, graph.outputs = np.array(inner, np.int32), operator.outputs
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = Interpreter(
        model_content=bytes(builder.Output()),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    for detail, numbers in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], numbers)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def digits(numbers):
    """Numbers as text: those of int8 moved up by 128."""
    numbers = np.ascontiguousarray(numbers)
    if numbers.dtype == np.int8:
        numbers = (numbers.astype(np.int16) + 128).astype(np.uint8)
    return numbers.tobytes().hex()


def family(name, times):
    def add(call):
        FAMILIES.setdefault(name, []).append((call, times))
        return call

    return add


def scale(rng, least=1e-3, most=0.2):
    """Any scale, or a power of two: there halves occur."""
    if rng.random() < 0.4:
        return np.float32(2.0 ** rng.integers(np.ceil(np.log2(least)), np.log2(most) + 1))
    return np.float32(np.exp(rng.uniform(np.log(least), np.log(most))))


def zero(rng, kind):
    return int(rng.choice([LEAST[kind], LEAST[kind] + 128, rng.integers(0, 256) + LEAST[kind]]))


def either(rng):
    return str(rng.choice(["int8", "uint8"]))


ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def activation(rng):
    name = str(rng.choice(ACTIVATIONS))
    return name, getattr(schema.ActivationFunctionType, name)
