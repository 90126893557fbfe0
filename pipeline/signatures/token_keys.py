"""Keys on a token or HSM behind a PKCS#11 module. The only owner of python-pkcs11.

A PKCS#11 module belongs to the whole process: several sessions in threads of one process crash
some modules, so there is one session for each token, behind one lock for each module, opened when
it is first needed and never taken over by a forked child. A PIN that was refused is never tried
again by this process, nor by another of the same home (`refused_pins`), and not at all when the
token says that it is the last try: three wrong ones lock a token for good. May not come in: which
officer has which key.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from asn1crypto import x509

from pipeline.errors import (
    CertificateRejected,
    ConfigError,
    KeyUnavailable,
    MissingToolError,
    SigningError,
)
from pipeline.signatures.keys import fits, issuers_of, key_algorithm
from pipeline.signatures.refused_pins import RefusedPins

if TYPE_CHECKING:
    import pkcs11

T = TypeVar("T")

_PROBE: Final = b"Sohoa: does this certificate belong to this key?"
_PERMANENT: Final = frozenset({"MechanismInvalid", "KeyTypeInconsistent", "KeySizeRange"})


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Which token, behind which module."""

    module: Path
    label: str


@dataclass(frozen=True, slots=True)
class _Session:
    """An open session, and the PIN that opened it, as a digest with a secret of this process."""

    session: pkcs11.Session
    pin: bytes


@dataclass(slots=True)
class _Module:
    """What this process knows of one PKCS#11 module; whoever touches it holds the lock."""

    pid: int
    lock: threading.RLock = field(default_factory=threading.RLock)
    library: Any = None
    sessions: dict[str, _Session] = field(default_factory=dict)
    """By label of the token."""


_MODULES: dict[Path, _Module] = {}
_REFUSED: set[tuple[TokenPlace, bytes]] = set()
"""PINs that a token refused."""
_INHERITED: list[_Module] = []
"""Of the parent of a forked child: kept, so that nobody closes them from here."""
_SECRET: Final = os.urandom(16)
_GUARD: Final = threading.Lock()


