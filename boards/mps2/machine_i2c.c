// machine.I2C: the SBCon controllers, whose two lines are driven bit by bit.
//
// I2C(3) is the bus that QEMU puts devices on (`-device ...,bus=i2c`).

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "clock.h"
#include "hardware.h"
#include "machine_peripherals.h"

#define I2C_DEFAULT_ID (3)
#define I2C_DEFAULT_FREQ (400000)
#define I2C_DEFAULT_TIMEOUT_US (50000)
#define I2C_FREQ_MAX (1000000) // fast mode plus

#define I2C_ADDR_MAX (0x7f)

#define SCL (1u)
#define SDA (2u)

// SBCon.
typedef struct _sbcon_t {
    volatile uint32_t SET; // reads the lines, writing 1 releases them
    volatile uint32_t CLEAR; // writing 1 pulls them low
} sbcon_t;

// A bus, which all objects of its number share.
typedef struct _i2c_bus_t {
    sbcon_t *lines;
    uint32_t half_ticks; // half a clock period in ticks of 1 / CPU_HZ; 0 until first used
    uint32_t timeout_us; // how long a device may hold SCL
    bool busy; // a transfer is under way: an interrupt handler must not begin another
    bool open; // between start and stop
} i2c_bus_t;

typedef struct _machine_i2c_obj_t {
    mp_obj_base_t base;
    i2c_bus_t *bus;
    bool handle; // one of mps2.handle(): deinit() ends it, and not the others
    bool gone;
} machine_i2c_obj_t;

static i2c_bus_t i2c_buses[] = {
    { .lines = (sbcon_t *)0x40022000 },
    { .lines = (sbcon_t *)0x40023000 },
    { .lines = (sbcon_t *)0x40029000 },
    { .lines = (sbcon_t *)0x4002a000 },
};

static const machine_i2c_obj_t i2c_objs[] = {
    { .base = { &machine_i2c_type }, .bus = &i2c_buses[0] },
    { .base = { &machine_i2c_type }, .bus = &i2c_buses[1] },
    { .base = { &machine_i2c_type }, .bus = &i2c_buses[2] },
    { .base = { &machine_i2c_type }, .bus = &i2c_buses[3] },
};

