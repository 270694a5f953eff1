"""This folder makes a task's input files from the public data set that they come from.

Start with ``build_dataset``, which builds a whole folder, checked, or nothing. Each task has a
builder named after its source: ``vww_coco``, ``ic_cifar10``, ``kws_speech_commands`` and
``ad_toycar``; ``sww_recording`` mixes the streaming task's recording. ``source_files`` says what a
builder is and finds the user's files; ``cifar10_batch`` reads CIFAR-10's archive without trusting
it.
"""
