"""Scores a session of the streaming wake word: words, duty cycle, the audio clock's drift."""
