"""The development PKI: made once, whole, private, and never mistaken for real."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from pipeline.errors import CertificateRejected, ConfigError, KeyUnavailable
from pipeline.settings import Environment, Settings, SigningSettings
from pipeline.signatures import build_signer, load_trust
from pipeline.signatures.devpki import DevelopmentPki, ensure_development_pki
from tests.fakes.certificates import TODAY, make_officer


def _officer(pki: DevelopmentPki) -> x509.Certificate:
    held = pkcs12.load_pkcs12(pki.officer_p12.read_bytes(), None)
    assert held.cert is not None and held.key is not None
    return held.cert.certificate


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentPki:
    return ensure_development_pki(tmp_path_factory.mktemp("home"), TODAY)


def test_keys_are_private_and_the_root_is_readable(made: DevelopmentPki) -> None:
    assert _mode(made.folder) == 0o700
    assert _mode(made.root_key) == 0o600
    assert _mode(made.officer_p12) == 0o600
    assert _mode(made.root_pem) == 0o644


def test_the_officer_may_sign_and_nothing_else(made: DevelopmentPki) -> None:
    certificate = _officer(made)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.content_commitment and not usage.key_cert_sign
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life == dt.timedelta(days=730)
    root = x509.load_pem_x509_certificate(made.root_pem.read_bytes())
    certificate.verify_directly_issued_by(root)


def test_names_say_that_it_is_for_development(made: DevelopmentPki) -> None:
    root = x509.load_pem_x509_certificate(made.root_pem.read_bytes())
    for name in (root.subject, _officer(made).subject):
        assert "Sohoa development" in name.rfc4514_string()
        assert "no legal value" in name.rfc4514_string()


def test_using_it_again_changes_nothing(made: DevelopmentPki) -> None:
    before = {path: path.read_bytes() for path in made.folder.iterdir()}
    ensure_development_pki(made.folder.parent, TODAY + dt.timedelta(days=1))
    assert {path: path.read_bytes() for path in made.folder.iterdir()} == before


def test_an_expired_officer_is_renewed_under_the_same_root(tmp_path: Path) -> None:
    pki = ensure_development_pki(tmp_path, TODAY - dt.timedelta(days=900))
    root, old = pki.root_pem.read_bytes(), _officer(pki)
    ensure_development_pki(tmp_path, TODAY)
    assert pki.root_pem.read_bytes() == root
    assert _officer(pki).not_valid_after_utc > TODAY > old.not_valid_after_utc
    _officer(pki).verify_directly_issued_by(x509.load_pem_x509_certificate(root))


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    half = tmp_path / ".pki-new"
    half.mkdir()
    (half / "root.key").write_bytes(b"half a key")
    pki = ensure_development_pki(tmp_path, TODAY)
    assert not half.exists()
    assert {path.name for path in pki.folder.iterdir()} == {"root.pem", "root.key", "officer.p12"}


def test_a_lost_officer_is_issued_anew(tmp_path: Path) -> None:
    pki = ensure_development_pki(tmp_path, TODAY)
    pki.officer_p12.unlink()
    ensure_development_pki(tmp_path, TODAY)
    assert _officer(pki).not_valid_after_utc > TODAY


def test_a_broken_pki_is_said_and_not_replaced(tmp_path: Path) -> None:
    pki = ensure_development_pki(tmp_path, TODAY)
    pki.officer_p12.write_bytes(b"")
    pki.root_key.write_bytes(b"no key")
    with pytest.raises(ConfigError) as error:
        ensure_development_pki(tmp_path, TODAY)
    assert error.value.code == "DEVELOPMENT_PKI_BROKEN"
    assert pki.root_key.read_bytes() == b"no key"


def _make(home: Path) -> bytes:
    return ensure_development_pki(home, TODAY).officer_p12.read_bytes()


def test_processes_that_come_first_together_get_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    with context.Pool(3) as pool:
        results = pool.map(_make, [tmp_path] * 6)
    assert len(set(results)) == 1


def test_production_refuses_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, environment=Environment.PRODUCTION, unit="BHXH01")
    with pytest.raises(KeyUnavailable) as error:
        build_signer(settings)
    assert error.value.code == "KEY_OF_OFFICER_MISSING"
    assert not (tmp_path / "pki").exists()


def test_its_root_is_trusted_in_development_only(made: DevelopmentPki) -> None:
    home = made.folder.parent
    production = Settings(home=home, environment=Environment.PRODUCTION, unit="BHXH01")
    assert len(load_trust(Settings(home=home)).development) == 1
    assert load_trust(production).roots == ()


def test_given_as_an_officers_key_it_is_still_known(made: DevelopmentPki, tmp_path: Path) -> None:
    signing = SigningSettings(pkcs12=made.officer_p12)
    assert build_signer(Settings(home=tmp_path, signing=signing)).development
    production = Settings(
        home=tmp_path, environment=Environment.PRODUCTION, unit="BHXH01", signing=signing
    )
    with pytest.raises(CertificateRejected) as error:
        build_signer(production)
    assert error.value.code == "DEVELOPMENT_PKI_IN_PRODUCTION"


def test_given_as_a_trusted_root_it_is_still_known(made: DevelopmentPki, tmp_path: Path) -> None:
    elsewhere = Settings(home=tmp_path, signing=SigningSettings(trust=(made.root_pem,)))
    assert len(load_trust(elsewhere).development) == 1
    production = Settings(home=tmp_path, environment=Environment.PRODUCTION, unit="BHXH01")
    assert load_trust(production, (made.root_pem,)).roots == ()


def test_another_authority_is_not_mistaken_for_it(tmp_path: Path) -> None:
    officer = make_officer(tmp_path / "officer")
    production = Settings(
        home=tmp_path,
        environment=Environment.PRODUCTION,
        unit="BHXH01",
        signing=SigningSettings(pkcs12=officer.pkcs12, trust=(officer.root_pem,)),
    )
    assert not build_signer(production).development
    assert len(load_trust(production).roots) == 1


def test_it_needs_no_library_of_tokens(tmp_path: Path) -> None:
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from pipeline.settings import Settings\n"
            "from pipeline.signatures import Signing\n"
            "print(Signing(Settings(home=Path(sys.argv[1]))).signers.of('a').development)\n"
            "print('pkcs11' in sys.modules)",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.split() == ["True", "False"]