// Messages are made beforehand: an interrupt handler has no heap.
static const MP_DEFINE_STR_OBJ(gone_0, "I2C(0) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_1, "I2C(1) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_2, "I2C(2) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_3, "I2C(3) has been deinitialised: make a new one");
static const mp_obj_str_t *const gone_texts[] = { &gone_0, &gone_1, &gone_2, &gone_3 };
static const MP_DEFINE_STR_OBJ(busy_0, "I2C(0) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_1, "I2C(1) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_2, "I2C(2) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_3, "I2C(3) is in the middle of a transfer");
static const mp_obj_str_t *const busy_texts[] = { &busy_0, &busy_1, &busy_2, &busy_3 };

static void half_period(i2c_bus_t *self) {
    uint32_t start = mp_hal_ticks_cpu();
    while (mp_hal_ticks_cpu() - start < self->half_ticks) {
    }
}

// Lets SCL rise and waits until no device holds it.  Returns 0 or -ETIMEDOUT.
static int scl_release(i2c_bus_t *self) {
    self->lines->SET = SCL;
    half_period(self);
    if (!(self->lines->SET & SCL)) {
        uint64_t end = clock_us() + self->timeout_us;
        do {
            if (clock_us() >= end) {
                return -MP_ETIMEDOUT;
            }
        } while (!(self->lines->SET & SCL));
    }
    return 0;
}

// One clock pulse: puts bit on SDA and returns what the line says, or -ETIMEDOUT.  SCL is low
// before and after.
static int clock_bit(i2c_bus_t *self, int bit) {
    if (bit) {
        self->lines->SET = SDA;
    } else {
        self->lines->CLEAR = SDA;
    }
    half_period(self);
    int ret = scl_release(self);
    if (ret == 0) {
        ret = (self->lines->SET & SDA) != 0;
        self->lines->CLEAR = SCL;
    }
    return ret;
}

static int stop(i2c_bus_t *self) {
    self->lines->CLEAR = SDA;
    half_period(self);
    int ret = scl_release(self);
    self->lines->SET = SDA;
    half_period(self);
    clock_nudge_emulator();
    return ret;
}

// Leaves the bus idle, whatever a transfer that was cut short left behind: a device in the middle
// of a byte lets go of SDA after at most nine clocks.
static void bus_recover(i2c_bus_t *self) {
    self->lines->SET = SCL | SDA;
    for (int i = 0; i < 9 && !(self->lines->SET & SDA); i++) {
        self->lines->CLEAR = SCL;
        half_period(self);
        self->lines->SET = SCL;
        half_period(self);
    }
    self->lines->CLEAR = SCL;
    stop(self); // a device that holds SCL is reported by the first transfer
}

// Also a repeated start.
static int start(i2c_bus_t *self) {
    self->lines->SET = SDA;
    half_period(self);
    int ret = scl_release(self);
    if (ret == 0 && !(self->lines->SET & SDA)) {
        // A device holds it: it was left in the middle of a byte.
        bus_recover(self);
        if (!(self->lines->SET & SDA)) {
            return -MP_ETIMEDOUT;
        }
    }
    if (ret == 0) {
        self->lines->CLEAR = SDA;
        half_period(self);
        self->lines->CLEAR = SCL;
    }
    clock_nudge_emulator();
    return ret;
}

// Returns 0 for ACK, 1 for NACK, or -ETIMEDOUT.
static int write_byte(i2c_bus_t *self, uint8_t byte) {
    for (int i = 7; i >= 0; i--) {
        int ret = clock_bit(self, byte >> i & 1);
        if (ret < 0) {
            return ret;
        }
    }
    return clock_bit(self, 1);
}

static int write_bytes(i2c_bus_t *self, const uint8_t *src, size_t len) {
    int acks = 0;
    while (len--) {
        int ret = write_byte(self, *src++);
        if (ret < 0) {
            return ret;
        }
        if (ret != 0) {
            break;
        }
        acks++;
    }
    return acks;
}

static int read_bytes(i2c_bus_t *self, uint8_t *dest, size_t len, bool nack) {
    while (len--) {
        int byte = 0;
        for (int i = 0; i < 8; i++) {
            int bit = clock_bit(self, 1);
            if (bit < 0) {
                return bit;
            }
            byte = byte << 1 | bit;
        }
        *dest++ = byte;
        int ret = clock_bit(self, nack && len == 0);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

// Moves the buffers.  Returns the number of ACKs (0 for a read) or a negative error.
static int move_buffers(i2c_bus_t *self, size_t n, mp_machine_i2c_buf_t *bufs, bool read) {
    int acks = 0;
    for (; n--; bufs++) {
        if (read) {
            int ret = read_bytes(self, bufs->buf, bufs->len, n == 0);
            if (ret < 0) {
                return ret;
            }
        } else {
            int ret = write_bytes(self, bufs->buf, bufs->len);
            if (ret < 0) {
                return ret;
            }
            acks += ret;
            if ((size_t)ret != bufs->len) {
                break; // the device wants no more
            }
        }
    }
    return acks;
}

// With MP_MACHINE_I2C_FLAG_WRITE1 the first buffer is written, and the others read behind a repeated
// start; what is refused of the first is -EIO, since the device would read from somewhere else.
static int transfer(i2c_bus_t *self, uint16_t addr, size_t n, mp_machine_i2c_buf_t *bufs, unsigned int flags) {
    if (flags & MP_MACHINE_I2C_FLAG_WRITE1) {
        int acks = transfer(self, addr, 1, bufs, 0);
        if (acks < 0) {
            return acks;
        }
        if ((size_t)acks != bufs->len) {
            stop(self);
            return -MP_EIO;
        }
        ++bufs;
        --n;
    }
    bool read = flags & MP_MACHINE_I2C_FLAG_READ;
    int ret = start(self);
    if (ret < 0) {
        return ret;
    }
    ret = write_byte(self, addr << 1 | read);
    if (ret < 0) {
        return ret;
    }
    if (ret != 0) {
        stop(self);
        return -MP_ENODEV; // nobody at this address
    }
    ret = move_buffers(self, n, bufs, read);
    if (ret >= 0 && (flags & MP_MACHINE_I2C_FLAG_STOP)) {
        int stopped = stop(self);
        if (stopped < 0) {
            return stopped;
        }
    }
    return ret;
}

// What follows is what MicroPython calls.  Each call begins with i2c_enter() and ends with
// i2c_leave(), which leaves no bus stuck after a timeout.

static NORETURN void raise_text(int error, const mp_obj_str_t *text) {
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(error), MP_OBJ_FROM_PTR(text) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, MP_ARRAY_SIZE(args), 0, args));
}

// Raises OSError: deinitialised, or called by an interrupt handler in the middle of a transfer.
static i2c_bus_t *i2c_enter(mp_obj_base_t *self_in) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    i2c_bus_t *bus = self->bus;
    if (self->gone) {
        raise_text(MP_ENODEV, gone_texts[bus - i2c_buses]);
    }
    if (bus->busy && cpu_exception_number() != 0) {
        raise_text(MP_EBUSY, busy_texts[bus - i2c_buses]);
    }
    bus->busy = true;
    return bus;
}

static int i2c_leave(i2c_bus_t *self, int ret, bool open) {
    if (ret == -MP_ETIMEDOUT) {
        bus_recover(self);
    }
    self->open = open && ret >= 0;
    self->busy = false;
    return ret;
}

static int i2c_start(mp_obj_base_t *self) {
    i2c_bus_t *bus = i2c_enter(self);
    return i2c_leave(bus, start(bus), true);
}

static int i2c_stop(mp_obj_base_t *self) {
    i2c_bus_t *bus = i2c_enter(self);
    return i2c_leave(bus, stop(bus), false);
}

// For what comes behind a start().
static i2c_bus_t *i2c_enter_open(mp_obj_base_t *self) {
    i2c_bus_t *bus = i2c_enter(self);
    if (!bus->open) {
        bus->busy = false;
        mp_raise_ValueError(MP_ERROR_TEXT("start() first"));
    }
    return bus;
}

static int i2c_write(mp_obj_base_t *self, const uint8_t *src, size_t len) {
    i2c_bus_t *bus = i2c_enter_open(self);
    return i2c_leave(bus, write_bytes(bus, src, len), true);
}

static int i2c_read(mp_obj_base_t *self, uint8_t *dest, size_t len, bool nack) {
    i2c_bus_t *bus = i2c_enter_open(self);
    return i2c_leave(bus, read_bytes(bus, dest, len, nack), true);
}

static int i2c_transfer(mp_obj_base_t *self, uint16_t addr, size_t n, mp_machine_i2c_buf_t *bufs, unsigned int flags) {
    if (addr > I2C_ADDR_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("addr: 7 bits, the address without the read bit"));
    }
    i2c_bus_t *bus = i2c_enter(self);
    if ((flags & MP_MACHINE_I2C_FLAG_READ) && bufs[n - 1].len == 0) {
        // A device that is asked to send drives SDA: the bus would be stuck.
        bus->busy = false;
        mp_raise_ValueError(MP_ERROR_TEXT("a read takes at least one byte"));
    }
    return i2c_leave(bus, transfer(bus, addr, n, bufs, flags), !(flags & MP_MACHINE_I2C_FLAG_STOP));
}

