"""Words for people: every sentence Sohoa says, as data, in Vietnamese (default) and English.

One TOML file per language beside this module; code carries codes and parameters only. May not
come in: decisions, personal data in parameters, a sentence spelled in Python.
"""

from __future__ import annotations

from app.messages.rendering import Messages, Rendered

__all__ = ["Messages", "Rendered"]
