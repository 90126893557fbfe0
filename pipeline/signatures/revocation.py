"""Whether a certificate stands, proven with OCSP responses and CRLs that can be kept.

A chain is built from what is at hand (the key's chain, the token, the trusted roots): issuers are
never fetched, so that only addresses that a trusted authority signed are ever asked. May not come
in: PDF, which signature is meant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from asn1crypto import cms, crl, ocsp, pem, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext, errors
from pyhanko_certvalidator.authority import Authority
from pyhanko_certvalidator.fetchers.api import (
    CertificateFetcher,
    CRLFetcher,
    Fetchers,
    OCSPFetcher,
)
from pyhanko_certvalidator.fetchers.common_utils import (
    enumerate_delivery_point_urls,
    format_ocsp_request,
    process_ocsp_response_data,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.util import get_ocsp_urls, get_relevant_crl_dps

from pipeline.errors import CertificateRejected, TimestampError
from pipeline.signatures.web import Deadline, NoAnswer, Question, Web

_MOST_OCSP_BYTES: Final = 64 * 1024
MOST_CRL_BYTES: Final = 8 * 1024 * 1024
"""A CRL is kept in every file; larger ones are refused (issuers of many offer OCSP)."""
_MOST_SOURCES: Final = 4
"""Addresses of one certificate that are tried."""
_DECLARED: Final = CertRevTrustPolicy(
    RevocationCheckingPolicy.from_legacy("hard-fail"), retroactive_revinfo=True
)
_UNASKED: Final = CertRevTrustPolicy(
    RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)
)


@dataclass(frozen=True, slots=True)
class Known:
    """Certificates and statuses at hand."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[ocsp.OCSPResponse, ...] = ()
    crls: tuple[crl.CertificateList, ...] = ()

    def holds(self, certificate: x509.Certificate) -> bool:
        """True where a certificate is among them."""
        return any(one.sha256 == certificate.sha256 for one in self.certificates)

    def until(self, moment: dt.datetime) -> Known:
        """Only statuses that were given by that moment."""
        return Known(
            self.certificates,
            tuple(one for one in self.ocsps if _given(one) <= moment),
            tuple(one for one in self.crls if one["tbs_cert_list"]["this_update"].native <= moment),
        )


def _given(response: ocsp.OCSPResponse) -> dt.datetime:
    produced: dt.datetime = response.basic_ocsp_response["tbs_response_data"]["produced_at"].native
    return produced


@dataclass(frozen=True, slots=True)
class ProvenChain:
    """A chain up to a trusted root, and the statuses that show that it stands."""

    certificates: tuple[x509.Certificate, ...]
    """The root first."""
    ocsps: tuple[ocsp.OCSPResponse, ...]
    crls: tuple[crl.CertificateList, ...]


async def stands(
    certificate: x509.Certificate,
    roots: Sequence[x509.Certificate],
    known: Known,
    at: dt.datetime,
    asking: Asking | None,
    *,
    timestamping: bool = False,
    statuses: bool = True,
) -> ProvenChain:
    """Prove that a certificate stood at a moment.

    Every certificate of the chain that names an OCSP responder or CRL must be shown not to be
    revoked by then; those that name none are taken as they are.

    Args:
        certificate: of the signer or the timestamp authority.
        roots: trusted.
        known: further certificates, and statuses that were kept.
        at: the moment.
        asking: for fresh statuses; None: only those that are known.
        timestamping: it must be for timestamping.
        statuses: False: only the chain counts.

    Raises:
        CertificateRejected: `CERTIFICATE_REVOKED`, `CERTIFICATE_EXPIRED`,
            `CERTIFICATE_NOT_YET_VALID`, `CERTIFICATE_UNTRUSTED`.
        TimestampError: `REVOCATION_UNAVAILABLE`.
    """
    context = ValidationContext(
        trust_roots=list(roots),
        other_certs=list(known.certificates),
        moment=at,
        allow_fetching=asking is not None,
        fetchers=asking.fetchers() if asking is not None else None,
        crls=list(known.crls),
        ocsps=list(known.ocsps),
        revinfo_policy=_DECLARED if statuses else _UNASKED,
    )
    validator = CertificateValidator(certificate, validation_context=context)
    try:
        path = await validator.async_validate_usage(
            set(), {"time_stamping"} if timestamping else None
        )
    except errors.RevokedError as error:
        raise CertificateRejected("CERTIFICATE_REVOKED") from error
    except errors.InsufficientRevinfoError as error:
        raise TimestampError("REVOCATION_UNAVAILABLE") from error
    except errors.ExpiredError as error:
        day = certificate.not_valid_after.date().isoformat()
        raise CertificateRejected("CERTIFICATE_EXPIRED", until=day) from error
    except errors.NotYetValidError as error:
        day = certificate.not_valid_before.date().isoformat()
        raise CertificateRejected("CERTIFICATE_NOT_YET_VALID", since=day) from error
    except (errors.PathError, errors.ValidationError, ValueError, TypeError) as error:
        raise CertificateRejected("CERTIFICATE_UNTRUSTED") from error
    fetched = asking.taken if asking is not None else known
    return ProvenChain(tuple(_all(path)), fetched.ocsps, fetched.crls)


def _all(path: ValidationPath) -> Iterable[x509.Certificate]:
    return (one for one in path if isinstance(one, x509.Certificate))


