/* SPDX-License-Identifier: Apache-2.0 */
/* From the receive interrupt to the main loop: one producer, one consumer, no lock.
 *
 * Once something did not fit, nothing is taken until the main loop has emptied the ring and
 * noticed. So the loss is always at the ring's end, and what is in it is whole. */
#include "tr_internal.h"

#define MASK (TR_RING_BYTES - 1u)

void tr_dut_receive(tr_dut *dut, uint8_t byte)
{
    const tr_ring_index head = dut->ring_head;
    const tr_ring_index next = (tr_ring_index)((head + 1u) & MASK);

    if (dut->overflows != dut->overflows_answered) {
        return;
    }
    if (next == dut->ring_tail) {
        dut->overflows = (uint8_t)(dut->overflows + 1u);
        return;
    }
    dut->ring[head] = byte;
    dut->ring_head = next;
}

size_t tr_dut_room(const tr_dut *dut)
{
    if (dut->overflows != dut->overflows_answered) {
        return 0;
    }
    return (dut->ring_tail - dut->ring_head - 1u) & MASK;
}

bool tr_ring_take(tr_dut *dut, uint8_t *byte)
{
    const tr_ring_index tail = dut->ring_tail;

    if (tail == dut->ring_head) {
        return false;
    }
    *byte = dut->ring[tail];
    dut->ring_tail = (tr_ring_index)((tail + 1u) & MASK);
    return true;
}
