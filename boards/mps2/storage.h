// Regions of the file-backed PSRAM as block devices.
#ifndef COIL_MPS2_STORAGE_H
#define COIL_MPS2_STORAGE_H

#include "py/obj.h"

extern const mp_obj_type_t storage_type;
extern const struct _storage_obj_t storage_flash_obj; // `/flash`
extern const struct _storage_obj_t storage_rom_obj; // ROMFS partition 0

#endif
