"""The product as a wheel: nothing that it needs is left behind in the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHES = shutil.ignore_patterns("__pycache__", "*.pyc")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of a wheel that was built of the packages alone."""
    folder = tmp_path_factory.mktemp("wheel")
    source, out = folder / "source", folder / "installed"
    for name in packages():
        shutil.copytree(ROOT / name, source / name, ignore=CACHES)
    shutil.copy(ROOT / "pyproject.toml", source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index"),
            *("--no-build-isolation", "-w", folder, source),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(out)
    return out


def packages() -> list[str]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names: list[str] = told["tool"]["setuptools"]["packages"]["find"]["include"]
    return [name.removesuffix("*") for name in names]


def files(folder: Path, name: str) -> set[str]:
    found = (p for p in (folder / name).rglob("*") if p.is_file())
    return {str(p.relative_to(folder)) for p in found if "__pycache__" not in p.parts}


@pytest.mark.parametrize("name", packages())
def test_every_file_of_a_package_is_in_the_wheel(installed: Path, name: str) -> None:
    assert files(installed, name) == files(ROOT, name)


def test_what_is_read_at_run_time_is_found_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    """Catalogue, messages, weights, migrations; and the verifier that evidence files enclose."""
    asked = (
        "import flows.packaging as p; assert p._VERIFIER.is_file(), p._VERIFIER;"
        "import sys; sys.argv = ['sohoa', 'doctor', '--json'];"
        "from app.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "SOHOA_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told and str(ROOT) not in done.stdout
