# The unix port as a board: no threads, no host libraries, its own main(), console and clock.
PROG = coil-host

MICROPY_PY_THREAD = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_PY_TERMIOS = 0
MICROPY_VFS_LFS1 = 0

HOST_VARIANT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
QSTR_GLOBAL_DEPENDENCIES += $(wildcard $(HOST_VARIANT)/*.h $(HOST_VARIANT)/../included/*.c)

# The hooks of boards/native are implemented here whether it is in or not.
CFLAGS_EXTRA += -I$(HOST_VARIANT)/../included -I$(HOST_VARIANT)/../../native

# MicroPython's configuration is the unix port's with host_config.h on top.
CFLAGS_EXTRA += -D_GNU_SOURCE -DMP_CONFIGFILE='"host_config.h"'

SHARED_SRC_C_EXTRA += runtime/pyexec.c runtime/sys_stdio_mphal.c

# Functions of the unix port that board.c, console.c and disk.c replace.
HOST_REPLACED = main \
	mp_hal_set_interrupt_char \
	mp_hal_stdin_rx_chr \
	mp_hal_stdout_tx_str \
	mp_hal_stdout_tx_strn \
	mp_hal_stdout_tx_strn_cooked \
	mp_vfs_rom_ioctl
LDFLAGS_EXTRA += $(foreach name,$(HOST_REPLACED),-Wl,--wrap=$(name))

# A fixed address for everything: a run is repeated to the last hash value and gc mark.
CFLAGS_EXTRA += -fno-pie
LDFLAGS_EXTRA += -no-pie
