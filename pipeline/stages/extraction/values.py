"""A value read from the tokens of its span, by the type of its field.

Every parser answers with the tokens it used, so that confidence and box are the value's own. What
looks almost right is kept with a verdict for a person, never corrected in silence. May not come
in: names (`people`), amounts (`amounts`), where labels stand, comparison of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from pipeline.catalogue import FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.amounts import parse_amount
from pipeline.stages.extraction.dates import PartialDate, find_date, find_moment
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.numerals import parse_date_words
from pipeline.stages.extraction.parsed import (
    TRIM,
    Parsed,
    doubts,
    joined,
    near,
    run_together,
    until,
)
from pipeline.stages.extraction.people import parse_name
from pipeline.stages.extraction.symbols import hyphenated, unknown_symbols
from pipeline.stages.extraction.validators import PATTERN, Verdict, warn
from pipeline.stages.extraction.wordings import instructs
from pipeline.textnorm import fold, squash

_TORN_CODE: Final = re.compile(r"/\d+[A-ZĐ]")
"""`2958/2026ITB-BHXH`, `9482/6CN`: a stroke or a letter was read as another sign."""
_LETTER_ZERO: Final = re.compile(r"(?<!\w)[OolI]\d|\d[Oo](?:\d|(?!\w))")
"""`O3 tháng O8`, `số 1O6`: a digit was read as a letter."""
_REPAIR: Final = str.maketrans(
    {"O": "0", "o": "0", "Ø": "0", "ø": "0", "l": "1", "I": "1", "|": "1", "S": "5", "B": "8"}
)
"""F.1: only inside codes, and always shown to a person."""
_MOST_PARTS: Final = 14
"""Tokens that one code may have fallen into (a digit a box)."""
_AFTER_HOURS: Final = re.compile(r"\d\s*gio(.*?)(?:ngay|$)")
"""Where the minutes stand."""
_DURATION: Final = re.compile(r"(\d{1,2})\s*n[aă]?m(?:\s*(?:va\s*)?(\d{1,2})\s*th[a]?ng)?")
_MONTHS_LOST: Final = re.compile(r".{0,5}\bt?h?[a-z]{0,2}ng\b|.{0,3}thang")
"""Months whose number was not read."""
_PERCENT: Final = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?\s*%")
_PHONE: Final = re.compile(r"(?:\+\s*84|0)[\d\s.\-]{7,14}")
_INTEGER: Final = re.compile(r"\d{1,6}")
_OTHER_DIGITS: Final = re.compile(r"\d")
"""`12/03/2025` is no number."""
_SIGN_APART: Final = re.compile(r"(?<!\w)H (?=[a-zà-ỹ])")
"""`Ea H leo`: the sign of `H'leo` was read as a gap."""
_GLUED: Final = re.compile(r"[^\W\d_]\d")
"""A letter right before a digit: the `l` of `l2` was a 1."""
_ADDRESS: Final = re.compile(r"[\w.+\-()]{3,}\.[A-Za-z]{2,}")
"""An e-mail address whose `@` was read as something else."""
_OF_A_PLACE: Final = frozenset({"xã", "phường", "huyện", "quận", "tỉnh", "trấn"})
_NO_PLACES: Final = frozenset({"hoi", "uy", "doan", "doi"})
"""`xã hội`, `huyện ủy` and the like are no places."""
_LEAST_DIGITS: Final = 4
_STROKES: Final = re.compile(r"(\d{2})[/1IlÍíift|](\d{2})[/1IlÍíift|](\d{4})")
"""A date whose strokes were read as something thin."""


Parser = Callable[[Sequence[Token], FieldType], Parsed | None]


def parse(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The value of a field in a span; None where there is none."""
    return _PARSERS.get(field.type, _text)(tokens, field) if tokens else None


