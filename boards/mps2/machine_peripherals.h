// What main.c needs of the serial peripherals: a soft reset leaves none of them running, because
// the heap that they use is about to be wiped.  The watchdog is not here: it cannot be stopped.
#ifndef COIL_MPS2_MACHINE_PERIPHERALS_H
#define COIL_MPS2_MACHINE_PERIPHERALS_H

// Switches UART 1 to 4 off and forgets their buffers and callbacks.  The console stays as it is.
void machine_uart_deinit_all(void);
// Ends a transfer that was left open (stop=False) on each bus.
void machine_i2c_deinit_all(void);
// Switches the SPI controllers off.
void machine_spi_deinit_all(void);

#endif
