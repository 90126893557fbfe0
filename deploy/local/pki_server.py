"""Serves the test PKI over HTTP: `python -m deploy.local.pki_server FOLDER PORT`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from certomancer.integrations.animator import Animator, AnimatorArchStore
from werkzeug.serving import make_server

from deploy.local.pki import load
from deploy.local.state import LOOPBACK

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def one_at_a_time(inner: WSGIApplication) -> WSGIApplication:
    """Connections are many, answers are made one after the other: certomancer has no locks."""
    guard = threading.Lock()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with guard:
            return inner(environ, start_response)

    return app


def main(folder: Path, port: int) -> None:
    """Serve until a signal ends the process."""
    animator = Animator(
        AnimatorArchStore(load(folder).pki_archs), with_web_ui=False, allow_time_override=False
    )
    make_server(LOOPBACK, port, one_at_a_time(animator), threaded=True).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
