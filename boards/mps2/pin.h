// Pins of the board: LEDs, virtual pins, and the lines of the I2C controllers.
#ifndef COIL_MPS2_PIN_H
#define COIL_MPS2_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "py/obj.h"

#define PIN_VIRTUAL_COUNT (16)

typedef enum {
    PIN_FPGAIO, // LED on the FPGA I/O block
    PIN_SCC, // LED on the system configuration controller
    PIN_VIRTUAL, // bit of the host page
    PIN_SBCON, // SCL or SDA of an I2C controller: open drain
} pin_kind_t;

enum {
    PIN_MODE_IN,
    PIN_MODE_OUT,
    PIN_MODE_OPEN_DRAIN,
};

typedef struct _pin_obj_t {
    mp_obj_base_t base;
    qstr name;
    uint8_t kind;
    uint8_t bit;
    uint32_t address; // of the register, if the kind has several
} pin_obj_t;

// Finds a pin by name, by Pin object or by number (n = virtual pin n); raises ValueError.
const pin_obj_t *pin_find(mp_obj_t id);
int pin_read(const pin_obj_t *pin);
void pin_write(const pin_obj_t *pin, int level);
void pin_set_mode(const pin_obj_t *pin, int mode);

// Edges on the virtual pins, in an interrupt.
void pin_virtual_changed(uint32_t before, uint32_t after);
// Soft reset: no interrupts, everything an input.
void pin_deinit_all(void);

#endif
