"""Labelled inputs: label lists, folders of input files, generated demo inputs."""
