"""What people and systems touch: command line, rendering of messages, health report.

The edge: the only package with words for people. May not come in: rules of the domain, SQL,
anything that another package would want to import.
"""