static void configure(i2c_bus_t *self, mp_int_t freq, mp_int_t timeout_us) {
    if (freq < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("freq must be at least 1 Hz"));
    }
    if (timeout_us < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must not be negative"));
    }
    // freq is an upper limit: the clock that results is printed.
    uint32_t ticks = CPU_HZ / 2;
    self->half_ticks = freq < I2C_FREQ_MAX ? (ticks + freq - 1) / freq : ticks / I2C_FREQ_MAX;
    self->timeout_us = timeout_us;
    self->busy = false;
    self->open = false;
    bus_recover(self);
}

static void i2c_init(mp_obj_base_t *self_in, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_freq, ARG_timeout };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_freq, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = I2C_DEFAULT_FREQ} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = I2C_DEFAULT_TIMEOUT_US} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    i2c_bus_t *bus = i2c_enter(self_in);
    bus->busy = false;
    configure(bus, args[ARG_freq].u_int, args[ARG_timeout].u_int);
}

static mp_obj_t i2c_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    (void)type;
    enum { ARG_id, ARG_freq, ARG_timeout };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_id, MP_ARG_INT, {.u_int = I2C_DEFAULT_ID} },
        { MP_QSTR_freq, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = I2C_DEFAULT_FREQ} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = I2C_DEFAULT_TIMEOUT_US} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    mp_int_t id = args[ARG_id].u_int;
    if (id < 0 || id >= (mp_int_t)MP_ARRAY_SIZE(i2c_objs)) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("I2C(%d) doesn't exist, use I2C(0) to I2C(%d)"), (int)id, (int)MP_ARRAY_SIZE(i2c_objs) - 1);
    }
    configure(&i2c_buses[id], args[ARG_freq].u_int, args[ARG_timeout].u_int);
    return MP_OBJ_FROM_PTR(&i2c_objs[id]);
}

