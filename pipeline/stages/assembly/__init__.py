"""Assembly: raw page images, an invisible text layer and the transfer note become one PDF/A-2u.

The images are archived as they came: JPEG, G4 and PNG data are passed through untouched and
turned by the content matrix (architecture §3). May not come in: signing, stamps, field values.
"""

from pipeline.stages.assembly.clearance import keep_clear, keep_clear_as_drawn
from pipeline.stages.assembly.document import AssembledPdf, AssemblyPage, assemble, page_size
from pipeline.stages.assembly.ink import ink_of
from pipeline.stages.assembly.room import find_right, find_room, part_needed
from pipeline.stages.assembly.transfer_note import read_transfer_note

__all__ = [
    "AssembledPdf",
    "AssemblyPage",
    "assemble",
    "find_right",
    "find_room",
    "ink_of",
    "keep_clear",
    "keep_clear_as_drawn",
    "page_size",
    "part_needed",
    "read_transfer_note",
]
