"""Goes on with a session that was stopped, and restores what its folder has lost.

Start with `resume_point`, where a journal says that the run goes on.
"""
