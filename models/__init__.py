"""This folder says what each task is, and holds and runs the models.

Start with ``suite``: the tasks of the benchmark, and what one input and one result of each is;
``custom_task`` makes one for a user's own model. ``catalogue`` lists the published files that can
be had, ``fetch`` gets them into the ``cache``, and ``demo_models`` finds the small models in
``demo/``, which the scripts in ``training/`` make. ``engine`` runs a .tflite on a task's inputs
(``model_file``: read, if it is whole; ``tensor_conversion``: bytes to tensors and back;
``runtimes/``: by which engine, and apart where it may crash).
``export/`` turns a quantised model into C source for a board.
"""