static void i2c_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    machine_i2c_obj_t *self = MP_OBJ_TO_PTR(self_in);
    i2c_bus_t *bus = self->bus;
    int id = bus - i2c_buses;
    if (self->gone) {
        mp_printf(print, "I2C(%d, off)", id);
    } else {
        mp_printf(print, "I2C(%d, freq=%u, timeout=%u)", id, (unsigned)(CPU_HZ / 2 / bus->half_ticks), (unsigned)bus->timeout_us);
    }
}

// Drivers' objects end: methods of theirs that somebody has kept must not transfer any more.
static mp_obj_t i2c_deinit(mp_obj_t self_in) {
    machine_i2c_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (!self->gone) {
        i2c_bus_t *bus = i2c_enter(&self->base);
        bus_recover(bus); // a transfer may have been left open
        i2c_leave(bus, 0, false);
        self->gone = true;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(i2c_deinit_obj, i2c_deinit);

static void i2c_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR_deinit && ((machine_i2c_obj_t *)MP_OBJ_TO_PTR(self_in))->handle) {
        dest[0] = MP_OBJ_FROM_PTR(&i2c_deinit_obj);
        dest[1] = self_in;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // go on in the methods
    }
}

mp_obj_t machine_i2c_handle(mp_obj_t i2c) {
    machine_i2c_obj_t *self = mp_obj_malloc(machine_i2c_obj_t, &machine_i2c_type);
    self->bus = ((machine_i2c_obj_t *)MP_OBJ_TO_PTR(i2c))->bus;
    self->handle = true;
    self->gone = false;
    return MP_OBJ_FROM_PTR(self);
}

void machine_i2c_deinit_all(void) {
    for (size_t i = 0; i < MP_ARRAY_SIZE(i2c_buses); i++) {
        if (i2c_buses[i].half_ticks != 0) {
            bus_recover(&i2c_buses[i]);
        }
    }
}

static const mp_machine_i2c_p_t machine_i2c_p = {
    .init = i2c_init,
    .start = i2c_start,
    .stop = i2c_stop,
    .read = i2c_read,
    .write = i2c_write,
    .transfer = i2c_transfer,
    .transfer_supports_write1 = true,
};

MP_DEFINE_CONST_OBJ_TYPE(
    machine_i2c_type,
    MP_QSTR_I2C,
    MP_TYPE_FLAG_NONE,
    make_new, i2c_make_new,
    print, i2c_print,
    attr, i2c_attr,
    protocol, &machine_i2c_p,
    locals_dict, &mp_machine_i2c_locals_dict
    );
