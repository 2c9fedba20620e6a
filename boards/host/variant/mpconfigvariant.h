// What this firmware contains, before the unix port's own choices. As on board mps2 where the
// machine makes no difference.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#define MICROPY_HW_BOARD_NAME "coil-host"
#define MICROPY_HW_MCU_NAME "this computer's processor"
#define MICROPY_PY_SYS_PLATFORM "host"

// Memory.
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (256)
#define MICROPY_STACK_CHECK_MARGIN (1024)
#define MICROPY_GC_STACK_ENTRY_TYPE uint32_t // the heap may have more than 65535 blocks
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE (1)
#define MICROPY_MEM_STATS (1) // micropython.mem_total() counts what was ever allocated

// Speed.
#define MICROPY_OPT_COMPUTED_GOTO (1)
#define MICROPY_OPT_MAP_LOOKUP_CACHE (1)

// Language and runtime.
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_REPL_INFO (1)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_WARNINGS (1)
#define MICROPY_PY_GC_COLLECT_RETVAL (1)

// Scheduler. Interrupts use static nodes, which cannot be lost; the queue is Python's own.
#define MICROPY_SCHEDULER_STATIC_NODES (1)
#define MICROPY_SCHEDULER_DEPTH (8)

// Modules.
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "time_host.c"
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_SELECT_SELECT (0)
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS (1)
#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_SYNC (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "os_host.c"
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC (mp_random_seed_init())

// machine: C for what needs it, modules/machine.py for the rest.
#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_BARE_METAL_FUNCS (1)
#define MICROPY_PY_MACHINE_DISABLE_IRQ_ENABLE_IRQ (1)
#define MICROPY_PY_MACHINE_PIN_BASE (1)
#define MICROPY_PY_MACHINE_SIGNAL (1)
#define MICROPY_PY_MACHINE_PULSE (1)

// The schedule explorer counts the branches of bytecode; explore.c.
#include <stdbool.h>
extern bool host_explore_armed;
void host_explore_branch(const void *code_state, const unsigned char *ip);
#define MICROPY_VM_HOOK_LOOP if (host_explore_armed) { host_explore_branch(code_state, ip); }
