#!/usr/bin/env python3
"""Kiểm chứng sổ cái Sohoa, không cần mạng, không cần Sohoa. Offline proof of a Sohoa ledger.

VI  Thư mục LEDGER chứa những gì kho giữ dưới ledger/: niêm phong của từng ngày (2026-11-22.json),
    dấu thời gian (.tsr), và nếu có thì sự kiện của ngày (.events.json). Chương trình chứng minh:
      1. chuỗi các ngày nguyên vẹn: không ngày nào bị sửa, bỏ bớt, chen thêm, đổi chỗ;
      2. sự kiện của mỗi ngày (nếu có) đúng là những sự kiện đã niêm phong; sai thì nói sai ở
         sự kiện số mấy (seq);
      3. dấu thời gian là của nơi cấp mà chứng thư gốc --ca tin cậy, đúng trên niêm phong đó;
      4. byte của tệp (--file) nằm trong một sự kiện đã niêm phong, theo --proof hoặc .events.json.
    Ví dụ:
      python3 prove_ledger.py ledger --ca goc-tsa.pem
      python3 prove_ledger.py ledger --ca goc-tsa.pem --proof chung-minh.json --file don.pdf
    Mã thoát: 0 đúng · 4 không có gì sai, nhưng có điều chưa chứng minh được · 6 sai · 2 dùng sai.

EN  The folder LEDGER holds what the archive keeps below ledger/: the seal of each day
    (2026-11-22.json), its timestamp (.tsr), and where given the day's events (.events.json).
    Proven is that
      1. the chain of days is whole: none edited, left out, put in, or reordered;
      2. the events of each day (where given) are those that were sealed; if not, at which event
         (seq) they are wrong;
      3. timestamps are over these seals, by an authority that the root --ca vouches for;
      4. the bytes of a file (--file) are told of by a sealed event, by --proof or .events.json.
    Exit codes: 0 proven · 4 nothing is wrong, but something is unproven · 6 wrong · 2 usage.

Needs Python 3.9 and the package "cryptography" (42 or newer), nothing else.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import hashlib
import json
import re
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

GENESIS = "0" * 64
DONE, USAGE, OPEN, WRONG = 0, 2, 4, 6
MOST_JSON = 1 << 30
MOST_SMALL = 1 << 20
MOST_STAMP = 1 << 16
MOST_FINDINGS = 1000
"""Lost events named of one day; more say no more."""
SHA256 = re.compile(r"[0-9a-f]{64}")

WORDS = {
    "LEDGER_EMPTY": ("không có niêm phong nào", "there is no seal"),
    "SEAL_UNREADABLE": ("niêm phong không đọc được", "the seal cannot be read"),
    "SEAL_MISNAMED": ("tên tệp không đúng ngày niêm phong", "the file's name is not the day's"),
    "SEAL_CHANGED": (
        "niêm phong này hoặc niêm phong trước nó bị thay: mã băm không nối nhau",
        "this seal or the one before was exchanged: the digests do not meet",
    ),
    "SEAL_GAP": (
        "thiếu, thừa hoặc sai thứ tự ngày: sự kiện không nối tiếp ngày trước",
        "a day is missing, too many, or out of order: events do not carry on",
    ),
    "EVENTS_UNREADABLE": ("sự kiện của ngày không đọc được", "the day's events cannot be read"),
    "EVENTS_CHANGED": (
        "sự kiện của ngày không phải những sự kiện đã niêm phong",
        "the day's events are not those that were sealed",
    ),
    "EVENT_CHANGED": ("sự kiện bị sửa", "the event was changed"),
    "EVENT_LOST": ("sự kiện bị xoá", "the event was deleted"),
    "EVENT_ADDED": ("sự kiện bị chen vào", "the event was inserted"),
    "EVENT_MOVED": ("sự kiện bị đổi chỗ", "the event was moved"),
    "EVENTS_ALONE": ("có sự kiện mà không có niêm phong", "events without a seal"),
    "STAMP_ALONE": ("có dấu thời gian mà không có niêm phong", "a timestamp without a seal"),
    "STAMP_BROKEN": ("dấu thời gian không đúng", "the timestamp does not hold"),
    "STAMP_UNTRUSTED": (
        "dấu thời gian không thuộc chứng thư gốc --ca",
        "the timestamp's authority does not lead to --ca",
    ),
    "PROOF_UNREADABLE": ("chứng minh không đọc được", "the proof cannot be read"),
    "PROOF_SEAL_MISSING": ("thiếu niêm phong của ngày này", "the seal of this day is missing"),
    "PROOF_SEAL_OTHER": ("chứng minh thuộc một niêm phong khác", "the proof is of another seal"),
    "PROOF_EVENT_CHANGED": ("sự kiện trong chứng minh bị sửa", "the proof's event was changed"),
    "PROOF_PATH_WRONG": (
        "đường dẫn không đưa tới gốc trong niêm phong",
        "the path does not lead to the root in the seal",
    ),
    "PROOF_OTHER_BYTES": (
        "sự kiện không nói tới mã băm này",
        "the event does not tell of this digest",
    ),
    "FILE_UNREADABLE": ("tệp không đọc được", "the file cannot be read"),
    "FILE_UNPROVEN": (
        "không có sự kiện đã niêm phong nào nói tới byte của tệp này",
        "no sealed event tells of this file's bytes",
    ),
    "TIME_UNPROVEN": (
        "chưa có dấu thời gian tin cậy nào trùm lên ngày này",
        "no trusted timestamp covers this day",
    ),
    "day": (
        "ngày {day}: sự kiện {first}–{last}, {events}, {stamp}",
        "day {day}: events {first}–{last}, {events}, {stamp}",
    ),
    "events_known": ("đã kiểm từng sự kiện", "every event checked"),
    "events_absent": ("không kèm sự kiện", "events not given"),
    "stamped": ("dấu thời gian {at} của “{by}”", "timestamped {at} by “{by}”"),
    "stamped_unasked": (
        "dấu thời gian {at} của “{by}” (chưa kiểm nơi cấp: thiếu --ca)",
        "timestamped {at} by “{by}” (authority not checked: no --ca)",
    ),
    "unstamped": ("chưa có dấu thời gian", "no timestamp yet"),
    "proven": (
        "{name}: sự kiện {seq} ({action}), ngày {day}, có trước {at}",
        "{name}: event {seq} ({action}) of {day}, existed before {at}",
    ),
    "some_time": ("(chưa rõ thời điểm)", "(time unproven)"),
    "whole": (
        "ĐÚNG: chuỗi {days} ngày, sự kiện {first}–{last}, nguyên vẹn.",
        "PROVEN: the chain of {days} days, events {first}–{last}, is whole.",
    ),
    "partial": (
        "Bắt đầu giữa chừng: những ngày trước {day} không có ở đây.",
        "It starts midway: the days before {day} are not here.",
    ),
    "open": (
        "CHƯA ĐỦ: không thấy gì sai, nhưng có điều chưa chứng minh được.",
        "OPEN: nothing is wrong, but something is unproven.",
    ),
    "wrong": ("SAI: {count} điểm.", "WRONG: {count} findings."),
    "tail": (
        "Sự kiện sau {last} chưa niêm phong, không thuộc chứng minh này.",
        "Events after {last} are not sealed and not part of this proof.",
    ),
}
"""What is said, in Vietnamese and English."""


class Unreadable(ValueError):
    """Bytes that are not what they should be."""


@dataclass
class Finding:
    """One thing that is wrong or open."""

    code: str
    where: str
    """File, day or seq."""
    wrong: bool = True
    """False: only unproven."""


@dataclass
class Stamp:
    """A timestamp that holds."""

    at: dt.datetime
    by: str
    trusted: bool


@dataclass
class Day:
    """A seal, with what was found of its day."""

    name: str
    sha256: str
    day: str
    first: int
    count: int
    prev_hash: str
    head: str
    root: str | None
    previous: str | None
    events_sha256: str | None
    events: list[dict[str, Any]] | None
    sound: bool = True
    """The events, where given, are the sealed ones."""
    linked: bool = True
    """Carries on from the seal before it."""
    stamp: Stamp | None = None

    @property
    def last(self) -> int:
        """Seq of the last event."""
        return self.first + self.count - 1


@dataclass
class Report:
    """All that was found."""

    days: list[Day] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    proven: list[dict[str, Any]] = field(default_factory=list)

    def add(self, code: str, where: str, *, wrong: bool = True) -> None:
        """Note something."""
        self.findings.append(Finding(code, where, wrong))

    @property
    def exit_code(self) -> int:
        """0, 4 or 6."""
        if any(finding.wrong for finding in self.findings):
            return WRONG
        return OPEN if self.findings else DONE


# -- hashes ---------------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of what events consist of: objects, arrays, strings, whole numbers.

    Raises:
        Unreadable: a number that is not whole, or too large to be exact everywhere.
    """
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return b"{%s}" % b",".join(canonical(k) + b":" + canonical(v) for k, v in ordered)
    if isinstance(value, list):
        return b"[%s]" % b",".join(map(canonical, value))
    if isinstance(value, float) or (type(value) is int and abs(value) >= 1 << 53):
        raise Unreadable("number")
    return json.dumps(value, ensure_ascii=False).encode()


