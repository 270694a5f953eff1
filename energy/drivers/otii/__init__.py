"""Operates Qoitech's Otii Arc and Ace through the vendor's package: start with `driver`.

`server` is the seam to that package and to the server that it talks to: what they raise becomes a
MonitorError there.
"""
