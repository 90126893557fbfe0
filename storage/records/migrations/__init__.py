"""History of the tables; run by `storage.records.upgrade`, never by hand."""
