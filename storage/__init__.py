"""What Sohoa keeps: objects, relational records, the ledger's seals, proofs of fixity.

Adapters of the ports in `pipeline.ports.archive` and `pipeline.ports.records`. May not come in:
stages of the chain, rules of casework, search.
"""
