# Included by the Makefile: the streaming module and its settings, the same for all files.
STREAMING ?= streaming
SOURCES += $(wildcard $(STREAMING)/*.c)
vpath %.c $(STREAMING)
override CPPFLAGS += -DTR_OWN_COMMANDS=1 -I$(STREAMING)
