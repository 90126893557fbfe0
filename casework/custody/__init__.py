"""Custody of the archive: does the store forbid what it must, does it hold what it was given.

`canary` tries the store's locks, `line` stops new work where they do not hold; `expected` says
what the ledger expects of the store, `sweep` reads it, `plan` says how much of it a day, `repair`
puts back from a second copy. May not come in: judging signatures, the chain of the ledger itself.
"""
