"""Evidence files and submission packages, judged by the standards and not by who makes them."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import subprocess
import sys
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.packages.enclosing import schemas_of
from casework.packages.evidence import EvidenceTools, MadeEvidence, Summary, make_evidence
from casework.packages.holdings import holdings
from casework.packages.markup import element, written
from casework.packages.printed import Row, print_rows
from casework.packages.readers import told_of
from casework.packages.report import ValidationReport
from casework.packages.signing import summariser
from casework.packages.sip import write_sip
from casework.packages.submission import Submission, submission
from casework.packages.wrapping import ZipPackage, plain_name
from casework.verification import Evidence
from pipeline.catalogue import load_catalogue
from pipeline.errors import ChecksumMismatch, ConfigError, KeyUnavailable, NotFound
from pipeline.ids import legal_day
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import DossierStage
from pipeline.models.events import Event
from pipeline.models.keeping import Hold, Keeping, Lift, RetentionTerm, Waiver
from pipeline.ports.signing import ComponentSigner
from pipeline.settings import PackageSettings, load_settings
from pipeline.signatures.font import StampFonts, find_font
from pipeline.signatures.verdicts import Outcome, Reason, SignatureVerdict
from storage.ledger import GENESIS
from storage.ledger_sealing import seal_finished_days
from storage.ledger_standing import ledger_state
from tests.fakes.archived import START, Papers, archive_batch, start_batch
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.packages import NS, PREMIS, bag_faults, csip_faults, unpacked
from tests.fakes.stores import MemoryStore

AUDITOR = Actor(id="thanh.tra", role=Role.AUDITOR, unit="DEV")
NOW = START.replace(day=25)
CODE = "HS 7/Đ"
VERIFIER = Path(__file__).parents[2] / "tools" / "prove_ledger.py"
CATALOGUE = load_catalogue()


class TakesEverything:
    """A judge of signatures that finds nothing to say."""

    def judge(self, pdf: Path) -> SignatureVerdict:
        assert pdf.is_file()
        return SignatureVerdict(outcome=Outcome.VALID)


class World:
    """Two batches of one dossier, one of another, sealed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore()
        self.records = blank_records(folder / "records.sqlite", StillClock(START))
        for papers in (
            Papers("first", dossier=CODE),
            Papers("second", pages=3, kept_file=True, dossier=CODE),
            Papers("other", dossier="HS 8"),
        ):
            archive_batch(self.records, self.store, papers)
        self.read("dossier.read", dossier_code=CODE)
        self.read("dossier.read", dossier_code="HS 8")
        seal_finished_days(self.records, self.store, legal_day(NOW))

    def read(self, action: str, **subjects: str) -> None:
        event = Event(
            event_id=f"{action}{sorted(subjects.items())}",
            at=START,
            actor=AUDITOR,
            action=action,
            subjects=subjects,
        )
        self.records.append([event])
        self.records.chain_events()

    def promise(self) -> None:
        """A term, an open hold, one that was lifted, and leave not to scan a paper."""
        lifted = Lift(reason="xong việc", actor=AUDITOR, at=START)
        keeping = Keeping(
            transferred_by=AUDITOR,
            transferred_at=START,
            term=RetentionTerm(code="02", years=70, until=dt.date(2097, 1, 1)),
            holds=(
                Hold(hold_id="ab" * 32, reason="vụ án 7", actor=AUDITOR, at=START),
                Hold(hold_id="cd" * 32, reason="vụ án 6", actor=AUDITOR, at=START, lift=lifted),
            ),
            waivers=(
                Waiver(
                    code="C_KHAI_TU",
                    approver="truong.phong",
                    reason="giấy mục nát",
                    decided_on=dt.date(2026, 11, 20),
                    actor=AUDITOR,
                    at=START,
                ),
            ),
        )
        told = [
            Event(
                event_id=action,
                at=START,
                actor=AUDITOR,
                action=action,
                subjects={"dossier_code": CODE},
            )
            for action in ("component.waived", "dossier.held", "dossier.transferred")
        ]
        self.records.keep("DEV", CODE, keeping, DossierStage.TRANSFERRED, told)
        self.records.chain_events()

    def tools(self) -> EvidenceTools:
        return EvidenceTools(
            store=self.store,
            ledger=self.records,
            evidence=Evidence(
                judge=TakesEverything(),
                records=self.records,
                store=self.store,
                ledger_state=ledger_state(self.records, self.store),
            ),
            summarise=lambda report: Summary(report.dossier_code.encode(), signed=False),
            verifier=VERIFIER.read_bytes(),
            roots=(("root.pem", b"PEM"),),
        )

    def evidence(self, name: str = "e.zip") -> tuple[MadeEvidence, dict[str, bytes]]:
        held = holdings(self.records.dossier(CODE), self.records, self.store)
        path = self.folder / name
        with path.open("w+b") as out:
            made = make_evidence(held, self.tools(), AUDITOR, NOW, out)
        return made, unpacked(path)[1]

    def describe(self, chosen: PackageSettings | None = None) -> Submission:
        held = holdings(self.records.dossier(CODE), self.records, self.store)
        told = told_of(self.records.ledger(), held.named_in, GENESIS)
        names = chosen or PackageSettings()
        return submission(held, CATALOGUE, names, "BHXH tỉnh <X> & Y", told.events, NOW)

    def sip(
        self, chosen: PackageSettings | None = None, schemas: Path | None = None
    ) -> tuple[str, dict[str, bytes]]:
        path = self.folder / "sip.zip"
        with path.open("w+b") as out:
            write_sip(self.describe(chosen), self.store, out, schemas_of(schemas))
        return unpacked(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.records.close()


@dataclass(frozen=True)
class Packages:
    """Files of both kinds of packages."""

    bag: dict[str, bytes]
    folder: str
    sip: dict[str, bytes]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    made = World(tmp_path_factory.mktemp("packed"))
    _, bag = made.evidence()
    packages = Packages(bag, *made.sip())
    made.records.close()
    return packages


# -- evidence -------------------------------------------------------------------------------


def test_the_evidence_file_is_a_whole_bag(world: World) -> None:
    made, files = world.evidence()
    assert bag_faults(files) == []
    assert made.files == sum(name.startswith("data/") for name in files)
    assert [v.reasons for v in made.verdicts] == [(Reason.SIGNATURE_MISSING,)] * 3  # made-up bytes
    components = {n: files[n] for n in files if n.startswith("data/components/")}
    recorded = world.records.components(unit="DEV", dossier_code=CODE)
    assert sorted(hashlib.sha256(data).hexdigest() for data in components.values()) == sorted(
        str(c.current and c.current.sha256) for c in recorded
    )
    assert "data/tools/prove_ledger.py" in files
    assert "prove_ledger.py data/ledger/seals" in files["README.txt"].decode()
    assert {"data/manifest/000001.json", "data/manifest/000002.json"} < set(files)


def test_the_same_facts_give_the_same_bytes(world: World) -> None:
    world.evidence("a.zip")
    world.evidence("b.zip")
    assert (world.folder / "a.zip").read_bytes() == (world.folder / "b.zip").read_bytes()


def test_the_readers_of_this_dossier_are_listed_and_no_others(world: World) -> None:
    _, files = world.evidence()
    readers = json.loads(files["data/readers.json"])
    assert [(r["action"], r["actor"]["id"]) for r in readers["readings"]] == [
        ("dossier.read", "thanh.tra")
    ]
    told = json.loads(files["data/ledger/events.json"])
    assert readers["until_seq"] == told["until_seq"] == max(e.seq for e in world.records.ledger())
    other = {c.component_id for c in world.records.components(unit="DEV", dossier_code="HS 8")}
    known = files["data/readers.json"] + files["data/ledger/events.json"]
    assert not any(one.encode() in known for one in (*other, "HS 8"))


def test_a_code_spelt_alike_in_another_unit_is_another_dossier(world: World) -> None:
    before = world.evidence()[1]["data/readers.json"]
    world.read("dossier.read", unit="07900", dossier_code=CODE)
    world.read("reviews.listed", reviews=CODE)
    world.read("manifest.written", dossier_code=CODE, unit="07900", object_key="dossiers/07900/x")
    after = world.evidence("again.zip")[1]
    assert json.loads(after["data/readers.json"])["readings"] == json.loads(before)["readings"]
    assert b"07900" not in after["data/ledger/events.json"]


def test_facts_about_people_stay_in_the_papers(world: World) -> None:
    """Names of source files may hold a citizen's name: only manifests, as archived, have them."""
    _, files = world.evidence()
    told = [
        name
        for name, data in files.items()
        if b"first.pdf" in data and not name.startswith(("data/manifest/", "data/components/"))
    ]
    assert told == []


def test_proofs_lead_from_every_file_to_a_sealed_day(world: World) -> None:
    _, files = world.evidence()
    proofs = [json.loads(files[n]) for n in files if n.startswith("data/ledger/proofs/")]
    proven = {p["sha256"] for p in proofs}
    archived = {
        hashlib.sha256(data).hexdigest()
        for name, data in files.items()
        if name.startswith(("data/components/", "data/manifest/"))
    }
    assert proven == archived
    for proof in proofs:
        assert root_of(proof) == proof["root"]
        seal = files[f"data/ledger/seals/{proof['seal_key'].removeprefix('ledger/')}"]
        assert hashlib.sha256(seal).hexdigest() == proof["seal_sha256"]
        assert json.loads(seal)["root"] == proof["root"]


def test_the_enclosed_verifier_proves_the_enclosed_files(world: World) -> None:
    folder = world.folder / "opened"
    _, files = world.evidence()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    paper = sorted((folder / "data/components").iterdir())[0]
    sha256 = hashlib.sha256(paper.read_bytes()).hexdigest()
    (proof,) = (folder / "data/ledger/proofs").glob(f"{sha256}.*.json")

    def findings() -> set[str]:
        done = subprocess.run(
            [
                *(sys.executable, "-I", folder / "data/tools/prove_ledger.py"),
                folder / "data/ledger/seals",
                *("--proof", proof, "--file", paper, "--json"),
            ],
            capture_output=True,
            check=False,
        )
        assert done.returncode in (0, 4)  # no timestamp, so its moment is unproven
        return {f["code"] for f in json.loads(done.stdout)["findings"]}

    assert "FILE_UNPROVEN" not in findings()
    paper.write_bytes(b"another")
    assert "FILE_UNPROVEN" in findings()


def root_of(proof: Mapping[str, Any]) -> str:
    """RFC 9162, 2.1.3.2: the root that an inclusion proof leads to."""
    leaf = hashlib.sha256(b"\x00" + bytes.fromhex(proof["event"]["hash"])).digest()
    index, last = proof["index"], proof["size"] - 1
    for step in map(bytes.fromhex, proof["path"]):
        if index & 1 or index == last:
            leaf = hashlib.sha256(b"\x01" + step + leaf).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + step).digest()
        index, last = index >> 1, last >> 1
    return leaf.hex()


