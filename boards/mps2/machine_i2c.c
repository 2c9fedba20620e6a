// machine.I2C: the SBCon controllers, whose two lines are driven bit by bit.
//
// I2C(3) is the bus that QEMU puts devices on (`-device ...,bus=i2c`).

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "clock.h"
#include "hardware.h"
#include "machine_peripherals.h"

#define I2C_DEFAULT_ID (3)
#define I2C_DEFAULT_FREQ (400000)
#define I2C_DEFAULT_TIMEOUT_US (50000)
#define I2C_FREQ_MAX (1000000) // fast mode plus

#define SCL (1u)
#define SDA (2u)

// SBCon.
typedef struct _sbcon_t {
    volatile uint32_t SET; // reads the lines, writing 1 releases them
    volatile uint32_t CLEAR; // writing 1 pulls them low
} sbcon_t;

typedef struct _machine_i2c_obj_t {
    mp_obj_base_t base;
    sbcon_t *bus;
    uint32_t half_ticks; // half a clock period in ticks of 1 / CPU_HZ; 0 until first used
    uint32_t timeout_us; // how long a device may hold SCL
    bool busy; // a transfer is under way: an interrupt handler must not begin another
    bool open; // between start and stop
} machine_i2c_obj_t;

static machine_i2c_obj_t i2c_objs[] = {
    { .base = { &machine_i2c_type }, .bus = (sbcon_t *)0x40022000 },
    { .base = { &machine_i2c_type }, .bus = (sbcon_t *)0x40023000 },
    { .base = { &machine_i2c_type }, .bus = (sbcon_t *)0x40029000 },
    { .base = { &machine_i2c_type }, .bus = (sbcon_t *)0x4002a000 },
};

static void half_period(machine_i2c_obj_t *self) {
    uint32_t start = mp_hal_ticks_cpu();
    while (mp_hal_ticks_cpu() - start < self->half_ticks) {
    }
}

// Lets SCL rise and waits until no device holds it.  Returns 0 or -ETIMEDOUT.
static int scl_release(machine_i2c_obj_t *self) {
    self->bus->SET = SCL;
    half_period(self);
    if (!(self->bus->SET & SCL)) {
        uint64_t end = clock_us() + self->timeout_us;
        do {
            if (clock_us() >= end) {
                return -MP_ETIMEDOUT;
            }
        } while (!(self->bus->SET & SCL));
    }
    return 0;
}

// One clock pulse: puts bit on SDA and returns what the line says, or -ETIMEDOUT.  SCL is low
// before and after.
static int clock_bit(machine_i2c_obj_t *self, int bit) {
    if (bit) {
        self->bus->SET = SDA;
    } else {
        self->bus->CLEAR = SDA;
    }
    half_period(self);
    int ret = scl_release(self);
    if (ret == 0) {
        ret = (self->bus->SET & SDA) != 0;
        self->bus->CLEAR = SCL;
    }
    return ret;
}

static int stop(machine_i2c_obj_t *self) {
    self->bus->CLEAR = SDA;
    half_period(self);
    int ret = scl_release(self);
    self->bus->SET = SDA;
    half_period(self);
    clock_nudge_emulator();
    return ret;
}

// Leaves the bus idle, whatever a transfer that was cut short left behind: a device in the middle
// of a byte lets go of SDA after at most nine clocks.
static void bus_recover(machine_i2c_obj_t *self) {
    self->bus->SET = SCL | SDA;
    for (int i = 0; i < 9 && !(self->bus->SET & SDA); i++) {
        self->bus->CLEAR = SCL;
        half_period(self);
        self->bus->SET = SCL;
        half_period(self);
    }
    self->bus->CLEAR = SCL;
    stop(self); // a device that holds SCL is reported by the first transfer
}

// Also a repeated start.
static int start(machine_i2c_obj_t *self) {
    self->bus->SET = SDA;
    half_period(self);
    int ret = scl_release(self);
    if (ret == 0 && !(self->bus->SET & SDA)) {
        // A device holds it: it was left in the middle of a byte.
        bus_recover(self);
        if (!(self->bus->SET & SDA)) {
            return -MP_ETIMEDOUT;
        }
    }
    if (ret == 0) {
        self->bus->CLEAR = SDA;
        half_period(self);
        self->bus->CLEAR = SCL;
    }
    clock_nudge_emulator();
    return ret;
}

