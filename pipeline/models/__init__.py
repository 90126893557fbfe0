"""The frozen vocabulary of Sohoa: what is handed from one stage to the next.

One module per noun of the domain. May not come in: I/O, libraries for images or PDF, behaviour
beyond validation and small derived values.

Frames of reference, used in every docstring:

- *raw*: pixels of the stored image as decoded, origin top-left, EXIF orientation ignored;
- *upright*: the raw image turned clockwise by `PageLook.turn` (0, 90, 180, 270), origin top-left.
  Words and symbols are always given in upright pixels;
- *page*: PDF points of the archived page, origin bottom-left, y upwards (1 pt = 1/72 inch).
"""
