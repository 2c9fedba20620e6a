// machine.UART: the CMSDK UARTs.  One file of this length because extmod/machine_uart.c includes it.
//
// Receiving is by interrupt into a ring.  When the ring is full the byte that came last stays in
// the UART, which holds up the sender, until a read makes room: nothing is lost.  Sending is by
// polling, since the UART passes a byte on at once; only a receiver that is held up fills it.  With
// txbuf= what such a receiver does not take waits in a ring, which interrupts empty; then a write
// with timeout=0 never waits, and takes what there is room for.
//
// UART(0) is the console.  Reading takes from the console's ring, writing goes to the console; it
// has no irq(), and Ctrl-C remains the console's unless micropython.kbd_intr(-1) was called.
//
// The hardware has 8 data bits, no parity and one stop bit.  QEMU does not model the baud rate.

#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/ringbuf.h"
#include "clock.h"
#include "console.h"
#include "hardware.h"
#include "interrupt.h"
#include "machine_peripherals.h"

#define UART_DEFAULT_BAUDRATE (115200)
#define UART_DEFAULT_RXBUF (256)
#define UART_BUFFER_MAX (0xfffe)
// What the 20-bit divider can do; the model refuses less than 16.
#define UART_DIVIDER_MIN (16)
#define UART_DIVIDER_MAX (0xfffff)
// A character with all that may surround it, in bits: no timeout is shorter.
#define UART_CHARACTER_BITS (13)
#define UART_KEEP (-1) // an argument of init() that was not given
#define UART_CONSOLE (0)
#define UART_COUNT (5)
// A receiver held up for less than this is only slow: QEMU's peer is a process of the host.
#define UART_SLOW_RECEIVER_MS (100)
// Bytes taken from the ring with interrupts off.
#define UART_CHUNK (64)

#define STATE_TX_FULL (1u)
#define STATE_RX_FULL (2u)
#define STATE_RX_OVERRUN (8u) // writing 1 clears it
#define CTRL_TX (1u)
#define CTRL_RX (2u)
#define CTRL_TX_INTERRUPT (4u)
#define CTRL_RX_INTERRUPT (8u)
#define INT_TX (1u)
#define INT_RX (2u)
// The interrupt line for sending follows the one for receiving.
#define TX_LINE(rx_line) ((rx_line) + 1)

#define UART_IRQ_RX (1u)
#define UART_IRQ_TXIDLE (2u)
#define UART_IRQ_ALL (UART_IRQ_RX | UART_IRQ_TXIDLE)

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS \
    { MP_ROM_QSTR(MP_QSTR_IRQ_RX), MP_ROM_INT(UART_IRQ_RX) }, \
    { MP_ROM_QSTR(MP_QSTR_IRQ_TXIDLE), MP_ROM_INT(UART_IRQ_TXIDLE) }, \

static const struct {
    cmsdk_uart_t *uart;
    int rx_line;
} uart_table[UART_COUNT] = {
    { UART0, IRQ_UART0_RX },
    { UART1, IRQ_UART1_RX },
    { UART2, IRQ_UART2_RX },
    { UART3, IRQ_UART3_RX },
    { UART4, IRQ_UART4_RX },
};

// One for each UART that was used since the last soft reset; on the heap, held by a root pointer.
struct _machine_uart_obj_t {
    mp_obj_base_t base;
    uint8_t id;
    bool on;
    uint8_t trigger; // events that call the handler
    uint8_t flags; // events of the last call
    bool sending; // something was written since the last IRQ_TXIDLE
    uint16_t overruns; // bytes that the UART had to drop
    cmsdk_uart_t *uart;
    uint32_t baudrate;
    uint32_t timeout_ms;
    uint32_t timeout_char_ms;
    ringbuf_t rx;
    ringbuf_t tx; // size 0: none
    callback_t callback;
};

MP_REGISTER_ROOT_POINTER(struct _machine_uart_obj_t *mps2_uarts[5]);

static bool is_console(machine_uart_obj_t *self) {
    return self->id == UART_CONSOLE;
}

static void check_on(machine_uart_obj_t *self) {
    if (!self->on) {
        mp_raise_ValueError(MP_ERROR_TEXT("UART is off, call init() first"));
    }
}