@pytest.mark.parametrize("damage", ["lose", "rot"])
def test_what_the_archive_does_not_hold_as_recorded_is_left_out_and_named(
    world: World, damage: str
) -> None:
    first = world.records.components(unit="DEV", dossier_code=CODE)[0].current
    manifest = world.records.manifests("DEV", CODE)[0]
    assert first is not None
    for key in (first.object_key, manifest.object_key):
        getattr(world.store, damage)(key)
    made, files = world.evidence()
    assert bag_faults(files) == []
    assert not made.report.whole
    state = {"lose": "lost", "rot": "changed"}[damage]
    told = made.report.components[0]
    assert (told.verdict.verdict, told.revisions[0].state) == (Outcome.INVALID, state)
    assert told.revisions[0].file is None
    assert made.report.manifests[0][2] == state
    assert not any(n.startswith("data/components/001.") for n in files)
    assert "data/manifest/000001.json" not in files
    assert "CHÚ Ý" in files["README.txt"].decode()


def test_a_dossier_without_a_manifest_has_no_evidence(world: World) -> None:
    start_batch(world.records, world.store, Papers("open", dossier="HS 9"))
    with pytest.raises(NotFound) as refused:
        holdings(world.records.dossier("HS 9"), world.records, world.store)
    assert refused.value.code == "DOSSIER_NOT_ARCHIVED"


