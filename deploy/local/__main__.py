"""The command line of `bin/services`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local import builds
from deploy.local.bridge import BridgeService
from deploy.local.elastic import ElasticService
from deploy.local.minio import MinioService
from deploy.local.office import Office
from deploy.local.pki import PkiService
from deploy.local.postgres import PostgresService
from deploy.local.prefect import PrefectService
from deploy.local.service import Place, ServiceError
from deploy.local.state import LOOPBACK, State

SERVICES = (PostgresService, MinioService, ElasticService, PkiService, PrefectService)
NAMES = tuple(service.name for service in SERVICES)


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a service failed or is not healthy, 2 usage."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cache = builds.cache_folder()
    folder = (options.state or cache / "services").absolute()
    try:
        state = State(folder)
        place = Place(state, cache)
        office = Office(state, [*(service(place) for service in SERVICES), BridgeService(place)])
        if options.command == "status":
            return _status(office)
        if options.command == "env":
            _print(office.exports())
            return 0
        with state.locked():
            return _change(options, office, place)
    except (ServiceError, OSError, ValueError) as error:
        builds.say(f"bin/services: {error}")
        return 1


def _change(options: argparse.Namespace, office: Office, place: Place) -> int:
    names = options.names or NAMES
    if options.command == "start":
        office.start(names)
        if options.bind != LOOPBACK:
            place.state.note("bind", options.bind)
            office.stop([BridgeService.name])
            office.start([BridgeService.name])
        _print(office.exports())
    elif options.command == "kill":
        builds.say(f"Killed: {', '.join(office.kill(options.names)) or 'nothing'}")
    else:
        ended = office.stop(options.names or (*NAMES, BridgeService.name))
        builds.say(f"Stopped: {', '.join(ended) or 'nothing ran'}")
        if options.erase:
            place.erase()
    return 0


def _status(office: Office) -> int:
    found = [one for one in office.status() if one.name != BridgeService.name or one.pid]
    for one in found:
        health = "healthy" if one.healthy else "not healthy" if one.pid else "stopped"
        print(f"{one.name:10} {one.pid or '-':>8} {one.address:24} {health}")
    return 0 if all(one.healthy for one in found) else 1


def _print(told: Mapping[str, str]) -> None:
    for name, value in told.items():
        print(f"export {name}={shlex.quote(value)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/services",
        description="Runs the systems of an office on this machine, on loopback: "
        f"{', '.join(NAMES)}.",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=None,
        help="folder of data, logs and memory (default: ~/.cache/sohoa/services)",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, how_many: str | None = "*") -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, parents=[shared])
        if how_many:
            made.add_argument("names", nargs=how_many, metavar="NAME", type=_name)
        return made

    start = command("start", 'start all or the named; use: eval "$(bin/services start)"')
    start.add_argument(
        "--bind",
        metavar="ADDRESS",
        default=LOOPBACK,
        help="listen on this address of the machine as well",
    )
    stop = command("stop", "end what was started here, all or the named; data stay")
    stop.add_argument("--erase", action="store_true", help="remove the data, too")
    command("kill", "SIGKILL the named, as a fault; start them again afterwards", "+")
    command("status", "one line a service; exit 0 when all are healthy", None)
    command("env", "print the variables of what runs", None)
    return parser


def _name(text: str) -> str:
    if text not in (*NAMES, BridgeService.name):
        raise argparse.ArgumentTypeError(f"unknown: {text}; one of {', '.join(NAMES)}")
    return text


if __name__ == "__main__":
    sys.exit(main())