// An interrupt handler must not wait: what it waits for may be another interrupt.
static bool may_wait(void) {
    return cpu_exception_number() == 0;
}

static uint64_t character_us(machine_uart_obj_t *self) {
    return UART_CHARACTER_BITS * 1000000u / self->baudrate + 1;
}

// When a wait that begins now is over.
static uint64_t deadline_us(machine_uart_obj_t *self, uint32_t timeout_ms) {
    uint64_t us = (uint64_t)timeout_ms * 1000;
    uint64_t least = character_us(self);
    return clock_us() + (us > least ? us : least);
}

// Lets callbacks run and Ctrl-C through, and sleeps until an interrupt.  Returns false when the
// deadline has passed or the caller must not wait.
static bool wait_until(uint64_t deadline) {
    uint64_t now = clock_us();
    if (now >= deadline || !may_wait()) {
        return false;
    }
    uint64_t ms = (deadline - now + 999) / 1000;
    mp_event_wait_ms(ms < INT32_MAX ? (mp_uint_t)ms : INT32_MAX);
    return true;
}

/******************************************************************************/
// Receiving

// Moves what the UART holds into the ring, if there is room.  Interrupts are off.
static void rx_take(machine_uart_obj_t *self) {
    if (self->uart->STATE & STATE_RX_OVERRUN) {
        self->uart->STATE = STATE_RX_OVERRUN;
        self->overruns++;
    }
    while ((self->uart->STATE & STATE_RX_FULL) && ringbuf_free(&self->rx) != 0) {
        // Before the read: a byte that follows at once must find the interrupt cleared.
        self->uart->INT = INT_RX;
        ringbuf_put(&self->rx, self->uart->DATA);
    }
}

// Calls the handler, if it wants to know.
static void uart_event(machine_uart_obj_t *self, unsigned int event) {
    if (self->trigger & event) {
        // A soft handler that has not run yet is told of both.
        self->flags = (callback_pending(&self->callback) ? self->flags : 0) | event;
        callback_fire(&self->callback);
    }
}

// The UART whose receiver has this line, or NULL.
static machine_uart_obj_t *uart_of_line(int rx_line) {
    for (int id = 0; id < UART_COUNT; id++) {
        if (uart_table[id].rx_line == rx_line) {
            return MP_STATE_PORT(mps2_uarts)[id];
        }
    }
    return NULL;
}

static void rx_interrupt(int line) {
    machine_uart_obj_t *self = uart_of_line(line);
    if (self != NULL) {
        self->uart->INT = INT_RX;
        rx_take(self);
        uart_event(self, UART_IRQ_RX);
    }
}

// Takes up to size bytes that have arrived.
static size_t rx_get(machine_uart_obj_t *self, uint8_t *dest, size_t size) {
    size_t done = 0;
    if (is_console(self)) {
        while (done < size && console_readable()) {
            dest[done++] = console_read();
        }
        return done;
    }
    while (done < size) {
        uint8_t chunk[UART_CHUNK];
        // A hard callback may read too, hence the lock; dest may fault, hence the copy.
        uint32_t state = mps2_irq_disable();
        size_t n = MIN(MIN(size - done, UART_CHUNK), ringbuf_avail(&self->rx));
        ringbuf_get_bytes(&self->rx, chunk, n);
        rx_take(self);
        mps2_irq_restore(state);
        if (n == 0) {
            break;
        }
        memcpy(dest + done, chunk, n);
        done += n;
    }
    return done;
}

static size_t rx_any(machine_uart_obj_t *self) {
    return is_console(self) ? console_readable() : ringbuf_avail(&self->rx);
}

/******************************************************************************/
// Sending

static bool tx_full(machine_uart_obj_t *self) {
    return self->uart->STATE & STATE_TX_FULL;
}

// Is there anything in the ring?
static bool tx_waits(machine_uart_obj_t *self) {
    return self->tx.iget != self->tx.iput;
}

