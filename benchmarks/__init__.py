"""Synthetic dossiers and measured comparisons: nothing here is part of the product."""
