"""The words of the protocol, without any input or output.

Start with `messages` (what a device says; its `boot_banner` apart) and `commands` (what a host
says); `framing` cuts them from a stream of bytes, `extension` adds denser loads, `settings` and
`timer` hold what may be set and how far a clock may be off.
"""
