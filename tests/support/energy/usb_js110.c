/*
 * A Joulescope JS110 on a USB that does not exist.
 *
 * Preloaded (LD_PRELOAD) into a program that uses Jetperch's driver, it stands in the place of the
 * libusb that the driver brings along: the driver finds one JS110 and runs all of its own code.
 * What is told here is libusb's interface (libusb.h) and the instrument's own (js110_api.h,
 * js110_usb.c).
 *
 * The board draws 8000 steps of current between two falling edges of its timestamp pin, of 1 us
 * each, and 1600 elsewhere, at 3 V. Environment: LOSE="N M" lets M packets from number N on never
 * arrive; FALLS="A B" says at which of the samples the edges are; SPEED, that the instrument's
 * clock runs so much faster than the host's.
 */

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 126
#define FRAME_BYTES 512
#define GAIN_A "1.25e-6"
#define GAIN_V "1e-3"

struct transfer { /* libusb_transfer, as far as it is used */
    void *handle;
    uint8_t flags, endpoint, type;
    unsigned timeout;
    int status, length, actual_length;
    void (*callback)(struct transfer *);
    void *user_data;
    uint8_t *buffer;
    int packets;
};
enum {
    COMPLETED = 0,
    CANCELLED = 3,
    TO_CANCEL = -1
};

static struct transfer *waiting[64];
static int waiting_count;
static struct {
    int fd;
    short events;
} tick; /* libusb_pollfd */
static const void *pollfds[2];
static int instrument; /* its address stands for device and handle */

static uint8_t loopback[16], settings[16], extio[24], calibration[1024];
static double started_s = -1, speed = 1;
static uint64_t packet, lose_from, lose_count, fall[2] = {600000, 1600000};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static void make_calibration(void)
{
    static const char gain[] =
        "{\"current\":{\"offset\":[0,0,0,0,0,0,0,0,0],\"gain\":[" GAIN_A "," GAIN_A "," GAIN_A
        "," GAIN_A "," GAIN_A "," GAIN_A "," GAIN_A ",0,0]},\"voltage\":{\"offset\":[0,0],"
        "\"gain\":[" GAIN_V "," GAIN_V "]}}";
    uint32_t tag = 0x534A41, length = sizeof(gain);
    uint64_t whole = (32 + 8 + length + 4 + 7) / 8 * 8;
    memcpy(calibration, "\xd3tagfmt \r\n \n  \x1a\x1c", 16);
    memcpy(calibration + 16, &whole, 8);
    memcpy(calibration + 32, &tag, 4);
    memcpy(calibration + 36, &length, 4);
    memcpy(calibration + 40, gain, length);
}

static void keep(uint8_t *kept, uint8_t *data, int in, int length)
{
    memcpy(in ? data : kept, in ? kept : data, length);
}

static void control(struct transfer *transfer)
{
    uint8_t *setup = transfer->buffer, *data = setup + 8;
    int in = setup[0] & 0x80;
    unsigned index = setup[4] | setup[5] << 8, length = setup[6] | setup[7] << 8;
    transfer->actual_length = length;
    switch (setup[1]) {
    case 2:
        keep(loopback, data, in, sizeof(loopback));
        break;
    case 3:
        keep(settings, data, in, sizeof(settings));
        if (settings[12] && started_s < 0) {
            started_s = now_s();
            packet = 0;
        } else if (!settings[12]) {
            started_s = -1;
        }
        break;
    case 4: /* status: the last setting succeeded */
        memset(data, 0, length);
        data[0] = 1;
        data[1] = length;
        data[2] = 2;
        break;
    case 8:
        memcpy(data, calibration + index, length);
        break;
    case 9:
        keep(extio, data, in, sizeof(extio));
        break;
    }
}

static void make_packet(uint8_t *bytes)
{
    uint16_t header[4] = {1, FRAME_BYTES, packet & 0xffff, 0};
    uint32_t *samples = (uint32_t *)(bytes + sizeof(header));
    memcpy(bytes, header, sizeof(header));
    for (int k = 0; k < SAMPLES; k++) {
        uint64_t number = packet * SAMPLES + k;
        uint32_t current = number >= fall[0] && number < fall[1] ? 8000 : 1600;
        uint32_t voltage = 3000, range = 3;
        int low = (number - fall[0]) < 2 || (number - fall[1]) < 2;
        if (settings[9] == 0) { /* the current range `off` */
            current = voltage = 0;
            range = 7;
        }
        if (extio[10] == 2) /* the current's lowest bit is IN0 */
            current = (current & ~1u) | !low;
        samples[k] = (range & 3) | (range >> 2) << 16 | current << 2 | voltage << 18;
    }
}

