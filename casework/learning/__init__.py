"""Learning from people: their answers become examples, examples move weights, a gate judges.

May not come in: where weights are kept (`ocr_models`), who may start it (`app`).
"""

from __future__ import annotations

from casework.learning.examples import Examples, FieldExample, gather
from casework.learning.retraining import Retrained, retrain

__all__ = ["Examples", "FieldExample", "Retrained", "gather", "retrain"]