// Returns 0 for ACK, 1 for NACK, or -ETIMEDOUT.
static int write_byte(machine_i2c_obj_t *self, uint8_t byte) {
    for (int i = 7; i >= 0; i--) {
        int ret = clock_bit(self, byte >> i & 1);
        if (ret < 0) {
            return ret;
        }
    }
    return clock_bit(self, 1);
}

static int write_bytes(machine_i2c_obj_t *self, const uint8_t *src, size_t len) {
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

static int read_bytes(machine_i2c_obj_t *self, uint8_t *dest, size_t len, bool nack) {
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
static int move_buffers(machine_i2c_obj_t *self, size_t n, mp_machine_i2c_buf_t *bufs, bool read) {
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

static int transfer(machine_i2c_obj_t *self, uint16_t addr, size_t n, mp_machine_i2c_buf_t *bufs, unsigned int flags) {
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

static int i2c_enter(machine_i2c_obj_t *self) {
    if (self->busy && cpu_exception_number() != 0) {
        return -MP_EBUSY; // an interrupt handler, in the middle of a transfer
    }
    self->busy = true;
    return 0;
}

static int i2c_leave(machine_i2c_obj_t *self, int ret, bool open) {
    if (ret == -MP_ETIMEDOUT) {
        bus_recover(self);
    }
    self->open = open && ret >= 0;
    self->busy = false;
    return ret;
}

static int i2c_start(mp_obj_base_t *self_in) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    int ret = i2c_enter(self);
    return ret < 0 ? ret : i2c_leave(self, start(self), true);
}

static int i2c_stop(mp_obj_base_t *self_in) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    int ret = i2c_enter(self);
    return ret < 0 ? ret : i2c_leave(self, stop(self), false);
}

static void check_open(machine_i2c_obj_t *self) {
    if (!self->open) {
        mp_raise_ValueError(MP_ERROR_TEXT("start() first"));
    }
}

static int i2c_write(mp_obj_base_t *self_in, const uint8_t *src, size_t len) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    check_open(self);
    int ret = i2c_enter(self);
    return ret < 0 ? ret : i2c_leave(self, write_bytes(self, src, len), true);
}

static int i2c_read(mp_obj_base_t *self_in, uint8_t *dest, size_t len, bool nack) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    check_open(self);
    int ret = i2c_enter(self);
    return ret < 0 ? ret : i2c_leave(self, read_bytes(self, dest, len, nack), true);
}

static int i2c_transfer(mp_obj_base_t *self_in, uint16_t addr, size_t n, mp_machine_i2c_buf_t *bufs, unsigned int flags) {
    machine_i2c_obj_t *self = (machine_i2c_obj_t *)self_in;
    if ((flags & MP_MACHINE_I2C_FLAG_READ) && n == 1 && bufs[0].len == 0) {
        // A device that is asked to send drives SDA: the bus would be stuck.
        if (self->open) { // readfrom_mem() has sent the address already
            i2c_leave(self, stop(self), false);
        }
        mp_raise_ValueError(MP_ERROR_TEXT("a read takes at least one byte"));
    }
    int ret = i2c_enter(self);
    return ret < 0 ? ret : i2c_leave(self, transfer(self, addr, n, bufs, flags), !(flags & MP_MACHINE_I2C_FLAG_STOP));
}

static void configure(machine_i2c_obj_t *self, mp_int_t freq, mp_int_t timeout_us) {
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
    configure((machine_i2c_obj_t *)self_in, args[ARG_freq].u_int, args[ARG_timeout].u_int);
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
    configure(&i2c_objs[id], args[ARG_freq].u_int, args[ARG_timeout].u_int);
    return MP_OBJ_FROM_PTR(&i2c_objs[id]);
}

static void i2c_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    machine_i2c_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "I2C(%d, freq=%u, timeout=%u)", (int)(self - i2c_objs), (unsigned)(CPU_HZ / 2 / self->half_ticks), (unsigned)self->timeout_us);
}

void machine_i2c_deinit_all(void) {
    for (size_t i = 0; i < MP_ARRAY_SIZE(i2c_objs); i++) {
        if (i2c_objs[i].half_ticks != 0) {
            bus_recover(&i2c_objs[i]);
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
};

MP_DEFINE_CONST_OBJ_TYPE(
    machine_i2c_type,
    MP_QSTR_I2C,
    MP_TYPE_FLAG_NONE,
    make_new, i2c_make_new,
    print, i2c_print,
    protocol, &machine_i2c_p,
    locals_dict, &mp_machine_i2c_locals_dict
    );