def test_the_report_reads_itself_back(world: World) -> None:
    made, files = world.evidence()
    assert ValidationReport.model_validate_json(files["data/validation/report.json"]) == made.report


NUMBER = st.integers(0, 2**32)


@settings(max_examples=40, deadline=None)
@given(which=NUMBER, at=NUMBER, bit=st.integers(0, 7))
def test_any_changed_byte_of_a_bag_is_found(
    packed: Packages, which: int, at: int, bit: int
) -> None:
    files = packed.bag
    name = chosen(set(files) - {"tagmanifest-sha256.txt"}, which)
    assert bag_faults({**files, name: flipped(files[name], at, bit)}) != []
    assert bag_faults({n: d for n, d in files.items() if n != name}) != []
    assert bag_faults({**files, "data/more.txt": b""}) != []


def chosen(names: set[str], which: int) -> str:
    return sorted(names)[which % len(names)]


def flipped(content: bytes, at: int, bit: int) -> bytes:
    at %= len(content)
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


# -- submission packages --------------------------------------------------------------------


def test_the_submission_package_follows_e_ark(world: World) -> None:
    folder, files = world.sip()
    assert csip_faults(folder, files) == []
    names = sorted(n for n in files if n.endswith(".pdf"))
    assert names == [f"representations/rep1/data/HS_207_2F_C4_90.{n:07}.pdf" for n in range(1, 4)]
    assert b"BHXH t\xe1\xbb\x89nh &lt;X&gt; &amp; Y" in files["METS.xml"]


