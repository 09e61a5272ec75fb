"""A trained topic model, and its files on disk: arrays and JSON with checksums, no pickle."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Self
from uuid import UUID

import numpy as np

from feedback.domain import TopicKind
from feedback.errors import ArtefactError
from models.assign import assign
from models.centre import Floats, Ints, LanguageOffsets, unit_rows
from models.topics import Words

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class TopicModel:
    """One topic model version: everything that assignment and the interface need, row by row.

    `centroids` (k, d) are unit rows in the space that `offsets` make of the vectors of the encoder
    `encoder_version`; `floors` (k,) are the least cosines. `topic_ids`, `kinds`, `names`, `words` and `sizes` (texts
    of the sample) have one entry a row. An id may stand on several rows: topics that people merged keep their
    centroids. `manifest` says how it was made: settings, packages, metrics.
    """

    version_id: UUID
    encoder_version: str
    offsets: LanguageOffsets
    topic_ids: tuple[UUID, ...]
    kinds: tuple[TopicKind, ...]
    centroids: Floats
    floors: Floats
    names: tuple[str, ...]
    words: tuple[Words, ...]
    sizes: tuple[int, ...]
    manifest: Mapping[str, Any]

    def __post_init__(self) -> None:
        parts = (self.kinds, self.centroids, self.floors, self.names, self.words, self.sizes)
        if any(len(part) != len(self.topic_ids) for part in parts):
            raise ValueError("every topic needs one kind, centroid, floor, name, set of words and size")

    def assign(self, vectors: Floats, languages: Sequence[str]) -> tuple[Ints, Floats]:
        """The row of each text's topic (n,), -1 for none, and its cosine (n,), from the encoder's vectors (n, d)."""
        return assign(self.offsets.apply(vectors, languages), self.centroids, self.floors)

    def with_topic(self, topic_id: UUID, kind: TopicKind, centroid: Floats, name: str, words: Words, size: int) -> Self:
        """This version with one more topic, such as a provisional one; its floor is that of the middle topic."""
        floor = np.float32(np.median(self.floors)) if len(self.floors) else np.float32(0.5)
        return replace(
            self,
            topic_ids=(*self.topic_ids, topic_id),
            kinds=(*self.kinds, kind),
            centroids=np.vstack([self.centroids, unit_rows(centroid[None, :])]),
            floors=np.append(self.floors, np.float32(floor)),
            names=(*self.names, name),
            words=(*self.words, words),
            sizes=(*self.sizes, size),
        )

    def topics_at(self, places: Ints) -> list[UUID | None]:
        """The topic of each row (n,) that `assign` gave; None for no row, and for one that nobody wants to see."""
        known = [
            None if kind is TopicKind.RETIRED else id_ for id_, kind in zip(self.topic_ids, self.kinds, strict=True)
        ]
        return [known[place] if place >= 0 else None for place in places.tolist()]


def save(model: TopicModel, directory: Path) -> None:
    """Write the model into its own directory, which is made if need be.

    The files' names carry their checksum and the manifest, replaced last and in one step, names the files: a reader
    sees the old version or the new one, whenever the writer is killed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = {"arrays": (_arrays(model), "npz"), "topics": (_topics(model), "json")}
    names: dict[str, dict[str, str]] = {}
    for part, (content, suffix) in files.items():
        checksum = hashlib.sha256(content).hexdigest()
        names[part] = {"file": f"{part}-{checksum[:16]}.{suffix}", "sha256": checksum}
        _write(directory / names[part]["file"], content)
    manifest = {"format": FORMAT, "files": names, "about": dict(model.manifest)}
    _write(directory / MANIFEST, _json({**manifest, "sha256": _digest(manifest)}))
    _sweep(directory, {part["file"] for part in names.values()} | {MANIFEST})


