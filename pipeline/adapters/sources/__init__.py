"""Reading hostile files: PDF, TIFF, JPEG, PNG, told apart by content, behind `SourceReader`.

JPEG and PNG are judged here by structure alone. PDF and TIFF, and whatever must be decoded, are
opened in a child process with bounded memory and time (`sandbox`, `child`). May not come in:
judging file names, writing to the workspace.
"""

from pipeline.adapters.sources.reader import FileSourceReader

__all__ = ["FileSourceReader"]
