"""`scan`: paper in, through a scanner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from app.cli.intake import give_outcome, submit_queue
from app.cli.session import AsJson, Session, session
from app.cli.terms import AsCode, Case, Dossier, Officer, Procedure, Queued, Station, Unit, terms_of
from app.presenting import Json, failed_json
from app.queueing import Queue
from flows.scanning import Scans
from pipeline.errors import ConfigError, ScannerUnavailable, SohoaError
from pipeline.ids import shown
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.scanning import ScanSession, ScanState
from pipeline.ports.scanning import ScannerDevice


def scan(
    stack: Annotated[
        str | None,
        typer.Argument(metavar="[SESSION]", help="Phiên quét dở (với --resume, --discard)."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Máy quét: tên bền HÃNG/KIỂU/SỐ hoặc tên hiện thời.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Cấu hình quét (scanner.profiles).")] = None,
    sheets: Annotated[int | None, typer.Option(min=1, help="Cả xấp có bấy nhiêu tờ.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Quét tiếp xấp còn dở.")] = False,
    from_sheet: Annotated[
        int | None, typer.Option(min=1, help="Quét lại từ tờ này đến hết (đếm từ 1).")
    ] = None,
    discard: Annotated[bool, typer.Option("--discard", help="Bỏ hẳn một phiên quét dở.")] = False,
    list_devices: Annotated[bool, typer.Option("--list", help="Các máy quét đang nối.")] = False,
    list_sessions: Annotated[bool, typer.Option("--sessions", help="Các phiên quét.")] = False,
    procedure: Procedure = None,
    case: Case = None,
    dossier: Dossier = None,
    as_code: AsCode = None,
    channel: Annotated[
        Channel | None, typer.Option(help="Hồ sơ đến bằng đường nào (mặc định: desk).")
    ] = None,
    officer: Officer = None,
    unit: Unit = None,
    station: Station = None,
    queue: Queued = False,
    as_json: AsJson = False,
) -> None:
    """Quét giấy bằng máy quét rồi số hoá như lệnh ingest. Mỗi xấp là một lô."""
    if sum((resume, discard, list_devices, list_sessions)) > 1 or (
        (stack is not None and not (resume or discard))
        or (from_sheet is not None and not resume)
        or (profile is not None and resume)
        or (discard and stack is None)
    ):
        raise ConfigError("SCAN_OPTIONS")
    with session(as_json) as run:
        scans = run.services.scans
        if list_devices:
            devices = scans.devices()
            if not devices:
                raise ScannerUnavailable("SCANNER_NONE")
            for found in devices:
                run.give(_device_json(found), [f"{found.identity}  ({found.name})"])
            return
        if list_sessions:
            for known, kept in scans.unfinished():
                run.give(_session_json(known, kept), _session_lines(run, known, kept))
            return
        actor = run.services.actor(officer, unit)
        said = terms_of(procedure, case, dossier, as_code, channel or Channel.DESK, station)
        if discard:
            gone = scans.discard(stack or "", actor)
            run.give(
                {"session_id": gone.session_id, "state": "discarded"},
                [run.messages.text("scan_discarded", session=shown(gone.session_id))],
            )
            return
        if resume:
            chosen = scans.again(stack, from_sheet=from_sheet, wanted=sheets)
            chosen = scans.under(chosen, _merged(chosen.terms, said, channel))
            if officer is not None or unit is not None:
                chosen = chosen.model_copy(update={"actor": actor})
        else:
            chosen = scans.begin(said, actor, profile or "default", sheets)
            _unfinished(run, scans)
        raise typer.Exit(_run(run, scans, chosen, device, queue=queue))


def _run(
    run: Session, scans: Scans, chosen: ScanSession, device: str | None, *, queue: bool
) -> int:
    """Scan and hand in; whatever stops it, the person is told what is kept and how to go on."""
    line = Queue(run.services) if queue else None
    ingest = line.take if line else run.services.batches.ingest
    try:
        outcome = scans.run(chosen, device, _AtTheDesk(run, chosen), ingest)
    except SohoaError as error:
        source = f"scan-{shown(chosen.session_id)}"
        code = run.failed(source, error, failed_json, named=False)
        _how_to_go_on(run, scans, chosen)
        return code
    except KeyboardInterrupt:
        _how_to_go_on(run, scans, chosen)
        raise
    code = give_outcome(run, outcome, queued=queue)
    if line is not None:
        submit_queue(run, line)
    return code


def _unfinished(run: Session, scans: Scans) -> None:
    """A stack that was stopped is easily forgotten, and scanned a second time."""
    waiting = sum(s.state is not ScanState.INGESTED for s, _ in scans.unfinished())
    if waiting:
        print(run.messages.text("scan_unfinished", count=waiting), file=sys.stderr)


def _how_to_go_on(run: Session, scans: Scans, chosen: ScanSession) -> None:
    kept = scans.kept(chosen)
    if kept is not None:
        run.progress.clear()
        name = shown(chosen.session_id)
        print(run.messages.text("scan_kept", sheets=kept, session=name), file=sys.stderr)


def _merged(before: IngestTerms, said: IngestTerms, channel: Channel | None) -> IngestTerms:
    """What was said at the beginning, but for what is said now."""
    now = {name: value for name, value in said.model_dump().items() if value is not None}
    if channel is None:
        del now["channel"]
    return before.model_copy(update=now)


@dataclass(frozen=True, slots=True)
class _AtTheDesk:
    """The person at the scanner, told on stderr, asked through stdin."""

    run: Session
    session: ScanSession

    def kept(self, sheet: int, pages: int) -> None:
        """See `Operator.kept`."""
        print(self.run.messages.text("scan_sheet", sheet=sheet, pages=pages), file=sys.stderr)

    def lays(self, sheet: int) -> bool:
        """See `Operator.lays`; without a terminal only where the sheets were counted."""
        if self.session.wanted is None and not sys.stdin.isatty():
            return False
        print(self.run.messages.text("scan_lay_next", sheet=sheet), file=sys.stderr, flush=True)
        return bool(sys.stdin.readline())


def _device_json(device: ScannerDevice) -> Json:
    return {
        "device": str(device.identity),
        "name": device.name,
        "vendor": device.identity.vendor,
        "model": device.identity.model,
        "serial": device.identity.serial,
    }


def _session_json(known: ScanSession, kept: int) -> Json:
    return {
        "session_id": known.session_id,
        "state": known.state.value,
        "started_at": known.started_at.isoformat().replace("+00:00", "Z"),
        "officer": known.actor.id,
        "profile": known.profile_name,
        "devices": [str(identity) for identity in known.devices],
        "sheets": kept,
        "wanted": known.wanted,
        "problem": known.problem.code if known.problem else None,
        "batch_id": known.batch_id,
    }


def _session_lines(run: Session, known: ScanSession, kept: int) -> Iterator[str]:
    yield run.messages.text(
        "scan_session",
        session=shown(known.session_id),
        state=run.messages.label(f"scan_state.{known.state.value}"),
        sheets=kept,
    )
    if known.problem is not None:
        yield f"  {run.messages.problem(known.problem).message}"
