"""This folder reads, checks and makes the labelled inputs of the tasks.

Start with ``inputs``: a data set on disk, as a run opens it. ``labels`` reads its list of files and
labels, ``official_lists`` knows the published lists by their hash, ``verify`` compares a folder
with its lists for a person, and ``errors`` collects what is wrong. ``build/`` makes the official
inputs from the public data sets; ``demo/`` generates synthetic ones. ``streaming/`` holds what the
streaming task hears: recordings, their words, and features of sound.
"""
