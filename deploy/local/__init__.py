"""`bin/services`: the systems of an office on one machine, without containers, for tests.

One module per service says how it is prepared, launched, asked for its health and what Sohoa must
be told about it (`service.Service`); `state` remembers, `supervisor` starts and ends processes,
`office` starts many at once. May not come in: anything that the product imports.
"""
