"""The tiny network as a LiteRT graph, written number by number: no converter is needed to have one."""

from __future__ import annotations

from typing import Any

import numpy as np

from bundles.tiny import PREPROCESSING


def tiny_litert(*, scale: float = 4 / 255) -> bytes:
    """Return a graph that answers the colour a picture has most of.

    Args:
        scale: of the logits; the tiny network's is 4 / 255.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    of_type, height, width = schema.TensorType, PREPROCESSING.height, PREPROCESSING.width
    constants = {"axes": np.array([1, 2], np.int32), "weights": (np.eye(3) * scale).astype(np.float32)}
    shapes = {
        "pixels": ((1, height, width, 3), of_type.UINT8),
        "floats": ((1, height, width, 3), of_type.FLOAT32),
        "axes": ((2,), of_type.INT32),
        "means": ((1, 3), of_type.FLOAT32),
        "weights": ((3, 3), of_type.FLOAT32),
        "logits": ((1, 3), of_type.FLOAT32),
        "probabilities": ((1, 3), of_type.FLOAT32),
    }
    names = [*shapes]
    model, graph, signature = schema.ModelT(), schema.SubGraphT(), schema.SignatureDefT()
    model.version, model.buffers = 3, [schema.BufferT()]
    graph.tensors = []
    for name, (shape, kind) in shapes.items():
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, 0
        if name in constants:
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(constants[name].tobytes(), np.uint8)
        graph.tensors.append(tensor)

    beta = schema.SoftmaxOptionsT()
    beta.beta = 1.0
    kinds, options = schema.BuiltinOperator, schema.BuiltinOptions
    model.operatorCodes, graph.operators = [], []
    for kind, given, made, option_kind, option in (
        (kinds.CAST, ["pixels"], "floats", options.CastOptions, schema.CastOptionsT()),
        (kinds.MEAN, ["floats", "axes"], "means", options.ReducerOptions, schema.ReducerOptionsT()),
        (kinds.FULLY_CONNECTED, ["means", "weights", None], "logits", options.FullyConnectedOptions,
         schema.FullyConnectedOptionsT()),
        (kinds.SOFTMAX, ["logits"], "probabilities", options.SoftmaxOptions, beta),
    ):  # fmt: skip
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        code.version = 1
        operator.opcodeIndex = len(model.operatorCodes)
        operator.inputs = [-1 if name is None else names.index(name) for name in given]
        operator.outputs = [names.index(made)]
        operator.builtinOptionsType, operator.builtinOptions = option_kind, option
        model.operatorCodes.append(code)
        graph.operators.append(operator)

    def as_map(name: str) -> Any:
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, names.index(name)
        return entry

    given, made = ["pixels"], ["logits", "probabilities"]
    graph.inputs, graph.outputs = [[names.index(name) for name in of] for of in (given, made)]
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [as_map(name) for name in given], [as_map(name) for name in made]
    model.subgraphs, model.signatureDefs = [graph], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
