"""Stages: plain functions from frozen input to frozen result, one module per step of the chain.

They know models and ports only. May not come in: adapters, other stages.
"""
