// The console: UART0, received by interrupt, sent by polling (QEMU's UART sends at once).

#include <string.h>

#include "py/mphal.h"
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"
#include "clock.h"
#include "console.h"
#include "interrupt.h"

#define RX_BYTES (2048) // more than MICROPY_REPL_STDIN_BUFFER_MAX

static uint8_t rx_storage[RX_BYTES];
static ringbuf_t rx = { rx_storage, RX_BYTES, 0, 0 };

// Takes what the UART holds.  A full ring has two meanings.  While a program runs (an interrupt
// character is set) bytes beyond it are dropped, so that Ctrl-C is always seen.  While the REPL or
// a file transfer reads, the byte stays in the UART, and the sender waits.
static void take(void) {
    while (UART0->STATE & 2) {
        if (ringbuf_free(&rx) == 0 && mp_interrupt_char == -1) {
            interrupt_disable(IRQ_UART0_RX); // console_read() enables it again
            return;
        }
        UART0->INT = 2; // before reading, or a byte that follows at once raises no interrupt
        int c = UART0->DATA & 0xff;
        if (c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&rx, c);
        }
    }
}

static void rx_interrupt(int line) {
    (void)line;
    UART0->INT = 2;
    take();
}

void console_init(void) {
    UART0->BAUDDIV = 16; // the smallest that the model accepts; it has no baud rate
    UART0->CTRL = 1 | 2 | 8;
    interrupt_attach(IRQ_UART0_RX, rx_interrupt);
    interrupt_enable(IRQ_UART0_RX);
    clock_nudge_emulator();
}

bool console_readable(void) {
    return ringbuf_avail(&rx) != 0;
}

int console_read(void) {
    uint32_t state = mps2_irq_disable();
    int c = ringbuf_get(&rx);
    if (ringbuf_free(&rx) >= RX_BYTES / 2) {
        take();
        interrupt_enable(IRQ_UART0_RX);
    }
    mps2_irq_restore(state);
    return c;
}

void console_write_raw(const char *str, size_t len) {
    while (len--) {
        while (UART0->STATE & 1) {
        }
        UART0->DATA = (uint8_t)*str++;
    }
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int c = console_read();
        if (c >= 0) {
            return c;
        }
        mp_event_wait_indefinite();
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    console_write_raw(str, len);
    return len;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if ((poll_flags & MP_STREAM_POLL_RD) && console_readable()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}
