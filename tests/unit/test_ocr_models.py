"""Models are known by their bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
from pathlib import Path

import pytest

from ocr_models import (
    KnownModel,
    installed_models,
    load_manifest,
    model_folders,
    pick_model,
    place_models,
)
from pipeline.errors import ConfigError, MissingToolError


def known(data: bytes, name: str, rank: int, file: str = "vie.traineddata") -> KnownModel:
    return KnownModel(
        name=name,
        engine="tesseract",
        language="vie",
        file=file,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        licence="Apache-2.0",
        origin="a test",
        rank=rank,
    )


def put(folder: Path, data: bytes, file: str = "vie.traineddata") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(data)
    return folder


def test_the_manifest_names_licence_origin_and_error_of_every_model() -> None:
    for model in load_manifest():
        assert model.licence
        assert model.origin
        assert model.measured


def test_the_system_model_is_verified() -> None:
    model = pick_model()
    assert model.verified
    assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.sha256


def test_the_best_rank_wins_wherever_it_lies(tmp_path: Path) -> None:
    fast, best = put(tmp_path / "a", b"fast"), put(tmp_path / "b", b"best")
    models = (known(b"fast", "fast", 10), known(b"best", "best", 20))
    assert pick_model(folders=[fast, best], known=models).name == "best"
    assert pick_model("fast", folders=[fast, best], known=models).path.parent == fast


def test_unknown_bytes_are_used_but_say_so(tmp_path: Path) -> None:
    folder = put(tmp_path, b"home made")
    model = pick_model(folders=[folder], known=())
    assert not model.verified
    assert model.name == f"unverified-{hashlib.sha256(b'home made').hexdigest()[:12]}"
    assert pick_model(model.name, folders=[folder], known=()) == model


def test_known_bytes_outrank_unknown_ones(tmp_path: Path) -> None:
    odd, good = put(tmp_path / "a", b"odd"), put(tmp_path / "b", b"good")
    found = installed_models([odd, good], (known(b"good", "good", 0),))
    assert [model.verified for model in found] == [True, False]


def test_the_same_bytes_twice_are_one_model(tmp_path: Path) -> None:
    folders = [put(tmp_path / "a", b"x"), put(tmp_path / "b", b"x")]
    assert len(installed_models(folders, ())) == 1


@pytest.mark.parametrize("wanted", [None, "no-such"])
def test_none_installed_is_a_missing_tool(tmp_path: Path, wanted: str | None) -> None:
    with pytest.raises(MissingToolError) as caught:
        pick_model(wanted, folders=[tmp_path])
    assert caught.value.code == "MODEL_MISSING"


def test_the_environment_comes_first(tmp_path: Path) -> None:
    (tmp_path / "tessdata").mkdir()
    folders = model_folders({"TESSDATA_PREFIX": str(tmp_path)})
    assert folders[:2] == (tmp_path, tmp_path / "tessdata")


@pytest.mark.parametrize("text", ["[[model]]", "model = 3", "\x00", "[[model"])
def test_a_wrong_manifest_is_refused_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_manifest(path)
    assert caught.value.code == "MODEL_MANIFEST_INVALID"


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    shipped = Path(load_manifest.__code__.co_filename).parent / "data" / "models.toml"
    doubled = tmp_path / "models.toml"
    doubled.write_text(shipped.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_manifest(doubled)


def package(path: Path, *models: bytes) -> Path:
    """A package as a registry packs it: a file of each model, compressed, beside others."""
    with tarfile.open(path, "w:gz") as tar:
        for number, data in enumerate([b"read me", *models]):
            name = f"package/{number}/vie.traineddata.gz" if number else "package/README.md"
            content = gzip.compress(data) if number else data
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


class TestPlacing:
    KNOWN = (known(b"standard", "standard", 5, "standard.traineddata"),)

    @pytest.mark.parametrize("form", ["plain", "gzip", "package"])
    def test_a_known_model_is_found_afterwards(self, tmp_path: Path, form: str) -> None:
        source, own = tmp_path / "model", tmp_path / "home" / "models"
        if form == "package":
            package(source, b"other", b"standard", b"standard")
        else:
            source.write_bytes(gzip.compress(b"standard") if form == "gzip" else b"standard")
        assert place_models(source, own, self.KNOWN) == self.KNOWN
        assert [path.name for path in own.iterdir()] == ["standard.traineddata"]
        folders = model_folders({}, own)
        assert folders[0] == own
        assert pick_model("standard", folders=folders, known=self.KNOWN).verified

    def test_unknown_bytes_are_not_put_anywhere(self, tmp_path: Path) -> None:
        own = tmp_path / "models"
        with pytest.raises(ConfigError) as caught:
            place_models(package(tmp_path / "p.tgz", b"stranger"), own, self.KNOWN)
        assert caught.value.code == "MODEL_UNKNOWN"
        assert not own.exists()

    @pytest.mark.parametrize("cut", [0, 20])
    def test_a_damaged_file_is_refused(self, tmp_path: Path, cut: int) -> None:
        source = tmp_path / "p.tgz"
        data = package(source, random.Random(1).randbytes(5000)).read_bytes()
        source.write_bytes(data[: len(data) // 2 + cut])
        with pytest.raises(ConfigError) as caught:
            place_models(source, tmp_path / "models", self.KNOWN)
        assert caught.value.code == "MODEL_FILE_UNREADABLE"

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            place_models(tmp_path / "no", tmp_path / "models", self.KNOWN)
        assert caught.value.code == "MODEL_FILE_UNREADABLE"
