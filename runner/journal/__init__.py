"""The journal of a session, and everybody's logs: written line by line, read as a stream.

Start with `journal`, which writes log.txt, and `open_log`, which reads a log in either dialect
(`dialects`, on `reader`) into the `records` of its inferences. `session_folder` is where
a session's files lie, `session_document` its typed session.json, `results_json` MLCommons' results.
"""