// Moves bytes from the ring into the UART, as long as it takes them.  Interrupts are off.
static void tx_move(machine_uart_obj_t *self) {
    while (tx_waits(self) && !tx_full(self)) {
        self->uart->DATA = ringbuf_get(&self->tx);
    }
    if (tx_waits(self)) {
        self->uart->CTRL |= CTRL_TX_INTERRUPT;
        if (!tx_full(self)) { // the last byte left before the interrupt was on
            NVIC_ISPR = 1u << TX_LINE(uart_table[self->id].rx_line);
        }
    }
}

// Has all that was written left the UART?
static bool tx_idle(machine_uart_obj_t *self) {
    return is_console(self) || (!tx_waits(self) && !tx_full(self));
}

// Sees to IRQ_TXIDLE if somebody wants it: at once when all is sent already.  Interrupts are off.
static void tx_report(machine_uart_obj_t *self) {
    if ((self->trigger & UART_IRQ_TXIDLE) && self->sending) {
        self->uart->CTRL |= CTRL_TX_INTERRUPT;
        if (!tx_full(self)) {
            NVIC_ISPR = 1u << TX_LINE(uart_table[self->id].rx_line);
        }
    }
}

static void tx_interrupt(int line) {
    machine_uart_obj_t *self = uart_of_line(line - 1);
    if (self == NULL) {
        return;
    }
    self->uart->CTRL &= ~CTRL_TX_INTERRUPT;
    self->uart->INT = INT_TX;
    tx_move(self);
    if (self->sending && tx_idle(self)) {
        self->sending = false;
        uart_event(self, UART_IRQ_TXIDLE);
    } else {
        tx_report(self);
    }
}

// Can the UART take a byte?  If not, an interrupt will end the caller's sleep when it can.
static bool tx_ready(machine_uart_obj_t *self) {
    if (is_console(self) || !tx_full(self) || (self->tx.size != 0 && ringbuf_free(&self->tx) != 0)) {
        return true;
    }
    uint32_t state = mps2_irq_disable();
    self->uart->CTRL |= CTRL_TX_INTERRUPT;
    mps2_irq_restore(state);
    return !tx_full(self); // it may have been sent in between
}

// Sends what the UART and the ring have room for; returns how much that is.  A hard callback may
// write too, hence the lock; src may fault, hence the copy.
static size_t tx_put(machine_uart_obj_t *self, const uint8_t *src, size_t size) {
    size_t done = 0;
    while (done < size) {
        uint8_t chunk[UART_CHUNK];
        size_t n = MIN(size - done, UART_CHUNK);
        memcpy(chunk, src + done, n);
        size_t i = 0;
        uint32_t state = mps2_irq_disable();
        tx_move(self);
        if (!tx_waits(self)) {
            while (i < n && !tx_full(self)) {
                self->uart->DATA = chunk[i++];
            }
        }
        while (i < n && ringbuf_put(&self->tx, chunk[i]) == 0) {
            i++;
        }
        tx_move(self);
        self->sending = true;
        tx_report(self);
        mps2_irq_restore(state);
        done += i;
        if (i < n) {
            break;
        }
    }
    return done;
}

/******************************************************************************/
// Setting up

// Attaches the handler, unless a driver in Python has the line.
static void take_line(int line, interrupt_handler_t handler) {
    interrupt_handler_t owner = interrupt_attached(line);
    if (owner != NULL && owner != handler) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("interrupt line %d is taken by mps2.irq()"), line);
    }
    interrupt_attach(line, handler);
}

static void uart_on(machine_uart_obj_t *self) {
    self->uart->BAUDDIV = (CPU_HZ + self->baudrate / 2) / self->baudrate;
    if (is_console(self)) {
        self->on = true;
        return;
    }
    int line = uart_table[self->id].rx_line;
    take_line(line, rx_interrupt);
    take_line(TX_LINE(line), tx_interrupt);
    self->on = true;
    self->uart->CTRL = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
    interrupt_enable(line);
    interrupt_enable(TX_LINE(line));
    clock_nudge_emulator(); // what the host sent before comes only when QEMU looks again
    // A byte that an earlier owner of the UART left there raises no interrupt any more.
    uint32_t state = mps2_irq_disable();
    rx_take(self);
    mps2_irq_restore(state);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) {
    self->on = false;
    self->trigger = 0;
    self->callback.irq.handler = mp_const_none;
    if (is_console(self)) {
        return; // the prompt needs it
    }
    int line = uart_table[self->id].rx_line;
    interrupt_attach(line, NULL);
    interrupt_attach(TX_LINE(line), NULL);
    self->uart->CTRL = 0; // what arrives now waits in QEMU
    self->uart->INT = INT_RX | INT_TX;
    memset(&self->rx, 0, sizeof(self->rx));
    memset(&self->tx, 0, sizeof(self->tx));
}

