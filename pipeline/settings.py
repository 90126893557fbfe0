"""One frozen `Settings`, read once at the composition root and handed down.

From `SOHOA_…` variables and `sohoa.toml` in `SOHOA_HOME` or at `SOHOA_CONFIG` (never the working
folder); variables win; unknown keys are refused; secrets are masked. `SOHOA_…_FILE` names a file
that holds the value: how systemd's credentials and containers' secrets are handed in. Stages take
the small option groups, never the whole (architecture §10).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from pipeline.errors import ConfigError
from pipeline.models.scanning import ScanProfile

UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
"""What a unit code looks like: it stands in codes, object keys and names of folders."""
PREFIX = "SOHOA_"
_NESTED = "__"
_FROM_FILE = "_FILE"
_LONGEST_SECRET = 64 * 1024
"""Bytes."""
_PLACES = ("HOME", "CONFIG")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Group(BaseModel):
    """A frozen group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Count = Annotated[int, Field(gt=0)]
Measure = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _split_paths(value: object) -> object:
    """A variable gives several paths as PATH does, with colons between them."""
    return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value


Paths = Annotated[tuple[Path, ...], BeforeValidator(_split_paths)]
"""A list in the file; in a variable, paths with colons between them."""


class Environment(StrEnum):
    """Development allows the development PKI and an advisory archive; production refuses both."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class IntakeSettings(Group):
    """Bounds on hostile input."""

    max_file_bytes: Count = 2 * 1024**3
    max_pages: Count = 5000
    """Per batch."""
    max_page_pixels: Count = 200_000_000
    """Larger pages are refused before they are decoded (an A0 sheet at 300 dpi has 140 million)."""
    render_dpi: Count = 300
    """For pages that are not one image."""
    settle_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2.0
    """`watch`: a file is taken when size and time stood still this long."""
    file_timeout_seconds: Measure = 25.0
    """Looking at one hostile file may take no longer, nor may reading it: within a minute it is
    refused. Files of many pages earn more by the page."""


class ImagingSettings(Group):
    """Thresholds of the imaging stage; measured on rendered pages."""

    skew_limit_deg: float = 1.0
    """Domain-pack E.1: more is a QUALITY warning."""
    deskew_from_deg: float = 0.3
    """Reading undoes a tilt above this."""
    blank_above: float = 0.98
    """Blank scores from here on are dropped by rule."""
    blank_below: float = 0.50
    """Scores below are content; between the two a person is asked."""
    min_dpi: Measure = 200.0
    """Domain-pack E.1."""


class OcrSettings(Group):
    """Text recognition."""

    model: str | None = None
    """Name in the model registry; None picks the best one installed."""
    engine: Literal["library", "program"] = "library"
    """Tesseract within the process, or one run of the program a page, which is slower but survives
    a page that Tesseract crashes on. Without the library the program reads."""
    read_dpi: Count = 200
    """Pages of higher resolution are reduced to this for reading."""
    page_timeout_seconds: Measure = 120.0
    workers: int = Field(default=0, ge=0, le=64)
    """Pages read at once; 0: one per core."""
    doubt_below: float = 0.60
    """Mean confidence under which the page is tried upside down."""
    correct: bool = True
    """Words are mended where the language leaves no doubt; what was read is kept beside them."""

    @property
    def at_once(self) -> int:
        """Pages read at once on this machine."""
        return self.workers or os.cpu_count() or 1


class SplitSettings(Group):
    """Separation and classification."""

    boundary_confidence: float = 0.9
    """Below: PAGE_BOUNDARY review. Tuned with the weights that tell where papers start."""
    readable_confidence: float = 0.40
    """Mean word confidence below: UNREADABLE_PAGE review."""
    type_confidence: float = 0.75
    """Below: COMPONENT_TYPE review."""


class FieldSettings(Group):
    """Extraction."""

    accept_confidence: float = 0.85
    """Numbers, dates, amounts, ticks: below, a person looks. Measured 2026-11-22 on made-up scans
    (300 dpi, 12 page sets of 13 papers): no wrong number above 0.4, four of five right ones above
    this. The confidence of a number is that of its least sure word to the power 1.5."""
    accept_name_confidence: float = 0.90
    """Names of people: engines mistake one tone mark for another with up to 0.94."""
    accept_text_confidence: float = 0.88
    """Free text and addresses."""


class Pkcs11Settings(Group):
    """A token or HSM behind a PKCS#11 module."""

    module: Path
    """Shared library, e.g. `/usr/lib/softhsm/libsofthsm2.so`."""
    token: str
    """Label of the token."""
    pin: SecretStr | None = None
    """None where nothing is signed: what only takes papers in, or hands them out, needs none."""
    keys: dict[str, str] = {}
    """Officer's account → label of key and certificate on the token. An officer who is not named
    here signs elsewhere: the batch waits (AWAITING_SIGNATURE)."""
    chain: Paths = ()
    """PEM files of intermediate certificates that the token does not hold."""


