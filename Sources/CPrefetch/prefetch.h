// Asking for a line of memory before it is needed: Swift has no way to say it.
#ifndef CPREFETCH_H
#define CPREFETCH_H

/// The line will be read some microseconds from now: into the second level of the cache.
static inline void prefetch_for_reading(const void *address) { __builtin_prefetch(address, 0, 2); }

/// The line will be written soon.
static inline void prefetch_for_writing(const void *address) { __builtin_prefetch(address, 1, 3); }

#endif
