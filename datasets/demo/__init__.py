"""This folder generates the demo inputs: synthetic, the same everywhere, never for a submission.

Start with ``demo_dataset``, which names, numbers, hashes and writes the files of a task. What is in
a file is made by ``vww_figures``, ``ic_shapes``, ``kws_words``, ``ad_machine_hum`` or
``sww_words``, from the random integers of ``portable_random``; ``canvas`` draws the pictures.
"""
