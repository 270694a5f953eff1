"""What each task is: the suite, the inference engine, the models."""
