"""An office whose dossiers are kept: records, a store with locks, a clock; no chain of stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from casework.destruction import Destruction, approve, carry_out, propose
from casework.renewal import Renewal, renew_locks
from casework.transfer import Transfer, transfer
from pipeline.catalogue import BenefitCase, Catalogue, Procedure, load_catalogue
from pipeline.ids import digest
from pipeline.models.actors import Actor, Role
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.runtime import Claims
from pipeline.run.work import Tools
from pipeline.settings import Settings
from pipeline.workspace import Workspace
from storage.records import SqlRecords
from tests.fakes.archived import START
from tests.fakes.claims import MemoryClaims
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import MemoryStore

ARCHIVIST = Actor(id="luu.tru", role=Role.ARCHIVE_CENTRE, unit="DEV")
APPROVER = Actor(id="phe.duyet", role=Role.APPROVER, unit="DEV")
OFFICER = Actor(id="tiep.nhan", role=Role.RECEPTION_OFFICER, unit="DEV")


def rules(retention: str = "06", asked: str = "Z_OTHER") -> Catalogue:
    """The built-in catalogue with one procedure more, that asks for one paper."""
    procedure = Procedure(
        code="P1",
        name_vi="Thủ tục thử",
        application=(asked,),
        always=(),
        results=(),
        retention=retention,
        cases=(BenefitCase("C1", "Trường hợp thử", (), (), ()),),
    )
    built_in = load_catalogue()
    return dataclasses.replace(built_in, procedures={**built_in.procedures, "P1": procedure})


def every(component: ComponentRecord) -> bool:
    return True


@dataclass
class KeepingOffice:
    """What the acts of keeping need of `Tools`."""

    records: SqlRecords
    memory: MemoryStore
    workspace: Workspace
    clock: StillClock
    settings: Settings
    catalogue: Catalogue
    store: ObjectStore = field(init=False)
    claims: Claims = field(default_factory=MemoryClaims)

    def __post_init__(self) -> None:
        self.memory.now = self.clock.now
        self.store = self.memory

    @property
    def tools(self) -> Tools:
        return cast("Tools", self)

    def dossier(self, code: str = "DEV-261122-0001") -> DossierRecord:
        return self.records.dossier(code, "DEV")

    def transfer(
        self,
        code: str = "DEV-261122-0001",
        valid: Callable[[ComponentRecord], bool] = every,
    ) -> Transfer:
        return transfer(self.tools, self.dossier(code), ARCHIVIST, valid)

    def night(self) -> Renewal:
        days = self.settings.archive.lock_days
        return renew_locks(self.records, self.store, self.clock.now(), days)

    def approved(self, code: str = "DEV-261122-0001") -> None:
        propose(self.tools, self.dossier(code), ARCHIVIST, "hết thời hạn bảo quản")
        approve(self.tools, self.dossier(code), APPROVER, "12/QĐ-HĐXĐGTTL")

    def carry_out(self, code: str = "DEV-261122-0001") -> Destruction:
        return carry_out(self.tools, self.store, self.dossier(code), ARCHIVIST)


def keeping_office(folder: Path, **settings: Any) -> KeepingOffice:
    """Empty; the caller closes the records."""
    clock = StillClock(START)
    return KeepingOffice(
        records=blank_records(folder / f"{digest(str(folder))[:8]}.sqlite", clock),
        memory=MemoryStore("enforced"),
        workspace=Workspace(folder / "work"),
        clock=clock,
        settings=Settings(home=folder, **settings),
        catalogue=rules(),
    )
