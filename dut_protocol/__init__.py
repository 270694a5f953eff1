"""The protocol between a host and a device under test, from both sides of the wire.

`wire` holds the words (messages, commands, framing) and `link` what carries them; `host` asks,
`simulated` answers; `discovery` finds who is connected, and `conformance` tests a port of the
firmware, which lies in `firmware`. Start with `wire.messages` and `host.dut`.
"""
