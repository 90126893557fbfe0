"""EU DSS judges: what is sound passes, and each kind of unsound file does not."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from tests.fakes import tokens
from tests.live import dss
from tests.services import Pki

KEYS = ("dev", "hung", "lan")


def unsigned() -> io.BytesIO:
    page = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(page)
    page.seek(0)
    return page


@pytest.fixture(scope="module")
def signed(pki_service: Pki, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page at B-LTA by each kind of key."""
    if (reason := dss.missing()) is not None:
        pytest.skip(f"EU DSS {reason}")
    folder = tmp_path_factory.mktemp("signed")
    chain = load_cert_from_pemder(str(pki_service.chain))
    made: dict[str, Path] = {}
    tokens.look_again(pki_service.module)
    with open_pkcs11_session(
        str(pki_service.module),
        token_criteria=TokenCriteria(label=pki_service.token),
        user_pin=pki_service.pin,
    ) as session:
        for account in KEYS:
            label = pki_service.officers[account]
            made[account] = folder / f"{account}.pdf"
            with made[account].open("wb") as out:
                signers.sign_pdf(
                    IncrementalPdfFileWriter(unsigned()),
                    signers.PdfSignatureMetadata(
                        field_name="Signature",
                        md_algorithm="sha256",
                        subfilter=fields.SigSeedSubFilter.PADES,
                        embed_validation_info=True,
                        use_pades_lta=True,
                        validation_context=ValidationContext(
                            trust_roots=[load_cert_from_pemder(str(pki_service.root))],
                            other_certs=[chain],
                            allow_fetching=True,
                            fetcher_backend=RequestsFetcherBackend(),
                            revocation_mode="require",
                        ),
                    ),
                    signer=PKCS11Signer(
                        session,
                        cert_label=label,
                        key_label=label,
                        ca_chain=(chain,),
                        use_raw_mechanism=account == "lan",
                    ),
                    timestamper=HTTPTimeStamper(pki_service.tsa_url),
                    output=out,
                )
    return made


def test_sound_files_of_every_kind_of_key_pass(pki_service: Pki, signed: dict[str, Path]) -> None:
    found = dss.judge(dss.fetch(), list(signed.values()), [pki_service.root])
    levels = {file.stem: [one.level for one in found[file]] for file in signed.values()}
    assert levels == {account: ["PAdES-BASELINE-LTA"] for account in KEYS}
    assert dss.failures(list(signed.values()), [pki_service.root]) == {
        file.name: [] for file in signed.values()
    }


def test_another_root_an_altered_page_and_no_signature_do_not(
    pki_service: Pki, signed: dict[str, Path], tmp_path: Path
) -> None:
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(unsigned().getvalue())
    altered = tmp_path / "altered.pdf"
    writer = IncrementalPdfFileWriter(io.BytesIO(signed["dev"].read_bytes()))
    ink = generic.StreamObject(stream_data=b"0 0 200 200 re f")
    writer.add_stream_to_page(0, writer.add_object(ink))
    with altered.open("wb") as out:
        writer.write(out)
    broken = tmp_path / "broken.pdf"
    data = signed["dev"].read_bytes()
    broken.write_bytes(data.replace(b"/MediaBox", b"/MediaBoy", 1))
    assert broken.read_bytes() != data
    failed = dss.failures([plain, altered, broken], [pki_service.root])
    assert failed["plain.pdf"] == ["no signature"]
    assert failed["altered.pdf"] and failed["broken.pdf"]
    assert dss.failures([signed["dev"]], [pki_service.certificate("hung")])["dev.pdf"]
