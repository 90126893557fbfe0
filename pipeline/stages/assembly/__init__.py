"""Assembly: raw page images, an invisible text layer and the transfer note become one PDF/A-2u.

The images are archived as they came: JPEG, G4 and PNG data are passed through untouched and
turned by the content matrix (architecture §3). May not come in: signing, stamps, field values.
"""

from pipeline.stages.assembly.clearance import keep_clear
from pipeline.stages.assembly.document import AssembledPdf, AssemblyPage, assemble
from pipeline.stages.assembly.transfer_note import read_transfer_note

__all__ = ["AssembledPdf", "AssemblyPage", "assemble", "keep_clear", "read_transfer_note"]