def event_hash(link: dict[str, Any]) -> str:
    """The hash that an event has in its place."""
    told = {"seq": link["seq"], "prev_hash": link["prev_hash"], "event": link["event"]}
    return hashlib.sha256(canonical(told)).hexdigest()


def tree_root(values: list[str]) -> str:
    """Root of the Merkle tree (RFC 6962) over hashes."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(value)).digest() for value in values]
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2])]  # noqa: B905
        single = level[len(level) & ~1 :]
        level = [hashlib.sha256(b"\1" + pair).digest() for pair in pairs] + single
    return level[0].hex()


def root_along(value: str, index: int, size: int, path: list[str]) -> str | None:
    """The root that a path leads to from a place; None where it is not of that place."""
    if not 0 <= index < size:
        return None
    node, last, steps = hashlib.sha256(b"\0" + bytes.fromhex(value)).digest(), size - 1, path[::-1]
    while last > 0:
        if index % 2 or index < last:
            if not steps:
                return None
            beside = bytes.fromhex(steps.pop())
            pair = beside + node if index % 2 else node + beside
            node = hashlib.sha256(b"\1" + pair).digest()
        index, last = index // 2, last // 2
    return None if steps else node.hex()


# -- documents ------------------------------------------------------------------------------


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Raises:
        Unreadable: it cannot be read, or is too long.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error
    if len(data) > most:
        raise Unreadable("too long")
    return data


def parsed(data: bytes, schema: str) -> dict[str, Any]:
    """A JSON document of a schema (`name/`), without any key twice.

    Raises:
        Unreadable: it is none.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unreadable("a key twice")
        return found

    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if not isinstance(document, dict) or not str(document.get("schema")).startswith(schema):
        raise Unreadable("schema")
    return document


