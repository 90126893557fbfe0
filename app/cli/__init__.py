"""The command line `sohoa`: a stable contract (options, exit codes, NDJSON).

One module per family of commands. Results go to stdout, messages and progress to stderr. May not
come in: rules of the office, adapters.
"""
