"""Runs a whole bench unattended: boards × tasks × modes from one file, resumed after anything.

`several_runs` is `run` with several tasks and modes, in one process. Of a campaign, start with
`campaign_file`, what a file says, and `cells`, what follows from it. `supervisor` starts
a process for every lane (boards that share an instrument are one lane) and writes what they tell
into the campaign's journal (`campaign_journal`), from which a campaign is resumed. `lane` is what
such a process does.
"""
