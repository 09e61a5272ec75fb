"""What goes into the wheel, which package imports which, and who may look at the clock."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("feedback", "models", "jobs")

WHEEL_DATA = {
    "feedback/entities/*.yaml",
    "feedback/locale/*/LC_MESSAGES/*.po",
    "feedback/store/migrations/script.py.mako",
    "feedback/taxonomies/*.yaml",
    "feedback/templates/*.j2",
    "feedback/web/static/*",
    "feedback/web/templates/*.j2",
    "jobs/demo/wording/*.yaml",
}
"""All that may be in the wheel besides Python code."""

CLOCKS = {
    "jobs/console.py": "the only reader of the date: commands ask it, everything below is told what time it is",
    "jobs/schedule.py": "the scheduler looks for work as soon as it runs, and not one interval later",
}
"""Files that may ask what time it is, and why."""

READS_CLOCK = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("time", "strftime"),
}

ONLY_THERE = {
    "bertopic": {"models/topics.py"},
    "apscheduler": {"jobs/schedule.py"},
    "apprise": {"feedback/notify/apprise.py"},
}
"""Libraries that one file keeps to itself."""

NOT_INSTALLED = ("torch", "numba", "llvmlite", "umap-learn", "hdbscan", "sentence-transformers")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes(), str(path))


def imported(tree: ast.Module) -> set[str]:
    """The top-level packages that a module imports, at its head or later."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def clock_reads(tree: ast.Module) -> list[int]:
    """The lines that ask what time it is."""
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
        if ("time", alias.name) in READS_CLOCK
    }
    lines = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attribute):
                if (owner, attribute) in READS_CLOCK:
                    lines.append(node.lineno)
            case ast.Name(id=name) if name in names:
                lines.append(node.lineno)
    return lines


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in the wheel; building it needs no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def wanted(name: str) -> bool:
    """Whether a file has a place in the wheel."""
    path = PurePosixPath(name)
    if path.parts[0].endswith(".dist-info"):
        return True
    return path.parts[0] in PACKAGES and (path.suffix == ".py" or any(path.match(data) for data in WHEEL_DATA))


def test_the_wheel_holds_the_packages_and_their_data_alone(wheel: list[str]) -> None:
    surplus = [name for name in wheel if not wanted(name)]
    assert surplus == [], "in the wheel, but neither code nor listed in WHEEL_DATA"


def test_the_wheel_holds_all_that_the_service_reads(wheel: list[str]) -> None:
    for data in WHEEL_DATA:
        assert any(PurePosixPath(name).match(data) for name in wheel), f"nothing in the wheel matches {data}"
    assert "feedback/store/migrations/versions/0001_first_schema.py" in wheel
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)
    assert any(name.endswith(".dist-info/entry_points.txt") for name in wheel)


def test_all_code_that_is_here_is_in_the_wheel(wheel: list[str]) -> None:
    assert {name for name, _ in sources()} <= set(wheel)


def test_imports_go_one_way() -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", script, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("library", "allowed"), ONLY_THERE.items())
def test_some_libraries_are_one_file_s_own(library: str, allowed: set[str]) -> None:
    users = {name for name, tree in sources() if library in imported(tree)}
    assert users == allowed, f"{library} is for {allowed} alone"


def test_only_the_command_line_reads_the_clock() -> None:
    found = {name: lines for name, tree in sources() if (lines := clock_reads(tree)) and name not in CLOCKS}
    assert found == {}, "take the time as an argument, or name the file and the reason in CLOCKS"


def test_the_files_that_may_read_the_clock_do() -> None:
    readers = {name for name, tree in sources() if clock_reads(tree)}
    assert set(CLOCKS) <= readers, "a file in CLOCKS doesn't read the clock any more: take it off the list"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("from datetime import datetime, UTC\nnow = datetime.now(UTC)", [2]),
        ("import datetime\nnow = datetime.datetime.now", [2]),
        ("from datetime import date\nday = date.today()", [2]),
        ("import time\nstart = time.perf_counter()\nnow = time.time()", [3]),
        ("from time import time as clock\nnow = clock()", [2]),
        ("from datetime import datetime\nnoon = datetime(2026, 1, 1)", []),
    ],
)
def test_readings_of_the_clock_are_found(code: str, lines: list[int]) -> None:
    assert clock_reads(ast.parse(code)) == lines


@pytest.mark.parametrize("package", NOT_INSTALLED)
def test_what_is_never_called_is_not_installed(package: str) -> None:
    with pytest.raises(PackageNotFoundError):
        version(package)


@pytest.mark.parametrize("module", ["torch", "numba", "umap", "hdbscan", "sentence_transformers"])
def test_what_is_never_called_cannot_be_imported(module: str) -> None:
    assert find_spec(module) is None


def test_help_loads_nothing_heavy() -> None:
    heavy = ["bertopic", "spacy", "presidio_analyzer", "onnxruntime", "sklearn", "scipy", "matplotlib", "onnx"]
    script = f"import sys, jobs.cli; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version("feedback-trends") == project["version"]
    assert project["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
