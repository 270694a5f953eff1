"""The submission folder `<division>/<org>/{systems,code,results}`, described and built.

Start with `build`, which makes the tree of a description (`describe`) and the sessions that
`gather` reads. `code_folder`, `session_files`, `documents`, `checklist`, `readme` and `sums` each
write a part of it; `runner.audit` verifies it.
"""
