"""The symbols in a document's number, `21/2026/QĐST-VDS`: kinds of documents and who issues them.

A letter misread gives another symbol, and nothing else on the paper tells; a symbol that is known
vouches for itself, another one is shown to a person. Kinds are those of NĐ 30/2020/NĐ-CP, appendix
III, and of courts; issuers are those that write to social insurance offices. May not come in: how
numbers are found.
"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"\d+(?:/\d{4})?/(?P<symbol>[^\W\d_][^\d_]*)")
_KINDS: Final = frozenset(
    re.findall(
        r"\S+",
        """
    NQ QĐ CT QC QyĐ TC TB HD CTr KH PA ĐA DA BC BB TTr HĐ CĐ BGN BTT GUQ GM GGT GNP PG PC PB SY
    TrS SL CV NĐ TT TTLT VBHN GCN GXN GB GH GRV GCT PT QĐST BA
    HĐLĐ HĐLV
        """,
    )
)
_ISSUERS: Final = frozenset(
    re.findall(
        r"\S+",
        """
    CP TTg BTC BYT BNV BTP BCA BQP BLĐTBXH BGDĐT BHXH BHYT BHTN UBND HĐND TAND VKSND MTTQ CA CAH
    SNV STP SYT STC SCT SGDĐT SLĐTBXH LĐTBXH PGĐYK GĐYK HĐGĐYK TTGĐYK BV BVĐK TTYT TYT DVVL
    TTDVVL TTPVHCC VPCP VP VDS DS DSST HNGĐ LĐ HS HC KDTM TNLĐ BNN KCB KSK QLT QLTST TST TCKT
    KHTC TCHC TCCB CĐBHXH CSBHXH GĐBHYT CNTT LT GBT TLKS LTHS TNHS TNTKQ XMHS HSB TLKT BS NLĐ
    KNLĐ CST NS TCNS HCNS TTKT TNQLHS
        """,
    )
)
_APART: Final = ("QĐ", "QĐST")
"""Kinds that nothing is written on to: `HĐLĐ` is a labour contract, `QĐUBND` a lost hyphen."""
_KNOWN: Final = _KINDS | _ISSUERS


def unknown_symbols(number: str) -> tuple[str, ...]:
    """Symbols of a document's number that are in no list; none where it is no such number."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        return ()
    return tuple(part for part in re.split(r"[-–/]", found["symbol"]) if part not in _KNOWN)


def hyphenated(number: str) -> str:
    """The number with a hyphen put back where a kind and an issuer were run together.

    `21/2026/QĐSTVDS` can only be `21/2026/QĐST-VDS`: no sign is lost more often.
    """
    found = _NUMBER.fullmatch(number)
    if found is None:
        return number
    parts = re.split(r"([-–/])", found["symbol"])
    return number[: found.start("symbol")] + "".join(map(_parted, parts))


def _parted(part: str) -> str:
    if part in _KNOWN:
        return part
    places = [at for at in range(1, len(part)) if part[:at] in _APART and part[at:] in _ISSUERS]
    return f"{part[: places[0]]}-{part[places[0] :]}" if len(places) == 1 else part
