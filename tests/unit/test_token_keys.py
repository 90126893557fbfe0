"""Keys on a token: one session for all, wrong PINs, tokens that come and go, forks."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from asn1crypto import x509
from pydantic import SecretStr

from pipeline.errors import ConfigError, KeyUnavailable, MissingToolError, SohoaError
from pipeline.models.components import SignatureInfo
from pipeline.settings import Environment, Pkcs11Settings, Settings, SigningSettings
from pipeline.signatures import Signing, token_keys
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.token_keys import Token, TokenPlace
from tests.fakes import tokens
from tests.fakes.certificates import TODAY, Officer, make_officer, new_key
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tokens import PIN, SoftToken

pytestmark = pytest.mark.skipif(
    tokens.missing() is not None, reason=tokens.missing() or "softhsm2 is installed"
)
LABEL = "Phòng một cửa"


@pytest.fixture(scope="module")
def officer(tmp_path_factory: pytest.TempPathFactory) -> Officer:
    return make_officer(tmp_path_factory.mktemp("officer"))


@pytest.fixture(scope="module")
def office_token(officer: Officer, tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    """A key with its certificate, one with another's, and one alone."""
    folder = tmp_path_factory.mktemp("token")
    key, certificate = officer.held()
    return tokens.make_token(
        folder / "office",
        LABEL,
        {"huyen": key, "stray": new_key("p256"), "alone": new_key("rsa2048")},
        {"huyen": certificate, "stray": certificate},
    )


@pytest.fixture
def token(office_token: SoftToken) -> Iterator[SoftToken]:
    with tokens.plugged_in(office_token):
        Token(place(office_token), PIN).close()
        yield office_token
        Token(place(office_token), PIN).close()


def place(token: SoftToken) -> TokenPlace:
    return TokenPlace(tokens.MODULE, token.label)


def settings(
    home: Path, token: SoftToken, pin: str = PIN, keys: dict[str, str] | None = None
) -> Settings:
    pkcs11 = Pkcs11Settings(
        module=tokens.MODULE,
        token=token.label,
        pin=SecretStr(pin),
        keys=keys if keys is not None else {"huyen.ntn": "huyen"},
    )
    return Settings(
        home=home,
        environment=Environment.PRODUCTION,
        unit="BHXH01",
        signing=SigningSettings(pkcs11=pkcs11),
    )


def sign(signer: HeldKeySigner, folder: Path) -> SignatureInfo:
    pdf = write_paper(folder)
    return signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)[1]


def test_an_officer_signs_with_their_own_key_and_nobody_elses(
    token: SoftToken, tmp_path: Path
) -> None:
    signing = Signing(settings(tmp_path, token))
    info = sign(signing.signers.of("huyen.ntn"), tmp_path)
    assert info.signer == "Nguyễn Thị Ngọc Huyền" and not info.development
    with pytest.raises(KeyUnavailable) as error:
        signing.signers.of("binh.tv")
    assert error.value.code == "KEY_OF_OFFICER_MISSING"


@pytest.mark.parametrize(
    ("label", "error", "code"),
    [
        ("nobody", KeyUnavailable, "KEY_MISSING_ON_TOKEN"),
        ("stray", ConfigError, "TOKEN_CERTIFICATE_MISSING"),
        ("alone", ConfigError, "TOKEN_CERTIFICATE_MISSING"),
    ],
)
def test_a_key_without_its_certificate(
    token: SoftToken, tmp_path: Path, label: str, error: type[SohoaError], code: str
) -> None:
    signing = Signing(settings(tmp_path, token, keys={"o": label}))
    with pytest.raises(error) as raised:
        signing.signers.of("o")
    assert raised.value.code == code


def test_a_certificate_may_come_from_a_file(token: SoftToken, tmp_path: Path) -> None:
    other = make_officer(tmp_path / "other", kind="rsa2048")
    key, certificate = other.held()
    bare = tokens.make_token(tmp_path / "bare", "Bare", {"k": key}, {})
    with tokens.plugged_in(bare):
        held = Token(place(bare), PIN).key("k", [x509.Certificate.load(certificate)])
        assert held.certificate.dump() == certificate
        Token(place(bare), PIN).close()


def test_threads_share_one_session(token: SoftToken, tmp_path: Path) -> None:
    signers = [Signing(settings(tmp_path, token)).signers.of("huyen.ntn") for _ in range(2)]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(4):
                sign(signers[number % 2], folders[number])
        except BaseException as error:
            failed.append(error)

    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(token_keys._MODULES[tokens.MODULE].sessions) == 1