def _fingerprints(value: object) -> object:
    """As `openssl x509 -fingerprint` prints them, several of them with commas between."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, list | tuple):
        return tuple(str(one).strip().replace(":", "").lower() for one in value)
    return value


Fingerprints = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...], BeforeValidator(_fingerprints)
]
"""SHA-256 of certificates (DER)."""


class SigningSettings(Group):
    """Who signs, and how it looks."""

    pkcs12: Path | None = None
    """PKCS#12 file of the officer; None: the development PKI (development only)."""
    password: SecretStr | None = None
    pkcs12_officer: str | None = None
    """Account of the officer whose key `pkcs12` is; None: `officer`."""
    agency: str = "Bảo hiểm xã hội Việt Nam"
    """Agency named in the stamp."""
    stamp_width_mm: Measure = 58.0
    stamp_height_mm: Measure = 12.0
    stamp_margin_mm: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 3.0
    """From the visible top-left corner of page one (R-1333-12)."""
    font: Path | None = None
    """TrueType font with Vietnamese glyphs; None: found on the system."""
    trust: Paths = ()
    """PEM files of further trusted roots for `verify`: signers' and timestamp authorities'."""
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-LTA"
    """Wanted level where a timestamp authority is set (`tsa.url`); else B-B."""
    officers: dict[str, Fingerprints] = {}
    """Officer's account → SHA-256 of the certificates that are theirs: no other signs for them.
    Needed of whoever signs in two steps, on another machine."""
    archive: str | None = None
    """Account whose key counter-signs for the archive (`sohoa sign counter`); none needed in
    development."""
    copies: str | None = None
    """Account whose key signs electronic copies for the agency (`sohoa sign copy`); none needed in
    development."""
    warn_days: Count = 30
    """So many days before a certificate ends, `doctor` and signing warn."""
    request_days: Count = 7
    """How long a request to sign elsewhere may be answered."""
    pkcs11: Pkcs11Settings | None = None
    """The token or HSM that holds the officers' keys; None: `pkcs12` or the development PKI."""


class TsaSettings(Group):
    """The timestamp authority (RFC 3161)."""

    url: str | None = None
    """`http(s):` address; None: signatures stay at B-B."""
    timeout_seconds: Measure = 10.0
    owed_days: Count = 3
    """A sealed day of the ledger may wait so long for its timestamp; then `audit` fails."""


class SecondArchiveSettings(Group):
    """A copy of the archive elsewhere, to repair from; it is only read."""

    url: str
    """As `archive.url`."""
    access_key: str | None = None
    secret_key: SecretStr | None = None
    region: str = "us-east-1"
    ca: Path | None = None
    """PEM file of the authority that issued the server's certificate."""
    timeout_seconds: Measure = 20.0


class FixitySettings(Group):
    """Reading the archive again, against the hashes of the ledger."""

    days: Count = 30
    """Everything is read once within so many days, a share every day."""
    bytes_per_second: Count | None = 40 * 1024**2
    """Reading goes no faster; None: as fast as it can."""


class ArchiveSettings(Group):
    """The object store."""

    url: str = "file:archive"
    """`file:FOLDER`, relative to the home, or `s3:http(s)://HOST:PORT/BUCKET`."""
    access_key: str | None = None
    """Identity that writes (`s3:`)."""
    secret_key: SecretStr | None = None
    reader_access_key: str | None = None
    """Identity that only reads: searching, showing, verifying; None: the writer's."""
    reader_secret_key: SecretStr | None = None
    remover_access_key: str | None = None
    """Identity that removes what no lock protects any more; set only where a council's decision is
    carried out."""
    remover_secret_key: SecretStr | None = None
    region: str = "us-east-1"
    ca: Path | None = None
    """PEM file of the authority that issued the server's certificate."""
    timeout_seconds: Measure = 20.0
    """`s3:`: longest silence of the server."""
    lock_days: Count = 30
    """First lock of an object; renewed while the dossier is open (architecture §3)."""
    second: SecondArchiveSettings | None = None
    """A second copy that damaged objects are repaired from; kept by other means than Sohoa."""
    work_bucket: str | None = None
    """`s3:`: bucket where hosts share files in work; not locked. None: work stays on this host."""
    work_grace_hours: Measure = 24.0
    """What no unfinished batch needs leaves the work bucket when it has lain so long."""

    def as_remover(self) -> ArchiveSettings:
        """The same archive, as the identity that removes.

        Raises:
            ConfigError: `ARCHIVE_REMOVER_MISSING`.
        """
        if not self.remover_access_key or self.remover_secret_key is None:
            raise ConfigError("ARCHIVE_REMOVER_MISSING", key="archive.remover_access_key")
        own = {"access_key": self.remover_access_key, "secret_key": self.remover_secret_key}
        return self.model_copy(update=own)


