"""A Hugging Face model's directory as the encoder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.encoder import EncoderError, load_encoder
from models.encoder.conversion import GRAPH, TOKENIZER, converted


@pytest.fixture
def exported(tiny_weights: Path, tmp_path: Path) -> Path:
    """A directory as `optimum-cli export onnx` lays it out, with the tiny encoder in it."""
    home = converted(tiny_weights, tmp_path / "data", "fp32")
    directory = tmp_path / "exported"
    directory.mkdir()
    for name in (GRAPH, TOKENIZER):
        shutil.copy(home / name, directory / name)
    return directory


@pytest.mark.parametrize("place", ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"])
def test_every_usual_place_of_the_graph_is_looked_at(exported: Path, place: str) -> None:
    expected = load_encoder(str(exported), exported, max_tokens=16).encode(["bonus?", "wo ist mein geld"])
    (exported / "onnx").mkdir()
    (exported / GRAPH).rename(exported / place)
    encoder = load_encoder(str(exported), exported, max_tokens=16)
    assert encoder.dimensions == 64
    assert encoder.encode(["bonus?", "wo ist mein geld"]).tobytes() == expected.tobytes()


def test_the_version_follows_the_files_and_not_their_place(exported: Path, tmp_path: Path) -> None:
    version = load_encoder(str(exported), tmp_path, max_tokens=16).version
    moved = exported.rename(tmp_path / "moved")
    assert load_encoder(str(moved), tmp_path, max_tokens=16).version == version
    assert load_encoder(str(moved), tmp_path, max_tokens=8).version != version
    (moved / "model.onnx_data").write_bytes(b"weights kept beside the graph")
    assert load_encoder(str(moved), tmp_path, max_tokens=16).version != version


def test_a_graph_with_all_three_inputs_is_fed_all_three(exported: Path) -> None:
    rewrite_with_mask_and_types(exported / GRAPH)
    vectors = load_encoder(str(exported), exported, max_tokens=16).encode(["bonus", "geld"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert not np.array_equal(vectors[0], vectors[1])


def rewrite_with_mask_and_types(path: Path) -> None:
    """A graph that looks words up, multiplies by the mask and adds the token type, as exported models take them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = np.random.default_rng(3).normal(size=(64, 8)).astype(np.float32)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    axis = numpy_helper.from_array(np.array([2], np.int64), "axis")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Add", ["attention_mask", "token_type_ids"], ["both"]),
        helper.make_node("Unsqueeze", ["both", "axis"], ["column"]),
        helper.make_node("Cast", ["column"], ["factor"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["words", "factor"], ["last_hidden_state"]),
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", 8])
    graph = helper.make_graph(nodes, "g", inputs, [output], [numpy_helper.from_array(table, "table"), axis])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_a_graph_that_pools_already_is_refused(exported: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load(exported / GRAPH)
    model.graph.node.append(helper.make_node("ReduceMean", ["last_hidden_state"], ["pooled"], axes=[1], keepdims=0))
    model.graph.node[-1].ClearField("attribute")
    model.graph.node[-1].attribute.append(helper.make_attribute("keepdims", 0))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, None))
    onnx.save(model, exported / GRAPH)
    with pytest.raises(EncoderError, match="one vector a token"):
        load_encoder(str(exported), exported, max_tokens=16)


def test_a_damaged_graph_is_reported_with_its_place(exported: Path) -> None:
    (exported / GRAPH).write_bytes(b"not a graph")
    with pytest.raises(EncoderError, match="exported cannot be loaded"):
        load_encoder(str(exported), exported)


@pytest.mark.parametrize(("missing", "message"), [(GRAPH, "lacks an ONNX file"), (TOKENIZER, r"lacks tokenizer\.json")])
def test_a_missing_file_is_named(exported: Path, missing: str, message: str) -> None:
    (exported / missing).unlink()
    with pytest.raises(EncoderError, match=message + ".*optimum-cli"):
        load_encoder(str(exported), exported)


def test_an_unknown_name_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no such directory.*'builtin'"):
        load_encoder("intfloat/multilingual-e5-small", tmp_path)
