"""The validation report of an evidence file: for machines as JSON, for people in Vietnamese.

Pure: verdicts and holdings in, documents and paragraphs out. May not come in: drawing, signing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from pydantic import Field

from casework.packages.printed import Row
from casework.verification import Verdict
from pipeline.ids import LEGAL_ZONE
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.manifest import ArchiveDocument
from pipeline.models.records import ComponentRecord

Words = Callable[[str], str]
"""A label by dotted key (`verdict.VALID`, `verdict_reason.UNTRUSTED`), in Vietnamese."""


class Enclosed(Model):
    """One recorded file of a component, and whether it is in the package."""

    rev: int
    file: str | None
    """Path below `data/`; None where the archive does not hold the recorded bytes."""
    sha256: Sha256
    size: int
    state: Literal["ok", "changed", "lost"]


class Judged(Model):
    """One component: what was recorded, what is enclosed, the verdict."""

    component_id: str
    nn: int
    code: str
    digitisation_code: str | None
    pages: int
    revisions: tuple[Enclosed, ...]
    transfer_note: str | None
    """Path of the note read from the newest file; None for files that came from elsewhere."""
    verdict: Verdict


class ValidationReport(ArchiveDocument):
    """`sohoa.validation-report/1`."""

    schema_: Literal["sohoa.validation-report/1"] = Field(
        default="sohoa.validation-report/1", alias="schema"
    )
    unit: str
    dossier_code: str
    stage: str
    made_at: Instant
    made_by: Actor
    software: str
    immutability: str
    """Of the archive: `enforced` or `advisory`."""
    manifests: tuple[tuple[str, Sha256, str], ...]
    """(object key, digest, `ok` · `changed` · `lost`)"""
    components: tuple[Judged, ...]
    ledger_until_seq: int
    ledger_head: Sha256

    @property
    def whole(self) -> bool:
        """True where every recorded file is enclosed, byte for byte."""
        files = [r.state for c in self.components for r in c.revisions]
        return all(state == "ok" for state in [*files, *(s for _, _, s in self.manifests)])


_TITLE: Final = "BÁO CÁO KIỂM TRA CHỮ KÝ VÀ TÍNH TOÀN VẸN CỦA HỒ SƠ"
_LEFT_OUT: Final = {
    "ok": "đủ, đúng từng byte",
    "changed": "KHÔNG KÈM: byte trong kho khác byte đã ghi nhận",
    "lost": "KHÔNG KÈM: không còn trong kho",
}
_LEDGER: Final = {
    "anchored": "đã có mốc neo",
    "pending": "đang chờ mốc neo",
    "broken": "chuỗi bị đứt",
    None: "không có trong sổ cái",
}
_STORES: Final = {
    "enforced": "kho khoá chống sửa, chống xoá",
    "advisory": "kho không tự khoá (chỉ dùng khi thử nghiệm)",
}


def title_of(report: ValidationReport) -> str:
    """Title of the summary's document."""
    return f"Báo cáo kiểm tra hồ sơ {report.dossier_code}"


def rows_of(report: ValidationReport, words: Words, *, names: Words) -> tuple[Row, ...]:
    """The summary for people.

    Args:
        report: what was found.
        words: labels.
        names: name of a paper by its component code.
    """
    return tuple(_rows(report, words, names))


def _rows(report: ValidationReport, words: Words, names: Words) -> Iterator[Row]:
    yield Row(_TITLE, size=14, gap=4)
    yield Row(f"Hồ sơ: {report.dossier_code}; đơn vị: {report.unit}", size=11, gap=8)
    yield Row(f"Trạng thái hồ sơ: {words(f'stage.{report.stage}')}")
    yield Row(f"Lập lúc: {_moment(report.made_at)}")
    yield Row(
        f"Người lập: {report.made_by.id} ({report.made_by.role.value}), {report.made_by.unit}"
    )
    yield Row(f"Phần mềm: {report.software}; kho: {_STORES[report.immutability]}")
    counts = [c.verdict.verdict.value for c in report.components]
    told = ", ".join(
        f"{counts.count(value)} {words(f'verdict.{value}').lower()}"
        for value in dict.fromkeys(("VALID", "INDETERMINATE", "INVALID", *counts))
        if value in counts
    )
    yield Row(f"Kết luận chung: {len(counts)} thành phần: {told}.", size=11, gap=8)
    if not report.whole:
        yield Row("Có tệp đã ghi nhận mà kho không còn giữ đúng: xem từng thành phần.", size=11)
    for component in report.components:
        yield from _component(component, words, names)
    yield Row("Bảng kê (manifest)", size=11, gap=10)
    for key, sha256, state in report.manifests:
        yield Row(f"{key}: {_LEFT_OUT[state]}", indent=10)
        yield Row(f"SHA-256 {sha256}", size=8, indent=10)
    yield Row("Sổ cái", size=11, gap=10)
    yield Row(f"Đã xem đến sự kiện số {report.ledger_until_seq}", indent=10)
    yield Row(f"Mã băm đầu chuỗi {report.ledger_head}", size=8, indent=10)


def _component(component: Judged, words: Words, names: Words) -> Iterator[Row]:
    verdict = component.verdict
    yield Row(f"{component.nn:03}. {names(component.code)} ({component.code})", size=11, gap=10)
    yield Row(f"Kết luận: {words(f'verdict.{verdict.verdict.value}')}", indent=10)
    yield Row(
        f"Mã số hoá: {component.digitisation_code or '–'}; {component.pages} trang", indent=10
    )
    if verdict.signer is not None:
        at = _moment(verdict.signed_at) if verdict.signed_at else "–"
        level = verdict.level.value if verdict.level else "–"
        yield Row(f"Người ký: {verdict.signer}; lúc {at}; mức {level}", indent=10)
    if verdict.timestamped_at is not None:
        yield Row(f"Dấu thời gian: {_moment(verdict.timestamped_at)}", indent=10)
    if len(verdict.signatures) > 1:
        yield Row(f"Số chữ ký: {len(verdict.signatures)}", indent=10)
    yield Row(f"Sổ cái: {_LEDGER[verdict.ledger]}", indent=10)
    for reason in verdict.reasons:
        yield Row(f"– {words(f'verdict_reason.{reason.value}')}", indent=20)
    for revision in component.revisions:
        told = f"Bản {revision.rev}: {_LEFT_OUT[revision.state]}; {revision.size} byte"
        yield Row(told, indent=10)
        yield Row(f"SHA-256 {revision.sha256}", size=8, indent=10)


def judged(
    component: ComponentRecord,
    revisions: Sequence[Enclosed],
    transfer_note: str | None,
    verdict: Verdict,
) -> Judged:
    """One component of the report."""
    return Judged(
        component_id=component.component_id,
        nn=component.nn,
        code=component.code,
        digitisation_code=component.digitisation_code,
        pages=len(component.pages),
        revisions=tuple(revisions),
        transfer_note=transfer_note,
        verdict=verdict,
    )


def _moment(at: dt.datetime) -> str:
    return at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y %H:%M:%S +07:00")
