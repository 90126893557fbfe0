"""The ordered steps of a batch, and the walk along them.

`STEPS` (in `pipeline.run.steps`) is the table of contents of the product: the local chain and
the Prefect flow both walk it. A step takes the work at hand, reads what earlier steps published,
publishes its own result, and may hold the batch. Every step may be repeated: results are found
by the digest of their inputs, allocations by their ids, so a killed process is simply run again.
May not come in: adapters, settings files, Prefect.

Read `steps`, then `capture`, `splitting`, `making`, `archive`, `manifests`.
"""
