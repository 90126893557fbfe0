"""Dossiers as packages that leave the archive: evidence files and submission packages.

Builders are pure: facts in, documents out; `wrapping` is the only place that writes. May not come
in: judging (`casework.verification`), what a store or a ledger means, words of the user interface.
"""
