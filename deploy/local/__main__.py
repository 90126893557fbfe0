"""The command line of `bin/services`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
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
from deploy.local.state import State
from deploy.local.wrapping import run_inside, temporary

SERVICES = (PostgresService, MinioService, ElasticService, PkiService, PrefectService)
NAMES = tuple(service.name for service in SERVICES)


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a service failed or is not healthy, 2 usage; `run`: its command's."""
    options = _parser().parse_args(argv)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        if options.command == "run":
            with temporary() as folder:
                return _run(options, _at(folder))
        place = _at(options.state or builds.cache_folder() / "services")
        return _COMMANDS[options.command](options, place)
    except (ServiceError, OSError, ValueError) as error:
        builds.say(f"bin/services: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _at(folder: Path) -> Place:
    return Place(State(folder.absolute()), builds.cache_folder())


def _office(place: Place) -> Office:
    return Office(place, [*SERVICES, BridgeService])


def _start(options: argparse.Namespace, place: Place) -> int:
    _print(_started(options, place))
    return 0


def _started(options: argparse.Namespace, place: Place) -> dict[str, str]:
    """Start what is asked for; the variables that tell of it."""
    office = _office(place)
    names: Sequence[str] = options.names or NAMES
    told = {}
    with place.state.locked():
        if options.possible:
            lacking = office.lacking()
            names = [name for name in names if name not in lacking]
            for name, reason in lacking.items():
                builds.say(f"Left out: {name}: {reason}")
                told[f"SERVICES_LACKING_{name.upper()}"] = reason
        office.start(names)
        _bridge(options.bind, office, place.state)
        return {**told, **office.exports(), "SERVICES_STATE": str(place.state.folder)}


def _bridge(address: str | None, office: Office, state: State) -> None:
    """The further address that is asked for; one that is there is told of new services."""
    if address is not None:
        state.note("bind", address)
    if office.stop([BridgeService.name]) or address is not None:
        office.start([BridgeService.name])


def _run(options: argparse.Namespace, place: Place) -> int:
    try:
        return run_inside(options.argv, _started(options, place))
    finally:
        options.names = []
        _stop(options, place)


def _stop(options: argparse.Namespace, place: Place) -> int:
    with place.state.locked():
        ended = _office(place).stop(options.names or (*NAMES, BridgeService.name))
        builds.say(f"Stopped: {', '.join(ended) or 'nothing ran'}")
        if options.erase:
            place.erase()
    return 0


def _kill(options: argparse.Namespace, place: Place) -> int:
    with place.state.locked():
        builds.say(f"Killed: {', '.join(_office(place).kill(options.names)) or 'nothing ran'}")
    return 0


def _env(options: argparse.Namespace, place: Place) -> int:
    _print({**_office(place).exports(), "SERVICES_STATE": str(place.state.folder)})
    return 0


def _status(options: argparse.Namespace, place: Place) -> int:
    found = [one for one in _office(place).status() if one.name != BridgeService.name or one.pid]
    for one in found:
        health = "healthy" if one.healthy else "not healthy" if one.pid else "stopped"
        print(f"{one.name:10} {one.pid or '-':>8} {one.address:24} {health}")
    return 0 if all(one.healthy for one in found) else 1


_COMMANDS = {
    "start": _start,
    "stop": _stop,
    "kill": _kill,
    "env": _env,
    "status": _status,
}


def _print(told: Mapping[str, str]) -> None:
    for name, value in told.items():
        print(f"export {name}={shlex.quote(value)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/services",
        description="Runs the systems of an office on this machine, on loopback: "
        f"{', '.join(NAMES)}.",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="folder of data, logs and memory (default: ~/.cache/sohoa/services)",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, names: str | None) -> argparse.ArgumentParser:
        parents = [] if name == "run" else [shared]
        made = commands.add_parser(name, help=text, description=text, parents=parents)
        made.set_defaults(names=[], erase=False, possible=False, bind=None)
        if names:
            made.add_argument("names", nargs=names, metavar="NAME", type=_name)
        return made

    start = command("start", 'start all or the named: eval "$(bin/services start)"', "*")
    run = command("run", "run a command beside services of its own, gone afterwards", None)
    run.set_defaults(erase=True)
    run.add_argument(
        "--only",
        dest="names",
        action="append",
        metavar="NAME",
        type=_name,
        help="this service, and those it needs; may be given again",
    )
    run.add_argument("argv", nargs="+", metavar="COMMAND")
    for made in (start, run):
        made.add_argument(
            "--possible", action="store_true", help="leave out what this machine cannot run"
        )
        made.add_argument(
            "--bind", metavar="ADDRESS", help="listen on this address of the machine as well"
        )
    stop = command("stop", "end what was started here, all or the named; data stay", "*")
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
