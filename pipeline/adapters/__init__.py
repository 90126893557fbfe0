"""Adapters: one per foreign thing, behind the ports of `pipeline.ports`.

Foreign exceptions are mapped to `pipeline.errors` here, once. May not come in: rules of the
domain, knowledge of other adapters.
"""
