"""Steps from files to text: unpack, look at every page, read every page worth reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from pipeline.models.pages import BlankStatus, RawPage
from pipeline.ports.reading import Gray
from pipeline.run.work import PageSet, Seen, Work
from pipeline.stages import imaging, intake, recognition, sheets

_LOOK_DPI = 140.0
"""Looking at a page needs no more than this; a reduced decode is cheap."""


def unpack(work: Work) -> None:
    """Take the raw image of every page out of its container.

    Raises:
        IntakeError: a source turned out unreadable only now.
    """
    workspace = work.tools.workspace
    found = workspace.result("pages", work.pages_key(), PageSet)
    if found is None or not _whole(work, found):
        dpi = work.tools.settings.intake.render_dpi
        pages = intake.unpack(work.batch, workspace, work.tools.reader, dpi=dpi)
        workspace.publish("pages", work.pages_key(), PageSet(pages=pages))


def _whole(work: Work, found: PageSet) -> bool:
    """False where a page is gone or changed while its source is here: it is taken out anew."""
    workspace = work.tools.workspace
    return all(
        workspace.sound(page.file.sha256)
        or not workspace.has(work.batch.sources[page.source].file.sha256)
        for page in found.pages
    )


def look(work: Work) -> None:
    """Imaging and sheets of every page, from one reduced decode each."""
    pages = work.pages()
    todo = [p for p in pages if not _seen(work, p)]
    _over_pages(work, "imaging", todo, lambda page: _look_at(work, page), len(pages))


def read(work: Work) -> None:
    """Recognise every page that is neither blank nor a sheet.

    Raises:
        OcrError: the engine failed; pages read so far are kept.
    """
    total = len(work.pages())
    _over_pages(work, "recognition", unread(work), lambda page: read_page(work, page), total)


def unread(work: Work) -> tuple[RawPage, ...]:
    """Pages that `read` would recognise now, in order."""
    wanted = []
    for page in work.pages():
        seen = work.seen(page)
        steering = seen.sheet.sheet is not None
        if not steering and seen.look.blank is not BlankStatus.BLANK and work.text(page) is None:
            wanted.append(page)
    return tuple(wanted)


def _look_at(work: Work, page: RawPage) -> None:
    tools = work.tools
    reduce = _reduction(page.dpi)
    gray = tools.decoder.gray(tools.workspace.path(page.file), turn=page.turn_hint, reduce=reduce)
    seen = imaging.look_at(page, gray, reduce, tools.settings.imaging)
    turned = _turned(gray, (seen.turn - page.turn_hint) % 360)
    sheet = sheets.find_sheet(page.index, turned, tools.symbols, base=seen.turn, reduce=reduce)
    tools.workspace.publish("seen", work.seen_key(page), Seen(look=seen, sheet=sheet))


def read_page(work: Work, page: RawPage) -> None:
    """Recognise one page; see `read`."""
    tools = work.tools
    seen = work.seen(page)
    text = recognition.read_page(
        page,
        seen.look,
        seen.sheet.turn,
        tools.decoder,
        tools.engine,
        tools.workspace.path(page.file),
        tools.settings.ocr,
        tools.settings.imaging,
    )
    if tools.settings.ocr.correct:
        text = tools.corrector.correct(text)
    tools.workspace.publish("text", work.text_key(page, seen), text)


def _seen(work: Work, page: RawPage) -> bool:
    return work.tools.workspace.result("seen", work.seen_key(page), Seen) is not None


def _reduction(dpi: float) -> Literal[1, 2, 4]:
    if dpi / 4 >= _LOOK_DPI:
        return 4
    return 2 if dpi / 2 >= _LOOK_DPI else 1


def _turned(gray: Gray, clockwise: int) -> Gray:
    return np.ascontiguousarray(np.rot90(gray, -(clockwise // 90)))


def _over_pages(
    work: Work, name: str, pages: Sequence[RawPage], act: Callable[[RawPage], None], total: int
) -> None:
    """Act on pages, several at once; results are published by `act`, so nothing is gathered."""
    progress = work.tools.progress
    done = total - len(pages)
    progress.step(name, done, total)
    workers = work.tools.settings.ocr.at_once
    if workers == 1 or len(pages) < 2:
        for page in pages:
            act(page)
            done += 1
            progress.step(name, done, total)
        return
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name) as pool:
        futures = [pool.submit(act, page) for page in pages]
        try:
            for future in futures:
                future.result()
                done += 1
                progress.step(name, done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
