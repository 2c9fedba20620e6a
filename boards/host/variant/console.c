// The console: stdin fills a buffer when the operating system says that data arrived, as a UART's
// interrupt does, so that Ctrl-C reaches a program that never reads. Works on terminals, pipes and
// sockets. Replaces the unix port's, which reads and writes the terminal in turns.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/readline/readline.h"
#include "coil_native.h"
#include "host.h"

#define BUFFER_BYTES (65534) // Ctrl-C behind this much unread input is not seen

int mp_interrupt_char = -1;

static uint8_t storage[BUFFER_BYTES + 1];
static ringbuf_t input = { storage, sizeof(storage), 0, 0 };
static volatile bool stalled; // the buffer was full: data waits in the file
static volatile bool ended;

static bool is_terminal;
static struct termios modes_before;
static int flags_before = -1;

static void take(uint8_t byte) {
    if (byte == mp_interrupt_char) {
        mp_sched_keyboard_interrupt();
    } else {
        ringbuf_put(&input, byte);
    }
}

void console_ctrl_c(void) {
    take(CHAR_CTRL_C);
}

void console_isr(void) {
    struct pollfd file = { .fd = STDIN_FILENO, .events = POLLIN };
    while (!ended && (poll)(&file, 1, 0) > 0) {
        uint8_t chunk[256];
        size_t space = ringbuf_free(&input);
        stalled = space == 0;
        if (stalled) {
            return;
        }
        ssize_t n = read(STDIN_FILENO, chunk, MIN(space, sizeof(chunk)));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        ended = n <= 0;
        for (ssize_t i = 0; i < n; ++i) {
            take(chunk[i]);
        }
    }
}

static void console_raw(void) {
    struct termios modes = modes_before;
    cfmakeraw(&modes);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

void console_restore(void) {
    if (flags_before != -1) {
        fcntl(STDIN_FILENO, F_SETFL, flags_before);
    }
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_before);
    }
}

void console_init(void) {
    is_terminal = tcgetattr(STDIN_FILENO, &modes_before) == 0;
    if (is_terminal) {
        console_raw();
    }
    // Ask for SIGIO. A plain file gives none, and needs none: all of it is there now and after
    // each time that the buffer was full.
    flags_before = fcntl(STDIN_FILENO, F_GETFL);
    fcntl(STDIN_FILENO, F_SETOWN, getpid());
    fcntl(STDIN_FILENO, F_SETFL, flags_before | O_ASYNC);
    irq_raise(IRQ_CONSOLE);
}

static int get(void) {
    uintptr_t state = host_irq_disable();
    int byte = ringbuf_get(&input);
    host_irq_restore(state);
    if (stalled) {
        irq_raise(IRQ_CONSOLE);
    }
    return byte;
}

// Wait for a byte. A board without a console any more has nobody to wait for: it ends.
int __wrap_mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int byte = get();
        if (byte >= 0) {
            return byte;
        }
        if (ended) {
            host_power_off(0);
        }
        // Without a handler this is a REPL's prompt, where nobody would catch an exception.
        mp_handle_pending(MP_STATE_THREAD(nlr_top) != NULL);
        if (ringbuf_avail(&input) == 0) {
            host_wait(-1);
        }
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if ((flags & MP_STREAM_POLL_RD) && (ringbuf_avail(&input) != 0 || ended)) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

// Write all of it, as long as somebody is there to read it.
mp_uint_t __wrap_mp_hal_stdout_tx_strn(const char *text, size_t length) {
    #if COIL_NATIVE
    if (coil_native_output(text, length)) {
        return length;
    }
    #endif
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(STDOUT_FILENO, text + done, length - done);
        if (n >= 0) {
            done += n;
        } else if (errno == EAGAIN) {
            struct pollfd file = { .fd = STDOUT_FILENO, .events = POLLOUT };
            (poll)(&file, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return length;
}

void __wrap_mp_hal_stdout_tx_str(const char *text) {
    __wrap_mp_hal_stdout_tx_strn(text, strlen(text));
}

void __wrap_mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', end - text);
        size_t line = (newline == NULL ? end : newline) - text;
        __wrap_mp_hal_stdout_tx_strn(text, line);
        if (newline != NULL) {
            __wrap_mp_hal_stdout_tx_strn("\r\n", 2);
            ++line;
        }
        text += line;
    }
}

void __wrap_mp_hal_set_interrupt_char(char byte) {
    mp_interrupt_char = (signed char)byte; // -1 for none, also where char is unsigned
}
