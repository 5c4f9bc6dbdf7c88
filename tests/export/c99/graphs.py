"""TFLite files of single operations, written without TensorFlow, and a C program of their graphs."""

import dataclasses
import subprocess
from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils
from kerasae.export.formats.c99._compiler import compile_graphs
from kerasae.export.formats.c99._source import CTYPES, ctype
from kerasae.export.formats.c99.templates import render

schema = flatbuffer_utils.schema_fb
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"]


@dataclasses.dataclass
class Value:
    """Tensor of a graph: an input if it has no data and is no output."""

    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    scale: Any = None
    zero: Any = 0
    axis: int = 0
    data: Any = None


@dataclasses.dataclass
class Single:
    """Graph of one operation."""

    name: str
    inputs: list[Value | None]
    outputs: list[Value]
    options: Any = None


def options(kind, **values):
    """The options of an operation, such as `options("Conv2DOptions", strideH=2)`."""
    made = getattr(schema, f"{kind}T")()
    for key, value in values.items():
        assert hasattr(made, key), key
        setattr(made, key, value)
    return made


def write_model(graphs):
    """The bytes of a file with a signature for each graph."""
    model = schema.ModelT()
    model.version, model.description = 3, b"test"
    model.buffers, model.operatorCodes, model.subgraphs, model.signatureDefs = [schema.BufferT()], [], [], []
    for number, (signature, single) in enumerate(graphs.items()):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, single.name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        model.operatorCodes.append(code)
        graph, operator, defined = schema.SubGraphT(), schema.OperatorT(), schema.SignatureDefT()
        graph.name, graph.tensors, graph.operators = signature.encode(), [], [operator]
        values = [value for value in (*single.inputs, *single.outputs) if value is not None]
        indices = {id(value): i for i, value in enumerate(values)}
        graph.tensors = [_tensor(model, f"t{i}", value) for i, value in enumerate(values)]
        operator.opcodeIndex = number
        operator.inputs = np.array([-1 if v is None else indices[id(v)] for v in single.inputs], "int32")
        operator.outputs = np.array([indices[id(v)] for v in single.outputs], "int32")
        if single.options is not None:
            kind = type(single.options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = single.options
        given = [v for v in single.inputs if v is not None and v.data is None]
        graph.inputs = np.array([indices[id(v)] for v in given], "int32")
        graph.outputs = operator.outputs
        defined.signatureKey, defined.subgraphIndex = signature.encode(), number
        defined.inputs = [_named(f"x{i}", indices[id(v)]) for i, v in enumerate(given)]
        defined.outputs = [_named(f"z{i}", indices[id(v)]) for i, v in enumerate(single.outputs)]
        model.subgraphs.append(graph)
        model.signatureDefs.append(defined)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _tensor(model, name, value):
    tensor = schema.TensorT()
    shape = value.shape if value.data is None else np.shape(value.data)
    dtype = value.dtype if value.data is None else np.asarray(value.data).dtype.name
    tensor.name, tensor.shape = name.encode(), np.array(shape, "int32")
    tensor.type = getattr(schema.TensorType, dtype.upper())
    tensor.buffer = 0
    if value.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.asarray(value.data).tobytes(), "uint8")
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    if value.scale is not None:
        scales = np.atleast_1d(np.asarray(value.scale, "float32"))
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = np.broadcast_to(value.zero, scales.shape).astype("int64")
        tensor.quantization.quantizedDimension = value.axis
    return tensor


def _named(name, index):
    pair = schema.TensorMapT()
    pair.name, pair.tensorIndex = name.encode(), index
    return pair


MAIN = """
#include <stdio.h>
int main(int count, char **words) {{
  FILE *rows = fopen(words[2], "rb"), *answers = fopen(words[3], "wb");
  if (count != 4 || !rows || !answers) return 2;
{cases}
  return fclose(rows) || fclose(answers);
}}
"""


def build(content, signatures, folder):
    """Compiles the graphs of a file, and returns the program and the compiled graphs."""
    compiled = compile_graphs(content, signatures)
    values = {
        "name": "single",
        "upper": "SINGLE",
        "version": "",
        "calls": compiled.calls,
        "constants": compiled.constants.arrays,
    }
    kinds = {part: kind for kind, part in CTYPES.values()}
    arena = "".join(f"{kinds[part]} {part}[{size}]; " for part, size in compiled.arena.items())
    text = [render("kernels.h", values), render("constants.h", values)]
    text += [f"static struct {{ {arena} }} arena;"] if arena else []
    cases = []
    for name, function in compiled.functions.items():
        sides = [("const ", key, one) for key, one in function.inputs.items()]
        sides += [("", key, one) for key, one in function.outputs.items()]
        parameters = ", ".join(f"{const}{ctype(one.dtype)} *{key}" for const, key, one in sides)
        text.append(f"static void graph_{name}({parameters}) {{\n{function.statements}}}")
        lines = "".join(f"static {ctype(one.dtype)} {key}[{one.size}]; " for _, key, one in sides)
        reads = " && ".join(f"fread({key}, sizeof {key}, 1, rows) == 1" for key in function.inputs)
        call = f"graph_{name}({', '.join([*function.inputs, *function.outputs])});"
        writes = " ".join(f"fwrite({key}, sizeof {key}, 1, answers);" for key in function.outputs)
        body = f"{lines} while ({reads}) {{ {call} {writes} }}"
        cases.append(f'  if (!strcmp(words[1], "{name}")) {{ {body} }}')
    (folder / "single.c").write_text("\n".join(text) + MAIN.format(cases="\n".join(cases)))
    # Some functions of a group are not called by every graph.
    command = ["gcc", *STRICT, "-Wno-unused-function", "single.c", "-lm", "-o", "single"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "single", compiled
