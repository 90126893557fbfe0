"""The digitisation core: what happens to a page between the scanner and the archive.

Lives here: frozen models, the stages as plain functions, the ports they need, the component
catalogue and the signatures. May not come in: Prefect, database sessions, MinIO and
Elasticsearch clients, the command line, messages for people.

Read in this order to follow one page: `run` (the ordered steps), `stages.intake`,
`stages.imaging`, `stages.sheets`, `stages.recognition`, `stages.separation`,
`stages.classification`, `stages.assembly`, `signatures`, `stages.extraction`.
"""
