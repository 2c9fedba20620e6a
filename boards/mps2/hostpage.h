// The page of PSRAM through which the tools and the board talk; docs/adr/0001-platform.md.
#ifndef COIL_MPS2_HOSTPAGE_H
#define COIL_MPS2_HOSTPAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "hardware.h"

enum {
    HOSTPAGE_SPIN = 1,
    HOSTPAGE_PREFER_ROM = 2,
    HOSTPAGE_NO_APP = 4,
    HOSTPAGE_FORMAT = 8,
    HOSTPAGE_TRACE = 16,
};

#define HOSTPAGE_MAGIC (0x4c494f43)
#define HOSTPAGE_VERSION (1)
#define HOSTPAGE_SCRIPT_MAX (56 * 1024)

typedef struct _hostpage_t {
    uint32_t magic;
    uint32_t version;
    uint32_t heap_bytes;
    uint32_t flags;
    uint32_t epoch_s;
    uint8_t unique_id[8];
    uint32_t script_bytes;
    uint32_t reserved[8];
    volatile uint32_t pins_in;
    volatile uint32_t pins_out;
    volatile uint32_t pins_dir;
    volatile uint32_t pins_seen;
} hostpage_t;

#define HOSTPAGE ((hostpage_t *)HOST_PAGE_BASE)
#define HOSTPAGE_SCRIPT ((const char *)(HOST_PAGE_BASE + 0x1000))

// Every read goes through the check: a board started without a page runs with the defaults.
static inline bool hostpage_valid(void) {
    return HOSTPAGE->magic == HOSTPAGE_MAGIC && HOSTPAGE->version == HOSTPAGE_VERSION;
}

static inline uint32_t hostpage_flags(void) {
    return hostpage_valid() ? HOSTPAGE->flags : 0;
}

// Takes the virtual pins into use.
void hostpage_init(void);

#endif
