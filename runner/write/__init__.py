"""The result files of a session, in each dialect, and the pictures of a trace.

Start with `eembc_results` (result.txt, which a run writes) or `mlcommons_session` (a whole session
in the form of later rounds, with `mlcommons_results` and `mlcommons_power`), of a streaming task
`mlcommons_streaming`. `printed_results` reads either back; `energy_plots` draws.
"""