static int fill(struct transfer *transfer)
{
    unsigned count = transfer->length / FRAME_BYTES;
    double due = started_s < 0 ? 0 : (now_s() - started_s) * speed * 2e6 / SAMPLES;
    if (due < packet + count)
        return 0;
    for (unsigned k = 0; k < count; k++, packet++) {
        if (packet == lose_from)
            packet += lose_count;
        make_packet(transfer->buffer + k * FRAME_BYTES);
    }
    transfer->actual_length = count * FRAME_BYTES;
    return 1;
}

/* ---- libusb ---- */

int libusb_init(void **context)
{
    struct itimerspec every = {{0, 2000000}, {0, 2000000}};
    if (getenv("LOSE"))
        sscanf(getenv("LOSE"), "%lu %lu", &lose_from, &lose_count);
    if (getenv("SPEED"))
        speed = atof(getenv("SPEED"));
    if (getenv("FALLS"))
        sscanf(getenv("FALLS"), "%lu %lu", &fall[0], &fall[1]);
    make_calibration();
    tick.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    tick.events = POLLIN;
    timerfd_settime(tick.fd, 0, &every, 0);
    pollfds[0] = &tick;
    *context = &instrument;
    return 0;
}

void libusb_exit(void *context)
{
    close(tick.fd);
}

int libusb_handle_events_timeout_completed(void *context, struct timeval *timeout, int *completed)
{
    uint64_t ticks;
    int progress = read(tick.fd, &ticks, sizeof(ticks)) > 0;
    do {
        struct transfer *todo[64];
        int count = waiting_count;
        memcpy(todo, waiting, sizeof(todo));
        waiting_count = progress = 0;
        for (int k = 0; k < count; k++) {
            struct transfer *transfer = todo[k];
            if (transfer->status == TO_CANCEL) {
                transfer->status = CANCELLED;
                transfer->actual_length = 0;
            } else if ((transfer->endpoint & 0x7f) == 0) {
                control(transfer);
                transfer->status = COMPLETED;
            } else if (fill(transfer)) {
                transfer->status = COMPLETED;
            } else {
                waiting[waiting_count++] = transfer;
                continue;
            }
            progress = 1;
            transfer->callback(transfer);
        }
    } while (progress);
    return 0;
}

struct transfer *libusb_alloc_transfer(int packets)
{
    return calloc(1, sizeof(struct transfer));
}

void libusb_free_transfer(struct transfer *transfer)
{
    free(transfer);
}

int libusb_submit_transfer(struct transfer *transfer)
{
    transfer->status = COMPLETED;
    waiting[waiting_count++] = transfer;
    return 0;
}

int libusb_cancel_transfer(struct transfer *transfer)
{
    transfer->status = TO_CANCEL;
    return 0;
}

long libusb_get_device_list(void *context, void ***list)
{
    *list = calloc(2, sizeof(void *));
    (*list)[0] = &instrument;
    return 1;
}

void libusb_free_device_list(void **list, int unref)
{
    free(list);
}

int libusb_get_device_descriptor(void *device, uint8_t *descriptor)
{
    static const uint8_t js110[18] = {18, 1, 0, 2, 0, 0, 0, 64, 0xd0, 0x16, 0x88, 0x0e};
    memcpy(descriptor, js110, sizeof(js110));
    return 0;
}

int libusb_get_serial_string_descriptor_ascii(void *device, char *text, int size)
{
    return snprintf(text, size, "001234");
}

int libusb_open(void *device, void **handle)
{
    *handle = device;
    return 0;
}

const void **libusb_get_pollfds(void *context)
{
    return pollfds;
}

void *libusb_ref_device(void *device)
{
    return device;
}

#define DOES_NOTHING(name) \
    int libusb_##name()    \
    {                      \
        return 0;          \
    }
DOES_NOTHING(close)
DOES_NOTHING(unref_device)
DOES_NOTHING(free_pollfds)
DOES_NOTHING(set_configuration)
DOES_NOTHING(claim_interface)
DOES_NOTHING(release_interface)
DOES_NOTHING(set_interface_alt_setting)
DOES_NOTHING(clear_halt)
DOES_NOTHING(set_option)
DOES_NOTHING(hotplug_register_callback)
DOES_NOTHING(hotplug_deregister_callback)

int libusb_has_capability(uint32_t capability)
{
    return 1;
}

int libusb_get_configuration(void *handle, int *configuration)
{
    *configuration = 1;
    return 0;
}
