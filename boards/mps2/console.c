// The console: UART0, received by interrupt, sent by polling (QEMU's UART sends at once).

#include <string.h>

#include "py/mphal.h"
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/readline/readline.h"
#include "shared/runtime/interrupt_char.h"
#include "clock.h"
#include "coil_native.h"
#include "console.h"
#include "interrupt.h"

#define RX_BYTES (2048) // more than MICROPY_REPL_STDIN_BUFFER_MAX

static uint8_t rx_storage[RX_BYTES];
static ringbuf_t rx = { rx_storage, RX_BYTES, 0, 0 };

// When the ring is full the next byte stays in the UART and the sender waits.  A paste of many
// lines arrives whole that way.  A program that reads nothing (it runs, since an interrupt
// character is set) would never get to see a Ctrl-C behind those bytes: after a moment of
// patience they are dropped until something is read.
#define PATIENCE_US (300000)
static bool dropping;

static void patience_over(void);

static void received(int c) {
    if (c == CHAR_CTRL_C && callback_holds_prompt()) {
        callback_break();
    }
    if (c != mp_interrupt_char) {
        ringbuf_put(&rx, c); // ignored when full
    } else if (MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_NULL) {
        mp_sched_keyboard_interrupt();
    } else {
        callback_break(); // an earlier one waits for a callback
    }
}

// Takes what the UART holds.  Interrupts are off.
static void take(void) {
    while (UART0->STATE & 2) {
        if (ringbuf_free(&rx) == 0 && !dropping) {
            interrupt_disable(IRQ_UART0_RX); // console_read() enables it again
            clock_alarm_set(ALARM_CONSOLE, clock_us() + PATIENCE_US, patience_over);
            return;
        }
        UART0->INT = 2; // before reading, or a byte that follows at once raises no interrupt
        received(UART0->DATA & 0xff);
    }
}

// In the alarm's interrupt.  With room or without a program, take() only looks again.
static void patience_over(void) {
    dropping = mp_interrupt_char != -1 && ringbuf_free(&rx) == 0;
    interrupt_enable(IRQ_UART0_RX);
    take();
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
    dropping = false;
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

void console_write_last(const char *text) {
    uint32_t start = FPGAIO_COUNTER;
    for (; *text != 0; text++) {
        while (UART0->STATE & 1) {
            if (FPGAIO_COUNTER - start > PATIENCE_US) {
                return;
            }
        }
        UART0->DATA = (uint8_t)*text;
    }
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int c = console_read();
        if (c >= 0) {
            return c;
        }
        if (MP_STATE_THREAD(nlr_top) == NULL) {
            mp_handle_pending(false); // a REPL: nobody would catch an exception
            clock_idle(-1);
        } else {
            mp_event_wait_indefinite();
        }
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    #if COIL_NATIVE
    if (coil_native_output(str, len)) {
        return len;
    }
    #endif
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
