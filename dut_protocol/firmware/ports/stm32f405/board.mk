TOOLS ?= arm-none-eabi-
CPU = -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 --specs=nano.specs
START_SOURCES = cortex_m.c stm32.c
SETTINGS = -DTR_RING_BYTES=4096 -DTR_BIN_BLOCK_BYTES=512 -DSTM32_USART1=0x40011000U
# QEMU's TIM2 is clocked with 1 GHz, whatever the clock tree says.
EMULATED_SETTINGS = -DTIMER_HZ=1000000000U
QEMU = qemu-system-arm -M netduinoplus2