def test_a_wrong_pin_is_given_to_the_token_once(
    officer: Officer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = officer.held()
    made = tokens.make_token(tmp_path / "t", "Wrong PIN", {"huyen": key}, {"huyen": certificate})
    asked: list[str] = []
    found = token_keys._tokens

    def counted(module: Any, label: str) -> list[Any]:
        asked.append(label)
        return found(module, label)

    monkeypatch.setattr(token_keys, "_tokens", counted)
    with tokens.plugged_in(made):
        for _ in range(3):
            with pytest.raises(ConfigError) as error:
                Signing(settings(tmp_path, made, pin="0000")).signers.of("huyen.ntn")
            assert error.value.code == "TOKEN_PIN_WRONG" and not error.value.retryable
            assert "0000" not in str(error.value)
        assert 1 <= len(asked) <= 2, "it was looked for once, and once more with fresh slots"
        good = Signing(settings(tmp_path, made))
        assert sign(good.signers.of("huyen.ntn"), tmp_path).signer
        good.close()


def test_a_wrong_pin_is_given_to_the_token_once_by_all_processes_of_a_home(
    officer: Officer, tmp_path: Path
) -> None:
    key, certificate = officer.held()
    made = tokens.make_token(tmp_path / "t", "Home PIN", {"huyen": key}, {"huyen": certificate})

    def tried(home: Path, pin: str) -> str | None:
        """What a process says that starts now."""
        token_keys._REFUSED.clear()
        token_keys._MODULES.pop(tokens.MODULE, None)
        signing = Signing(settings(home, made, pin=pin))
        try:
            signing.require_usable()
        except ConfigError as error:
            return error.code
        finally:
            signing.close()
        return None

    with tokens.plugged_in(made):
        assert tried(tmp_path / "one", "0000") == "TOKEN_PIN_WRONG"
        made.change_pin(PIN, "0000")
        assert tried(tmp_path / "one", "0000") == "TOKEN_PIN_WRONG", "the token was asked again"
        assert tried(tmp_path / "other", "0000") is None
        made.change_pin("0000", PIN)
        assert tried(tmp_path / "one", PIN) is None, "another PIN is another matter"
    notes = [path.name for path in (tmp_path / "one" / "refused-pins").iterdir()]
    assert len(notes) == 2 and not any("0000" in name for name in notes)


def test_the_last_try_is_the_officers(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LastTry:
        label = token.label
        flags = pkcs11.TokenFlag.USER_PIN_FINAL_TRY

        def open(self, **_: object) -> None:
            raise AssertionError("a PIN was tried")

    monkeypatch.setattr(token_keys, "_tokens", lambda *_: [LastTry()])
    with pytest.raises(ConfigError) as error:
        Signing(settings(tmp_path, token)).signers.of("huyen.ntn")
    assert error.value.code == "TOKEN_PIN_LAST_TRY"


def test_a_token_that_is_pulled_out_and_comes_back(token: SoftToken, tmp_path: Path) -> None:
    signer = Signing(settings(tmp_path, token)).signers.of("huyen.ntn")
    assert sign(signer, tmp_path)
    with token.pulled_out():
        for _ in range(2):
            with pytest.raises(KeyUnavailable) as error:
                sign(signer, tmp_path)
            assert error.value.code == "TOKEN_MISSING" and error.value.retryable
    assert sign(signer, tmp_path)


def test_a_token_that_is_not_there_yet(token: SoftToken, tmp_path: Path) -> None:
    signing = Signing(settings(tmp_path, token))
    with token.pulled_out(), pytest.raises(KeyUnavailable) as error:
        signing.signers.of("huyen.ntn")
    assert error.value.code == "TOKEN_MISSING"
    assert sign(signing.signers.of("huyen.ntn"), tmp_path)


def _child(signer: HeldKeySigner, folder: Path, out: multiprocessing.Queue[str]) -> None:
    try:
        out.put(sign(signer, folder).signer)
    except BaseException as error:
        out.put(repr(error))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_opens_its_own_session(token: SoftToken, tmp_path: Path) -> None:
    signer = Signing(settings(tmp_path, token)).signers.of("huyen.ntn")
    assert sign(signer, tmp_path)
    context = multiprocessing.get_context("fork")
    out: multiprocessing.Queue[str] = context.Queue()
    (tmp_path / "child").mkdir()
    child = context.Process(target=_child, args=(signer, tmp_path / "child", out))
    child.start()
    assert out.get(timeout=60) == signer.signer
    child.join(60)
    assert sign(signer, tmp_path), "and the parent's is still good"


@pytest.mark.parametrize("content", [None, b"no library"])
def test_a_module_that_cannot_be_loaded(tmp_path: Path, content: bytes | None) -> None:
    module = tmp_path / "module.so"
    if content is not None:
        module.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        Token(TokenPlace(module, "any"), PIN).key("k")
    assert error.value.code == "TOKEN_MODULE_UNUSABLE"


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(MissingToolError) as error:
        Token(TokenPlace(tmp_path / "another.so", "any"), PIN).key("k")
    assert error.value.code == "PKCS11_MISSING"
