TOOLS ?= arm-none-eabi-
CPU = -mcpu=cortex-m3 -mthumb --specs=nano.specs
START_SOURCES = cortex_m.c stm32.c
SETTINGS = -DTR_RING_BYTES=256 -DSTM32_USART1=0x40013800U
# QEMU's SysTick is clocked with 24 MHz, whatever the clock tree says.
EMULATED_SETTINGS = -DTIMER_HZ=24000000U
QEMU = qemu-system-arm -M stm32vldiscovery