class Asking:
    """Fetches statuses for one proof, and keeps what it took."""

    def __init__(self, web: Web, deadline: Deadline) -> None:
        """Bind; nothing is asked."""
        self._web = web
        self._deadline = deadline
        self._ocsps: dict[bytes, ocsp.OCSPResponse] = {}
        self._crls: dict[bytes, tuple[crl.CertificateList, ...]] = {}

    @property
    def taken(self) -> Known:
        """What came."""
        return Known(
            ocsps=tuple(self._ocsps.values()),
            crls=tuple({one.dump(): one for many in self._crls.values() for one in many}.values()),
        )

    def fetchers(self) -> Fetchers:
        """As pyHanko wants them."""
        return Fetchers(_Ocsp(self), _Crl(self), _NoIssuers())

    async def ocsp_about(
        self, certificate: x509.Certificate, authority: Authority
    ) -> ocsp.OCSPResponse:
        """A response about a certificate, asked once.

        Raises:
            OCSPFetchError: nobody answers.
        """
        held = self._ocsps.get(certificate.sha256)
        if held is not None:
            return held
        request = format_ocsp_request(
            certificate, authority, certid_hash_algo="sha1", request_nonces=True
        )
        for url in get_ocsp_urls(certificate)[:_MOST_SOURCES]:
            question = Question(
                url=url,
                accept="application/ocsp-response",
                most_bytes=_MOST_OCSP_BYTES,
                body=request.dump(),
                content_type="application/ocsp-request",
            )
            try:
                data = await self._web.ask(question, self._deadline)
                response = process_ocsp_response_data(data, ocsp_request=request, ocsp_url=url)
                response.native  # noqa: B018
            except (NoAnswer, errors.OCSPValidationError, ValueError, TypeError, KeyError):
                continue
            self._ocsps[certificate.sha256] = response
            return response
        raise errors.OCSPFetchError("no responder answers")

    async def crls_about(self, certificate: x509.Certificate) -> tuple[crl.CertificateList, ...]:
        """The lists that would name a certificate, asked once.

        Raises:
            CRLFetchError: none can be had.
        """
        key = certificate.sha256
        if key not in self._crls:
            points = get_relevant_crl_dps(certificate, use_deltas=False)
            urls = [url for point in points for url in enumerate_delivery_point_urls(point)]
            found = [
                one for url in urls[:_MOST_SOURCES] if (one := await self._crl(url)) is not None
            ]
            if urls and not found:
                raise errors.CRLFetchError("no list can be had")
            self._crls[key] = tuple(found)
        return self._crls[key]

    async def _crl(self, url: str) -> crl.CertificateList | None:
        question = Question(url=url, accept="application/pkix-crl", most_bytes=MOST_CRL_BYTES)
        try:
            data = await self._web.ask(question, self._deadline)
            body = pem.unarmor(data)[2] if pem.detect(data) else data
            read = crl.CertificateList.load(body, strict=True)
            read["tbs_cert_list"]["this_update"].native  # noqa: B018
        except (NoAnswer, ValueError, TypeError, KeyError):
            return None
        return read

    def ocsps_of(self, certificate: x509.Certificate) -> tuple[ocsp.OCSPResponse, ...]:
        """Those that were taken about a certificate."""
        held = self._ocsps.get(certificate.sha256)
        return () if held is None else (held,)


class _Ocsp(OCSPFetcher):
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def fetch(
        self, cert: x509.Certificate | cms.AttributeCertificateV2, authority: Authority
    ) -> ocsp.OCSPResponse:
        return await self._asking.ocsp_about(cert, authority)

    def fetched_responses(self) -> Iterable[ocsp.OCSPResponse]:
        return self._asking.taken.ocsps

    def fetched_responses_for_cert(
        self, cert: x509.Certificate | cms.AttributeCertificateV2
    ) -> Iterable[ocsp.OCSPResponse]:
        return self._asking.ocsps_of(cert)


class _Crl(CRLFetcher):
    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._fetched: dict[bytes, tuple[crl.CertificateList, ...]] = {}

    async def fetch(
        self,
        cert: x509.Certificate | cms.AttributeCertificateV2,
        *,
        use_deltas: bool | None = None,
    ) -> Iterable[crl.CertificateList]:
        self._fetched[cert.sha256] = await self._asking.crls_about(cert)
        return self._fetched[cert.sha256]

    def fetched_crls(self) -> Iterable[crl.CertificateList]:
        return self._asking.taken.crls

    def fetched_crls_for_cert(
        self, cert: x509.Certificate | cms.AttributeCertificateV2
    ) -> Iterable[crl.CertificateList]:
        return self._fetched[cert.sha256]


class _NoIssuers(CertificateFetcher):
    """Issuers are given, never looked for where an unproven certificate says."""

    async def fetch_cert_issuers(
        self, cert: x509.Certificate | cms.AttributeCertificateV2
    ) -> AsyncGenerator[x509.Certificate, None]:
        for nothing in tuple[x509.Certificate]():
            yield nothing

    async def fetch_crl_issuers(
        self, certificate_list: crl.CertificateList
    ) -> AsyncGenerator[x509.Certificate, None]:
        for nothing in tuple[x509.Certificate]():
            yield nothing

    def fetched_certs(self) -> Iterable[x509.Certificate]:
        return ()
