"""The report: one HTML file of sessions or a tree, for showing around.

Start with `gather`, from paths to the sessions of a `page`, and `render`, from the page to HTML by
the files in `template`. `views` and `session_views` are a session's part of it, `plots` what is
drawn, `summary` its top. `compare` sets two of them side by side.
"""
