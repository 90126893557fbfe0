"""Programs that no Debian package brings: built or fetched once, then kept in the user's cache.

Each is made beside its place and renamed into it, under a lock: two commands at once make one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy.local.service import ServiceError

MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
ELASTIC = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.2.0"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
GO_AT_LEAST = (1, 24)
JDK_AT_LEAST = 21
NO_GO = "MinIO is built from source: Go 1.24 or newer is needed, in PATH or at /usr/local/go"
NO_JDK = "Elasticsearch needs a JDK 21 or newer, in JAVA_HOME, PATH or /usr/lib/jvm"
NO_MAVEN = "Elasticsearch is fetched with Maven: the package maven is missing"


def say(text: str) -> None:
    """Progress goes to stderr: stdout is for the shell that evaluates it."""
    print(text, file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """`~/.cache/sohoa`, or under `XDG_CACHE_HOME`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sohoa"


def go() -> Path | None:
    """A Go that can build MinIO, from PATH or /usr/local/go; None where there is none."""
    for found in (shutil.which("go"), "/usr/local/go/bin/go"):
        if found and Path(found).is_file():
            version = re.search(r"go(\d+)\.(\d+)", _output(found, "version"))
            if version and (int(version[1]), int(version[2])) >= GO_AT_LEAST:
                return Path(found)
    return None


def jdk() -> Path | None:
    """Home of a Java that runs Elasticsearch: JAVA_HOME, PATH, /usr/lib/jvm; else None."""
    places = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    if on_path := shutil.which("java"):
        places.append(Path(on_path).resolve().parent.parent)
    jvm = Path("/usr/lib/jvm")
    places += sorted(jvm.iterdir()) if jvm.is_dir() else []
    for home in places:
        if (home / "bin" / "java").is_file():
            version = re.search(r'version "(\d+)', _output(str(home / "bin" / "java"), "-version"))
            if version and int(version[1]) >= JDK_AT_LEAST:
                return home
    return None


def minio_lacking(cache: Path) -> str | None:
    """What MinIO lacks here."""
    return None if _minio_folder(cache).is_dir() or go() is not None else NO_GO


def elastic_lacking(cache: Path) -> str | None:
    """What Elasticsearch lacks here."""
    if jdk() is None:
        return NO_JDK
    return None if _elastic_folder(cache).is_dir() or shutil.which("mvn") else NO_MAVEN


def minio(cache: Path, cancelled: threading.Event) -> Path:
    """The MinIO server, compiled from its pinned source: minutes the first time.

    Raises:
        ServiceError: no Go of that age, the build fails or is cancelled.
    """

    def build(folder: Path) -> None:
        compiler = go()
        if compiler is None:
            raise ServiceError(NO_GO)
        say("Building MinIO once: this takes some minutes")
        environ = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "auto"}
        _run([str(compiler), "install", MINIO], environ, cancelled)

    return kept(_minio_folder(cache), build) / "minio"


def elastic(cache: Path, cancelled: threading.Event) -> Path:
    """Elasticsearch, unpacked.

    Raises:
        ServiceError: no Maven, the fetch fails or is cancelled.
    """

    def fetch(folder: Path) -> None:
        if shutil.which("mvn") is None:
            raise ServiceError(NO_MAVEN)
        say("Fetching Elasticsearch once")
        _, name, version = ELASTIC.split(":")
        _run(
            [
                "mvn",
                "-q",
                "-B",
                f"{COPY}:copy",
                f"-Dartifact={ELASTIC}:zip",
                f"-DoutputDirectory={folder}",
            ],
            os.environ,
            cancelled,
        )
        archive = folder / f"{name}-{version}.zip"
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                inner = Path(*Path(entry.filename).parts[1:])
                if entry.is_dir() or not inner.parts:
                    continue
                target = folder / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
                target.chmod((entry.external_attr >> 16) & 0o777 or 0o644)
        archive.unlink()

    return kept(_elastic_folder(cache), fetch)


def _minio_folder(cache: Path) -> Path:
    return cache / f"minio-{MINIO.rpartition('@')[2]}"


def _elastic_folder(cache: Path) -> Path:
    return cache / f"elasticsearch-{ELASTIC.rpartition(':')[2]}"


def kept(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made whole by the first who needs it; `make` fills a fresh one."""
    if folder.is_dir():
        return folder
    with _lock(folder.parent, folder.name):
        if not folder.is_dir():
            fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            try:
                make(fresh)
                fresh.chmod(0o755)
                fresh.rename(folder)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _lock(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(argv: list[str], environ: Mapping[str, str], cancelled: threading.Event) -> None:
    """Run to the end, or to the moment when nobody waits for it any more."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        while child.poll() is None:
            if cancelled.wait(0.2):
                os.killpg(child.pid, signal.SIGTERM)
                child.wait()
                raise ServiceError("interrupted")
        if child.returncode:
            output.seek(0)
            told = output.read().decode(errors="replace")[-2000:]
            raise ServiceError(f"{' '.join(argv[:2])} failed:\n{told}")


def _output(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return ""
    return done.stdout + done.stderr
