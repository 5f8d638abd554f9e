// A signal flag, which Swift code must not be asked to set: nothing of Swift's run time is safe inside a handler.
#ifndef CSIGNALS_H
#define CSIGNALS_H
#include <signal.h>

static volatile sig_atomic_t csignals_placeholder = 0;
#endif
