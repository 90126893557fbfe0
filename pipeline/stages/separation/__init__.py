"""Separation: every page of a batch into dossiers and components, exactly once.

Pure: pages go in with what was seen and read on them, a plan and questions come out. May not come
in: what a component is called (classification), pixels, files.
"""

from __future__ import annotations

from pipeline.stages.separation.evidence import PageEvidence, Separation
from pipeline.stages.separation.plan import separate
from pipeline.stages.separation.starts import StartModel

__all__ = ["PageEvidence", "Separation", "StartModel", "separate"]
