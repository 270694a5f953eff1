/* A stand-in. After espressif/esp-idf, components/esp_common/include/esp_err.h. */
#ifndef STAND_IN_ESP_ERR_H
#define STAND_IN_ESP_ERR_H

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_ERR_NO_MEM 0x101

void stand_in_abort(void);

#define ESP_ERROR_CHECK(expression)     \
    do {                                \
        esp_err_t error = (expression); \
        if (error != ESP_OK) {          \
            stand_in_abort();           \
        }                               \
    } while (0)

#endif