def test_terms_holds_and_waivers_are_told(world: World) -> None:
    world.promise()
    folder, files = world.sip()
    assert csip_faults(folder, files) == []
    premis = ET.fromstring(files["metadata/preservation/PREMIS.xml"])
    rights = [
        (
            one.findtext(".//premis:rightsBasis", namespaces=NS),
            one.findtext(".//premis:startDate", namespaces=NS),
            one.findtext(".//premis:endDate", namespaces=NS),
            len(one.findall(".//premis:linkingObjectIdentifier", NS)),
        )
        for one in premis.findall("premis:rights", NS)
    ]
    assert rights == [
        ("statute", "2026-11-22", "2096-12-31", 3),
        ("other", "2026-11-22", "open", 3),
    ]
    kinds = [e.findtext("premis:eventType", namespaces=NS) for e in premis.iter(f"{PREMIS}event")]
    assert {"transfer", "policy assignment"} <= set(kinds)
    ead = files["metadata/descriptive/EAD.xml"].decode()
    assert "02 70 năm, đến 31/12/2096" in ead and "không được tiêu huỷ" in ead
    assert "(truong.phong, 20/11/2026)" in ead
    described = b"".join(d for n, d in files.items() if n.endswith(".xml")).decode()
    assert not any(reason in described for reason in ("vụ án", "mục nát", "xong việc"))


def test_before_a_transfer_nothing_is_promised(world: World) -> None:
    _, files = world.sip()
    assert b"premis:rights" not in files["metadata/preservation/PREMIS.xml"]
    ead = files["metadata/descriptive/EAD.xml"].decode()
    assert "Được miễn số hoá" not in ead and "tiêu huỷ" not in ead


