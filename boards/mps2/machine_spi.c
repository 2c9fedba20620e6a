// machine.SPI: the PL022 controllers as SPI controller, MSB first, FIFOs of 8 frames.
//
// SPI(4) is the bus that QEMU puts devices on (`-device ...,bus=ssi`).  No chip select is wired.
// Frames of more than 8 bits are 16-bit little-endian words in the buffers.

#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "hardware.h"
#include "machine_peripherals.h"

#define SPI_DEFAULT_ID (4)
#define SPI_DEFAULT_BAUDRATE (1000000)
#define SPI_DEFAULT_BITS (8)
#define SPI_BITS_MIN (4)
#define SPI_BITS_MAX (16)
#define SPI_FIFO_FRAMES (8)
#define SPI_PRESCALER_MIN (2)
#define SPI_PRESCALER_MAX (254)
#define SPI_RATE_MAX (256)
#define SPI_KEEP (-1) // an argument of init() that was not given

// PL022 (ARM DDI0194).
typedef struct _pl022_t {
    volatile uint32_t CR0; // 0-3 = bits - 1, 6 = polarity, 7 = phase, 8-15 = rate - 1
    volatile uint32_t CR1; // 2 = enable; as controller
    volatile uint32_t DR;
    volatile uint32_t SR; // 4 = something received
    volatile uint32_t CPSR; // prescaler, even
} pl022_t;

#define CR1_ENABLE (2u)
#define SR_RECEIVED (4u)

typedef struct _settings_t {
    mp_int_t baudrate; // as asked for; 0 = off
    mp_int_t polarity;
    mp_int_t phase;
    mp_int_t bits;
} settings_t;

static const settings_t default_settings = { SPI_DEFAULT_BAUDRATE, 0, 0, SPI_DEFAULT_BITS };

// A controller, which all objects of its number share.
typedef struct _spi_bus_t {
    pl022_t *spi;
    settings_t settings;
    bool busy; // a transfer is under way: an interrupt handler must not begin another
} spi_bus_t;

typedef struct _machine_spi_obj_t {
    mp_obj_base_t base;
    spi_bus_t *bus;
    bool handle; // one of mps2.handle(): deinit() ends it for good
    bool gone;
} machine_spi_obj_t;

static spi_bus_t spi_buses[] = {
    { .spi = (pl022_t *)0x40020000 },
    { .spi = (pl022_t *)0x40021000 },
    { .spi = (pl022_t *)0x40025000 },
    { .spi = (pl022_t *)0x40026000 },
    { .spi = (pl022_t *)0x40027000 },
};

static const machine_spi_obj_t spi_objs[] = {
    { .base = { &machine_spi_type }, .bus = &spi_buses[0] },
    { .base = { &machine_spi_type }, .bus = &spi_buses[1] },
    { .base = { &machine_spi_type }, .bus = &spi_buses[2] },
    { .base = { &machine_spi_type }, .bus = &spi_buses[3] },
    { .base = { &machine_spi_type }, .bus = &spi_buses[4] },
};

// Messages are made beforehand: an interrupt handler has no heap.
static const MP_DEFINE_STR_OBJ(gone_0, "SPI(0) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_1, "SPI(1) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_2, "SPI(2) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_3, "SPI(3) has been deinitialised: make a new one");
static const MP_DEFINE_STR_OBJ(gone_4, "SPI(4) has been deinitialised: make a new one");
static const mp_obj_str_t *const gone_texts[] = { &gone_0, &gone_1, &gone_2, &gone_3, &gone_4 };
static const MP_DEFINE_STR_OBJ(busy_0, "SPI(0) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_1, "SPI(1) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_2, "SPI(2) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_3, "SPI(3) is in the middle of a transfer");
static const MP_DEFINE_STR_OBJ(busy_4, "SPI(4) is in the middle of a transfer");
static const mp_obj_str_t *const busy_texts[] = { &busy_0, &busy_1, &busy_2, &busy_3, &busy_4 };

enum { ARG_id, ARG_baudrate, ARG_polarity, ARG_phase, ARG_bits, ARG_firstbit };
static const mp_arg_t spi_allowed_args[] = {
    { MP_QSTR_id, MP_ARG_INT, {.u_int = SPI_DEFAULT_ID} },
    { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = SPI_KEEP} },
    { MP_QSTR_polarity, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = SPI_KEEP} },
    { MP_QSTR_phase, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = SPI_KEEP} },
    { MP_QSTR_bits, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = SPI_KEEP} },
    { MP_QSTR_firstbit, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = MICROPY_PY_MACHINE_SPI_MSB} },
};