class SearchSettings(Group):
    """The component index."""

    url: str = "sqlite:index.sqlite"
    """`sqlite:FILE`, relative to the home, or `http(s)://HOST:PORT`; nodes of a cluster with commas
    between."""
    user: str | None = None
    password: SecretStr | None = None
    index: str = "sohoa-components"
    """Alias of the index (`http(s):`)."""
    ca: Path | None = None
    """PEM file of the authority that issued the server's certificate."""
    timeout_seconds: Measure = 10.0
    shards: Annotated[int, Field(ge=1, le=1024)] = 1
    """Parts of an index (`http(s):`); taken at the next rebuild."""
    replicas: Annotated[int, Field(ge=0, le=16)] | None = None
    """Copies of each part; None: one where there is a second node. Taken at the next rebuild."""


class DatabaseSettings(Group):
    """The relational records."""

    url: str = "sqlite:records.sqlite"
    """`sqlite:FILE`, relative to the home, or `postgresql+psycopg://USER@HOST:PORT/DATABASE`."""
    password: SecretStr | None = None


class ScannerSettings(Group):
    """Scanning with `sohoa scan`."""

    profiles: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")], ScanProfile] = {}
    """By name; `default` is built in (feeder where there is one, A4, 300 dpi, colour) and may be
    set otherwise."""
    jpeg_quality: Annotated[int, Field(ge=85, le=100)] = 90
    """Of grey and colour pages; domain-pack E.1 asks for at least 85."""
    answer_timeout_seconds: Measure = 30.0
    """For the list of scanners, or the options of one."""
    sheet_timeout_seconds: Measure = 120.0
    """For one side of a sheet."""

    def profile(self, name: str) -> ScanProfile:
        """A profile by name.

        Raises:
            ConfigError: `SCAN_PROFILE_UNKNOWN`.
        """
        if name in self.profiles:
            return self.profiles[name]
        if name == "default":
            return ScanProfile()
        raise ConfigError("SCAN_PROFILE_UNKNOWN", profile=name[:32])


class FlowSettings(Group):
    """Work on many hosts through Prefect."""

    api_url: str | None = None
    """Address of the Prefect server's API; None: every command works in its own process."""
    password: SecretStr | None = None
    """Of the server's one user, `sohoa`; None: it asks for none."""
    batches_per_run: Annotated[int, Field(ge=1, le=100)] = 10
    pages_per_chunk: Annotated[int, Field(ge=1, le=200)] = 10
    """Pages of one recognition task."""
    requeue_seconds: Measure = 20.0
    """How often the dispatcher looks for work that stands still."""
    start_seconds: Measure = 60.0
    """So long a run's process may take to start; one that shows no life then counts as dead.

    Some five seconds of CPU: far longer on a host at its limit, which a run that is given up while
    it starts makes busier still.
    """


def _template(*fields: str, ending: str = "") -> AfterValidator:
    """A template of file names: known fields in ASCII that every system takes."""

    def checked(template: str) -> str:
        sample = {
            name: 1 if name in ("ordinal", "nn", "version", "year") else "x" for name in fields
        }
        try:
            made = template.format(**sample)
        except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
            raise ValueError(f"fields are {', '.join(fields)}") from error
        if not (_FILE_NAME.fullmatch(made) and made.endswith(ending)):
            raise ValueError(f"must give ASCII letters, digits, '.', '_', '-' and end {ending}")
        return template

    return AfterValidator(checked)


class PackageSettings(Group):
    """Packages for an archive (`export --sip`)."""

    fonds: Annotated[str, Field(max_length=64)] = ""
    """Code of the fonds (mã phông); empty: the unit's code."""
    archive: Annotated[str, Field(max_length=64)] = ""
    """Code of the archive that takes the packages, for `file_code`."""
    deposit: Annotated[str, Field(max_length=64)] = ""
    """Code of the deposit, for `file_code`."""
    file_code: Annotated[
        str, _template("archive", "unit", "fonds", "year", "deposit", "dossier")
    ] = "{dossier}"
    """Code of a file (hồ sơ), e.g. `{archive}.{unit}.{year}.{deposit}.{dossier}`."""
    document_name: Annotated[
        str,
        _template("file_code", "unit", "code", "ordinal", "nn", "version", "date", ending=".pdf"),
    ] = "{file_code}.{ordinal:07d}.pdf"
    """File name of a document, e.g. `{unit}_{code}_{ordinal:06d}_V{version}_{date}.pdf`."""
    schemas: Path | None = None
    """Folder of schemas (`*.xsd`) that packages enclose; none: packages have no schemas."""