void machine_uart_deinit_all(void) {
    for (int id = 0; id < UART_COUNT; id++) {
        if (MP_STATE_PORT(mps2_uarts)[id] != NULL) {
            mp_machine_uart_deinit(MP_STATE_PORT(mps2_uarts)[id]);
            MP_STATE_PORT(mps2_uarts)[id] = NULL;
        }
    }
}

size_t machine_uart_room(int id) {
    machine_uart_obj_t *self = MP_STATE_PORT(mps2_uarts)[id];
    if (self == NULL || !self->on || is_console(self)) {
        return 0;
    }
    return self->tx.size != 0 ? ringbuf_free(&self->tx) : !tx_full(self);
}

unsigned int machine_uart_overruns(int id) {
    machine_uart_obj_t *self = MP_STATE_PORT(mps2_uarts)[id];
    return self == NULL ? 0 : self->overruns;
}

// Gives the UART a ring of this many bytes, unless it has it.  Another size drops what was not read.
static void set_rxbuf(machine_uart_obj_t *self, size_t bytes) {
    // A ring of n holds n - 1.
    if (self->rx.size != bytes + 1) {
        ringbuf_t ring;
        ringbuf_alloc(&ring, bytes + 1);
        uint32_t state = mps2_irq_disable();
        self->rx = ring;
        mps2_irq_restore(state);
    }
}

// The same for sending; 0 = no ring.  What waits in a ring that gets another size is dropped.
static void set_txbuf(machine_uart_obj_t *self, size_t bytes) {
    size_t size = bytes == 0 ? 0 : bytes + 1;
    if (self->tx.size != size) {
        ringbuf_t ring = { 0 };
        if (size != 0) {
            ringbuf_alloc(&ring, size);
        }
        uint32_t state = mps2_irq_disable();
        self->tx = ring;
        mps2_irq_restore(state);
    }
}

static void check_trigger(mp_uint_t trigger) {
    if (trigger & ~UART_IRQ_ALL) {
        mp_raise_ValueError(MP_ERROR_TEXT("trigger must be 0, UART.IRQ_RX, UART.IRQ_TXIDLE or both"));
    }
}

// again: what has been sent already counts as sent now.
static mp_uint_t set_trigger(machine_uart_obj_t *self, mp_uint_t trigger, bool again) {
    check_trigger(trigger);
    uint32_t state = mps2_irq_disable();
    mp_uint_t before = self->trigger;
    self->trigger = trigger;
    if ((trigger & UART_IRQ_RX) && rx_any(self) != 0) {
        // What is there already counts as received now.  A full ring would get no other interrupt.
        NVIC_ISPR = 1u << uart_table[self->id].rx_line;
    }
    self->sending |= again && (trigger & UART_IRQ_TXIDLE);
    tx_report(self);
    mps2_irq_restore(state);
    return before;
}

// irq.trigger(): drivers ask so whether a write, or its end, has come in between.  irq() itself does as
// the ports rp2, samd and mimxrt: IRQ_TXIDLE comes only when something has been written.
static mp_uint_t uart_irq_trigger(mp_obj_t self_in, mp_uint_t trigger) {
    return set_trigger(MP_OBJ_TO_PTR(self_in), trigger, true);
}

static mp_uint_t uart_irq_info(mp_obj_t self_in, mp_uint_t info_type) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return info_type == MP_IRQ_INFO_FLAGS ? self->flags : self->trigger;
}

static const mp_irq_methods_t uart_irq_methods = {
    .trigger = uart_irq_trigger,
    .info = uart_irq_info,
};