def load(directory: Path) -> TopicModel:
    """Read a model that `save` wrote. Raises ArtefactError where it is missing, damaged or of another format."""
    manifest = _manifest(directory)
    arrays, topics = (_checked(directory, manifest, part) for part in ("arrays", "topics"))
    try:
        return _model(arrays, json.loads(topics), manifest["about"])
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ArtefactError(_damaged(directory, f"its content makes no sense ({error})")) from error


def _arrays(model: TopicModel) -> bytes:
    stream = io.BytesIO()
    np.savez(
        stream,
        allow_pickle=False,
        centroids=model.centroids.astype(np.float32),
        floors=model.floors.astype(np.float32),
        offsets=model.offsets.vectors,
        mean=model.offsets.mean,
    )
    return stream.getvalue()


def _topics(model: TopicModel) -> bytes:
    rows = zip(model.topic_ids, model.kinds, model.names, model.words, model.sizes, strict=True)
    return _json(
        {
            "version_id": str(model.version_id),
            "encoder_version": model.encoder_version,
            "languages": model.offsets.languages,
            "topics": [
                # the order of the languages says which is the main one, so the words are a list of pairs
                {"id": str(id_), "kind": kind, "name": name, "words": list(words.items()), "size": size}
                for id_, kind, name, words, size in rows
            ],
        }
    )


def _model(arrays: bytes, about: Mapping[str, Any], manifest: Mapping[str, Any]) -> TopicModel:
    with np.load(io.BytesIO(arrays), allow_pickle=False) as loaded:
        found = {name: loaded[name] for name in ("centroids", "floors", "offsets", "mean")}
    topics = about["topics"]
    return TopicModel(
        version_id=UUID(about["version_id"]),
        encoder_version=about["encoder_version"],
        offsets=LanguageOffsets(tuple(about["languages"]), found["offsets"], found["mean"]),
        topic_ids=tuple(UUID(topic["id"]) for topic in topics),
        kinds=tuple(TopicKind(topic["kind"]) for topic in topics),
        centroids=found["centroids"],
        floors=found["floors"],
        names=tuple(topic["name"] for topic in topics),
        words=tuple({lang: tuple(words) for lang, words in topic["words"]} for topic in topics),
        sizes=tuple(topic["size"] for topic in topics),
        manifest=manifest,
    )


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(manifest)).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Put the whole content at `path` in one step, safe against a crash."""
    with NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _sweep(directory: Path, keep: set[str]) -> None:
    """Remove what earlier saves of this version left."""
    for path in directory.iterdir():
        if path.name not in keep and path.name.startswith(("arrays-", "topics-", ".writing-")):
            path.unlink(missing_ok=True)


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_bytes())
    except FileNotFoundError:
        message = f"There is no topic model at {directory}: train one, or publish another version."
        raise ArtefactError(message) from None
    except (OSError, ValueError) as error:
        raise ArtefactError(_damaged(directory, f"{MANIFEST} cannot be read ({error})")) from error
    checksum = manifest.pop("sha256", None) if isinstance(manifest, dict) else None
    if checksum is None or checksum != _digest(manifest):
        raise ArtefactError(_damaged(directory, f"{MANIFEST} does not match its checksum"))
    if manifest.get("format") != FORMAT:
        message = f"The topic model at {directory} has format {manifest.get('format')}, not {FORMAT}: train it again."
        raise ArtefactError(message)
    return manifest


def _checked(directory: Path, manifest: Mapping[str, Any], part: str) -> bytes:
    entry = manifest["files"][part]
    read: Callable[[], bytes] = (directory / entry["file"]).read_bytes
    try:
        content = read()
    except OSError as error:
        raise ArtefactError(_damaged(directory, f"{entry['file']} cannot be read ({error})")) from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ArtefactError(_damaged(directory, f"{entry['file']} does not match its checksum"))
    return content


def _damaged(directory: Path, what: str) -> str:
    return f"The topic model at {directory} is damaged: {what}. Train it again, or publish another version."
