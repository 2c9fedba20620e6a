# USER_C_MODULES=<boards> finds the module here, USER_C_MODULES=<boards>/native in src/.
include $(USERMOD_DIR)/src/micropython.mk