// The fastest clock that is not above baudrate: CPU_HZ / (*prescaler * *rate).
static void find_divider(uint32_t baudrate, uint32_t *prescaler, uint32_t *rate) {
    uint32_t divider = MAX((CPU_HZ + baudrate - 1) / baudrate, SPI_PRESCALER_MIN);
    if (divider > SPI_PRESCALER_MAX * SPI_RATE_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("baudrate must be at least %d"), (int)(CPU_HZ / (SPI_PRESCALER_MAX * SPI_RATE_MAX) + 1));
    }
    *prescaler = SPI_PRESCALER_MAX;
    *rate = (divider + SPI_PRESCALER_MAX - 1) / SPI_PRESCALER_MAX;
    for (uint32_t p = SPI_PRESCALER_MIN; p < SPI_PRESCALER_MAX; p += 2) {
        uint32_t r = (divider + p - 1) / p;
        if (r <= SPI_RATE_MAX && p * r < *prescaler * *rate) {
            *prescaler = p;
            *rate = r;
        }
    }
}

static uint32_t actual_baudrate(spi_bus_t *self) {
    return CPU_HZ / (self->spi->CPSR * ((self->spi->CR0 >> 8 & 0xff) + 1));
}

static void check_settings(const settings_t *settings) {
    if (settings->baudrate < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("baudrate must be positive"));
    }
    if ((settings->polarity | settings->phase) & ~1) {
        mp_raise_ValueError(MP_ERROR_TEXT("polarity and phase must be 0 or 1"));
    }
    if (settings->bits < SPI_BITS_MIN || settings->bits > SPI_BITS_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("bits must be %d to %d"), SPI_BITS_MIN, SPI_BITS_MAX);
    }
}

// Sets the controller up.  Arguments that were not given are taken from `settings`.
static void configure(spi_bus_t *self, settings_t settings, const mp_arg_val_t *args) {
    if (args[ARG_baudrate].u_int != SPI_KEEP) {
        settings.baudrate = args[ARG_baudrate].u_int;
    }
    if (args[ARG_polarity].u_int != SPI_KEEP) {
        settings.polarity = args[ARG_polarity].u_int;
    }
    if (args[ARG_phase].u_int != SPI_KEEP) {
        settings.phase = args[ARG_phase].u_int;
    }
    if (args[ARG_bits].u_int != SPI_KEEP) {
        settings.bits = args[ARG_bits].u_int;
    }
    check_settings(&settings);
    if (args[ARG_firstbit].u_int != MICROPY_PY_MACHINE_SPI_MSB) {
        mp_raise_ValueError(MP_ERROR_TEXT("firstbit must be SPI.MSB, use SoftSPI for LSB"));
    }
    uint32_t prescaler, rate;
    find_divider(settings.baudrate, &prescaler, &rate);
    self->settings = settings;
    self->spi->CR1 = 0;
    self->spi->CPSR = prescaler;
    self->spi->CR0 = (settings.bits - 1) | settings.polarity << 6 | settings.phase << 7 | (rate - 1) << 8;
    self->spi->CR1 = CR1_ENABLE;
    while (self->spi->SR & SR_RECEIVED) {
        (void)self->spi->DR; // left over from a transfer that was cut short
    }
}

static NORETURN void raise_text(int error, const mp_obj_str_t *text) {
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(error), MP_OBJ_FROM_PTR(text) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, MP_ARRAY_SIZE(args), 0, args));
}

// Raises OSError: deinitialised, or called by an interrupt handler in the middle of a transfer.
static spi_bus_t *spi_enter(mp_obj_base_t *self_in) {
    machine_spi_obj_t *self = (machine_spi_obj_t *)self_in;
    spi_bus_t *bus = self->bus;
    if (self->gone) {
        raise_text(MP_ENODEV, gone_texts[bus - spi_buses]);
    }
    if (bus->busy && cpu_exception_number() != 0) {
        raise_text(MP_EBUSY, busy_texts[bus - spi_buses]);
    }
    return bus;
}

