TOOLS ?= arm-none-eabi-
CPU = -mcpu=cortex-m55 -mthumb -mfloat-abi=hard --specs=nano.specs
START_SOURCES = cortex_m.c
# The addresses of the secure state, in which the processor starts.
SETTINGS = -DTR_RING_BYTES=8192 -DTR_BIN_BLOCK_BYTES=512 -DBOARD_UART=0x59303000U \
	-DBOARD_FPGAIO=0x59302000U -DBOARD_UART_RX_IRQ=33U -DBOARD_CLOCK_HZ=20000000U
QEMU = qemu-system-arm -M mps3-an547
