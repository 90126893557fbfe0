"""Extraction: the values printed on a component, each with evidence, doubt and verdicts.

Runs on recognised words after signing, and on page images where words do not tell: ticks, rules
of tables (`ink`). Its doubts are the case officer's and never hold the archive (R-1333-27). May
not come in: decoding of images, OCR engines, storage.
"""

from __future__ import annotations

from pipeline.stages.extraction.agreement import agree
from pipeline.stages.extraction.crosscheck import cross_check
from pipeline.stages.extraction.extracting import Extraction, ReadPages, extract

__all__ = ["Extraction", "ReadPages", "agree", "cross_check", "extract"]
