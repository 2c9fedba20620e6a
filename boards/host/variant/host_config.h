// MicroPython's configuration: the unix port's, then what a board has in another way.
// (The port's header defines the following unconditionally.)

#include "mpconfigport.h"

// A board has its own file systems only; the console is its only standard stream.
#undef MICROPY_VFS_POSIX
#define MICROPY_VFS_POSIX (0)
#undef MICROPY_READER_POSIX
#define MICROPY_READER_POSIX (0)
#define MICROPY_VFS_ROM (1)
#define MICROPY_VFS_ROM_IOCTL (1)
#undef MICROPY_ERROR_PRINTER
#define MICROPY_ERROR_PRINTER (&mp_plat_print)
#undef MICROPY_PY_SYS_PATH_ARGV_DEFAULTS
#define MICROPY_PY_SYS_PATH_ARGV_DEFAULTS (1)
#undef MICROPY_PY_SYS_EXECUTABLE
#define MICROPY_PY_SYS_EXECUTABLE (0)

// Addresses of machine.mem8/16/32: the board's, not the computer's.
#undef MICROPY_PLAT_DEV_MEM
#undef MICROPY_PY_MACHINE_INCLUDEFILE
#define MICROPY_PY_MACHINE_INCLUDEFILE "machine_host.c"

// Interrupts are signals; irq.c.
#define MICROPY_MPHALPORT_H "host_mphal.h"
#define MICROPY_SCHED_HOOK_SCHEDULED host_event = true
#include "irq.h"
#define MICROPY_BEGIN_ATOMIC_SECTION() host_irq_disable()
#define MICROPY_END_ATOMIC_SECTION(state) host_irq_restore(state)