class Token:
    """One token; all of this process that use it share its one session."""

    def __init__(self, place: TokenPlace, pin: str, refused: RefusedPins | None = None) -> None:
        """Bind; nothing is opened.

        Args:
            place: where it is.
            pin: of its user.
            refused: what the home remembers; None: only this process does.
        """
        self.place = place
        self._pin = pin
        self._refused = refused
        self._digest = hashlib.sha256(_SECRET + pin.encode()).digest()

    def key(self, label: str, chain: Sequence[x509.Certificate] = ()) -> TokenKey:
        """The key with this label, and the certificate that belongs to it.

        Args:
            label: of the private key and its certificate on the token.
            chain: certificates that the token does not hold: the issuers, or the key's own.

        Raises:
            KeyUnavailable: `TOKEN_MISSING`, `KEY_MISSING_ON_TOKEN`.
            ConfigError: `TOKEN_PIN_WRONG`, `TOKEN_PIN_LAST_TRY`, `TOKEN_MODULE_UNUSABLE`,
                `TOKEN_CERTIFICATE_MISSING`.
            CertificateRejected: `KEY_ALGORITHM`.
            MissingToolError: `PKCS11_MISSING`.
        """
        kind, own, held = self._within(lambda session: _look(session, label))
        if kind not in ("rsa", "ec"):
            raise CertificateRejected("KEY_ALGORITHM")
        signature = self.sign(label, kind, _PROBE)
        fitting = [
            c
            for c in (*own, *chain)
            if c.public_key.algorithm == kind and fits(c, _PROBE, signature)
        ]
        if not fitting:
            raise ConfigError("TOKEN_CERTIFICATE_MISSING", label=label)
        certificate = max(fitting, key=lambda c: c.not_valid_after)
        return TokenKey(self, label, certificate, issuers_of(certificate, (*held, *chain)))

    def sign(self, label: str, algorithm: str, data: bytes) -> bytes:
        """Sign with the key of this label; a session that has died is opened once more.

        Raises:
            KeyUnavailable, ConfigError: as `key`.
        """
        return self._within(lambda session: _sign(session, label, algorithm, data))

    def open(self) -> None:
        """Open the session, where it is not.

        Raises:
            KeyUnavailable: `TOKEN_MISSING`.
            ConfigError, MissingToolError: as `key`.
        """
        self._within(lambda _: None)

    def close(self) -> None:
        """End the session; the next use opens another."""
        with _alone(self.place.module) as module:
            _drop(module, self.place.label)

    # -- the session --------------------------------------------------------------------------

    def _within(self, work: Callable[[pkcs11.Session], T]) -> T:
        """Do something in the session, and once more in a new one where it was of no use.

        A key that is not found may be on a token that was pulled out.
        """
        with _alone(self.place.module) as module:
            try:
                return work(self._session(module))
            except _pkcs11_error() as error:
                if type(error).__name__ in _PERMANENT:
                    raise SigningError("TOKEN_REFUSED", problem=type(error).__name__) from error
            except KeyUnavailable as error:
                if error.code == "TOKEN_MISSING":
                    raise
            _drop(module, self.place.label)
            try:
                return work(self._session(module))
            except _pkcs11_error() as error:
                _drop(module, self.place.label)
                raise KeyUnavailable("TOKEN_MISSING", token=self.place.label) from error

    def _session(self, module: _Module) -> pkcs11.Session:
        held = module.sessions.get(self.place.label)
        if held is not None and held.pin != self._digest:
            _drop(module, self.place.label)
            held = None
        if held is None:
            held = _Session(self._open(module), self._digest)
            module.sessions[self.place.label] = held
        return held.session

    def _open(self, module: _Module) -> pkcs11.Session:
        refused = (self.place, self._digest)
        if refused in _REFUSED:
            raise ConfigError("TOKEN_PIN_WRONG", token=self.place.label)
        token = self._found(module)
        import pkcs11  # noqa: PLC0415

        if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
            raise ConfigError("TOKEN_PIN_LOCKED", token=self.place.label)
        if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
            raise ConfigError("TOKEN_PIN_LAST_TRY", token=self.place.label)
        with self._refused.one_at_a_time() if self._refused else contextlib.nullcontext():
            if self._refused and self._refused.knows(str(self.place), self._pin):
                _REFUSED.add(refused)
                raise ConfigError("TOKEN_PIN_WRONG", token=self.place.label)
            return self._login(token)

    def _login(self, token: pkcs11.Token) -> pkcs11.Session:
        import pkcs11  # noqa: PLC0415

        refused = (self.place, self._digest)
        try:
            return token.open(user_pin=self._pin)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
            _REFUSED.add(refused)
            if self._refused is not None:
                self._refused.remember(str(self.place), self._pin)
            raise ConfigError("TOKEN_PIN_WRONG", token=self.place.label) from error
        except (pkcs11.PinLocked, pkcs11.PinExpired) as error:
            _REFUSED.add(refused)
            raise ConfigError("TOKEN_PIN_LOCKED", token=self.place.label) from error
        except pkcs11.PKCS11Error as error:
            raise KeyUnavailable("TOKEN_MISSING", token=self.place.label) from error

    def _found(self, module: _Module) -> pkcs11.Token:
        """The token, looked for once more with a fresh list of slots."""
        for again in (False, True):
            if again:
                _start(module, self.place.module)
            found = _tokens(module, self.place.label)
            if len(found) > 1:
                raise ConfigError("TOKEN_AMBIGUOUS", token=self.place.label)
            if found:
                return found[0]
        raise KeyUnavailable("TOKEN_MISSING", token=self.place.label)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The `HeldKey` of a token."""

    token: Token
    label: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def sign(self, data: bytes) -> bytes:
        """See `HeldKey`."""
        return self.token.sign(self.label, key_algorithm(self.certificate), data)


# -- the module -----------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[_Module]:
    """The module, started in this very process, and nobody else in it."""
    with _GUARD:
        module = _MODULES.get(path)
        if module is None or module.pid != os.getpid():
            if module is not None:
                _INHERITED.append(module)
            module = _MODULES[path] = _Module(os.getpid())
    with module.lock:
        if module.library is None:
            _start(module, path)
        yield module


def _start(module: _Module, path: Path) -> None:
    """Load and start the module, or start it again, which makes it look for tokens.

    A forked child inherits a module that believes to be started; it must be started again.
    """
    try:
        import pkcs11  # noqa: PLC0415
    except ImportError as error:
        raise MissingToolError("PKCS11_MISSING") from error
    for label in tuple(module.sessions):
        _drop(module, label)
    try:
        library = pkcs11.lib(str(path))
        with contextlib.suppress(pkcs11.PKCS11Error):
            library.finalize()
        library.initialize()
    except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
        module.library = None
        raise ConfigError("TOKEN_MODULE_UNUSABLE", file=path.name) from error
    module.library = library


def _drop(module: _Module, label: str) -> None:
    held = module.sessions.pop(label, None)
    if held is not None:
        with contextlib.suppress(_pkcs11_error()):
            held.session.close()


def _tokens(module: _Module, label: str) -> list[pkcs11.Token]:
    import pkcs11  # noqa: PLC0415

    found = []
    try:
        for slot in module.library.get_slots(token_present=True):
            with contextlib.suppress(pkcs11.PKCS11Error):  # pulled out this moment
                token = slot.get_token()
                if token.label == label:
                    found.append(token)
    except pkcs11.PKCS11Error:
        return []
    return found


def _pkcs11_error() -> type[Exception]:
    import pkcs11  # noqa: PLC0415

    return pkcs11.PKCS11Error


# -- within a session ------------------------------------------------------------------------


def _look(
    session: pkcs11.Session, label: str
) -> tuple[str, list[x509.Certificate], list[x509.Certificate]]:
    """Kind of the key, the certificates with its label, and all certificates."""
    kind = _private_key(session, label).key_type.name.lower()
    return kind, _certificates(session, label), _certificates(session, None)


def _private_key(session: pkcs11.Session, label: str) -> Any:
    import pkcs11  # noqa: PLC0415

    try:
        return session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
    except pkcs11.NoSuchKey as error:
        raise KeyUnavailable("KEY_MISSING_ON_TOKEN", label=label) from error
    except pkcs11.MultipleObjectsReturned as error:
        raise ConfigError("KEY_AMBIGUOUS_ON_TOKEN", label=label) from error


def _certificates(session: pkcs11.Session, label: str | None) -> list[x509.Certificate]:
    import pkcs11  # noqa: PLC0415

    wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}
    if label is not None:
        wanted[pkcs11.Attribute.LABEL] = label
    found = []
    for held in session.get_objects(wanted):
        with contextlib.suppress(ValueError, TypeError):
            certificate = x509.Certificate.load(held[pkcs11.Attribute.VALUE])
            certificate.native  # noqa: B018
            found.append(certificate)
    return found


def _sign(session: pkcs11.Session, label: str, algorithm: str, data: bytes) -> bytes:
    """SoftHSM and many tokens know plain ECDSA only, so the digest is made here."""
    import pkcs11  # noqa: PLC0415
    from pkcs11.util.ec import encode_ecdsa_signature  # noqa: PLC0415

    key = _private_key(session, label)
    if algorithm == "rsa":
        return bytes(key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
    digest = hashlib.sha256(data).digest()
    return bytes(encode_ecdsa_signature(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA)))
