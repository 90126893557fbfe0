"""A value read from the tokens of its span, by the type of its field.

Every parser answers with the tokens it used, so that confidence and box are the value's own. What
looks almost right is kept with a verdict for a person, never corrected in silence. May not come
in: labels, layout, comparison of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.dates import PartialDate, find_date, find_moment
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.names import doubtful_spelling
from pipeline.stages.extraction.numerals import parse_date_words
from pipeline.stages.extraction.symbols import hyphenated, unknown_symbols
from pipeline.stages.extraction.validators import PATTERN, Verdict, warn
from pipeline.stages.extraction.wordings import instructs
from pipeline.textnorm import fold, squash
from pipeline.vietnamese import family_names, placed_alike

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
_TRIM: Final = " .,;:'\"`_()[]|"
_AMOUNT: Final = re.compile(r"\d[\d.,]*(?:\s*(?:đồng|đ|VNĐ|VND)(?!\w))?", re.IGNORECASE)
_AFTER_HOURS: Final = re.compile(r"\d\s*gio(.*?)(?:ngay|$)")
"""Where the minutes stand."""
_TORN_AMOUNT: Final = re.compile(r"\S{1,2}\d")
"""`2.276:000`, `2.276.0O0`: the number goes on."""
_LIKE_DONG: Final = 60.0
"""`lồng` behind a number was a currency."""
_COUNT: Final = 4
"""Digits of a count or a year at most."""
_COUNTED: Final = frozenset({"thang", "nam", "ngay", "tuoi", "lan", "nguoi", "suat", "con", "ky"})
_DATED: Final = frozenset({"thang", "nam", "ngay", "dieu", "khoan", "muc", "dot", "ky"})
_CURRENCY: Final = frozenset({"dong", "d", "vnd"})
_TIMES: Final = frozenset({"x", "×", "*"})
_MONTH: Final = re.compile(r"\d{1,2}[/-](?:\d{1,2}[/-])?\d{4}")
_UNIT: Final = re.compile(r"dong|d|vnd")
_SPLIT_AMOUNT: Final = re.compile(r"(?<=\d)\s*([.,])\s*(?=\d{3}(?!\d))")
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
_SMALLEST_AMOUNT: Final = 1000
_GLUED: Final = re.compile(r"[^\W\d_]\d")
"""A letter right before a digit: the `l` of `l2` was a 1."""
_ADDRESS: Final = re.compile(r"[\w.+\-()]{3,}\.[A-Za-z]{2,}")
"""An e-mail address whose `@` was read as something else."""
_TITLES: Final = frozenset({"ông", "bà", "anh", "chị", "cháu", "ông/bà", "Ông/bà", "Ông/Bà"})
"""Before a name, no part of it; `Ông` alone is a family name too."""
_MIDDLE: Final = frozenset({"văn", "thị"})
_MIDDLE_TOO: Final = _MIDDLE | {"đình", "hữu", "quang", "xuân", "ngọc"}
"""Family names that are middle names as often: `Ông Văn Hùng` may be a name."""
_WHOLE_NAME: Final = 3
"""Words of a usual name."""
_LEAST_WORDS: Final = 2
_FAR_OFF: Final = 0.8
"""Of the text height: words of a name stand closer, unless all are spread alike."""
_FAR_OFF_OTHERS: Final = 2.0
"""Of the widest other gap within the name."""
_STOP_WITHIN: Final = re.compile(r"[^\W\d_]{2,}[.,][^\W\d_]{2,}")
_OF_A_PLACE: Final = frozenset({"xã", "phường", "huyện", "quận", "tỉnh", "trấn"})
_NO_PLACES: Final = frozenset({"hoi", "uy", "doan", "doi"})
"""`xã hội`, `huyện ủy` and the like are no places."""
_REMNANT: Final = 3
"""Letters: `uý` beside a name was `Quý`."""
_AFTER_A_NAME: Final = frozenset({"nam", "nữ", "và", "là", "ở", "có", "số", "sn", "đã", "con"})
_LEAST_DIGITS: Final = 4
_STROKES: Final = re.compile(r"(\d{2})[/1IlÍíift|](\d{2})[/1IlÍíift|](\d{4})")
"""A date whose strokes were read as something thin."""


class _Factor(Enum):
    """What a number beside an amount is."""

    MULTIPLIED = auto()
    COUNT = auto()
    """Or a rate."""
    DATE = auto()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value with the tokens it came from."""

    value: str
    tokens: tuple[Token, ...]
    verdicts: tuple[Verdict, ...] = ()


