"""Composition: `services` puts the parts together; orchestrated flows stand beside it."""