def test_the_same_papers_are_the_same_package(world: World) -> None:
    before = world.describe()
    assert world.describe().objid == before.objid
    archive_batch(world.records, world.store, Papers("third", dossier=CODE))
    assert world.describe().objid != before.objid


def test_names_follow_the_template(world: World) -> None:
    chosen = PackageSettings(
        archive="TTLT",
        deposit="01",
        file_code="{archive}.{unit}.{year}.{deposit}.{dossier}",
        document_name="{unit}_{code}_{ordinal:06d}_V{version}_{date}.pdf",
    )
    folder, files = world.sip(chosen)
    assert csip_faults(folder, files) == []
    assert "representations/rep1/data/DEV_Z_OTHER_000001_V1_20261122.pdf" in files
    assert b"TTLT.DEV.2026.01.HS_207_2F_C4_90" in files["metadata/descriptive/EAD.xml"]


def test_schemas_of_the_office_are_enclosed(world: World) -> None:
    given = world.folder / "schemas"
    given.mkdir()
    for name in ("mets.xsd", "premis.xsd", "README.txt"):
        (given / name).write_text(f"<{name}/>")
    folder, files = world.sip(schemas=given)
    assert csip_faults(folder, files) == []
    enclosed = {n: d for n, d in files.items() if n.startswith("schemas/")}
    assert enclosed == {f"schemas/{n}": f"<{n}/>".encode() for n in ("mets.xsd", "premis.xsd")}


@pytest.mark.parametrize("names", [(), ("đ.xsd",), ("a b.xsd",), ("a.xsd", "A.xsd")])
def test_schemas_that_cannot_be_enclosed_are_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        (tmp_path / name).touch()
    for folder in (tmp_path, tmp_path / "not there"):
        with pytest.raises(ConfigError) as refused:
            schemas_of(folder)
        assert refused.value.code == "PACKAGE_SCHEMAS"


def test_too_many_or_too_long_schemas_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "long.xsd").open("wb") as out:
        out.truncate(4 * 1024 * 1024 + 1)
    with pytest.raises(ConfigError):
        schemas_of(tmp_path)
    (tmp_path / "long.xsd").unlink()
    for n in range(65):
        (tmp_path / f"{n}.xsd").touch()
    with pytest.raises(ConfigError):
        schemas_of(tmp_path)


def test_names_that_collide_are_refused(world: World) -> None:
    with pytest.raises(ConfigError) as refused:
        world.describe(PackageSettings(document_name="{file_code}_{code}.pdf"))
    assert refused.value.code == "PACKAGE_NAMES_COLLIDE"


@pytest.mark.parametrize(
    "template", ["{x}.pdf", "{ordinal", "{ordinal.x}.pdf", "{ordinal}", "../{ordinal}.pdf", "đ.pdf"]
)
def test_templates_that_give_no_file_name_are_refused(template: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"SOHOA_HOME": "/x", "SOHOA_PACKAGES__DOCUMENT_NAME": template})
    assert refused.value.params["key"] == "packages.document_name"


@pytest.mark.parametrize(("damage", "error"), [("lose", NotFound), ("rot", ChecksumMismatch)])
def test_no_package_is_made_of_damaged_papers(
    world: World, damage: str, error: type[Exception]
) -> None:
    first = world.records.components(unit="DEV", dossier_code=CODE)[0].current
    assert first is not None
    getattr(world.store, damage)(first.object_key)
    with pytest.raises(error):
        world.sip()


@settings(max_examples=40, deadline=None)
@given(which=NUMBER, at=NUMBER, bit=st.integers(0, 7))
def test_any_changed_byte_of_a_package_is_found(
    packed: Packages, which: int, at: int, bit: int
) -> None:
    folder, files = packed.folder, packed.sip
    name = chosen(set(files) - {"METS.xml"}, which)
    try:
        assert csip_faults(folder, {**files, name: flipped(files[name], at, bit)}) != []
    except (ET.ParseError, ValueError, LookupError):
        assert name.endswith(".xml")
    assert csip_faults(folder, {n: d for n, d in files.items() if n != name}) != []
    assert csip_faults(folder, {**files, "more.txt": b""}) != []


