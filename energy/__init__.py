"""Measuring joules: monitors and traces (the drivers are a later issue)."""
