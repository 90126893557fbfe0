"""`bin/demo`: the main job on a made-up dossier, through the same command line an office uses.

Every claim printed here is checked first; a wrong one ends the demo with exit 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pdf2image import convert_from_path

from benchmarks.factory.demo import DemoTruth, make_demo_batch
from pipeline.textnorm import strip_marks

Json = dict[str, Any]

_PROCEDURE, _CASE = "BHXH1L", "LS1_RETIREMENT_AGE"


class Demo:
    """One run in one fresh home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOHOA_")},
            "SOHOA_HOME": str(self.home),
        }

    def sohoa(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> list[Json]:
        """Run a command with `--json`; its objects.

        Raises:
            SystemExit: another exit code than expected.
        """
        program = Path(sys.executable).with_name("sohoa")
        done = subprocess.run(
            [program, *arguments], env=self.environ, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode not in codes:
            sys.exit(f"sohoa {arguments[0]}: exit {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def batch(self, seed: int) -> DemoTruth:
        """A scanned-looking dossier with a separator sheet printed by `sohoa slip`."""
        slip = self.folder / "phieu.pdf"
        self.sohoa("slip", "--procedure", _PROCEDURE, "--case", _CASE, "-o", str(slip))
        pages = convert_from_path(slip, dpi=300)
        return make_demo_batch(self.folder, seed, {"C_KHAI_TU": pages[-1]})


def main() -> None:
    """Make, digitise, find, verify; print what a person would want to see."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work; default: a new one in TMPDIR")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="sohoa-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo(folder)
    start = time.monotonic()

    print("1. Hồ sơ mẫu (dữ liệu bịa) / a made-up dossier")
    truth = demo.batch(chosen.seed)
    print(f"   {truth.path}: {truth.page_count} trang")

    print("2. sohoa ingest")
    results = demo.sohoa("ingest", str(truth.path), "--json")
    _check_components(results, truth)
    for result in results:
        _show(result, demo.home)

    name = truth.person.full_name
    query = strip_marks(name).lower()
    print(f'3. sohoa search "{query}"')
    found = demo.sohoa("search", query, "--json")[0]
    if not any(
        hit["full_name"] and hit["full_name"].casefold() == name.casefold() for hit in found["hits"]
    ):
        sys.exit(f"the person was not found without diacritics: {found}")
    for hit in found["hits"][:3]:
        print(f"   {hit['code']}: {hit['full_name']}  {hit['snippet'][:70]}")

    print("4. sohoa verify")
    code = results[0]["dossier_code"]
    for verdict in demo.sohoa("verify", code, "--json"):
        if verdict["verdict"] != "VALID":
            sys.exit(f"not VALID: {verdict}")
        print(
            f"   {verdict['file'][:12]} {verdict['verdict']} {verdict['level']} {verdict['signer']}"
        )

    print("5. sohoa audit")
    audit = demo.sohoa("audit", "--json")[0]
    print(f"   ok={audit['ok']}")
    print(f"\nXong trong {time.monotonic() - start:.0f} giây. Thư mục: {demo.folder}")
    print(f"Xem tiếp: SOHOA_HOME={demo.home} {Path(sys.executable).with_name('sohoa')} show {code}")


def _show(result: Json, home: Path) -> None:
    pages = result["pages"]
    print(
        f"   hồ sơ {result['dossier_code']}: {result['state']}, {pages['in']} trang = "
        f"{pages['kept']} giữ + {pages['blank']} trắng + {pages['separator']} phân cách, "
        f"{result['seconds']} s"
    )
    for component in result["components"]:
        file = home / "archive" / component["object_key"]
        if hashlib.sha256(file.read_bytes()).hexdigest() != component["sha256"]:
            sys.exit(f"not what was signed: {file}")
        print(f"   {component['code']}  trang {[p + 1 for p in component['pages']]}")
        print(f"      {file}")
        for field in component["fields"]:
            if field["value"] and field["status"] == "accepted":
                print(f"      {field['name']}: {field['value'][:70]}")


def _check_components(results: list[Json], truth: DemoTruth) -> None:
    for result in results:
        counts = result["pages"]
        if counts["in"] != sum(counts[fate] for fate in counts if fate != "in"):
            sys.exit(f"pages do not add up: {counts}")
    got = [(c["code"], tuple(c["pages"])) for r in results for c in r["components"]]
    wanted = [(c.code, c.pages) for c in truth.components]
    states = {r["state"] for r in results}
    if got != wanted or states != {"ARCHIVED"}:
        reviews = [review for r in results for review in r["review"] if review["blocking"]]
        sys.exit(f"wanted {wanted}\ngot    {got}\nstate  {states}\n{reviews}")


if __name__ == "__main__":
    main()
