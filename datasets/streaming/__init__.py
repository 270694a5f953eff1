"""This folder holds what a streaming task hears: recordings, their words, and features of sound.

Start with ``wake_word``, which states once how a device of sww listens: hop after hop to features,
features to a model, a model's answer to a detection. ``front_end`` makes the features, ``sound``
reads a recording in pieces, and ``truth`` tells when the wake word is spoken in it; ``verify``
compares the two in a folder.
"""
