"""The model that reads: trained further on sheets drawn here, from the one that Debian ships.

`python -m benchmarks.training.reader {sheets,train,judge} OUT` does it step by step. In order:
`rows` says what is written, `sheets` draws and scans it, `examples` cuts it as the engine does,
`networks` and `charset` turn the model that is shipped into one that can be trained, `training`
trains and packs. May not come in: pages of the part TEST, nor its faces.
"""
