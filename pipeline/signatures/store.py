"""Validation data in a file (the DSS of ISO 32000-2, 12.8.4.3): read, and written.

May not come in: whether they prove anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from asn1crypto import crl, ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from pipeline.signatures.revocation import Known, ProvenChain


def read_store(reader: PdfFileReader) -> Known | None:
    """What the file brings; None where it brings nothing, or nothing that can be read."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        return Known(
            certificates=tuple(store.load_certs()),
            ocsps=tuple(ocsp.OCSPResponse.load(_data(ref)) for ref in store.ocsps),
            crls=tuple(crl.CertificateList.load(_data(ref)) for ref in store.crls),
        )
    except NoDSSFoundError:
        return None
    except Exception:  # the boundary to hostile files
        return None


def write_store(writer: IncrementalPdfFileWriter, chains: Sequence[ProvenChain]) -> None:
    """Add what proves the certificates; what is there already stays and is not doubled."""
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[one for chain in chains for one in chain.certificates],
        ocsps=[one for chain in chains for one in chain.ocsps],
        crls=[one for chain in chains for one in chain.crls],
    )


def _data(reference: object) -> bytes:
    return bytes(reference.get_object().data)  # type: ignore[attr-defined]
