// The console: UART0, received by interrupt.
#ifndef COIL_MPS2_CONSOLE_H
#define COIL_MPS2_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

void console_init(void);
// Writes without the VM; waits for a host that does not read.
void console_write_raw(const char *str, size_t len);
// The same for a crash, which must not wait for ever: gives up after a moment.
void console_write_last(const char *text);
// One received byte, or -1.
int console_read(void);
bool console_readable(void);

#endif
