"""Measuring the chain against generated batches whose truth is known.

`chain` runs the product on one batch, in a process of its own, and keeps what it found (`found`);
where the batch is held, `answering` answers as somebody who knows. `comparing` holds the findings
against the truth, `figures` sums batches up, `page` draws them. May not come in: how papers are
made (`benchmarks.factory`), the measures of text and fields themselves
(`benchmarks.reading_errors`, `benchmarks.field_errors`).
"""
