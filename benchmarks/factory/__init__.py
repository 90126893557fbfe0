"""The synthetic dossier factory: scanned-looking papers of invented people, with ground truth.

Same seed, same pages. All names, numbers and places of residence are made up; no page shows a
real person. Run `python -m benchmarks.factory --out DIR --seed N`; with `--batch` for a mixed batch
of a level (see `mixing`).
"""

from benchmarks.factory.batches import write_batch
from benchmarks.factory.components import dense_pages, form_pages, render_component
from benchmarks.factory.demo import DemoComponent, DemoTruth, make_demo_batch
from benchmarks.factory.layouts import LAYOUTS
from benchmarks.factory.mixing import make_batch
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, make_person
from benchmarks.factory.scanning import age, bleed_through
from benchmarks.factory.truth_file import read_truth, truth_path

__all__ = [
    "LAYOUTS",
    "DemoComponent",
    "DemoTruth",
    "Person",
    "RenderedPage",
    "age",
    "bleed_through",
    "dense_pages",
    "form_pages",
    "make_batch",
    "make_demo_batch",
    "make_person",
    "read_truth",
    "render_component",
    "truth_path",
    "write_batch",
]
