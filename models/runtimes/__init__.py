"""Holds what runs a model beside ``engine``: which engines there are, and a process of its own.

``engine_kind`` names the engines, ``tflm`` adapts TensorFlow Lite Micro, ``model_process`` runs a
model where it may crash.
"""
