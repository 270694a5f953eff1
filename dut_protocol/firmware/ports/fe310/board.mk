TOOLS ?= riscv64-unknown-elf-
# With the older ISA the CSR instructions are part of I, as the names of Debian's libraries want it.
CPU = -march=rv32imac -misa-spec=2.2 -mabi=ilp32 -mcmodel=medany --specs=picolibc.specs
START_SOURCES = risc_v.c
SETTINGS = -DTR_RING_BYTES=1024
# QEMU's cycle counter counts nanoseconds, with -icount.
EMULATED_SETTINGS = -DTIMER_HZ=1000000000U
QEMU = qemu-system-riscv32 -M sifive_e -bios none
