-- What the account of the daily work, "sohoa", may do. Run by the owner of the tables after every
-- `sohoa db upgrade`; may be run again. Ledger entries cannot be changed or deleted by it.
GRANT USAGE ON SCHEMA public TO sohoa;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO sohoa;
GRANT INSERT, UPDATE ON counters, batches, dossiers, batch_dossiers, components, revisions, reviews, manifests TO sohoa;
GRANT INSERT, DELETE ON outbox TO sohoa;
GRANT DELETE ON components TO sohoa;
GRANT INSERT ON events TO sohoa;
GRANT UPDATE (seq, prev_hash, hash) ON events TO sohoa;