Parser = Callable[[Sequence[Token], FieldType], Parsed | None]


def parse(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The value of a field in a span; None where there is none."""
    return _PARSERS.get(field.type, _text)(tokens, field) if tokens else None


def joined(tokens: Sequence[Token]) -> str:
    """Tokens with single spaces, trimmed of what labels and leaders left."""
    return squash(" ".join(token.text for token in tokens)).strip(" :;_|'‘`").strip(" .,")


def _text(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    tokens = _without_note(tokens)
    value = joined(tokens)
    if not any(char.isalnum() for char in value):
        return None
    small = any(_small_place(a, b) for a, b in pairwise(tokens))
    torn = small or any(_run_together(t.text) or _LETTER_ZERO.search(t.text) for t in tokens)
    mended = hyphenated(_SIGN_APART.sub("H'", value))
    verdicts = [*_by_pattern(mended, field), PATTERN if torn else validators.OK]
    verdicts += _symbols(mended)
    verdicts += [warn("REPAIRED")] if mended != value else []
    return Parsed(mended, tuple(tokens), _doubts(verdicts))


def _without_note(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens but for a note at their end that tells how to fill in a form: `… (ghi rõ số nhà)`."""
    begin = next((i for i in reversed(range(len(tokens) - 1)) if tokens[i].text[0] == "("), 0)
    noted = begin > 0 and instructs(tokens[begin].text, tokens[begin + 1].text)
    return tokens[:begin] if noted and tokens[-1].text.rstrip(".,;")[-1:] == ")" else tokens


def _run_together(word: str) -> bool:
    """`Hải.Phòng`, `NghệAn`: two words without their space. Names of firms, `VietinBank`, may."""
    if _STOP_WITHIN.search(word):
        return True
    return not word.isascii() and any(a.islower() and b.isupper() for a, b in pairwise(word))


def _small_place(before: Token, token: Token) -> bool:
    """`xã la Grai`: the name of a place begins with a capital, which was read as something else."""
    if before.text not in _OF_A_PLACE:
        return False
    return token.text[:1].islower() and token.folded.strip(_TRIM) not in _NO_PLACES


def _by_pattern(value: str, field: FieldType) -> tuple[Verdict, ...]:
    return () if field.pattern is None or re.fullmatch(field.pattern, value) else (PATTERN,)


def _name(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    kept: list[Token] = []
    parts: list[str] = []
    torn = False
    for token in tokens[_titles(tokens) :]:
        part = token.text.strip(_TRIM + "-*")
        if not kept and (not part or part in _TITLES):
            continue
        if not part or not all(char.isalpha() or char in "'’-" for char in part):
            torn = any(char.isupper() for char in part) and _near((*kept[-1:], token))
            break
        if kept and part[0].islower() and parts[0][0].isupper():
            told = part in _AFTER_A_NAME or token.text.startswith("(")
            torn = len(part) <= _REMNANT and not told and _near((kept[-1], token))
            break
        if _other_letters(parts, part):
            torn = part.lower() not in _AFTER_A_NAME
            break
        kept.append(token)
        parts.append(part)
        if token.text.endswith((",", ";")):
            break
    value = squash(" ".join(parts))
    if not value:
        first = joined(tokens)
        known = any(char.isalnum() for char in first)
        return Parsed(first, tuple(tokens), (PATTERN,)) if known else None
    capital = all(part[0].isupper() for part in parts)
    torn = torn or any(_run_together(part) for part in parts) or _apart(kept)
    torn = torn or _maybe_addressed(parts) or _half_said(parts)
    sound = validators.person_name(value) is validators.OK and not torn and capital
    verdicts = [] if sound else [PATTERN]
    if len(parts) < 2:
        verdicts.append(warn("NAME_SHORT"))
    if doubtful_spelling(value) or any(token.corrected for token in kept):
        verdicts.append(warn("NAME_SPELLING"))
    return Parsed(value, tuple(kept), tuple(verdicts))


def _titles(tokens: Sequence[Token]) -> int:
    """How many tokens before a name are a title for certain: `Ông`, `Ông (Bà)`.

    `Ông` is a family name, too: a title stands before a name of three words that begins with
    another family name, or beside one in brackets.
    """
    words = [token.text.strip(_TRIM).lower() for token in tokens]
    if not words or words[0] not in _TITLES:
        return 0
    both = len(words) > 1 and words[1] in _TITLES and tokens[1].text.startswith("(")
    name = words[1 : 1 + _WHOLE_NAME]
    whole = len(name) == _WHOLE_NAME and all(word.isalpha() for word in name)
    if both or (whole and placed_alike(name[0]) in family_names() - _MIDDLE_TOO):
        return 1 + both
    return 0


def _maybe_addressed(parts: Sequence[str]) -> bool:
    """True of `Ông Hà Mai`: a name, or a title and a name of two words."""
    first, *others = (placed_alike(part.lower()) for part in parts)
    if first not in _TITLES or not others:
        return False
    return others[0] in _TITLES or others[0] in family_names() - _MIDDLE_TOO


def _half_said(parts: Sequence[str]) -> bool:
    """True of `Nguyễn Thị`: a family name and what stands before a given name."""
    return len(parts) == _LEAST_WORDS and parts[-1].lower() in _MIDDLE


def _other_letters(parts: Sequence[str], part: str) -> bool:
    """True of a word in small letters behind a name in capitals, or the other way round."""
    if len(parts) < _LEAST_WORDS or len(part) < _LEAST_WORDS:
        return False
    shouted = all(word.isupper() for word in parts)
    small = all(word[1:].islower() for word in parts if len(word) > 1)
    return (shouted and part[1:].islower()) or (small and not shouted and part.isupper())


def _apart(tokens: Sequence[Token]) -> bool:
    """True where the last word stands far off the others: `NGUYỄN VĂN AN    NAM`."""
    gaps = [b.box.x0 - a.box.x1 for a, b in pairwise(tokens)]
    if len(gaps) < _LEAST_WORDS:
        return False
    height = max(token.box.height for token in tokens)
    return gaps[-1] > max(_FAR_OFF * height, _FAR_OFF_OTHERS * max(gaps[:-1]))


def _date(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    words = parse_date_words(text)
    found = find_date(text, partial=words is None)
    if found is None and words is not None:
        day = PartialDate(words[2], words[1], words[0])
        return Parsed(str(day), tuple(tokens), _doubts([validators.calendar(day)]))
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
    return Parsed(str(found.date), used, _doubts(verdicts))


def _repaired_date(tokens: Sequence[Token]) -> Parsed | None:
    """`26I12I1974`: strokes that were read as letters or ones; always shown to a person."""
    for token in tokens:
        found = _STROKES.fullmatch(token.text.strip(_TRIM))
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
    return Parsed(str(found), used, _doubts(verdicts))


def _amount(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    kinds = _factors(tokens)
    beyond = tuple(token for token, kind in zip(tokens, kinds, strict=True) if kind is None)
    result = _amount_in(beyond) if len(beyond) < len(tokens) else None
    if result is None:
        return _amount_in(tokens)
    if _told_apart(tokens, kinds, result):
        return result
    return replace(result, verdicts=_doubts((*result.verdicts, PATTERN)))


def _factors(tokens: Sequence[Token]) -> list[_Factor | None]:
    """What numbers are that are no amounts: `55% x 7.475.324 = 4.111.428`; None of all else."""
    words = [token.folded.strip(_TRIM) for token in tokens]
    kinds: list[_Factor | None] = []
    for at, word in enumerate(words):
        before, after, next_but_one = (
            words[i] if 0 <= i < len(words) else "" for i in (at - 1, at + 1, at + 2)
        )
        short = word.isdigit() and len(word) <= _COUNT
        multiplied = after in _TIMES or (after in _CURRENCY and next_but_one in _TIMES)
        if word[:1].isdigit() and (multiplied or before in _TIMES):
            kinds.append(_Factor.MULTIPLIED)
        elif word.endswith("%") or (word.isdigit() and after == "%"):
            kinds.append(_Factor.COUNT)
        elif _MONTH.fullmatch(word) or (short and before in _DATED):
            kinds.append(_Factor.DATE)
        elif short and after in _COUNTED:
            label = tokens[at + 1].text.endswith(":")  # `Mức lương 01 tháng: …`
            kinds.append(_Factor.DATE if label else _Factor.COUNT)
        else:
            kinds.append(None)
    return kinds


def _told_apart(tokens: Sequence[Token], kinds: Sequence[_Factor | None], found: Parsed) -> bool:
    """True where the amount that was found beside other numbers is certain to be the one.

    Not where a rate or count stands there that nothing is multiplied by, a further amount, a sum,
    or another number right beside, which may be a part of it.
    """
    mine = [at for at, token in enumerate(tokens) if any(token is used for used in found.tokens)]
    beside = [kinds[at] for at in (mine[0] - 1, mine[-1] + 1) if 0 <= at < len(kinds)]
    times = _Factor.MULTIPLIED in kinds
    more = sum(
        kind is None and sum(char.isdigit() for char in token.text) >= _COUNT
        for at, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if at not in mine
    )
    torn = _Factor.DATE in beside or _Factor.COUNT in beside
    added = any(token.text == "+" for token in tokens)
    return not (torn or more or added) and (times or _Factor.COUNT not in kinds)


def _amount_in(tokens: Sequence[Token]) -> Parsed | None:
    text = _SPLIT_AMOUNT.sub(r"\1", squash(" ".join(t.text for t in tokens)))
    found = _AMOUNT.search(text)
    if found is None:
        return None
    value = found[0].rstrip(".,; ")
    used = _with_unit(tokens, _until(tokens, lambda token: any(c.isdigit() for c in token.text)))
    number = validators.amount_value(value)
    verdicts = [validators.amount(value)]
    before, behind = text[: found.start()][-1:], text[found.end() :]
    after = behind.lstrip(" ")
    joined = before.isalnum() or behind[:1].isalnum()  # `4.646.OOO`: zeros read as letters
    torn = joined or after[:1].isdigit() or _TORN_AMOUNT.match(after)
    if torn or (not value[-1].isalpha() and _like_unit(after.split(" ")[0])):
        verdicts.append(PATTERN)
    if number is not None and number < _SMALLEST_AMOUNT:
        verdicts.append(warn("AMOUNT_SMALL"))
    return Parsed(value, used, _doubts(verdicts))


def _like_unit(word: str) -> bool:
    return fuzz.ratio(fold(word), "dong") >= _LIKE_DONG


def _with_unit(tokens: Sequence[Token], used: tuple[Token, ...]) -> tuple[Token, ...]:
    """A number's tokens and the currency right behind them."""
    after = next(i for i, token in enumerate(tokens) if token is used[-1]) + 1
    unit = tokens[after : after + 1]
    return (*used, *unit) if unit and _UNIT.fullmatch(unit[0].folded.strip(_TRIM)) else used


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
    return Parsed(value, used, _doubts(verdicts))


def _percent(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    text, starts = _with_places(tokens)
    found = _PERCENT.search(text)
    if found is None:
        return None
    used = _tokens_at(tokens, starts, found.start(), found.end())
    return Parsed(found[0], used, _doubts([validators.percent(found[0]), _whole(tokens, used)]))


def _phone(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    raw = squash(" ".join(token.text for token in tokens))
    for text, repaired in ((raw, False), (raw.translate(_REPAIR), True)):
        found = _PHONE.search(text)
        if found is None:
            continue
        value = re.sub(r"[\s.\-]", "", found[0])
        used = _until(tokens, lambda token: any(char.isdigit() for char in token.text))
        verdicts = [validators.phone(value)]
        if repaired:
            verdicts.append(warn("REPAIRED"))
        return Parsed(value, used, _doubts(verdicts))
    return _digits(tokens, field)


def _email(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    for index, token in enumerate(tokens):
        if "@" in token.text:
            value = token.text.strip(_TRIM)
            verdicts = _by_pattern(value, field) if value.isascii() else (PATTERN,)
            return Parsed(value, (tokens[index],), verdicts)
    lost = next((token for token in tokens if _ADDRESS.fullmatch(token.text.strip(_TRIM))), None)
    return None if lost is None else Parsed(lost.text.strip(_TRIM), (lost,), (PATTERN,))


def _integer(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    for token in tokens:
        if found := _INTEGER.search(token.text):
            text = token.text.strip(_TRIM)
            if (mended := text.translate(_REPAIR)) != text and _INTEGER.fullmatch(mended):
                return Parsed(mended, (token,), (warn("REPAIRED"), PATTERN))
            more = PATTERN if _OTHER_DIGITS.search(token.text[found.end() :]) else validators.OK
            return Parsed(found[0], (token,), _doubts([_whole(tokens, (token,)), more]))
    return None


def _code(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The first token run that is a whole code, as printed or with repaired digits."""
    if field.pattern is None:
        return _digits(tokens, field)
    for repaired in (False, True):
        for start in range(len(tokens)):
            for end in range(min(len(tokens), start + _MOST_PARTS), start, -1):
                run = tokens[start:end]
                if not _near(run):
                    continue
                text = "".join(token.text for token in run).strip(_TRIM)
                value = _fits(text, field.pattern, repaired=repaired)
                if value is not None:
                    verdicts = [_alone(tokens, start, end)]
                    verdicts += [PATTERN] if _TORN_CODE.search(value) else []
                    mended = hyphenated(value)
                    verdicts += _symbols(mended)
                    verdicts += [warn("REPAIRED")] if repaired or mended != value else []
                    return Parsed(mended, tuple(run), _doubts(verdicts))
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


def _near(run: Sequence[Token]) -> bool:
    return all(
        b.box.x0 - a.box.x1 <= 2.0 * max(a.box.height, b.box.height) for a, b in pairwise(run)
    )


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
    value = "".join(token.text for token in kept).strip(_TRIM)
    return Parsed(value, tuple(kept), _doubts([*_by_pattern(value, field), *_symbols(value)]))


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
    return any(char.isdigit() for char in token.text) and _near(pair)


def _doubts(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in verdicts if verdict is not validators.OK)


def _until(tokens: Sequence[Token], wanted: Callable[[Token], bool]) -> tuple[Token, ...]:
    """The first run of tokens that satisfy a condition."""
    kept: list[Token] = []
    for token in tokens:
        if wanted(token):
            kept.append(token)
        elif kept:
            break
    return tuple(kept) or tuple(tokens)


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
    "person_name": _name,
    "date": _date,
    "datetime": _moment,
    "amount": _amount,
    "duration": _duration,
    "percent": _percent,
    "phone": _phone,
    "email": _email,
    "integer": _integer,
    "code": _code,
    "text": _text,
    "address": _text,
}
