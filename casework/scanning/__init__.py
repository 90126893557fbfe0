"""From a stack of paper to a folder of pages that the main job takes in.

`devices` says which scanner is meant, `sessions` keeps what came out of it, `stack` scans on.
"""
