"""An augmentation killed at every port call and rename is finished by the next one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Killer, in_child, make_bench, mortal, once_each
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.components import SignatureLevel
from pipeline.settings import TsaSettings
from tests.fakes.augmenters import SealingAugmenter

TOUCHED = ("records", "store", "augmenter", "index")


def office(bench: Bench, home: Path) -> Services:
    """A home with an authority, and an augmenter that needs none."""
    tsa = TsaSettings(url="http://127.0.0.1:9/")
    services = Services(bench.settings(home).model_copy(update={"tsa": tsa}), Silence())
    services.ports.__dict__["augmenter"] = SealingAugmenter()
    return services


def wrong(services: Services) -> list[str]:
    """Everything that is not as an undisturbed run leaves it."""
    ports = services.ports
    found = [f"audit {f.code} {f.subjects}" for f in services.audit().findings]
    components = ports.records.components()
    for component in components:
        current = component.current
        level = current and current.signature and current.signature.level
        if level is not SignatureLevel.B_LTA:
            found.append(f"{component.code} at {level}")
        if [r.rev for r in component.revisions if r.version_id] != [0, 1]:
            found.append(f"revisions {component.revisions}")
    keys = {o.key for o in ports.store.list("dossiers/") if "/manifest/" not in o.key}
    if keys != {r.object_key for c in components for r in c.revisions}:
        found.append(f"objects {sorted(keys)}")
    if ports.records.outbox() or ports.records.unanswered():
        found.append("something is owed")
    if blobs := [p for p in (ports.home / "work" / "blobs").rglob("*") if p.is_file()]:
        found.append(f"left in the workspace {blobs}")
    return found


@pytest.mark.timeout(900)
def test_a_killed_augmentation_is_finished_by_the_next(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    home = tmp_path / "home"
    services = bench.services(home)
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor()).views
    assert view.state is BatchState.ARCHIVED
    services.ports.records.close()
    log = tmp_path / "moments.txt"

    def augment(home: Path, killer: Killer) -> int:
        def act() -> None:
            services = office(bench, home)
            mortal(services, killer, TOUCHED)
            assert services.augment(services.actor()).raised == 2

        return in_child(act)

    whole = shutil.copytree(home, tmp_path / "whole")
    assert augment(whole, Killer(None, log)) == 0
    assert wrong(office(bench, whole)) == []
    labels = log.read_text().splitlines()
    assert {
        "augmenter.augment after",
        "records.allocate_manifest after",
        "records.commit_revision after",
        "store.put before",
        "store.put after",
        "records.commit_stored after",
        "records.commit_manifest after",
        "os.replace blobs after",
    } <= set(labels)
    moments = once_each(labels)
    moments += [
        n for n, label in enumerate(labels, 1) if label.startswith(("store.put", "records.commit"))
    ]
    for moment in sorted(set(moments)):
        label = labels[moment - 1]
        struck = shutil.copytree(home, tmp_path / f"home-{moment}")
        assert augment(struck, Killer(moment)) != 0
        services = office(bench, struck)
        assert [f.code for f in services.audit().findings if f.failure] == [], label
        code = services.ports.records.components()[0].dossier_code
        for shown in services.show(code, services.actor()):
            for component in shown.components:
                _, stream = services.get(code, component.component_id, services.actor())
                stream.close()
        services.augment(services.actor())
        assert wrong(services) == [], label
        services.ports.records.close()
        shutil.rmtree(struck)
