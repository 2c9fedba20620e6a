// What main.c needs of the serial peripherals: a soft reset leaves none of them running, because
// the heap that they use is about to be wiped.  The watchdog is not here: it cannot be stopped.
#ifndef COIL_MPS2_MACHINE_PERIPHERALS_H
#define COIL_MPS2_MACHINE_PERIPHERALS_H

#include <stddef.h>

#include "py/obj.h"

// Switches UART 1 to 4 off and forgets their buffers and callbacks.  The console stays as it is.
void machine_uart_deinit_all(void);
// How many bytes a UART takes without waiting.
size_t machine_uart_room(int id);
// How many bytes a UART had to drop since it was first used.
unsigned int machine_uart_overruns(int id);
// Ends a transfer that was left open (stop=False) on each bus.
void machine_i2c_deinit_all(void);
// Another object for the bus of a machine.I2C or SPI: its deinit() is the end of it alone, for good.
mp_obj_t machine_i2c_handle(mp_obj_t i2c);
mp_obj_t machine_spi_handle(mp_obj_t spi);
// Switches the SPI controllers off.
void machine_spi_deinit_all(void);

#endif
