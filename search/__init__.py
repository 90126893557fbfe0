"""The component index: documents, folding, typed queries, one port and its engines.

The index is derived: everything in it can be rebuilt from the archive (architecture §§5, 7). May
not come in: records, ledger, decisions about who may see what (they arrive as filters of a
query), words for people.
"""
