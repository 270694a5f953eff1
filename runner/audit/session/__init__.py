"""The audit of one session: everything in a mode folder against everything else in it.

Start with `session_audit`, which judges the folder in the order log, labels, trace, results,
script. `folder_reader` reads its files, `label_lists` finds its labels, and each other module
compares one file with the log.
"""
