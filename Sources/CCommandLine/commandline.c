#include "commandline.h"

#include <sys/auxv.h>

static int count = 0;
static char **words = 0;

// glibc calls constructors with the arguments of main.
__attribute__((constructor)) static void note(int argc, char **argv) {
  count = argc;
  words = argv;
}

int ccommandline_count(void) { return count; }
const char *ccommandline_word(int index) { return words[index]; }
const char *ccommandline_program(void) { return (const char *)getauxval(AT_EXECFN); }
