"""Signatures: stamp, sign, judge. The only owner of pyHanko.

`choosing` builds what the composition root needs; `verdicts` is the vocabulary of judgements.
Messages of the libraries inside are silenced: they quote certificate subjects, and logs hold no
personal data. May not come in: which component is signed when, records, the archive.
"""

import logging

from pipeline.signatures.choosing import Signing, build_judge, build_signer, load_trust

__all__ = ["Signing", "build_judge", "build_signer", "load_trust"]

for _library in ("pyhanko", "pyhanko_certvalidator", "fontTools"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)
