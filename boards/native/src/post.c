// Posts: calls that interrupt handlers and other preempting code leave for the kernel's drain.

#include "kernel.h"

#define POSTS (64) // a power of two

MP_REGISTER_ROOT_POINTER(mp_obj_t coil_posts[192]); // three words for each of POSTS
static volatile uint32_t posted;
static volatile uint32_t applied;
static volatile uint32_t lost;

void coil_post_deinit(void) {
    posted = applied = lost = 0;
    for (size_t i = 0; i < 3 * POSTS; ++i) {
        MP_STATE_VM(coil_posts)[i] = MP_OBJ_NULL;
    }
}

// post(function, a, b=None) -> whether function(a, b) will be called by the kernel's drain; False,
// and counted, if 64 calls wait already.
static mp_obj_t native_post(size_t n_args, const mp_obj_t *args) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool room = posted - applied < POSTS;
    if (room) {
        mp_obj_t *post = &MP_STATE_VM(coil_posts)[posted++ % POSTS * 3];
        post[0] = args[0];
        post[1] = args[1];
        post[2] = n_args > 2 ? args[2] : mp_const_none;
    } else {
        ++lost;
    }
    coil_kick();
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_obj_new_bool(room);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(coil_post_obj, 2, 3, native_post);

// After an exception: the other posts, and what else there is to do, wait for a drain.
static void kick_again(void *node) {
    (void)node;
    coil_kick();
}

// Make the posted calls, in their order. One that raises is taken off nevertheless.
void coil_apply(void) {
    nlr_jump_callback_node_t node;
    nlr_push_jump_callback(&node, kick_again);
    while (applied != posted) {
        mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION(); // a handler must not find it half empty
        mp_obj_t *post = &MP_STATE_VM(coil_posts)[applied % POSTS * 3];
        mp_obj_t function = post[0], a = post[1], b = post[2];
        post[0] = post[1] = post[2] = MP_OBJ_NULL;
        ++applied;
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        mp_call_function_2(function, a, b);
    }
    nlr_pop_jump_callback(false);
}

// posts_lost() -> how many calls found no room since the start.
static mp_obj_t native_posts_lost(void) {
    return mp_obj_new_int_from_uint(lost);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_posts_lost_obj, native_posts_lost);
