/* SPDX-License-Identifier: Apache-2.0 */
/* The ring buffer between the receive interrupt and the main loop: one producer, one consumer, no
 * lock.
 *
 * After an overflow no byte is accepted until the main loop has emptied the ring and reported the
 * loss. So the gap is always at the ring's end, and what the ring holds is contiguous. */
#include "tr_internal.h"

#define MASK (TR_RING_BYTES - 1U)

void tr_dut_receive(tr_dut *dut, uint8_t byte)
{
    const tr_ring_index head = dut->ring_head;
    const tr_ring_index next = (tr_ring_index)((head + 1U) & MASK);

    if (dut->overflows != dut->overflows_reported) {
        return;
    }
    if (next == dut->ring_tail) {
        dut->overflows = (uint8_t)(dut->overflows + 1U);
        return;
    }
    dut->ring[head] = byte;
    dut->ring_head = next;
}

size_t tr_dut_room(const tr_dut *dut)
{
    if (dut->overflows != dut->overflows_reported) {
        return 0;
    }
    return (dut->ring_tail - dut->ring_head - 1U) & MASK;
}

int tr_ring_pop(tr_dut *dut)
{
    const tr_ring_index tail = dut->ring_tail;
    uint8_t byte;

    if (tail == dut->ring_head) {
        return -1;
    }
    byte = dut->ring[tail];
    dut->ring_tail = (tr_ring_index)((tail + 1U) & MASK);
    return byte;
}
