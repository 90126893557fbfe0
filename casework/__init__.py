"""What offices do with dossiers: reception, review, verification, audit, slips.

Lives here: rules of the office over records, archive and index, through their ports. May not come
in: the command line, texts for people, Prefect, object-store or database clients.
"""