def _text(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    noted, tokens = tokens, _without_note(tokens)
    value = joined(tokens)
    if not any(char.isalnum() for char in value):
        return None
    small = any(_small_place(a, b) for a, b in pairwise(tokens))
    torn = small or any(run_together(t.text) or _LETTER_ZERO.search(t.text) for t in tokens)
    mended = hyphenated(_SIGN_APART.sub("H'", value))
    verdicts = [*_by_pattern(mended, field), PATTERN if torn else validators.OK]
    verdicts += _symbols(mended)
    verdicts += [warn("REPAIRED")] if mended != value or len(noted) > len(tokens) else []
    return Parsed(mended, tuple(tokens), doubts(verdicts))


def _without_note(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens but for a note at their end that tells how to fill in a form: `… (ghi rõ số nhà)`."""
    begin = next((i for i in reversed(range(len(tokens) - 1)) if tokens[i].text[0] == "("), 0)
    noted = begin > 0 and instructs(tokens[begin].text, tokens[begin + 1].text)
    return tokens[:begin] if noted and tokens[-1].text.rstrip(".,;")[-1:] == ")" else tokens


def _small_place(before: Token, token: Token) -> bool:
    """`xã la Grai`: the name of a place begins with a capital, which was read as something else."""
    if before.text not in _OF_A_PLACE:
        return False
    return token.text[:1].islower() and token.folded.strip(TRIM) not in _NO_PLACES


def _by_pattern(value: str, field: FieldType) -> tuple[Verdict, ...]:
    return () if field.pattern is None or re.fullmatch(field.pattern, value) else (PATTERN,)


def _date(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    words = parse_date_words(text)
    found = find_date(text, partial=words is None)
    if found is None and words is not None:
        day = PartialDate(words[2], words[1], words[0])
        return Parsed(str(day), tuple(tokens), doubts([validators.calendar(day)]))
    if found is None or found.date.day is None:
        repaired = _repaired_date(tokens)
        if repaired is not None:
            return repaired
    if found is None:
        return _unread(tokens)
    used = _tokens_at(tokens, starts, found.start, found.end)
    verdicts = [validators.calendar(found.date), _whole(tokens, used)]
    if found.date.day is None:
        before = fold(text)[: found.start]
        if not _admits_partial(field) or any(char.isalnum() for char in before):
            verdicts.append(warn("DATE_PARTIAL"))
    return Parsed(str(found.date), used, doubts(verdicts))


def _repaired_date(tokens: Sequence[Token]) -> Parsed | None:
    """`26I12I1974`: strokes that were read as letters or ones; always shown to a person."""
    for token in tokens:
        found = _STROKES.fullmatch(token.text.strip(TRIM))
        if found is not None:
            day = PartialDate(int(found[3]), int(found[2]), int(found[1]))
            if validators.calendar(day) is validators.OK:
                return Parsed(str(day), (token,), (warn("REPAIRED"),))
    return None


def _admits_partial(field: FieldType) -> bool:
    return field.pattern is not None and re.fullmatch(field.pattern, "1965") is not None


def _moment(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    found, place = find_moment(text), find_date(text)
    if found is None or place is None:
        return _unread(tokens)
    used = _tokens_at(tokens, starts, 0, place.end)
    sound = found.exists and validators.calendar(found.date) is validators.OK
    verdicts = [validators.OK if sound else validators.CALENDAR, _whole(used, used)]
    behind = _AFTER_HOURS.search(fold(text))
    if behind is not None and found.minute is None and behind[1].strip(" .,:-"):
        verdicts.append(PATTERN)
    return Parsed(str(found), used, doubts(verdicts))


def _duration(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    found = _DURATION.search(fold(text))
    if found is None:
        return None
    value = f"{found[1]} năm" + (f" {found[2]} tháng" if found[2] else "")
    used = _tokens_at(tokens, starts, found.start(), found.end())
    verdicts = [validators.duration(value), _whole(tokens, used)]
    if not found[2] and _MONTHS_LOST.match(fold(text)[found.end() :]):
        verdicts.append(PATTERN)
    return Parsed(value, used, doubts(verdicts))


def _percent(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    found = _PERCENT.search(text)
    if found is None:
        return None
    used = _tokens_at(tokens, starts, found.start(), found.end())
    return Parsed(found[0], used, doubts([validators.percent(found[0]), _whole(tokens, used)]))


def _phone(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    raw = squash(" ".join(token.text for token in tokens))
    for text, repaired in ((raw, False), (raw.translate(_REPAIR), True)):
        found = _PHONE.search(text)
        if found is None:
            continue
        value = re.sub(r"[\s.\-]", "", found[0])
        used = until(tokens, lambda token: any(char.isdigit() for char in token.text))
        verdicts = [validators.phone(value)]
        if repaired:
            verdicts.append(warn("REPAIRED"))
        return Parsed(value, used, doubts(verdicts))
    return _digits(tokens, field)


def _email(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    for index, token in enumerate(tokens):
        if "@" in token.text:
            value = token.text.strip(TRIM)
            verdicts = _by_pattern(value, field) if value.isascii() else (PATTERN,)
            return Parsed(value, (tokens[index],), verdicts)
    lost = next((token for token in tokens if _ADDRESS.fullmatch(token.text.strip(TRIM))), None)
    return None if lost is None else Parsed(lost.text.strip(TRIM), (lost,), (PATTERN,))


def _integer(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    for token in tokens:
        if found := _INTEGER.search(token.text):
            text = token.text.strip(TRIM)
            if (mended := text.translate(_REPAIR)) != text and _INTEGER.fullmatch(mended):
                return Parsed(mended, (token,), (warn("REPAIRED"), PATTERN))
            more = PATTERN if _OTHER_DIGITS.search(token.text[found.end() :]) else validators.OK
            return Parsed(found[0], (token,), doubts([_whole(tokens, (token,)), more]))
    return None


def _code(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The first token run that is a whole code, as printed or with repaired digits."""
    if field.pattern is None:
        return _digits(tokens, field)
    for repaired in (False, True):
        for start in range(len(tokens)):
            for end in range(min(len(tokens), start + _MOST_PARTS), start, -1):
                run = tokens[start:end]
                if not near(run):
                    continue
                text = "".join(token.text for token in run).strip(TRIM)
                value = _fits(text, field.pattern, repaired=repaired)
                if value is not None:
                    verdicts = [_alone(tokens, start, end)]
                    verdicts += [PATTERN] if _TORN_CODE.search(value) else []
                    mended = hyphenated(value)
                    verdicts += _symbols(mended)
                    verdicts += [warn("REPAIRED")] if repaired or mended != value else []
                    return Parsed(mended, tuple(run), doubts(verdicts))
    return _digits(tokens, field)


def _fits(text: str, pattern: str, *, repaired: bool) -> str | None:
    for candidate in _repairs(text) if repaired else (text,):
        if re.fullmatch(pattern, candidate):
            return candidate
    return None


def _repairs(text: str) -> Iterator[str]:
    """Readings with look-alike letters as digits, the first one or two kept, or all before `/`."""
    if not any(char.isdigit() for char in text):
        return
    for keep in (0, 1, 2):
        yield text[:keep] + text[keep:].translate(_REPAIR)
    head, slash, tail = text.partition("/")
    if slash:
        yield head.translate(_REPAIR) + slash + tail


def _digits(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """What stands for a code: the first tokens with a digit, joined; never silently right."""
    kept: list[Token] = []
    for token in tokens:
        if any(char.isdigit() for char in token.text):
            kept.append(token)
        elif kept:
            break
    if not kept:
        return None
    value = "".join(token.text for token in kept).strip(TRIM)
    return Parsed(value, tuple(kept), doubts([*_by_pattern(value, field), *_symbols(value)]))


def _symbols(value: str) -> list[Verdict]:
    return [warn("SYMBOL_UNKNOWN")] if unknown_symbols(value) else []


def _unread(tokens: Sequence[Token]) -> Parsed | None:
    """Digits that should be a value and are none: kept for a person, not passed over."""
    kept = [token for token in tokens if any(char.isdigit() for char in token.text)]
    value = joined(kept)
    if sum(char.isdigit() for char in value) < _LEAST_DIGITS:
        return None
    return Parsed(value, tuple(kept), (PATTERN,))


def _whole(tokens: Sequence[Token], used: Sequence[Token]) -> Verdict:
    """PATTERN where a number seems to begin before what was read as it: `l2`, `1 2`."""
    if any(_GLUED.search(token.text) for token in used):
        return PATTERN
    start = next(i for i, token in enumerate(tokens) if token is used[0])
    torn = start > 0 and used[0].text[:1].isdigit() and _digit_beside(tokens[start - 1], used[0])
    return PATTERN if torn else validators.OK


def _alone(tokens: Sequence[Token], start: int, end: int) -> Verdict:
    """PATTERN where more digits stand right before or after a code: it may be a part only."""
    before = start > 0 and _digit_beside(tokens[start - 1], tokens[start])
    after = end < len(tokens) and _digit_beside(tokens[end], tokens[end - 1])
    return PATTERN if before or after else validators.OK


def _digit_beside(token: Token, other: Token) -> bool:
    pair = (token, other) if token.box.x0 <= other.box.x0 else (other, token)
    return any(char.isdigit() for char in token.text) and near(pair)


def _with_places(tokens: Sequence[Token]) -> tuple[str, list[int]]:
    """Tokens joined by single spaces, and where each starts."""
    starts, parts, position = [], [], 0
    for token in tokens:
        starts.append(position)
        parts.append(token.text)
        position += len(token.text) + 1
    return " ".join(parts), starts


def _tokens_at(
    tokens: Sequence[Token], starts: Sequence[int], begin: int, end: int
) -> tuple[Token, ...]:
    used = tuple(
        token
        for token, start in zip(tokens, starts, strict=True)
        if start < end and start + len(token.text) > begin
    )
    return used or tuple(tokens)


def partial_date(value: str) -> PartialDate | None:
    """The date of a parsed date or moment field."""
    found = find_date(value, partial=True)
    return None if found is None else found.date


_PARSERS: Final[Mapping[str, Parser]] = {
    "person_name": parse_name,
    "date": _date,
    "datetime": _moment,
    "amount": parse_amount,
    "duration": _duration,
    "percent": _percent,
    "phone": _phone,
    "email": _email,
    "integer": _integer,
    "code": _code,
    "text": _text,
    "address": _text,
}
