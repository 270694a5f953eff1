TOOLS ?= arm-none-eabi-
CPU = -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 --specs=nano.specs
START_SOURCES = cortex_m.c
# Memory is plentiful: the ring holds all that a host sends ahead.
SETTINGS = -DTR_RING_BYTES=8192 -DTR_BIN_BLOCK_BYTES=512
QEMU = qemu-system-arm -M mps2-an386
