"""Ports of those who keep the archive: records, a store and a home, nothing that reads paper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from app.progress import Silence
from pipeline.adapters.file_claims import FileClaims
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.ports.archive import ObjectStore
from pipeline.ports.runtime import Clock
from pipeline.run.work import Tools
from pipeline.settings import Settings
from pipeline.workspace import Workspace
from storage.records import SqlRecords


@dataclass
class Keeper:
    """As much of `Tools` as custody uses."""

    home: Path
    records: SqlRecords
    store: ObjectStore
    clock: Clock

    @cached_property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(None)

    @cached_property
    def claims(self) -> FileClaims:
        return FileClaims(self.home / "claims")

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.home / "work")

    @cached_property
    def progress(self) -> Silence:
        return Silence()

    @property
    def tools(self) -> Tools:
        return cast(Tools, self)
