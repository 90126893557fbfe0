"""The corrector of a catalogue: what its papers print is known to be right.

May not come in: rules of correcting, pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.catalogue import Catalogue
from pipeline.stages.recognition import Corrector


def corrector_of(catalogue: Catalogue) -> Corrector:
    """A corrector that knows the wording of the catalogue's papers; reads no file yet."""
    return Corrector(printed_phrases(catalogue))


def printed_phrases(catalogue: Catalogue) -> Iterator[str]:
    """Titles, labels and anchors of all papers, and the names of papers and cases."""
    for component in catalogue.components.values():
        yield component.name_vi
        yield from component.titles
        yield from component.anchors.all_of
        yield from component.anchors.any_of
        for field in component.fields:
            yield from field.labels
    for procedure in catalogue.procedures.values():
        yield procedure.name_vi
        yield from (case.name_vi for case in procedure.cases)