static machine_uart_obj_t *uart_find(mp_int_t id) {
    if (id < 0 || id >= UART_COUNT) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("UART(%d) doesn't exist, use UART(0) to UART(%d)"), (int)id, UART_COUNT - 1);
    }
    machine_uart_obj_t *self = MP_STATE_PORT(mps2_uarts)[id];
    if (self == NULL) {
        self = m_new0(machine_uart_obj_t, 1);
        self->base.type = &machine_uart_type;
        self->id = id;
        self->uart = uart_table[id].uart;
        callback_init(&self->callback, &uart_irq_methods, MP_OBJ_FROM_PTR(self));
        MP_STATE_PORT(mps2_uarts)[id] = self;
    }
    return self;
}

// An argument that may have been left out, in which case it is `current`.
static mp_int_t number_or(mp_int_t given, mp_int_t current, qstr name, mp_int_t low, mp_int_t high) {
    mp_int_t value = given == UART_KEEP ? current : given;
    if (value < low || value > high) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q must be %d to %d"), name, (int)low, (int)high);
    }
    return value;
}

// UART.init(baudrate, bits, parity, stop, *, ...): what is not given stays as it is.
static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_baudrate, ARG_bits, ARG_parity, ARG_stop, ARG_timeout, ARG_timeout_char, ARG_rxbuf, ARG_txbuf };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = UART_KEEP} },
        { MP_QSTR_bits, MP_ARG_INT, {.u_int = 8} },
        { MP_QSTR_parity, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_stop, MP_ARG_INT, {.u_int = 1} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = UART_KEEP} },
        { MP_QSTR_timeout_char, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = UART_KEEP} },
        { MP_QSTR_rxbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = UART_KEEP} },
        { MP_QSTR_txbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = UART_KEEP} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);

    if (args[ARG_bits].u_int != 8 || args[ARG_parity].u_obj != mp_const_none || args[ARG_stop].u_int != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("this UART has bits=8, parity=None, stop=1 only"));
    }
    bool fresh = self->baudrate == 0;
    mp_int_t baudrate = number_or(args[ARG_baudrate].u_int, fresh ? UART_DEFAULT_BAUDRATE : self->baudrate, MP_QSTR_baudrate, CPU_HZ / UART_DIVIDER_MAX + 1, CPU_HZ / UART_DIVIDER_MIN);
    mp_int_t timeout = number_or(args[ARG_timeout].u_int, self->timeout_ms, MP_QSTR_timeout, 0, INT32_MAX);
    mp_int_t timeout_char = number_or(args[ARG_timeout_char].u_int, self->timeout_char_ms, MP_QSTR_timeout_char, 0, INT32_MAX);
    if (is_console(self)) {
        if (args[ARG_rxbuf].u_int != UART_KEEP || args[ARG_txbuf].u_int != UART_KEEP) {
            mp_raise_ValueError(MP_ERROR_TEXT("UART(0) is the console, whose buffers are fixed"));
        }
    } else {
        set_rxbuf(self, number_or(args[ARG_rxbuf].u_int, self->rx.size ? self->rx.size - 1 : UART_DEFAULT_RXBUF, MP_QSTR_rxbuf, 1, UART_BUFFER_MAX));
        set_txbuf(self, number_or(args[ARG_txbuf].u_int, self->tx.size ? self->tx.size - 1 : 0, MP_QSTR_txbuf, 0, UART_BUFFER_MAX));
    }
    self->baudrate = baudrate;
    self->timeout_ms = timeout;
    self->timeout_char_ms = timeout_char;
    uart_on(self);
}

/******************************************************************************/
// What extmod/machine_uart.c asks for

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    machine_uart_obj_t *self = uart_find(mp_obj_get_int(args[0]));
    // UART(id) alone gives the UART as it was last set up.
    if (n_args > 1 || n_kw > 0 || !self->on) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw_args);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (!self->on) {
        mp_printf(print, "UART(%u, off)", self->id);
        return;
    }
    mp_printf(print, "UART(%u, baudrate=%u, bits=8, parity=None, stop=1, timeout=%u, timeout_char=%u",
        self->id, (unsigned)self->baudrate, (unsigned)self->timeout_ms, (unsigned)self->timeout_char_ms);
    if (is_console(self)) {
        mp_printf(print, ", console)");
    } else {
        mp_printf(print, ", rxbuf=%u", self->rx.size - 1);
        if (self->tx.size != 0) {
            mp_printf(print, ", txbuf=%u", self->tx.size - 1);
        }
        mp_print_str(print, ")");
    }
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    check_on(self);
    return rx_any(self);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) {
    check_on(self);
    return tx_idle(self);
}

