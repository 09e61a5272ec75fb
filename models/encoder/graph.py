"""Writes the BERT encoder of the weights as an ONNX graph, in fp32 or with 8-bit matrix products.

Written by hand rather than exported and optimised: the three projections of attention become one matrix product, and
ONNX Runtime's fused operators (domain com.microsoft) are named directly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.encoder.weights import Weights

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

Precision = Literal["fp32", "int8"]

OPSET = 20
FUSED = "com.microsoft"
FLOAT = 1  # onnx.TensorProto.FLOAT
LARGEST = 63


def build_graph(weights: Weights, precision: Precision) -> ModelProto:
    """From `input_ids`, int64 (texts, tokens), no padding, to `last_hidden_state`, fp32 (texts, tokens, hidden)."""
    sheet = _Sheet(weights, precision)
    state = _embeddings(sheet)
    for layer in range(weights.architecture.layers):
        state = _layer(sheet, state, f"l{layer}")
    return sheet.model(state, "last_hidden_state")


@dataclass(slots=True)
class _Sheet:
    """Nodes and constants written so far; `add` and `constant` return the name of what they wrote."""

    weights: Weights
    precision: Precision
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, domain: str = "", outputs: int = 1, **settings: Any) -> str:
        from onnx import helper

        name = f"{operator}_{len(self.nodes)}"
        names = [name, *(f"{name}_{i}" for i in range(1, outputs))]
        self.nodes.append(helper.make_node(operator, inputs, names, name, domain=domain, **settings))
        return name

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def plain(self, name: str) -> str:
        return self.constant(name, self.weights.plain(name))

    def model(self, result: str, output: str) -> ModelProto:
        from onnx import TensorProto, helper

        self.add("Identity", result)
        self.nodes[-1].output[0] = output
        hidden = self.weights.architecture.hidden
        graph = helper.make_graph(
            self.nodes,
            "e5",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["texts", "tokens", hidden])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _embeddings(sheet: _Sheet) -> str:
    """Word plus position plus token type, normalised. The words stay in 4 bits: 54 MB instead of 384."""
    architecture = sheet.weights.architecture
    packed, scales = sheet.weights.blocks("emb.word", architecture.hidden)
    rows = sheet.add("Gather", sheet.constant("words", packed), "input_ids")
    low = sheet.add("BitwiseAnd", rows, sheet.constant("mask", np.array(15, np.uint8)))
    high = sheet.add("BitShift", rows, sheet.constant("shift", np.array(4, np.uint8)), direction="RIGHT")
    signed = sheet.add("Cast", sheet.add("Concat", low, high, axis=-1), to=FLOAT)
    centred = sheet.add("Sub", signed, sheet.constant("eight", np.array(8, np.float32)))
    scale = sheet.add("Cast", sheet.add("Gather", sheet.constant("scales", scales), "input_ids"), to=FLOAT)
    blocks = sheet.add("Mul", centred, scale)
    words = sheet.add("Reshape", blocks, _shape(sheet, 0, 0, architecture.hidden))
    total = sheet.add("Add", words, _positions(sheet))
    return _normalise(sheet, total, "emb.ln")


def _positions(sheet: _Sheet) -> str:
    """The first rows of the position table, as many as there are tokens, with the one token type added in."""
    architecture = sheet.weights.architecture
    table = sheet.weights.plain("emb.pos").reshape(-1, architecture.hidden)
    kinds = sheet.weights.plain("emb.type").reshape(-1, architecture.hidden)
    length = sheet.add("Shape", "input_ids", start=1, end=2)
    zero = sheet.constant("zero", np.array([0], np.int64))
    return sheet.add("Slice", sheet.constant("positions", table + kinds[0]), zero, length, zero)


def _shape(sheet: _Sheet, *sizes: int) -> str:
    return sheet.constant("shape_" + "_".join(map(str, sizes)), np.array(sizes, np.int64))


def _layer(sheet: _Sheet, state: str, layer: str) -> str:
    """Attention and feed-forward, each added to its input and normalised after (post-LN, as in BERT)."""
    attended = _product(sheet, _attention(sheet, state, layer), f"{layer}.ao")
    state = _add_and_normalise(sheet, state, attended, f"{layer}.aln")
    wide = sheet.add("Gelu", _product(sheet, state, f"{layer}.fi"), approximate="none")
    return _add_and_normalise(sheet, state, _product(sheet, wide, f"{layer}.fo"), f"{layer}.oln")


def _attention(sheet: _Sheet, state: str, layer: str) -> str:
    heads = sheet.weights.architecture.heads
    joined = _product(sheet, state, f"{layer}.q", f"{layer}.k", f"{layer}.v")
    query = sheet.add("Split", joined, outputs=3, axis=-1, num_outputs=3)
    return sheet.add("MultiHeadAttention", query, f"{query}_1", f"{query}_2", domain=FUSED, num_heads=heads)


def _add_and_normalise(sheet: _Sheet, state: str, change: str, name: str) -> str:
    # two operators: the fused SkipLayerNormalization of ONNX Runtime 1.31 takes more than twice their time
    return _normalise(sheet, sheet.add("Add", state, change), name)


def _normalise(sheet: _Sheet, state: str, name: str) -> str:
    epsilon = sheet.weights.architecture.epsilon
    weight, bias = sheet.plain(f"{name}.w"), sheet.plain(f"{name}.b")
    return sheet.add("LayerNormalization", state, weight, bias, epsilon=epsilon)


def _product(sheet: _Sheet, state: str, *names: str) -> str:
    """state · Wᵀ + b, for several matrices at once when they share their input."""
    columns = _columns(sheet, names[0])
    matrix = np.concatenate([sheet.weights.matrix(f"{name}.w", columns) for name in names])
    bias = sheet.constant(f"{names[0]}.b", np.concatenate([sheet.weights.plain(f"{name}.b") for name in names]))
    if sheet.precision == "fp32":
        return sheet.add("Add", sheet.add("MatMul", state, sheet.constant(f"{names[0]}.w", matrix.T)), bias)
    whole, scales = quantise(matrix)
    constants = (sheet.constant(f"{names[0]}.w", whole.T), sheet.constant(f"{names[0]}.s", scales), "", bias)
    return sheet.add("DynamicQuantizeMatMul", state, *constants, domain=FUSED)


def _columns(sheet: _Sheet, name: str) -> int:
    architecture = sheet.weights.architecture
    return architecture.feed_forward if name.endswith(".fo") else architecture.hidden


def quantise(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix (rows, columns) as whole numbers of -63…63, and one scale a row.

    Seven bits, because processors with AVX2 alone add pairs of products in 16 bits: 2 · 255 · 63 fits, 2 · 255 · 127
    would be cut off without notice, and the vectors would depend on the machine. It costs 0.0003 of cosine.
    """
    scales = np.abs(matrix).max(axis=1) / LARGEST
    scales[scales == 0] = 1
    return np.rint(matrix / scales[:, None]).astype(np.int8), scales.astype(np.float32)
