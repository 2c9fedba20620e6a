// Regions of the file-backed PSRAM as block devices, and the ROMFS partition.

#include <string.h>

#include "py/binary.h"
#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "extmod/vfs.h"
#include "hardware.h"
#include "storage.h"

#define BLOCK_BYTES (4096)

typedef struct _storage_obj_t {
    mp_obj_base_t base;
    uint8_t *start;
    uint32_t bytes;
    const char *name;
} storage_obj_t;

const storage_obj_t storage_flash_obj = {
    { &storage_type }, (uint8_t *)FLASH_FS_BASE, FLASH_FS_SIZE, "flash",
};
const storage_obj_t storage_rom_obj = {
    { &storage_type }, (uint8_t *)ROMFS_BASE, ROMFS_SIZE, "rom",
};

static void storage_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    storage_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "<Storage '%s' %u KB>", self->name, self->bytes / 1024);
}

// Checks a transfer; returns the place of its first byte, or NULL if it leaves the device.
static uint8_t *storage_span(storage_obj_t *self, mp_obj_t block, mp_obj_t offset, size_t len) {
    mp_int_t number = mp_obj_get_int(block);
    mp_int_t off = offset == MP_OBJ_NULL ? 0 : mp_obj_get_int(offset);
    if (number < 0 || number >= (mp_int_t)(self->bytes / BLOCK_BYTES) || off < 0 || off > BLOCK_BYTES) {
        return NULL;
    }
    uint32_t at = (uint32_t)number * BLOCK_BYTES + off;
    return len > self->bytes - at ? NULL : self->start + at;
}

// readblocks(block, buf[, offset])
static mp_obj_t storage_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_WRITE);
    uint8_t *at = storage_span(MP_OBJ_TO_PTR(args[0]), args[1], n_args > 3 ? args[3] : MP_OBJ_NULL, buf.len);
    if (at == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    memcpy(buf.buf, at, buf.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(storage_readblocks_obj, 3, 4, storage_readblocks);

// writeblocks(block, buf[, offset])
static mp_obj_t storage_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_READ);
    uint8_t *at = storage_span(MP_OBJ_TO_PTR(args[0]), args[1], n_args > 3 ? args[3] : MP_OBJ_NULL, buf.len);
    if (at == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    memcpy(at, buf.buf, buf.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(storage_writeblocks_obj, 3, 4, storage_writeblocks);

// ioctl(cmd, arg)
static mp_obj_t storage_ioctl(mp_obj_t self_in, mp_obj_t cmd, mp_obj_t arg) {
    storage_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (mp_obj_get_int(cmd)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(self->bytes / BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: {
            uint8_t *at = storage_span(self, arg, MP_OBJ_NULL, BLOCK_BYTES);
            if (at == NULL) {
                return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
            }
            memset(at, 0xff, BLOCK_BYTES);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(storage_ioctl_obj, storage_ioctl);

// is_blank(): every byte 0x00, or every byte 0xFF.
static mp_obj_t storage_is_blank(mp_obj_t self_in) {
    storage_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const uint32_t *word = (const uint32_t *)self->start;
    uint32_t first = *word;
    bool blank = first == 0 || first == 0xffffffff;
    for (uint32_t n = self->bytes / 4; blank && n; n--) {
        blank = *word++ == first;
    }
    return mp_obj_new_bool(blank);
}
static MP_DEFINE_CONST_FUN_OBJ_1(storage_is_blank_obj, storage_is_blank);

static mp_int_t storage_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags) {
    storage_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)flags;
    info->buf = self->start;
    info->len = self->bytes;
    info->typecode = 'B';
    return 0;
}

static const mp_rom_map_elem_t storage_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&storage_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&storage_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&storage_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_is_blank), MP_ROM_PTR(&storage_is_blank_obj) },
};
static MP_DEFINE_CONST_DICT(storage_locals_dict, storage_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    storage_type, MP_QSTR_Storage, MP_TYPE_FLAG_NONE,
    print, storage_print,
    buffer, storage_get_buffer,
    locals_dict, &storage_locals_dict
    );

static const MP_DEFINE_MEMORYVIEW_OBJ(romfs_obj, 'B', 0, ROMFS_SIZE, (void *)ROMFS_BASE);

// vfs.rom_ioctl(): `mpremote romfs deploy` writes through this.
mp_obj_t mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    mp_int_t cmd = mp_obj_get_int(args[0]);
    if (cmd == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        return MP_OBJ_NEW_SMALL_INT(1);
    }
    if (n_args < 2 || mp_obj_get_int(args[1]) != 0) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    switch (cmd) {
        case MP_VFS_ROM_IOCTL_GET_SEGMENT:
            return MP_OBJ_FROM_PTR(&romfs_obj);
        case MP_VFS_ROM_IOCTL_WRITE_PREPARE: {
            if (n_args < 3) {
                break;
            }
            mp_int_t len = mp_obj_get_int(args[2]);
            if (len < 0 || (uint32_t)len > ROMFS_SIZE) {
                break;
            }
            memset((void *)ROMFS_BASE, 0xff, len);
            return MP_OBJ_NEW_SMALL_INT(4); // minimum write
        }
        case MP_VFS_ROM_IOCTL_WRITE: {
            if (n_args < 4) {
                break;
            }
            mp_int_t offset = mp_obj_get_int(args[2]);
            mp_buffer_info_t buf;
            mp_get_buffer_raise(args[3], &buf, MP_BUFFER_READ);
            if (offset < 0 || (uint32_t)offset > ROMFS_SIZE || buf.len > ROMFS_SIZE - offset) {
                break;
            }
            memcpy((uint8_t *)ROMFS_BASE + offset, buf.buf, buf.len);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        case MP_VFS_ROM_IOCTL_WRITE_COMPLETE:
            return MP_OBJ_NEW_SMALL_INT(0);
    }
    return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
}