def digest_of(document: dict[str, Any], key: str) -> str:
    """A SHA-256 in a document.

    Raises:
        Unreadable: there is none.
    """
    value = document.get(key)
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise Unreadable(key)
    return value


def number_of(document: dict[str, Any], key: str) -> int:
    """A whole number from 0 on in a document.

    Raises:
        Unreadable: there is none.
    """
    value = document.get(key)
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise Unreadable(key)
    return value


def links_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The chained events of a document, each of the right shape.

    Raises:
        Unreadable: one is not.
    """
    links = document.get("events")
    if not isinstance(links, list):
        raise Unreadable("events")
    for link in links:
        check_link(link)
    return links


def check_link(link: Any) -> None:
    """Refuse what is not of the shape of a chained event.

    Raises:
        Unreadable: it is not.
    """
    if not isinstance(link, dict) or not isinstance(link.get("event"), dict):
        raise Unreadable("event")
    number_of(link, "seq")
    digest_of(link, "prev_hash")
    digest_of(link, "hash")
    event = link["event"]
    if not isinstance(event.get("hashes"), dict):
        raise Unreadable("hashes")
    if not re.fullmatch(r"[a-z._]{1,64}", str(event.get("action"))):
        raise Unreadable("action")
    try:
        event_hash(link)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unreadable("event") from error


def read_seal(path: Path) -> Day:
    """A seal, of either schema.

    Raises:
        Unreadable: it is none.
    """
    data = read_bytes(path, MOST_JSON)
    document = parsed(data, "sohoa.ledger-day/")
    whole = document["schema"] == "sohoa.ledger-day/1"
    if not whole and document["schema"] != "sohoa.ledger-day/2":
        raise Unreadable("schema")
    events = links_of(document) if whole else None
    previous = document.get("previous")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(document.get("day"))):
        raise Unreadable("day")
    return Day(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        day=str(document.get("day")),
        first=number_of(document, "first_seq"),
        count=number_of(document, "count") if events is None else len(events),
        prev_hash=digest_of(document, "prev_hash"),
        head=digest_of(document, "head"),
        root=None if whole else digest_of(document, "root"),
        previous=None if previous is None else digest_of(document, "previous"),
        events_sha256=None if whole else digest_of(document, "events_sha256"),
        events=events,
    )


# -- days -----------------------------------------------------------------------------------


def check_folder(folder: Path, roots: list[x509.Certificate] | None, report: Report) -> None:
    """Read all days of a folder, in order, and note what is wrong."""
    names = sorted(path.name for path in folder.iterdir())
    seals = [n for n in names if n.endswith(".json") and not n.endswith(".events.json")]
    stems = {name[: -len(".json")] for name in seals}
    for name in names:
        for suffix, code in ((".events.json", "EVENTS_ALONE"), (".tsr", "STAMP_ALONE")):
            if name.endswith(suffix) and name[: -len(suffix)] not in stems:
                report.add(code, name)
    if not seals:
        report.add("LEDGER_EMPTY", str(folder))
    before: Day | None = None
    for name in seals:
        try:
            day = read_seal(folder / name)
        except Unreadable:
            report.add("SEAL_UNREADABLE", name)
            continue
        if name != f"{day.day}.json":
            report.add("SEAL_MISNAMED", name)
        check_link_of(day, before, report)
        check_events(day, folder / f"{name[: -len('.json')]}.events.json", report)
        check_stamp(day, folder / f"{name[: -len('.json')]}.tsr", roots, report)
        report.days.append(day)
        before = day


def check_link_of(day: Day, before: Day | None, report: Report) -> None:
    """Does a seal carry on from the one before?"""
    start = day.first == 1
    if before is None:
        day.linked = not start or (day.prev_hash == GENESIS and day.previous is None)
        if not day.linked or day.count < 1:
            report.add("SEAL_GAP", f"{day.name} (seq {day.first})")
        return
    if (day.first, day.prev_hash) != (before.last + 1, before.head) or day.count < 1:
        day.linked = False
        report.add("SEAL_GAP", f"{day.name} (seq {before.last + 1})")
    elif day.root is not None and day.previous != before.sha256:
        day.linked = False
        report.add("SEAL_CHANGED", f"{before.name} → {day.name}")


def check_events(day: Day, path: Path, report: Report) -> None:
    """Are the events of a day the sealed ones, and if not, at which seq?"""
    data = b""
    if day.events is None:
        if not path.exists():
            return
        try:
            data = read_bytes(path, MOST_JSON)
            day.events = links_of(parsed(data, "sohoa.ledger-events/1"))
        except Unreadable:
            day.sound = False
            report.add("EVENTS_UNREADABLE", path.name)
            return
    hashes_ = [link["hash"] for link in day.events]
    told = day.events_sha256 in (None, hashlib.sha256(data).hexdigest())
    rooted = day.root is None or (bool(hashes_) and tree_root(hashes_) == day.root)
    headed = bool(hashes_) and hashes_[-1] == day.head
    located = broken_events(day)
    day.sound = told and rooted and headed and not located
    for code, seq in located:
        report.add(code, f"{day.name}, seq {seq}")
    if not day.sound and not located:
        report.add("EVENTS_CHANGED", f"{day.name}, seq {day.first}–{day.last}")


def broken_events(day: Day) -> list[tuple[str, int]]:
    """Code and seq of every event that is not in its place in the chain of a day."""
    links = day.events or []
    found: list[tuple[str, int]] = []
    by_seq = {link["seq"]: link for link in links}
    for seq in range(day.first, day.last + 1):
        if seq not in by_seq:
            found.append(("EVENT_LOST", seq))
            if len(found) > MOST_FINDINGS:
                return found
    seen: set[int] = set()
    highest = day.first - 1
    for link in links:
        seq = link["seq"]
        if seq in seen or not day.first <= seq <= day.last:
            found.append(("EVENT_ADDED", seq))
            continue
        seen.add(seq)
        if seq < highest:
            found.append(("EVENT_MOVED", seq))
        highest = max(highest, seq)
        before = by_seq.get(seq - 1)
        follows = before is None or before["hash"] == link["prev_hash"]
        if link["hash"] != event_hash(link) or not follows:
            found.append(("EVENT_CHANGED", seq))
    first = by_seq.get(day.first)
    if first is not None and first["prev_hash"] != day.prev_hash:
        found.append(("EVENT_CHANGED", day.first))
    return sorted(set(found), key=lambda one: one[1])


def covered(days: list[Day], day: Day) -> Stamp | None:
    """The first trusted timestamp over a day, or over a later one that carries on from it."""
    start = next(n for n, one in enumerate(days) if one is day)
    for one in days[start:]:
        if one is not day and (not one.linked or one.root is None):
            return None  # the first schema does not name the seal before
        if one.stamp is not None and one.stamp.trusted:
            return one.stamp
    return None


def unproven(days: list[Day]) -> list[Day]:
    """Days over which no trusted timestamp lies; the newest alone may wait for its own."""
    found = [day for day in days if covered(days, day) is None]
    return [] if found == days[-1:] and len(days) > 1 else found


# -- timestamps (RFC 3161, CMS) -------------------------------------------------------------


@dataclass
class Node:
    """A value in DER."""

    tag: int
    raw: bytes
    body: bytes

    def items(self) -> list[Node]:
        """What a constructed value consists of."""
        found, rest = [], self.body
        while rest:
            node, rest = der(rest)
            found.append(node)
        return found


def der(data: bytes) -> tuple[Node, bytes]:
    """The first value, and what is left.

    Raises:
        Unreadable: not DER.
    """
    if len(data) < 2 or data[0] & 31 == 31:
        raise Unreadable("DER")
    length, start = data[1], 2
    if length & 128:
        size = length & 127
        start += size
        if not 1 <= size <= 4 or len(data) < start:
            raise Unreadable("DER")
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise Unreadable("DER")
    return Node(data[0], data[: start + length], data[start : start + length]), data[
        start + length :
    ]


def oid(node: Node) -> str:
    """An object identifier, dotted."""
    if node.tag != 6 or not 0 < len(node.body) <= 64:
        raise Unreadable("OID")
    numbers, value = [], 0
    for octet in node.body:
        value = value << 7 | octet & 127
        if not octet & 128:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


DIGESTS: dict[str, Any] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
CERTIFICATE_V1, CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
PSS = "1.2.840.113549.1.1.10"
REFUSED = (
    ValueError,
    LookupError,
    TypeError,
    StopIteration,
    OverflowError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)
"""What reading a hostile timestamp may raise."""


def check_stamp(day: Day, path: Path, roots: list[x509.Certificate] | None, report: Report) -> None:
    """Does the timestamp of a day hold, and whose is it?"""
    if not path.exists():
        return
    try:
        at, signer, others = read_stamp(read_bytes(path, MOST_STAMP), day.sha256)
        trusted = roots is not None and leads_to(signer, others, roots, at)
        day.stamp = Stamp(at, common_name(signer), trusted)
    except REFUSED:
        report.add("STAMP_BROKEN", path.name)
        return
    if roots is not None and not trusted:
        report.add("STAMP_UNTRUSTED", path.name)


def read_stamp(
    data: bytes, sha256: str
) -> tuple[dt.datetime, x509.Certificate, list[x509.Certificate]]:
    """Moment, signer and further certificates of a response whose signature holds.

    Raises:
        Any of REFUSED: it does not hold, or is not over these bytes.
    """
    response, rest = der(data)
    status, token = response.items()[:2]
    if rest or int.from_bytes(status.items()[0].body, "big") not in (0, 1):
        raise Unreadable("status")
    kind, explicit = token.items()
    if oid(kind) != SIGNED_DATA:
        raise Unreadable("no signed data")
    parts = der(explicit.body)[0].items()
    content = parts[2].items()
    if oid(content[0]) != TST_INFO:
        raise Unreadable("no timestamp")
    info = der(content[1].body)[0].body
    certificates = [
        certificate(one.raw)
        for part in parts[3:]
        if part.tag == 0xA0
        for one in part.items()
        if one.tag == 0x30
    ]
    (signer_info,) = parts[-1].items()
    signer = verified(signer_info, info, certificates)
    return imprint_time(info, sha256), signer, [c for c in certificates if c != signer]


def certificate(data: bytes) -> x509.Certificate:
    """A certificate as RFC 5280 allows it; what the library only warns of is refused.

    Raises:
        Any of REFUSED: it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return x509.load_der_x509_certificate(data)
        except Warning as error:
            raise Unreadable("certificate") from error


