"""A process that claims what it is told, says so, and holds it until its input ends.

Arguments: kind and place of the claims, name, `wait` or nothing; the password: CLAIMS_PASSWORD.
"""

import os
import sys
from pathlib import Path

from pydantic import SecretStr

from pipeline.adapters.file_claims import FileClaims
from pipeline.errors import SohoaError
from pipeline.ports.runtime import Claims
from storage.records.claims import PostgresqlClaims


def main(kind: str, place: str, name: str, wait: str) -> None:
    claims: Claims = FileClaims(Path(place))
    if kind == "postgresql":
        password = os.environ.get("CLAIMS_PASSWORD")
        claims = PostgresqlClaims(place, SecretStr(password) if password else None)
    try:
        with claims.claim(name, wait=wait == "wait"):
            print("held", flush=True)
            sys.stdin.read()
        print("free", flush=True)
    except SohoaError as error:
        print(error.code, flush=True)


main(*sys.argv[1:])
