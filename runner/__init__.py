"""The program: plan, execute, journal, score, write, and the command line."""
