// The life of the process: it is switched on, boots, is reset or switched off.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/pyexec.h"
#include "host.h"
#include "coil_native.h"

#define HEAP_BYTES (4 << 20)
#define HEAP_BYTES_MIN (32 << 10)
// Above the program and what malloc() takes, below what mmap() chooses: free in every process.
#define HEAP_ADDRESS ((void *)(sizeof(void *) == 8 ? (uintptr_t)64 << 30 : 0x60000000))
#define STACK_BYTES (512 << 10)
// The variable in which a life hands over to the next: the clock's offset, the reset's cause.
#define HERITAGE "COIL_RESET"

int host_reset_cause = CAUSE_POWER_ON;

static char **arguments;

void host_power_off(int status) {
    console_restore();
    _exit(status);
}

void host_reset(int cause) {
    // Taken over by the next life of the process; not setenv(), which may allocate.
    static char variable[] = HERITAGE "=0123456789abcdef0";
    char *digit = variable + sizeof(HERITAGE);
    for (int shift = 60; shift >= 0; shift -= 4) {
        *digit++ = "0123456789abcdef"[(uint64_t)clock_offset_ns >> shift & 15];
    }
    *digit = '0' + cause;
    irq_block();
    size_t n = 0;
    for (char **name = environ; *name != NULL; ++name) {
        if (strncmp(*name, variable, sizeof(HERITAGE)) != 0) {
            environ[n++] = *name;
        }
    }
    environ[n] = NULL;
    // There was room for it: the process itself put it there at the start.
    environ[n++] = variable;
    environ[n] = NULL;
    console_restore();
    execv("/proc/self/exe", arguments);
    _exit(3);
}

static void take_heritage(void) {
    const char *text = getenv(HERITAGE);
    if (text != NULL && strlen(text) == 17) {
        char offset[17] = "";
        memcpy(offset, text, 16);
        clock_offset_ns = strtoull(offset, NULL, 16);
        host_reset_cause = text[16] - '0';
    }
    setenv(HERITAGE, "", 1);
}

// RAM that only a warm reset leaves alone; it is in the disk, which also survives the loss of power.
static void clear_noinit(void) {
    if (host_reset_cause == CAUSE_POWER_ON || host_reset_cause == CAUSE_BROWN_OUT) {
        memset(disk + NOINIT_OFFSET, 0, NOINIT_BYTES);
    }
}

// A file that is opened must not become stdin, stdout or stderr, should one of them be closed.
static void open_standard_files(void) {
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
        if (fcntl(file, F_GETFD) == -1) {
            open("/dev/null", O_RDWR); // gets the lowest free number
        }
    }
}

// The heap is at the same address in each run, so that what depends on addresses repeats.
static void *make_heap(size_t bytes) {
    void *heap = mmap(HEAP_ADDRESS, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (heap != HEAP_ADDRESS) {
        fprintf(stderr, "coil-host: no room for a heap of %zu bytes; ask for less with --heap\n", bytes);
        exit(2);
    }
    return heap;
}

// From the first frozen module to the end of the last REPL command.
static void run_once(void) {
    #if MICROPY_MODULE_FROZEN_MPY
    pyexec_frozen_module("_boot.py", false);
    if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && (pyexec_frozen_module("_start.py", true) & PYEXEC_FORCED_EXIT)) {
        return;
    }
    #endif
    for (;;) {
        MP_STATE_THREAD(gc_lock_depth) = 0; // a program that ended with the heap locked
        int ended = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (ended) {
            return;
        }
    }
}

int __wrap_main(int argc, char **argv) {
    arguments = argv;
    if (argc > 1) {
        fprintf(stderr, "coil-host: unknown argument %s; it takes none: see README.md for its environment\n", argv[1]);
        return 2;
    }
    mp_cstack_init_with_sp_here(STACK_BYTES);
    open_standard_files();
    irq_init();
    take_heritage();
    disk_init();
    clear_noinit();
    if (page_get(PAGE_EPOCH_S) != 0 && host_reset_cause == CAUSE_POWER_ON) {
        clock_set_epoch(page_get(PAGE_EPOCH_S));
    }
    pins_init();
    size_t heap_bytes = page_get(PAGE_HEAP_BYTES) != 0 ? page_get(PAGE_HEAP_BYTES) : HEAP_BYTES;
    heap_bytes = MAX(heap_bytes, HEAP_BYTES_MIN);
    void *heap = make_heap(heap_bytes);
    bool console_ready = false;
    for (;;) {
        gc_init(heap, (char *)heap + heap_bytes);
        mp_init();
        readline_init0();
        if (!console_ready) {
            console_init();
            console_ready = true;
        }
        host_irq_restore(false);
        run_once();
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        alarm_deinit();
        pins_deinit();
        explore_deinit();
        irq_deinit();
        #if COIL_NATIVE
        coil_native_deinit();
        #endif
        gc_sweep_all();
        mp_deinit();
        host_reset_cause = CAUSE_SOFT_RESET;
    }
}
