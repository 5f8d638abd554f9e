// The words of the command line as the system passed them. Swift reads them from /proc, which may be missing, and mends what is
// not UTF-8.
#ifndef CCOMMANDLINE_H
#define CCOMMANDLINE_H

int ccommandline_count(void);

// The word at `index`; the first one is the program.
const char *ccommandline_word(int index);

// The path that the system started the program from.
const char *ccommandline_program(void);

#endif