class Settings(Group):
    """Everything that can be set. Relative paths are relative to `home`."""

    home: Path
    environment: Environment = Environment.DEVELOPMENT
    unit: Annotated[str, Field(pattern=f"^{UNIT.pattern}$")] = "DEV"
    """Unit code; `DEV` is refused in production."""
    officer: Annotated[str, Field(min_length=1, max_length=64)] = "dev"
    """Account of the officer who scans, unless `--officer` says another."""
    language: Literal["vi", "en"] = "vi"
    dossier_code: str = "{unit}-{yymmdd}-{n:04d}"
    """Template of new dossier codes."""
    catalogue: Path | None = None
    """A component catalogue that replaces the built-in one whole."""
    intake: IntakeSettings = IntakeSettings()
    imaging: ImagingSettings = ImagingSettings()
    ocr: OcrSettings = OcrSettings()
    split: SplitSettings = SplitSettings()
    fields: FieldSettings = FieldSettings()
    signing: SigningSettings = SigningSettings()
    archive: ArchiveSettings = ArchiveSettings()
    fixity: FixitySettings = FixitySettings()
    search: SearchSettings = SearchSettings()
    database: DatabaseSettings = DatabaseSettings()
    tsa: TsaSettings = TsaSettings()
    flows: FlowSettings = FlowSettings()
    scanner: ScannerSettings = ScannerSettings()
    packages: PackageSettings = PackageSettings()

    @property
    def production(self) -> bool:
        """True in an office."""
        return self.environment is Environment.PRODUCTION

    @property
    def model_folder(self) -> Path:
        """Recognition models that this installation was given."""
        return self.home / "models"

    def resolve(self, path: Path) -> Path:
        """A configured path, made absolute from the home."""
        return path if path.is_absolute() else self.home / path


def default_home(environ: Mapping[str, str]) -> Path:
    """`SOHOA_HOME`, else `~/.local/share/sohoa`."""
    if home := environ.get(f"{PREFIX}HOME"):
        return Path(home).absolute()
    return _own_folder(environ).absolute() / ".local" / "share" / "sohoa"


def _own_folder(environ: Mapping[str, str]) -> Path:
    """`HOME`, else what the account's entry says: services often run without the variable."""
    if own := environ.get("HOME"):
        return Path(own)
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings once.

    Raises:
        ConfigError: `CONFIG_UNREADABLE` (file), `SECRET_UNREADABLE` (file), `CONFIG_UNKNOWN_KEY`
            or `CONFIG_INVALID` (naming the key), `CONFIG_PRODUCTION_UNIT`.
    """
    environ = os.environ if environ is None else environ
    home = default_home(environ)
    config = Path(environ.get(f"{PREFIX}CONFIG") or home / "sohoa.toml")
    values: dict[str, Any] = {}
    try:
        there = config.is_file()
    except OSError as error:
        raise ConfigError("CONFIG_UNREADABLE", file=config.name) from error
    if there:
        try:
            values = tomllib.loads(config.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError("CONFIG_UNREADABLE", file=config.name) from error
    elif environ.get(f"{PREFIX}CONFIG"):
        raise ConfigError("CONFIG_UNREADABLE", file=config.name)
    for variable, given in environ.items():
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in _PLACES:
            name, value = _spelled_out(variable, given, environ)
            _put(values, name.removeprefix(PREFIX).lower().split(_NESTED), value)
    values["home"] = home
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        code = "CONFIG_UNKNOWN_KEY" if first["type"] == "extra_forbidden" else "CONFIG_INVALID"
        raise ConfigError(code, key=key, problem=first["msg"]) from error
    if settings.production and settings.unit == "DEV":
        raise ConfigError("CONFIG_PRODUCTION_UNIT", key="unit")
    return settings


def _spelled_out(name: str, value: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """A variable and its value, which a file may hold; one line end at its end does not count."""
    if not name.endswith(_FROM_FILE):
        return name, value
    plain = name.removesuffix(_FROM_FILE)
    if plain in environ:
        key = plain.removeprefix(PREFIX).lower().replace(_NESTED, ".")
        raise ConfigError("CONFIG_INVALID", key=key, problem="given twice, as value and as file")
    path = Path(value)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            text = stream.read(_LONGEST_SECRET)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("SECRET_UNREADABLE", file=path.name, variable=name) from error
    return plain, text.removesuffix("\n").removesuffix("\r")


def _put(values: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError("CONFIG_INVALID", key=".".join(keys), problem="not a group")
        values = inner
    if isinstance(values.get(keys[-1]), dict):
        raise ConfigError("CONFIG_INVALID", key=".".join(keys), problem="a group, not a value")
    values[keys[-1]] = value
