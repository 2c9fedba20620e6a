// Counts the calls from file systems to block devices, so that a fault in a block device written
// in Python does not unwind the file system above it.  The linker puts these wrappers in front of
// MicroPython's functions (--wrap in the Makefile).

#include "py/nlr.h"
#include "extmod/vfs.h"
#include "vfs_call.h"

volatile uint32_t vfs_call_depth;

// An exception of the block device passes through; the count must not stay up.
#define COUNTED(type, call) \
    nlr_buf_t nlr; \
    vfs_call_depth++; \
    if (nlr_push(&nlr) != 0) { \
        vfs_call_depth--; \
        nlr_jump(nlr.ret_val); \
    } \
    type result = call; \
    nlr_pop(); \
    vfs_call_depth--; \
    return result

int __real_mp_vfs_blockdev_read(mp_vfs_blockdev_t *self, size_t block, size_t count, uint8_t *buf);
int __wrap_mp_vfs_blockdev_read(mp_vfs_blockdev_t *self, size_t block, size_t count, uint8_t *buf) {
    COUNTED(int, __real_mp_vfs_blockdev_read(self, block, count, buf));
}

int __real_mp_vfs_blockdev_read_ext(mp_vfs_blockdev_t *self, size_t block, size_t offset, size_t len, uint8_t *buf);
int __wrap_mp_vfs_blockdev_read_ext(mp_vfs_blockdev_t *self, size_t block, size_t offset, size_t len, uint8_t *buf) {
    COUNTED(int, __real_mp_vfs_blockdev_read_ext(self, block, offset, len, buf));
}

int __real_mp_vfs_blockdev_write(mp_vfs_blockdev_t *self, size_t block, size_t count, const uint8_t *buf);
int __wrap_mp_vfs_blockdev_write(mp_vfs_blockdev_t *self, size_t block, size_t count, const uint8_t *buf) {
    COUNTED(int, __real_mp_vfs_blockdev_write(self, block, count, buf));
}

int __real_mp_vfs_blockdev_write_ext(mp_vfs_blockdev_t *self, size_t block, size_t offset, size_t len, const uint8_t *buf);
int __wrap_mp_vfs_blockdev_write_ext(mp_vfs_blockdev_t *self, size_t block, size_t offset, size_t len, const uint8_t *buf) {
    COUNTED(int, __real_mp_vfs_blockdev_write_ext(self, block, offset, len, buf));
}

mp_obj_t __real_mp_vfs_blockdev_ioctl(mp_vfs_blockdev_t *self, uintptr_t cmd, uintptr_t arg);
mp_obj_t __wrap_mp_vfs_blockdev_ioctl(mp_vfs_blockdev_t *self, uintptr_t cmd, uintptr_t arg) {
    COUNTED(mp_obj_t, __real_mp_vfs_blockdev_ioctl(self, cmd, arg));
}
