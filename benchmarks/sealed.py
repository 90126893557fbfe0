"""Sealed components of every kind of key before independent judges.

`python -m benchmarks.sealed --count 100` signs papers of every geometry at B-LTA with RSA and ECDSA
keys from PKCS#12 files and, where SoftHSM is installed, from a token; then EU DSS (strict policy),
veraPDF (2b), pdfsig and mutool, where installed, judge each, and so does Sohoa. Exit code 1 unless
all agree that all is sound. Writes `benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from benchmarks.results import record
from pipeline.settings import Pkcs11Settings, Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, build_judge
from pipeline.signatures.verdicts import Outcome
from tests.fakes import tokens
from tests.fakes.certificates import TODAY
from tests.fakes.papers import PAPERS, write_paper
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of
from tests.live import dss, verapdf

OFFICERS: Final = ("p256", "rsa2048", "rsa3072")
_LEVEL: Final = "PAdES-BASELINE-LTA"


def signings(pki: Pki, folder: Path, stack: ExitStack) -> Iterator[tuple[str, Signing, str]]:
    """Every kind of key: its name, what signs, and the officer."""
    tsa, trust = TsaSettings(url=pki.tsa()), (pki.pem("root"),)
    for officer in OFFICERS:
        held = SigningSettings(pkcs12=pki.pkcs12(officer), trust=trust, level="B-LTA")
        settings = Settings(home=folder / officer, officer="o", signing=held, tsa=tsa)
        yield f"PKCS#12 {officer}", Signing(settings), "o"
    if tokens.missing() is not None:
        return
    names = OFFICERS[:2]
    token = tokens.make_token(
        folder / "token",
        "sealed",
        {name: pki.key(name) for name in names},
        {name: pki.certificate(name).dump() for name in names},
    )
    stack.enter_context(tokens.plugged_in(token))
    tokens.look_again(tokens.MODULE)
    pkcs11 = Pkcs11Settings(
        module=tokens.MODULE,
        token="sealed",
        pin=SecretStr(tokens.PIN),
        keys={name: name for name in names},
        chain=(pki.pem("issuing"),),
    )
    held = SigningSettings(pkcs11=pkcs11, trust=trust, level="B-LTA")
    signing = Signing(Settings(home=folder / "softhsm", signing=held, tsa=tsa))
    for name in names:
        yield f"SoftHSM {name}", signing, name


def make(pki: Pki, folder: Path, count: int) -> dict[str, list[Path]]:
    """Sealed files by kind of key, about `count` in all."""
    made: dict[str, list[Path]] = {}
    with ExitStack() as stack:
        kinds = list(signings(pki, folder, stack))
        for number in range(count):
            kind, signing, officer = kinds[number % len(kinds)]
            pdf = write_paper(folder, PAPERS[number % len(PAPERS)], 1 + number % 3)
            signer = signing.signers.of(officer)
            data, _ = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
            sealed = folder / f"sealed-{number:03}.pdf"
            sealed.write_bytes(data)
            made.setdefault(kind, []).append(sealed)
        for _, signing, _ in kinds:
            signing.close()
    return made


def by_sohoa(files: Sequence[Path], root: Path, folder: Path) -> set[Path]:
    """Those that are VALID at B-LTA and end with their seal."""
    settings = Settings(home=folder / "judge", signing=SigningSettings(trust=(root,)))
    judge = build_judge(settings, (), lambda: TODAY)
    verdicts = {file: judge.judge(file) for file in files}
    return {
        file
        for file, v in verdicts.items()
        if (v.outcome, v.level, v.covers_whole_file) == (Outcome.VALID, "PAdES-B-LTA", True)
    }


def by_dss(files: Sequence[Path], root: Path) -> set[Path]:
    """Those of which every signature is TOTAL_PASSED at the level that is claimed."""
    found = dss.judge(dss.fetch(), files, [root])
    return {
        f for f, all_ in found.items() if all_ and all(s.passed and s.level == _LEVEL for s in all_)
    }


def by_program(command: Sequence[str], files: Sequence[Path], good: str, bad: str) -> set[Path]:
    """Those of which a program says `good` and nowhere `bad`."""
    told = {
        file: subprocess.run(
            [*command, str(file)], capture_output=True, text=True, check=False, errors="replace"
        ).stdout
        for file in files
    }
    return {file for file, text in told.items() if good in text and bad not in text}


def main() -> int:
    """Make, have judged, record."""
    parser = argparse.ArgumentParser(prog="benchmarks.sealed", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pki = Pki(folder / "pki")
        try:
            made = make(pki, folder, count)
        finally:
            pki.close()
        files, root = [file for kind in made.values() for file in kind], pki.pem("root")
        failed = verapdf.failures(verapdf.fetch(), files, "2b")
        judges = {
            "Sohoa B-LTA, no tail": by_sohoa(files, root, folder),
            "EU DSS strict LTA": by_dss(files, root),
            "veraPDF 2b": {file for file in files if failed.get(file.name) == []},
        }
        if shutil.which("pdfsig"):
            command = ["pdfsig", "-nocert"]
            judges["pdfsig"] = by_program(command, files, "Signature is Valid", "Invalid")
        if shutil.which("mutool"):
            judges["mutool"] = by_program(
                ["mutool", "sign", "-v"], files, "The signature is valid", "Digest error"
            )
        sound = {
            name: Counter(file in said for file in files)[True] for name, said in judges.items()
        }
        rows = [
            {"key": kind, "files": len(own)}
            | {name: len(said & set(own)) for name, said in judges.items()}
            for kind, own in made.items()
        ]
    record(
        "Sealed components before independent judges",
        f"python -m benchmarks.sealed --count {count}",
        rows,
        f"Files that each judge calls sound; {len(PAPERS)} page geometries, one to three pages.",
    )
    return 0 if all(number == count for number in sound.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
