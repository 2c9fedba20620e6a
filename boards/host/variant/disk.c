// The disk: a 16 MB file in memory, of the layout that board mps2 has at the same addresses.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "extmod/vfs.h"
#include "host.h"

#define MAGIC (0x4c494f43)
#define PAGE_OFFSET (DISK_BYTES - PAGE_BYTES)
#define BLOCK_BYTES (4096)
#define ROM_OFFSET (0x800000)
#define ROM_BYTES (0x400000)

uint8_t *disk;

HOST_NORETURN static void refuse(const char *name, const char *why, const char *detail) {
    fprintf(stderr, "coil-host: the disk %s %s%s\n", name, why, detail);
    exit(2);
}

// Open the file named by COIL_DISK. Without one the disk is memory that lives until power-off: its
// name is passed on, so that it is still there after a reset.
static int open_disk(const char **name) {
    *name = getenv("COIL_DISK");
    if (*name != NULL && **name != '\0') {
        return open(*name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    }
    int file = memfd_create("coil-disk", 0); // stays open over a reset
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    setenv("COIL_DISK", path, 1);
    *name = getenv("COIL_DISK");
    return file;
}

void disk_init(void) {
    const char *name;
    struct stat info;
    int file = open_disk(&name);
    if (file < 0 || fstat(file, &info) != 0) {
        refuse(name, "cannot be used: ", strerror(errno));
    }
    // As long as the file is open it is this process's, over resets too.
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(file, F_SETLK, &all) != 0 && (errno == EACCES || errno == EAGAIN)) {
        refuse(name, "is in use by another board; end that one first, or name another file", "");
    }
    if (info.st_size == 0 && ftruncate(file, DISK_BYTES) != 0) {
        refuse(name, "cannot be used: ", strerror(errno));
    }
    if (info.st_size != 0 && info.st_size != DISK_BYTES) {
        refuse(name, "is no Coil disk: it does not have 16777216 bytes; name another file or none", "");
    }
    disk = mmap(NULL, DISK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (disk == MAP_FAILED) {
        refuse(name, "cannot be used: ", strerror(errno));
    }
}

volatile uint32_t *page_word(unsigned int offset) {
    return (volatile uint32_t *)(disk + PAGE_OFFSET + offset);
}

uint32_t page_get(unsigned int offset) {
    return *page_word(PAGE_MAGIC) == MAGIC ? *page_word(offset) : 0;
}

// ---- Flash: a part of the disk as a block device and a buffer.

typedef struct {
    mp_obj_base_t base;
    uint8_t *data;
    uint32_t bytes;
} flash_t;

// Flash(offset, bytes)
static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 2, 2, false);
    mp_uint_t offset = mp_obj_get_int(args[0]);
    mp_uint_t bytes = mp_obj_get_int(args[1]);
    if (offset > DISK_BYTES || bytes > DISK_BYTES - offset || offset % BLOCK_BYTES != 0 || bytes % BLOCK_BYTES != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("Flash(offset, bytes): whole blocks of 4096 bytes below 16 MB"));
    }
    flash_t *self = mp_obj_malloc(flash_t, type);
    self->data = disk + offset;
    self->bytes = bytes;
    return MP_OBJ_FROM_PTR(self);
}

// The place of a transfer, which must lie within the device.
static uint8_t *locate(flash_t *self, size_t n_args, const mp_obj_t *args, size_t bytes) {
    mp_uint_t block = mp_obj_get_int(args[1]);
    mp_uint_t offset = n_args > 3 ? mp_obj_get_int(args[3]) : 0;
    if (block > self->bytes / BLOCK_BYTES || offset > self->bytes || block * BLOCK_BYTES + offset + bytes > self->bytes) {
        mp_raise_OSError(MP_EINVAL);
    }
    return self->data + block * BLOCK_BYTES + offset;
}

static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    memcpy(buffer.buf, locate(MP_OBJ_TO_PTR(args[0]), n_args, args, buffer.len), buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_READ);
    memcpy(locate(MP_OBJ_TO_PTR(args[0]), n_args, args, buffer.len), buffer.buf, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self_in, mp_obj_t request, mp_obj_t argument) {
    flash_t *self = MP_OBJ_TO_PTR(self_in);
    (void)argument;
    switch (mp_obj_get_int(request)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: // memory takes any value over any other
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(self->bytes / BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_BYTES);
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

// is_blank() -> whether nothing was ever written: every byte is 0, or every byte is 0xff.
static mp_obj_t flash_is_blank(mp_obj_t self_in) {
    flash_t *self = MP_OBJ_TO_PTR(self_in);
    bool same = self->bytes == 0 || memcmp(self->data, self->data + 1, self->bytes - 1) == 0;
    return mp_obj_new_bool(same && (self->bytes == 0 || self->data[0] == 0 || self->data[0] == 0xff));
}
static MP_DEFINE_CONST_FUN_OBJ_1(flash_is_blank_obj, flash_is_blank);

static mp_int_t flash_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    flash_t *self = MP_OBJ_TO_PTR(self_in);
    if (flags & MP_BUFFER_WRITE) {
        return 1; // writing goes through writeblocks()
    }
    buffer->buf = self->data;
    buffer->len = self->bytes;
    buffer->typecode = 'B';
    return 0;
}

static const mp_rom_map_elem_t flash_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_is_blank), MP_ROM_PTR(&flash_is_blank_obj) },
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    host_flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE,
    make_new, flash_make_new,
    buffer, flash_buffer,
    locals_dict, &flash_locals
    );

// ---- The ROMFS partition for vfs.rom_ioctl() and `mpremote romfs`; replaces the unix port's.

mp_obj_t __wrap_mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    static flash_t rom = { .base.type = &host_flash_type, .bytes = ROM_BYTES };
    mp_int_t request = mp_obj_get_int(args[0]);
    rom.data = disk + ROM_OFFSET;
    if (request == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        return MP_OBJ_NEW_SMALL_INT(1);
    }
    if (n_args < 2 || mp_obj_get_int(args[1]) != 0) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    switch (request) {
        case MP_VFS_ROM_IOCTL_GET_SEGMENT:
            return MP_OBJ_FROM_PTR(&rom);
        case MP_VFS_ROM_IOCTL_WRITE_PREPARE: // (3, segment, bytes) -> smallest write
            if (n_args < 3 || mp_obj_get_int(args[2]) < 0 || mp_obj_get_int(args[2]) > ROM_BYTES) {
                return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
            }
            memset(rom.data, 0xff, mp_obj_get_int(args[2]));
            return MP_OBJ_NEW_SMALL_INT(4);
        case MP_VFS_ROM_IOCTL_WRITE: { // (4, segment, offset, buffer)
            if (n_args < 4) {
                return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
            }
            mp_buffer_info_t buffer;
            mp_uint_t offset = mp_obj_get_int(args[2]);
            mp_get_buffer_raise(args[3], &buffer, MP_BUFFER_READ);
            if (offset > ROM_BYTES || buffer.len > ROM_BYTES - offset) {
                return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
            }
            memcpy(rom.data + offset, buffer.buf, buffer.len);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        case MP_VFS_ROM_IOCTL_WRITE_COMPLETE:
            return MP_OBJ_NEW_SMALL_INT(0);
        default:
            return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
}