def imprint_time(info: bytes, sha256: str) -> dt.datetime:
    """The moment of a TSTInfo over a digest."""
    fields = der(info)[0].items()
    algorithm, digest = fields[2].items()
    if oid(algorithm.items()[0]) != "2.16.840.1.101.3.4.2.1" or digest.body.hex() != sha256:
        raise Unreadable("over something else")
    moment = fields[4].body.decode("ascii")
    if not re.fullmatch(r"\d{14}(\.\d+)?Z", moment):
        raise Unreadable("time")
    utc = dt.timezone.utc  # noqa: UP017
    return dt.datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=utc)


def verified(
    signer_info: Node, info: bytes, certificates: list[x509.Certificate]
) -> x509.Certificate:
    """The certificate that signed a TSTInfo, made for timestamping."""
    fields = signer_info.items()
    signer = named(fields[1], certificates)
    digest = DIGESTS[oid(fields[2].items()[0])]()
    attributes = next(one for one in fields if one.tag == 0xA0)
    after = fields[fields.index(attributes) + 1 :]
    values = {}
    for one in attributes.items():
        name, value = one.items()
        if oid(name) in values:
            raise Unreadable("an attribute twice")
        values[oid(name)] = value.items()[0]
    if oid(values[CONTENT_TYPE]) != TST_INFO:
        raise Unreadable("content type")
    if values[MESSAGE_DIGEST].body != hashlib.new(digest.name, info).digest():
        raise Unreadable("message digest")
    names_certificate(values, signer)
    check_signature(signer, after[0], after[1].body, b"\x31" + attributes.raw[1:], digest)
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if list(usage.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Unreadable("not for timestamping")
    return signer


def named(sid: Node, certificates: list[x509.Certificate]) -> x509.Certificate:
    """The certificate that a signer is named by."""
    for one in certificates:
        if sid.tag == 0x30:
            issuer, serial = sid.items()
            number = int.from_bytes(serial.body, "big", signed=True)
            if (one.issuer.public_bytes(), one.serial_number) == (issuer.raw, number):
                return one
        elif sid.tag == 0x80:
            key = one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            if key.value.digest == sid.body:
                return one
    raise Unreadable("no certificate")


def names_certificate(values: dict[str, Node], signer: x509.Certificate) -> None:
    """Refuse a signer that the token was not made to name (RFC 3161, 2.4.2; RFC 5816)."""
    if CERTIFICATE_V2 in values:
        parts = values[CERTIFICATE_V2].items()[0].items()[0].items()
        digest = DIGESTS[oid(parts[0].items()[0])]() if parts[0].tag == 0x30 else hashes.SHA256()
        told = parts[1] if parts[0].tag == 0x30 else parts[0]
    else:
        told = values[CERTIFICATE_V1].items()[0].items()[0].items()[0]
        digest = hashes.SHA1()  # noqa: S303
    if told.tag != 4 or told.body != signer.fingerprint(digest):
        raise Unreadable("another certificate")


def check_signature(
    signer: x509.Certificate, algorithm: Node, signature: bytes, data: bytes, digest: Any
) -> None:
    """Refuse a signature that does not hold."""
    key = signer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if oid(algorithm.items()[0]) == PSS:
            scheme: Any = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
        else:
            scheme = padding.PKCS1v15()
        key.verify(signature, data, scheme, digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        raise Unreadable("kind of key")


def leads_to(
    signer: x509.Certificate,
    others: list[x509.Certificate],
    roots: list[x509.Certificate],
    at: dt.datetime,
) -> bool:
    """True where issuers lead from a certificate to a root, all of them valid at a moment."""
    one, hops = signer, 0
    while hops <= len(others) + 1:
        if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
            return False
        if one in roots:
            return True
        above = next((c for c in (*roots, *others) if c != one and issued(one, c)), None)
        if above is None:
            return False
        one, hops = above, hops + 1
    return False


def issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    """True where an authority issued a certificate."""
    try:
        if not by.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        one.verify_directly_issued_by(by)
    except REFUSED:
        return False
    return True


def common_name(certificate: x509.Certificate) -> str:
    """Who a certificate is of."""
    names = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
    name = str(names[0].value) if names else certificate.subject.rfc4514_string()
    return "".join(letter for letter in name if letter.isprintable())


def read_roots(paths: list[Path]) -> list[x509.Certificate]:
    """Certificates of PEM or DER files.

    Raises:
        Unreadable: a file holds none.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        data = read_bytes(path, MOST_SMALL)
        bodies = re.findall(
            rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", data, re.DOTALL
        )
        try:
            own = [x509.load_der_x509_certificate(base64.b64decode(body)) for body in bodies]
            found += own or [x509.load_der_x509_certificate(data)]
        except ValueError as error:
            raise Unreadable(path.name) from error
    return found


# -- proofs ---------------------------------------------------------------------------------


def check_proof(path: Path, report: Report) -> None:
    """Does a proof lead to a seal of this ledger? Notes what it proves."""
    try:
        document = parsed(read_bytes(path, MOST_SMALL), "sohoa.ledger-proof/1")
        check_link(document.get("event"))
        sha256, root = digest_of(document, "sha256"), digest_of(document, "root")
        index, size = number_of(document, "index"), number_of(document, "size")
        steps = document.get("path")
        if not isinstance(steps, list) or len(steps) > 64:
            raise Unreadable("path")
        steps = [digest_of({"step": step}, "step") for step in steps]
    except Unreadable:
        report.add("PROOF_UNREADABLE", path.name)
        return
    link = document["event"]
    where = f"{path.name}, seq {link['seq']}"
    day = next((one for one in report.days if one.day == document.get("day")), None)
    if day is None:
        report.add("PROOF_SEAL_MISSING", f"{path.name}, {document.get('day')}")
        return
    sealed_root = day.root or (tree_root([e["hash"] for e in day.events]) if day.events else None)
    code = ""
    if document.get("seal_sha256") != day.sha256:
        code = "PROOF_SEAL_OTHER"
    elif event_hash(link) != link["hash"]:
        code = "PROOF_EVENT_CHANGED"
    elif sha256 not in link["event"]["hashes"].values():
        code = "PROOF_OTHER_BYTES"
    elif (
        root != sealed_root
        or (index, size) != (link["seq"] - day.first, day.count)
        or root_along(link["hash"], index, size, steps) != root
    ):
        code = "PROOF_PATH_WRONG"
    if code:
        report.add(code, where)
    else:
        note_proven(path.name, sha256, link, day, report)


def note_proven(name: str, sha256: str, link: dict[str, Any], day: Day, report: Report) -> None:
    """Note bytes that are told of in a sealed day."""
    stamp = covered(report.days, day)
    report.proven.append(
        {
            "name": name,
            "sha256": sha256,
            "seq": link["seq"],
            "action": str(link["event"].get("action")),
            "day": day.day,
            "existed_before": stamp.at.isoformat().replace("+00:00", "Z") if stamp else None,
        }
    )


def check_files(paths: list[Path], report: Report) -> None:
    """Are the bytes of files told of, by a proof or by the events at hand?"""
    wanted: dict[str, str] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                digest = hashlib.sha256()
                while part := file.read(1 << 20):
                    digest.update(part)
            wanted[digest.hexdigest()] = path.name
        except OSError:
            report.add("FILE_UNREADABLE", path.name)
    for sha256, name in wanted.items():
        proofs = [one for one in report.proven if one["sha256"] == sha256]
        for one in proofs:
            one["name"] = name
        if not proofs and not find_told(sha256, name, report):
            report.add("FILE_UNPROVEN", f"{name} ({sha256})", wrong=False)


def find_told(sha256: str, name: str, report: Report) -> bool:
    """Look for a digest among the events at hand."""
    for day in report.days:
        for link in (day.events or []) if day.sound else []:
            if sha256 in link["event"]["hashes"].values():
                note_proven(name, sha256, link, day, report)
                return True
    return False


# -- command line ---------------------------------------------------------------------------


def prove(
    folder: Path, proofs: list[Path], files: list[Path], roots: list[x509.Certificate] | None
) -> Report:
    """Check everything that is given."""
    report = Report()
    check_folder(folder, roots, report)
    for path in proofs:
        check_proof(path, report)
    check_files(files, report)
    if roots is not None:
        if found := unproven(report.days):
            report.add("TIME_UNPROVEN", f"{found[0].day} – {found[-1].day}", wrong=False)
        for one in report.proven:
            if one["existed_before"] is None:
                report.add("TIME_UNPROVEN", f"{one['name']}, {one['day']}", wrong=False)
    return report


def as_json(report: Report) -> dict[str, Any]:
    """The report, for machines."""
    return {
        "verdict": {DONE: "PROVEN", OPEN: "OPEN", WRONG: "WRONG"}[report.exit_code],
        "days": [
            {
                "day": day.day,
                "first_seq": day.first,
                "last_seq": day.last,
                "sha256": day.sha256,
                "events_checked": day.events is not None and day.sound,
                "timestamped_at": day.stamp.at.isoformat().replace("+00:00", "Z")
                if day.stamp
                else None,
                "authority": day.stamp.by if day.stamp else None,
                "trusted": day.stamp.trusted if day.stamp else None,
            }
            for day in report.days
        ],
        "proven": report.proven,
        "findings": [
            {"code": one.code, "where": one.where, "wrong": one.wrong} for one in report.findings
        ],
    }


def lines(report: Report, language: int, *, asked: bool) -> list[str]:
    """The report, for people."""

    def word(key: str, **values: object) -> str:
        return WORDS[key][language].format(**values)

    out = []
    for day in report.days:
        stamp = word("unstamped")
        if day.stamp is not None:
            key = "stamped" if asked else "stamped_unasked"
            stamp = word(key, at=day.stamp.at.strftime("%Y-%m-%d %H:%M:%SZ"), by=day.stamp.by)
        events = word("events_known" if day.events is not None and day.sound else "events_absent")
        out.append(
            word("day", day=day.day, first=day.first, last=day.last, events=events, stamp=stamp)
        )
    for one in report.proven:
        out.append(
            "  " + word("proven", **{**one, "at": one["existed_before"] or word("some_time")})
        )
    for finding in report.findings:
        mark = "!" if finding.wrong else "·"
        out.append(f"{mark} {finding.code} {finding.where}: {word(finding.code)}")
    if report.days and report.days[0].first > 1:
        out.append(word("partial", day=report.days[0].day))
    if report.days:
        out.append(word("tail", last=report.days[-1].last))
    if report.exit_code == WRONG:
        out.append(word("wrong", count=sum(one.wrong for one in report.findings)))
    elif report.exit_code == OPEN:
        out.append(word("open"))
    else:
        first, last = report.days[0].first, report.days[-1].last
        out.append(word("whole", days=len(report.days), first=first, last=last))
    return out


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ledger", type=Path, metavar="LEDGER", help="thư mục / folder")
    parser.add_argument(
        "--ca",
        type=Path,
        action="append",
        metavar="PEM",
        help="chứng thư gốc TSA / root of the TSA",
    )
    parser.add_argument(
        "--proof", type=Path, action="append", default=[], metavar="JSON", help="chứng minh / proof"
    )
    parser.add_argument(
        "--file", type=Path, action="append", default=[], metavar="FILE", help="tệp / component"
    )
    parser.add_argument("--lang", choices=("vi", "en"), default="vi", help="ngôn ngữ / language")
    parser.add_argument("--json", action="store_true", help="cho máy / for machines")
    given = parser.parse_args(arguments)
    if not given.ledger.is_dir():
        parser.error(f"không phải thư mục / not a folder: {given.ledger}")
    try:
        roots = read_roots(given.ca) if given.ca else None
    except Unreadable as error:
        parser.error(f"không đọc được --ca / --ca cannot be read: {error}")
    report = prove(given.ledger, given.proof, given.file, roots)
    if given.json:
        print(json.dumps(as_json(report), ensure_ascii=False))
    else:
        language = ("vi", "en").index(given.lang)
        print("\n".join(lines(report, language, asked=roots is not None)))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
