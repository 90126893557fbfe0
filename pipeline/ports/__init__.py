"""What the core needs from the outside: small protocols, and the values they exchange.

Adapters live in `pipeline.adapters`, `pipeline.signatures`, `storage` and `search`; every port has
one contract suite in `tests/contract` that all its adapters and its fake pass. Foreign exceptions
are mapped to `pipeline.errors` once, inside the adapter. May not come in: an implementation.
"""