# -- parts ----------------------------------------------------------------------------------


@given(st.text(max_size=40))
def test_any_code_makes_a_plain_name(code: str) -> None:
    if code:
        with ZipPackage(io.BytesIO(), f"x{plain_name(code)}") as package:
            assert package.add("a", b"").path == "a"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_stands_in_xml(text: str, value: str) -> None:
    made = written(element("mets:note", text=text, attributes={"csip:NOTETYPE": value}))
    assert ET.fromstring(made).tag.endswith("note")
    assert made == written(element("mets:note", text=text, attributes={"csip:NOTETYPE": value}))


@pytest.mark.parametrize(
    "path", ["", "/a", "../a", "a/../b", ".a", "a b", "đ", "a\n", "a%", "a//b"]
)
def test_names_that_are_not_safe_everywhere_are_refused(path: str) -> None:
    with ZipPackage(io.BytesIO(), "x") as package, pytest.raises(ValueError, match="safe"):
        package.add(path, b"")


def test_two_files_that_some_systems_take_for_one_are_refused() -> None:
    with ZipPackage(io.BytesIO(), "x") as package:
        package.add("a.pdf", b"")
        with pytest.raises(ValueError, match="name"):
            package.add("A.pdf", b"")


class Endless:
    """So many zeros, made as they are read."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        piece = bytes(min(size, self._left))
        self._left -= len(piece)
        return piece


@pytest.mark.parametrize("name", ["big.pdf", "big.json"])
def test_a_large_file_is_never_held_in_memory(tmp_path: Path, name: str) -> None:
    size = 96 * 1024 * 1024
    source: Any = Endless(size)
    with (tmp_path / "x.zip").open("w+b") as out, ZipPackage(out, "x") as package:
        tracemalloc.start()
        try:
            packed = package.copy(name, source, size)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert packed.size == size
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("length", [9, 11])
def test_a_stream_that_is_not_as_long_as_said_is_refused(length: int) -> None:
    source: IO[bytes] = io.BytesIO(bytes(length))
    with ZipPackage(io.BytesIO(), "x") as package, pytest.raises(ChecksumMismatch):
        package.copy("a", source, 10)


def test_printed_rows_can_be_read_back(tmp_path: Path) -> None:
    letters = StampFonts(find_font(), tmp_path / "fonts")
    rows = [Row(f"Dòng {n}: kết luận hợp lệ – Đỗ Thị Ưởng", gap=2) for n in range(120)]
    rows.append(Row("x" * 400, size=8))
    font = letters.subset_for({c for row in rows for c in row.text})
    out = tmp_path / "out.pdf"
    pages = print_rows(rows, font, "Thử", out)
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == pages > 1
        assert pdf.open_metadata().pdfa_status == "2U"


class NoKey:
    """A signer book that holds nobody's key, for a given reason."""

    def __init__(self, code: str) -> None:
        self._code = code

    def of(self, officer: str) -> ComponentSigner:
        raise KeyUnavailable(self._code)


def test_without_a_key_of_the_account_the_summary_is_unsigned(world: World, tmp_path: Path) -> None:
    made, _ = world.evidence()
    letters = StampFonts(find_font(), tmp_path / "fonts")
    signers = NoKey("KEY_OF_OFFICER_MISSING")
    summary = summariser(letters, str, str, signers, NOW)(made.report)
    assert not summary.signed
    with pikepdf.open(io.BytesIO(summary.pdf)) as pdf:
        assert pdf.open_metadata().pdfa_status == "2U"


def test_a_token_that_cannot_be_reached_is_an_error(world: World, tmp_path: Path) -> None:
    made, _ = world.evidence()
    letters = StampFonts(find_font(), tmp_path / "fonts")
    with pytest.raises(KeyUnavailable):
        summariser(letters, str, str, NoKey("TOKEN_UNAVAILABLE"), NOW)(made.report)
