"""Under which terms papers are handed in: the options that every command of intake has."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.models.batch import Channel, IngestTerms
from pipeline.textnorm import nfc

Procedure = Annotated[str | None, typer.Option(help="Mã thủ tục hành chính.")]
Case = Annotated[str | None, typer.Option(help="Mã trường hợp hưởng.")]
Dossier = Annotated[str | None, typer.Option(help="Mã hồ sơ.")]
AsCode = Annotated[
    str | None, typer.Option("--as", help="Cả nguồn là một thành phần thuộc loại này.")
]
ChannelOption = Annotated[Channel, typer.Option(help="Hồ sơ đến bằng đường nào.")]
Officer = Annotated[str | None, typer.Option(help="Tài khoản viên chức quét.")]
Unit = Annotated[str | None, typer.Option(help="Mã đơn vị.")]
Station = Annotated[str | None, typer.Option(help="Máy trạm quét.")]
Queued = Annotated[
    bool, typer.Option("--queue", help="Chỉ tiếp nhận; việc xử lý giao cho máy khác (Prefect).")
]


def terms_of(
    procedure: str | None,
    case: str | None,
    dossier: str | None,
    as_code: str | None,
    channel: Channel,
    station: str | None,
) -> IngestTerms:
    """The terms as they were typed, text as NFC."""
    return IngestTerms(
        procedure=procedure,
        case=case,
        dossier=None if dossier is None else nfc(dossier),
        as_code=as_code,
        channel=channel,
        station=None if station is None else nfc(station),
    )
