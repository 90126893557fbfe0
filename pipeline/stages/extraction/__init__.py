"""Extraction: the values printed on a component, each with evidence, doubt and verdicts.

Runs on recognised words only, after signing; its doubts are the case officer's and never hold
the archive (R-1333-27). May not come in: pixels, OCR engines, storage.
"""

from __future__ import annotations

from pipeline.stages.extraction.crosscheck import cross_check
from pipeline.stages.extraction.extracting import Extraction, extract

__all__ = ["Extraction", "cross_check", "extract"]
