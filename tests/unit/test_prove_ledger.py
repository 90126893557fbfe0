"""`tools/prove_ledger.py`: alone, offline, and right about what is whole and what is not."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TimestampError
from pipeline.models.events import ChainedEvent, Event
from pipeline.ports.records import Records
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing
from storage.ledger import GENESIS, chained
from storage.ledger_days import seals
from storage.ledger_proof import prove
from storage.ledger_sealing import seal_finished_days
from storage.ledger_stamps import stamp_sealed_days
from storage.merkle import merkle_path, merkle_root
from tests.fakes.archived import ACTOR, START
from tests.fakes.certificates import TODAY
from tests.fakes.pki import Pki
from tests.fakes.stores import MemoryStore
from tools import prove_ledger as tool

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "prove_ledger.py"
DAY = START.date()
ONE = dt.timedelta(days=1)
BYTES = b"%PDF signed"


class Log:
    """Only a chain."""

    def __init__(self, links: list[ChainedEvent]) -> None:
        self.links = links

    def chain_events(self) -> str:
        return self.links[-1].hash

    def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
        return iter(self.links[after_seq:])


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def links_of(*sizes: int) -> list[ChainedEvent]:
    """Days with so many events; the second event of each tells of `BYTES` and its day."""
    links: list[ChainedEvent] = []
    for day, size in enumerate(sizes):
        for number in range(size):
            told = digest(BYTES + str(day).encode()) if number == 1 else digest(b"else")
            event = Event(
                event_id=f"sự kiện {day} {number}",
                at=START + day * ONE,
                actor=ACTOR,
                action="component.signed",
                subjects={"component_id": "c", "\u20ac": 'đ\n"\\\u007f', "\U0001f600": "1"},
                hashes={"content": told},
            )
            links.append(chained(event, len(links) + 1, links[-1].hash if links else GENESIS))
    return links


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    made.set(TODAY)
    yield made
    made.close()


def signing(pki: Pki, home: Path, tsa: str = "tsa") -> Signing:
    settings = Settings(
        home=home,
        signing=SigningSettings(trust=(pki.pem("root"),)),
        tsa=TsaSettings(url=pki.tsa(tsa)),
    )
    return Signing(settings)


@pytest.fixture(scope="module")
def store(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> MemoryStore:
    """Three days, the first two with timestamps."""
    store = MemoryStore()
    log = cast(Records, Log(links_of(3, 5, 4)))
    seal_finished_days(log, store, DAY + 2 * ONE)
    own = signing(pki, tmp_path_factory.mktemp("home"))
    assert stamp_sealed_days(store, own.timestamps).stamped == 2
    own.close()
    seal_finished_days(log, store, DAY + 3 * ONE)
    return store


@pytest.fixture
def folder(store: MemoryStore, tmp_path: Path) -> Path:
    return export(store, tmp_path / "ledger")


def export(store: MemoryStore, folder: Path) -> Path:
    folder.mkdir()
    for stored in store.list("ledger/"):
        with store.open(stored.key) as stream:
            (folder / Path(stored.key).name).write_bytes(stream.read())
    return folder


def run(folder: Path, *more: str | Path) -> tuple[int, dict[str, Any]]:
    """Alone: in isolated mode, from elsewhere."""
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), str(folder), "--json", *map(str, more)],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def check(folder: Path, roots: list[Any] | None = None) -> list[tuple[str, str]]:
    found = tool.prove(folder, [], [], roots)
    return [(one.code, one.where) for one in found.findings]


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


# -- what is whole ----------------------------------------------------------------------------


def test_a_whole_ledger(folder: Path, pki: Pki) -> None:
    code, found = run(folder, "--ca", pki.pem("root"))
    assert (code, found["verdict"], found["findings"]) == (0, "PROVEN", [])
    assert [(d["first_seq"], d["last_seq"], d["trusted"]) for d in found["days"]] == [
        (1, 3, True),
        (4, 8, True),
        (9, 12, None),
    ]
    assert found["days"][0]["authority"] == "Test tsa"
    assert all(day["events_checked"] for day in found["days"])


def test_nothing_but_the_standard_library_and_cryptography_is_loaded(folder: Path) -> None:
    script = (
        "import runpy, sys; before = set(sys.modules)\n"
        f"tool = runpy.run_path({str(TOOL)!r})\n"
        f"tool['main']([{str(folder)!r}])\n"
        "own = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(own - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(re.findall(r"'([^']+)'", done.stdout.splitlines()[-1]))
    assert loaded - {"cryptography", "_cffi_backend", "cffi", "_openssl"} == set()


def test_it_explains_itself_in_two_languages() -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), "--help"], capture_output=True, text=True, check=True
    )
    assert "Kiểm chứng sổ cái" in done.stdout
    assert "the chain of days is whole" in done.stdout
    assert all(len(words) == 2 and all(words) for words in tool.WORDS.values())


@pytest.mark.parametrize(("language", "verdict"), [("vi", "ĐÚNG: chuỗi 3"), ("en", "PROVEN: the")])
def test_words_for_people(folder: Path, language: str, verdict: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), str(folder), "--lang", language],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(verdict)


@given(
    st.recursive(
        st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=8,
    )
)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (ValueError, UnicodeEncodeError):
        return
    assert tool.canonical(value) == expected


@given(st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=20))
def test_trees_are_the_same(values: list[str]) -> None:
    assert tool.tree_root(values) == merkle_root(values)
    for index, value in enumerate(values):
        path = list(merkle_path(values, index))
        assert tool.root_along(value, index, len(values), path) == merkle_root(values)


def test_an_old_seal_and_a_new_one_after_it(tmp_path: Path) -> None:
    store = MemoryStore()
    data = (ROOT / "tests" / "resources" / "ledger-day-1.json").read_bytes()
    store.plant("ledger/2026-11-22.json", data)
    ((_, old),) = seals(store)
    assert old is not None
    (event,) = links_of(1)
    first = ChainedEvent.model_validate(json.loads(data)["events"][0])
    links = [
        first,
        chained(event.event.model_copy(update={"at": START + ONE}), 2, old.head),
    ]
    seal_finished_days(cast(Records, Log(links)), store, DAY + 2 * ONE)
    folder = export(store, tmp_path / "ledger")
    assert run(folder)[0] == 0
    (folder / "2026-11-22.json").write_bytes(data.replace(b'"dev"', b'"eve"'))
    assert check(folder) == [
        ("EVENT_CHANGED", "2026-11-22.json, seq 1"),
        ("SEAL_CHANGED", "2026-11-22.json → 2026-11-23.json"),
    ]


# -- what is not ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(5))
def test_what_is_wrong_with_events_is_named(folder: Path, place: int) -> None:
    path, seq = folder / "2026-11-23.events.json", 4 + place
    whole = path.read_text()
    name = "2026-11-23.json, seq"

    def found(change: Callable[[list[Any]], object]) -> list[tuple[str, str]]:
        path.write_text(whole)
        rewrite(path, lambda document: change(document["events"]))
        return check(folder)

    def edit(events: list[Any]) -> None:
        events[place]["event"]["actor"]["id"] = "eve"

    assert found(edit) == [("EVENT_CHANGED", f"{name} {seq}")]
    assert found(lambda events: events.pop(place)) == [("EVENT_LOST", f"{name} {seq}")]
    assert found(lambda events: events.insert(place, events[place])) == [
        ("EVENT_ADDED", f"{name} {seq}")
    ]
    if place < 4:
        swapped = found(lambda events: events.insert(place, events.pop(place + 1)))
        assert swapped == [("EVENT_MOVED", f"{name} {seq}")]


def test_events_that_were_all_hashed_anew(folder: Path) -> None:
    links = links_of(3, 5, 4)
    forged = links[3].event.model_copy(update={"event_id": "forged"})
    anew = [chained(forged, 4, links[2].hash)]
    for link in links[4:8]:
        anew.append(chained(link.event, link.seq, anew[-1].hash))
    path = folder / "2026-11-23.events.json"
    rewrite(path, lambda d: d.update(events=[json.loads(a.model_dump_json()) for a in anew]))
    assert check(folder) == [("EVENTS_CHANGED", "2026-11-23.json, seq 4–8")]


def test_a_day_forged_with_its_seal_does_not_meet_the_next(folder: Path, pki: Pki) -> None:
    links = links_of(3, 5, 4)
    other = MemoryStore()
    event = links[7].event.model_copy(update={"event_id": "forged"})
    forged = [*links[:7], chained(event, 8, links[6].hash)]
    seal_finished_days(cast(Records, Log(forged)), other, DAY + 2 * ONE)
    for suffix in (".json", ".events.json"):
        with other.open(f"ledger/2026-11-23{suffix}") as stream:
            (folder / f"2026-11-23{suffix}").write_bytes(stream.read())
    assert check(folder, tool.read_roots([pki.pem("root")])) == [
        ("STAMP_BROKEN", "2026-11-23.tsr"),
        ("SEAL_GAP", "2026-11-24.json (seq 9)"),
        ("TIME_UNPROVEN", "2026-11-23 – 2026-11-24"),
    ]


def test_days_that_are_missing_renamed_or_alone(folder: Path) -> None:
    (folder / "2026-11-23.json").rename(folder / "2026-11-25.json")
    assert check(folder) == [
        ("EVENTS_ALONE", "2026-11-23.events.json"),
        ("STAMP_ALONE", "2026-11-23.tsr"),
        ("SEAL_GAP", "2026-11-24.json (seq 4)"),
        ("SEAL_MISNAMED", "2026-11-25.json"),
        ("SEAL_GAP", "2026-11-25.json (seq 13)"),
    ]


def test_the_first_days_may_be_kept_elsewhere(folder: Path) -> None:
    for path in folder.glob("2026-11-22*"):
        path.unlink()
    assert check(folder) == []
    report = tool.prove(folder, [], [], None)
    assert any("2026-11-23" in line for line in tool.lines(report, 1, asked=False)[2:])


@pytest.mark.parametrize(
    "change",
    [
        {"root": "0" * 64},
        {"head": "0" * 64},
        {"count": 4},
        {"count": 2**52},
        {"count": 0},
        {"events_sha256": "0" * 64},
        {"previous": None},
        {"previous": "0" * 64},
        {"first_seq": 5},
        {"prev_hash": "0" * 64},
        {"schema": "sohoa.ledger-day/1"},
        {"schema": "sohoa.ledger-day/3"},
        {"day": "2026-11-24"},
        {"first_seq": "4"},
        {"first_seq": 4.0},
        {"first_seq": -1},
        {"root": 5},
    ],
)
def test_any_change_of_a_seal_is_noticed(folder: Path, change: dict[str, Any]) -> None:
    rewrite(folder / "2026-11-23.json", lambda document: document.update(change))
    found = check(folder)
    assert found
    assert any("2026-11-23" in where for _, where in found)


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b'{"a":1,"a":1}', b"\xff", b"5"])
@pytest.mark.parametrize("name", ["2026-11-23.json", "2026-11-23.events.json", "2026-11-23.tsr"])
def test_bytes_that_are_nothing(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    assert any(name in where for _, where in check(folder))


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty")[0] == 6
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), str(tmp_path / "none")], capture_output=True, check=False
    )
    assert done.returncode == 2


# -- timestamps -------------------------------------------------------------------------------


@given(st.data())
def test_no_byte_of_a_timestamp_that_matters_can_be_changed(
    store: MemoryStore, pki: Pki, data: st.DataObject
) -> None:
    with store.open("ledger/2026-11-22.tsr") as stream:
        response = bytearray(stream.read())
    ((_, seal), *_) = seals(store)
    assert seal is not None
    at, signer, _ = tool.read_stamp(bytes(response), seal.sha256)
    place = data.draw(st.integers(0, len(response) - 1))
    response[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        told = tool.read_stamp(bytes(response), seal.sha256)
    except tool.REFUSED:
        return
    assert told[0] == at  # outside of what is signed: nothing of it is used
    assert told[1] == signer


def test_a_timestamp_over_another_day(folder: Path) -> None:
    (folder / "2026-11-22.tsr").rename(folder / "2026-11-24.tsr")
    assert check(folder) == [("STAMP_BROKEN", "2026-11-24.tsr")]


def test_an_authority_that_is_not_trusted(folder: Path, pki: Pki) -> None:
    found = check(folder, tool.read_roots([pki.pem("stranger-root")]))
    assert [code for code, _ in found] == ["STAMP_UNTRUSTED"] * 2 + ["TIME_UNPROVEN"]
    assert check(folder, tool.read_roots([pki.pem("stranger-root"), pki.pem("root")])) == []


def test_openssl_reads_the_same(folder: Path, pki: Pki) -> None:
    done = subprocess.run(
        [
            *("openssl", "ts", "-verify", "-in", folder / "2026-11-22.tsr"),
            *("-data", folder / "2026-11-22.json", "-CAfile", pki.pem("root")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr


def test_an_authority_that_the_office_does_not_trust_stamps_nothing(
    pki: Pki, tmp_path: Path
) -> None:
    store = MemoryStore()
    seal_finished_days(cast(Records, Log(links_of(1))), store, DAY + ONE)
    own = signing(pki, tmp_path, "stranger-tsa")
    told = stamp_sealed_days(store, own.timestamps)
    own.close()
    assert told.stamped == 0
    assert isinstance(told.problem, TimestampError)
    assert told.problem.code == "TIMESTAMP_UNTRUSTED"


@pytest.mark.parametrize(
    ("without", "unproven"),
    [
        ((), None),
        (("2026-11-23",), "2026-11-23 – 2026-11-24"),
        (("2026-11-22", "2026-11-23"), "2026-11-22 – 2026-11-24"),
    ],
)
def test_a_chain_without_timestamps_proves_no_time(
    folder: Path, pki: Pki, without: tuple[str, ...], unproven: str | None
) -> None:
    """Whoever holds the ledger can compute a whole chain anew; the newest day alone may wait."""
    for day in without:
        (folder / f"{day}.tsr").unlink()
    assert run(folder)[0] == 0  # nobody asked for time
    code, found = run(folder, "--ca", pki.pem("root"))
    assert code == (4 if unproven else 0)
    assert [(one["code"], one["where"]) for one in found["findings"]] == (
        [("TIME_UNPROVEN", unproven)] if unproven else []
    )


def test_the_only_day_without_a_timestamp_proves_no_time(pki: Pki, tmp_path: Path) -> None:
    store = MemoryStore()
    seal_finished_days(cast(Records, Log(links_of(2))), store, DAY + ONE)
    folder = export(store, tmp_path / "ledger")
    assert check(folder, tool.read_roots([pki.pem("root")])) == [
        ("TIME_UNPROVEN", f"{DAY} – {DAY}")
    ]


def test_an_early_day_that_no_timestamp_reaches_is_not_the_newest() -> None:
    stamp = tool.Stamp(START, "Test tsa", True)

    def day(name: str, *, linked: bool = True, stamp: tool.Stamp | None = None) -> tool.Day:
        told = ("0" * 64, name, 1, 1, "0" * 64, "0" * 64, "0" * 64, "0" * 64, None, None)
        return tool.Day(f"{name}.json", *told, linked=linked, stamp=stamp)

    early, later, newest = day("1"), day("2", linked=False, stamp=stamp), day("3")
    assert tool.unproven([early, later]) == [early]
    assert tool.unproven([early, later, newest]) == [early, newest]
    assert tool.unproven([later, newest]) == []
    assert tool.unproven([newest]) == [newest]


def tlv(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x83]) + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize(
    "data",
    [
        tlv(0x30, b"\x05\x00" * 500_000),
        tlv(0x30, b"\x05\x00" * 30_000),
        tlv(0x30, tlv(0x06, b"\x81" * 60_000 + b"\x01")),
    ],
    ids=["large", "many", "oid"],
)
def test_a_hostile_timestamp_ends_quickly(folder: Path, data: bytes) -> None:
    (folder / "2026-11-22.tsr").write_bytes(data)
    begun = time.process_time()
    assert check(folder) == [("STAMP_BROKEN", "2026-11-22.tsr")]
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("length", [0, 65, 100_000])
def test_an_identifier_is_not_longer_than_any_is(length: int) -> None:
    body = b"\x81" * (length - 1) + b"\x01" if length else b""
    with pytest.raises(tool.Unreadable):
        tool.oid(tool.Node(6, b"", body))


# -- proofs -----------------------------------------------------------------------------------


@pytest.fixture
def proof(store: MemoryStore, tmp_path: Path) -> Path:
    sha256 = digest(BYTES + b"1")
    path = tmp_path / "proof.json"
    path.write_text(prove(store, [sha256])[sha256][0].model_dump_json())
    return path


def test_a_component_is_proven_without_any_other_event(
    folder: Path, pki: Pki, proof: Path, tmp_path: Path
) -> None:
    for path in folder.glob("*.events.json"):
        path.unlink()
    paper = tmp_path / "don.pdf"
    paper.write_bytes(BYTES + b"1")
    code, found = run(folder, "--ca", pki.pem("root"), "--proof", proof, "--file", paper)
    assert (code, found["findings"]) == (0, [])
    (told,) = found["proven"]
    assert (told["name"], told["seq"], told["day"]) == ("don.pdf", 5, "2026-11-23")
    assert told["existed_before"] is not None
    paper.write_bytes(BYTES + b"2")
    code, found = run(folder, "--ca", pki.pem("root"), "--proof", proof, "--file", paper)
    assert (code, [one["code"] for one in found["findings"]]) == (4, ["FILE_UNPROVEN"])


def test_a_component_is_found_among_the_events(folder: Path, tmp_path: Path, pki: Pki) -> None:
    paper = tmp_path / "don.pdf"
    paper.write_bytes(BYTES + b"2")
    code, found = run(folder, "--file", paper)
    assert (code, found["proven"][0]["seq"]) == (0, 10)
    code, found = run(folder, "--file", paper, "--ca", pki.pem("root"))
    assert (code, [one["code"] for one in found["findings"]]) == (4, ["TIME_UNPROVEN"])


def test_a_later_timestamp_stands_for_earlier_days(folder: Path, pki: Pki, proof: Path) -> None:
    (folder / "2026-11-22.tsr").unlink()
    rewrite(proof, lambda document: None)
    code, _ = run(folder, "--ca", pki.pem("root"), "--proof", proof)
    assert code == 0
    (folder / "2026-11-23.tsr").unlink()
    code, found = run(folder, "--ca", pki.pem("root"), "--proof", proof)
    assert code == 4
    assert [(one["code"], one["where"]) for one in found["findings"]] == [
        ("TIME_UNPROVEN", "2026-11-22 – 2026-11-24"),
        ("TIME_UNPROVEN", "proof.json, 2026-11-23"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sha256": "0" * 64}, "PROOF_OTHER_BYTES"),
        ({"day": "2026-11-22"}, "PROOF_SEAL_OTHER"),
        ({"day": "2026-11-21"}, "PROOF_SEAL_MISSING"),
        ({"seal_sha256": "0" * 64}, "PROOF_SEAL_OTHER"),
        ({"index": 2}, "PROOF_PATH_WRONG"),
        ({"size": 6}, "PROOF_PATH_WRONG"),
        ({"path": []}, "PROOF_PATH_WRONG"),
        ({"path": ["0" * 64] * 3}, "PROOF_PATH_WRONG"),
        ({"path": ["x"]}, "PROOF_UNREADABLE"),
        ({"path": None}, "PROOF_UNREADABLE"),
        ({"root": "0" * 64}, "PROOF_PATH_WRONG"),
        ({"event": {}}, "PROOF_UNREADABLE"),
        ({"schema": "sohoa.other/1"}, "PROOF_UNREADABLE"),
    ],
)
def test_a_proof_that_is_none(folder: Path, proof: Path, change: dict[str, Any], code: str) -> None:
    rewrite(proof, lambda document: document.update(change))
    report = tool.prove(folder, [proof], [], None)
    assert [one.code for one in report.findings] == [code]
    assert report.proven == []


def test_a_forged_event_in_a_proof(folder: Path, proof: Path) -> None:
    rewrite(proof, lambda document: document["event"]["event"]["actor"].update(id="eve"))
    assert [o.code for o in tool.prove(folder, [proof], [], None).findings] == [
        "PROOF_EVENT_CHANGED"
    ]