static mp_irq_obj_t *mp_machine_uart_irq(machine_uart_obj_t *self, bool any_args, mp_arg_val_t *args) {
    check_on(self);
    if (is_console(self)) {
        mp_raise_ValueError(MP_ERROR_TEXT("UART(0) is the console, use select.poll() instead of irq()"));
    }
    if (any_args) {
        mp_obj_t handler = args[MP_IRQ_ARG_INIT_handler].u_obj;
        if (handler != mp_const_none && !mp_obj_is_callable(handler)) {
            mp_raise_ValueError(MP_ERROR_TEXT("handler must be None or callable"));
        }
        mp_uint_t trigger = args[MP_IRQ_ARG_INIT_trigger].u_int;
        check_trigger(trigger);
        uint32_t state = mps2_irq_disable();
        self->callback.irq.handler = handler;
        self->callback.irq.ishard = args[MP_IRQ_ARG_INIT_hard].u_bool;
        mps2_irq_restore(state);
        set_trigger(self, trigger, false);
    }
    return &self->callback.irq;
}

// Waits timeout ms for the first byte and timeout_char ms for each one that follows.  After a short
// count the stream layer asks for the rest, so UART.read(n) then waits timeout ms once more, as on
// other boards.
static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    check_on(self);
    size_t done = rx_get(self, buf, size);
    uint64_t deadline = deadline_us(self, done == 0 ? self->timeout_ms : self->timeout_char_ms);
    while (done < size && wait_until(deadline)) {
        check_on(self); // a callback may have ended it
        size_t n = rx_get(self, (uint8_t *)buf + done, size - done);
        if (n != 0) {
            done += n;
            deadline = deadline_us(self, self->timeout_char_ms);
        }
    }
    if (done == 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return done;
}

// Gives up when the receiver has been held up for timeout ms, at least UART_SLOW_RECEIVER_MS if
// there is no ring.
static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const uint8_t *src = buf;
    check_on(self);
    if (is_console(self)) {
        console_write_raw(buf, size);
        return size;
    }
    size_t done = tx_put(self, src, size);
    if (done < size && (self->tx.size == 0 || self->timeout_ms != 0)) {
        uint32_t least_ms = self->tx.size == 0 ? UART_SLOW_RECEIVER_MS : 0;
        uint32_t patience_ms = may_wait() ? MAX(self->timeout_ms, least_ms) : 0;
        uint64_t deadline = deadline_us(self, patience_ms);
        while (done < size) {
            if (!may_wait()) {
                if (clock_us() >= deadline) {
                    break;
                }
            } else if (!tx_ready(self) && !wait_until(deadline)) {
                break;
            }
            check_on(self); // a callback may have ended it
            size_t n = tx_put(self, src + done, size - done);
            if (n != 0) {
                done += n;
                deadline = deadline_us(self, patience_ms);
            }
        }
    }
    if (done == 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return done;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_POLL) {
        if (!self->on) {
            return MP_STREAM_POLL_NVAL;
        }
        mp_uint_t ready = 0;
        if ((arg & MP_STREAM_POLL_RD) && rx_any(self) != 0) {
            ready |= MP_STREAM_POLL_RD;
        }
        if ((arg & MP_STREAM_POLL_WR) && tx_ready(self)) {
            ready |= MP_STREAM_POLL_WR;
        }
        return ready;
    }
    if (request == MP_STREAM_FLUSH) {
        check_on(self);
        uint64_t deadline = deadline_us(self, MAX(self->timeout_ms, UART_SLOW_RECEIVER_MS));
        while (!tx_idle(self)) {
            uint16_t first = self->tx.iget;
            tx_ready(self); // an interrupt ends the wait
            if (!wait_until(deadline)) {
                *errcode = MP_ETIMEDOUT;
                return MP_STREAM_ERROR;
            }
            check_on(self);
            if (self->tx.iget != first) {
                deadline = deadline_us(self, MAX(self->timeout_ms, UART_SLOW_RECEIVER_MS));
            }
        }
        return 0;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}
