// What extmod and shared code ask of the board.

#include "py/mpconfig.h"
#include "py/obj.h"
#include "pin.h"

#ifndef MP_NORETURN // 1.25 spells it so
#define MP_NORETURN NORETURN
#endif

void mp_hal_set_interrupt_char(int c);
mp_uint_t mp_hal_ticks_us(void);
mp_uint_t mp_hal_ticks_ms(void);
mp_uint_t mp_hal_ticks_cpu(void);
uint64_t mp_hal_time_ns(void);

// Pins for SoftI2C, SoftSPI and time_pulse_us.
#define MP_HAL_PIN_FMT "%q"
#define mp_hal_pin_obj_t const pin_obj_t *
#define mp_hal_pin_name(pin) ((pin)->name)
#define mp_hal_get_pin_obj(obj) pin_find(obj)
#define mp_hal_pin_read(pin) pin_read(pin)
#define mp_hal_pin_write(pin, level) pin_write(pin, level)
#define mp_hal_pin_input(pin) pin_set_mode(pin, PIN_MODE_IN)
#define mp_hal_pin_output(pin) pin_set_mode(pin, PIN_MODE_OUT)
#define mp_hal_pin_open_drain(pin) pin_set_mode(pin, PIN_MODE_OPEN_DRAIN)
#define mp_hal_pin_od_low(pin) pin_write(pin, 0)
#define mp_hal_pin_od_high(pin) pin_write(pin, 1)
#define mp_hal_delay_us_fast(us) mp_hal_delay_us(us)
