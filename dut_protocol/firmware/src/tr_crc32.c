/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32: polynomial 04C11DB7, reflected, start and final exclusive-or FFFFFFFF. Four bits a step:
 * a table of 64 bytes, and fast enough for a megabit a second on a Cortex-M0. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

/* Entry i is what the polynomial's reverse, EDB88320, leaves of the four bits i. */
static const uint32_t table[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
    0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
    0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t tr_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    crc = ~crc;
    while (count-- > 0) {
        crc ^= *bytes++;
        crc = (crc >> 4) ^ table[crc & 15u];
        crc = (crc >> 4) ^ table[crc & 15u];
    }
    return ~crc;
}

#else
typedef int tr_no_crc32; /* C99 wants something in a file */
#endif
