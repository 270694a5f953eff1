TOOLS ?= arm-none-eabi-
CPU = -mcpu=cortex-m0 -mthumb --specs=nano.specs
START_SOURCES = cortex_m.c
SETTINGS = -DTR_RING_BYTES=1024
QEMU = qemu-system-arm -M microbit
