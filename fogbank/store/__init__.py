"""The durable waist: records, logs and queues behind one Protocol (`api.py`), with blobs beside it.

Only this package speaks SQL. `sqlite` is the default engine, `postgres` serves several machines; one conformance suite
(tests/store) runs on both, and another engine costs one file.
"""
