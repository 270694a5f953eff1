/* CubeMX's main() and ST's HAL on this computer. The DMA writes 100 bytes at a time, and the line's
 * rest is told before the end of the buffer is: its interrupts come late, and in the worse order.
 */
#include "../talk.h"
#include "main.h"

#define BUFFER_BYTES 256U
#define BYTES_AT_ONCE 100U

int port_main(void);

static DMA_Stream_TypeDef stream;
static DMA_HandleTypeDef dma = {&stream};
static TIM_TypeDef timer = {0, 0xFFFFFFFFU};
UART_HandleTypeDef huart2 = {&dma, HAL_UART_STATE_READY};
TIM_HandleTypeDef htim2 = {&timer};
GPIO_TypeDef stand_in_port;

static uint8_t *buffer;
static bool locked = true; /* by a transmission, as in older versions of the HAL */
static bool failed_once;

int main(void)
{
    return port_main();
}

void Error_Handler(void)
{
    talk_fail("Error_Handler");
}

HAL_StatusTypeDef HAL_TIM_Base_Start(TIM_HandleTypeDef *htim)
{
    return htim == &htim2 ? HAL_OK : HAL_ERROR;
}

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *pData, uint16_t Size,
                                    uint32_t Timeout)
{
    timer.CNT += 625;
    talk_send(pData, Size);
    return huart == &huart2 && Timeout == HAL_MAX_DELAY ? HAL_OK : HAL_ERROR;
}

static void write(uint32_t count)
{
    for (; count > 0 && talk_has_next(); count--) {
        buffer[BUFFER_BYTES - stream.NDTR] = talk_next();
        stream.NDTR = stream.NDTR == 1 ? BUFFER_BYTES : stream.NDTR - 1;
    }
}

HAL_StatusTypeDef HAL_UARTEx_ReceiveToIdle_DMA(UART_HandleTypeDef *huart, uint8_t *pData,
                                               uint16_t Size)
{
    if (locked) {
        locked = false;
        return HAL_BUSY;
    }
    if (huart->RxState != HAL_UART_STATE_READY || Size != BUFFER_BYTES) {
        return HAL_ERROR;
    }
    huart->RxState = HAL_UART_STATE_BUSY_RX;
    buffer = pData;
    stream.NDTR = BUFFER_BYTES;
    if (!failed_once) { /* an error after some bytes */
        failed_once = true;
        write(3);
        huart->RxState = HAL_UART_STATE_READY;
        HAL_UART_ErrorCallback(huart);
        return HAL_OK;
    }
    while (talk_has_next()) {
        const uint32_t before = stream.NDTR;

        write(BYTES_AT_ONCE);
        HAL_UARTEx_RxEventCallback(huart, (uint16_t)(BUFFER_BYTES - stream.NDTR));
        if (stream.NDTR > before) {
            HAL_UARTEx_RxEventCallback(huart, BUFFER_BYTES);
        }
    }
    return HAL_OK;
}

void HAL_GPIO_WritePin(GPIO_TypeDef *GPIOx, uint16_t GPIO_Pin, GPIO_PinState PinState)
{
    if (GPIOx != TIMESTAMP_GPIO_Port || GPIO_Pin != TIMESTAMP_Pin) {
        talk_fail("another pin");
    }
    talk_set_pin(PinState == GPIO_PIN_SET);
    timer.CNT += 625;
}

void __disable_irq(void)
{
}

void __enable_irq(void)
{
}

void __WFI(void)
{
    talk_fail("slept with commands unanswered");
}