// SPI.init(baudrate, *, ...): the same arguments without the id.
static void spi_init(mp_obj_base_t *self_in, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    spi_bus_t *self = spi_enter(self_in);
    mp_arg_val_t args[MP_ARRAY_SIZE(spi_allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(spi_allowed_args) - 1, spi_allowed_args + 1, args + 1);
    configure(self, self->settings.baudrate == 0 ? default_settings : self->settings, args);
}

// SPI(id) alone leaves a controller that is in use as it is.
static mp_obj_t spi_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    (void)type;
    mp_arg_val_t args[MP_ARRAY_SIZE(spi_allowed_args)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(spi_allowed_args), spi_allowed_args, args);
    mp_int_t id = args[ARG_id].u_int;
    if (id < 0 || id >= (mp_int_t)MP_ARRAY_SIZE(spi_objs)) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("SPI(%d) doesn't exist, use SPI(0) to SPI(%d)"), (int)id, (int)MP_ARRAY_SIZE(spi_objs) - 1);
    }
    spi_bus_t *self = &spi_buses[id];
    bool any_setting = false;
    for (size_t i = ARG_baudrate; i < MP_ARRAY_SIZE(args); i++) {
        any_setting |= args[i].u_int != spi_allowed_args[i].defval.u_int;
    }
    if (any_setting || self->settings.baudrate == 0) {
        configure(self, default_settings, args);
    }
    return MP_OBJ_FROM_PTR(&spi_objs[id]);
}

static void spi_deinit(mp_obj_base_t *self_in) {
    machine_spi_obj_t *self = (machine_spi_obj_t *)self_in;
    if (!self->gone) {
        spi_bus_t *bus = spi_enter(self_in);
        bus->spi->CR1 = 0;
        bus->settings.baudrate = 0;
        if (self->handle) { // the others are in flash
            self->gone = true;
        }
    }
}

mp_obj_t machine_spi_handle(mp_obj_t spi) {
    machine_spi_obj_t *self = mp_obj_malloc(machine_spi_obj_t, &machine_spi_type);
    self->bus = ((machine_spi_obj_t *)MP_OBJ_TO_PTR(spi))->bus;
    self->handle = true;
    self->gone = false;
    return MP_OBJ_FROM_PTR(self);
}

// One frame of the buffer: a byte, or a 16-bit word.
static uint32_t frame_get(const uint8_t *buf, size_t index, bool wide) {
    return wide ? buf[2 * index] | buf[2 * index + 1] << 8 : buf[index];
}

static void frame_put(uint8_t *buf, size_t index, bool wide, uint32_t frame) {
    if (wide) {
        buf[2 * index] = frame;
        buf[2 * index + 1] = frame >> 8;
    } else {
        buf[index] = frame;
    }
}

// src and dest may be the same buffer: a frame is sent before the one received for it is stored.
static void spi_transfer(mp_obj_base_t *self_in, size_t len, const uint8_t *src, uint8_t *dest) {
    spi_bus_t *self = spi_enter(self_in);
    pl022_t *spi = self->spi;
    if (self->settings.baudrate == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("SPI is off, call init() first"));
    }
    bool wide = self->settings.bits > 8;
    if (wide && len % 2 != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("frames of more than 8 bits need a buffer of even length"));
    }
    size_t frames = wide ? len / 2 : len;
    size_t sent = 0;
    size_t received = 0;
    self->busy = true;
    while (received < frames) {
        // Never more under way than the receive FIFO holds, so it cannot overflow.
        while (sent < frames && sent - received < SPI_FIFO_FRAMES) {
            spi->DR = frame_get(src, sent++, wide);
        }
        while (!(spi->SR & SR_RECEIVED)) {
        }
        do {
            uint32_t frame = spi->DR;
            if (dest != NULL) {
                frame_put(dest, received, wide, frame);
            }
            received++;
        } while (received < sent && (spi->SR & SR_RECEIVED));
    }
    self->busy = false;
}

static void spi_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    machine_spi_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const spi_bus_t *bus = self->bus;
    int id = bus - spi_buses;
    if (self->gone || bus->settings.baudrate == 0) {
        mp_printf(print, "SPI(%d, off)", id);
    } else {
        mp_printf(print, "SPI(%d, baudrate=%u, polarity=%u, phase=%u, bits=%u, firstbit=SPI.MSB)", id,
            (unsigned)actual_baudrate(self->bus), (unsigned)bus->settings.polarity, (unsigned)bus->settings.phase, (unsigned)bus->settings.bits);
    }
}

void machine_spi_deinit_all(void) {
    for (size_t i = 0; i < MP_ARRAY_SIZE(spi_buses); i++) {
        spi_buses[i].spi->CR1 = 0;
        spi_buses[i].settings.baudrate = 0;
    }
}

static const mp_machine_spi_p_t machine_spi_p = {
    .init = spi_init,
    .deinit = spi_deinit,
    .transfer = spi_transfer,
};

MP_DEFINE_CONST_OBJ_TYPE(
    machine_spi_type,
    MP_QSTR_SPI,
    MP_TYPE_FLAG_NONE,
    make_new, spi_make_new,
    print, spi_print,
    protocol, &machine_spi_p,
    locals_dict, &mp_machine_spi_locals_dict
    );
