// machine.RTC: the wall clock as a calendar.
//
// The board has no clock chip: the host gives the time at launch, clock.c counts on from there and
// the time survives a warm reset.  UTC; the weekday counts from Monday = 0, as in time.localtime(),
// and is worked out from the date whatever the caller gives; the subseconds are microseconds.

#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "shared/timeutils/timeutils.h"
#include "clock.h"

// The calendar of both tested MicroPython versions holds in these years.
#define RTC_YEAR_MIN (2000)
#define RTC_YEAR_MAX (2099)
#define RTC_FIELDS (8)
#define US_PER_S (1000000u)

static const mp_obj_base_t machine_rtc_obj = { &machine_rtc_type };

static mp_int_t rtc_field(mp_obj_t value, qstr name, mp_int_t low, mp_int_t high) {
    mp_int_t number = mp_obj_get_int(value);
    if (number < low || number > high) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q must be %d to %d, not %d"), name, (int)low, (int)high, (int)number);
    }
    return number;
}

// Sets the clock.  time: hour, minute, second, microsecond.
static void rtc_set(const mp_obj_t *date, const mp_obj_t *time) {
    mp_int_t year = rtc_field(date[0], MP_QSTR_year, RTC_YEAR_MIN, RTC_YEAR_MAX);
    mp_int_t month = rtc_field(date[1], MP_QSTR_month, 1, 12);
    mp_int_t day = rtc_field(date[2], MP_QSTR_day, 1, timeutils_days_in_month(year, month));
    mp_int_t hour = rtc_field(time[0], MP_QSTR_hour, 0, 23);
    mp_int_t minute = rtc_field(time[1], MP_QSTR_minute, 0, 59);
    mp_int_t second = rtc_field(time[2], MP_QSTR_second, 0, 59);
    mp_int_t us = rtc_field(time[3], MP_QSTR_microsecond, 0, US_PER_S - 1);
    uint64_t seconds = (uint32_t)timeutils_seconds_since_2000(year, month, day, hour, minute, second);
    clock_wall_set((seconds + TIMEUTILS_SECONDS_1970_TO_2000) * US_PER_S + us);
}

static mp_obj_t machine_rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    (void)type;
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_id, MP_ARG_INT, {.u_int = 0} },
    };
    mp_arg_val_t id;
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, 1, allowed_args, &id);
    if (id.u_int != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("RTC(%d) doesn't exist, use RTC(0)"), (int)id.u_int);
    }
    return MP_OBJ_FROM_PTR(&machine_rtc_obj);
}

// RTC.datetime([(year, month, day, weekday, hour, minute, second, microsecond)])
static mp_obj_t machine_rtc_datetime(size_t n_args, const mp_obj_t *args) {
    if (n_args == 2) {
        mp_obj_t *fields;
        mp_obj_get_array_fixed_n(args[1], RTC_FIELDS, &fields);
        mp_obj_get_int(fields[3]);
        rtc_set(fields, fields + 4);
        return mp_const_none;
    }
    uint64_t us = clock_wall_us();
    timeutils_struct_time_t tm;
    timeutils_seconds_since_2000_to_struct_time(us / US_PER_S - TIMEUTILS_SECONDS_1970_TO_2000, &tm);
    mp_obj_t fields[RTC_FIELDS] = {
        MP_OBJ_NEW_SMALL_INT(tm.tm_year),
        MP_OBJ_NEW_SMALL_INT(tm.tm_mon),
        MP_OBJ_NEW_SMALL_INT(tm.tm_mday),
        MP_OBJ_NEW_SMALL_INT(tm.tm_wday),
        MP_OBJ_NEW_SMALL_INT(tm.tm_hour),
        MP_OBJ_NEW_SMALL_INT(tm.tm_min),
        MP_OBJ_NEW_SMALL_INT(tm.tm_sec),
        MP_OBJ_NEW_SMALL_INT(us % US_PER_S),
    };
    return mp_obj_new_tuple(RTC_FIELDS, fields);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(machine_rtc_datetime_obj, 1, 2, machine_rtc_datetime);

// RTC.init([(year, month, day, hour, minute, second, microsecond, tzinfo)]): the clock always runs,
// so without a tuple there is nothing to do.
static mp_obj_t machine_rtc_init(size_t n_args, const mp_obj_t *args) {
    if (n_args == 2) {
        mp_obj_t *fields;
        mp_obj_get_array_fixed_n(args[1], RTC_FIELDS, &fields);
        rtc_set(fields, fields + 3);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(machine_rtc_init_obj, 1, 2, machine_rtc_init);

static const mp_rom_map_elem_t machine_rtc_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&machine_rtc_datetime_obj) },
    { MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&machine_rtc_init_obj) },
};
static MP_DEFINE_CONST_DICT(machine_rtc_locals_dict, machine_rtc_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    machine_rtc_type,
    MP_QSTR_RTC,
    MP_TYPE_FLAG_NONE,
    make_new, machine_rtc_make_new,
    locals_dict, &machine_rtc_locals_dict
    );
