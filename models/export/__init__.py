"""This folder turns a quantised .tflite into C source for a microcontroller.

Start with ``export_c``, which does it as a whole: ``tflite_graph`` reads the file,
``read_network`` makes a chain of int8 layers of it (by ``operator_tensors``, one operator at a
time), ``int8_network`` holds the layers, and ``c_source`` writes them as text for the firmware's
kernels. ``footprint`` tells what that takes on a board, ``timed_operators`` what a board calls each
operator when it tells its time.
"""
