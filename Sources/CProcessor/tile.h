// Tiles of a product, in the versions that processors need: which one is used is decided at run time, whatever the rest is compiled
// for. An element is 32 bits: a float, or a pair of numbers rounded to bfloat16 (bfloat16.h). Every sum is in the order of the steps,
// one rounding a step: all versions give the same bits.
#ifndef CPROCESSOR_TILE_H
#define CPROCESSOR_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shuffles.h"

typedef float float8 __attribute__((ext_vector_type(8)));

// 8 x 48 or 8 x 32 sums of C.
typedef struct {
  float *c;
  ptrdiff_t c_stride;
  // Eight rows of A, `a_stride` elements apart, their steps `a_step` apart. One of the two is 1.
  const void *a;
  ptrdiff_t a_stride;
  ptrdiff_t a_step;
  // Rows of B, `b_stride` elements apart.
  const void *b;
  ptrdiff_t b_stride;
  // Where B is packed to, rows of 48 elements; NULL if it is packed. Else an element is a float, or made of two: `b_stride` is the
  // floats of two rows then.
  void *panel;
  size_t steps;
  bool is_narrow;
  bool accumulate;
  // A line that is prefetched every few steps, and the bytes from it to the next.
  const char *prefetch;
  ptrdiff_t prefetch_step;
} product_tile;

#define TILE_COPY 48

// Steps that all parts of a tile take before the next ones, and the sums so far [8, 48] where others come before or after.
typedef struct {
  size_t first;
  size_t steps;
  bool is_last;
  float *kept;
} tile_turn;

// 64 rows of B and of A are 14 KiB: those of two turns fit into the first level of the cache.
#define STEPS_IN_TURN 64
// Rows of a slim tile, which has 16 columns.
#define SLIM_TILE_HEIGHT 24

#define FLOAT_MULTIPLY_ADD(sum, a, b) __builtin_elementwise_fma(a, b, sum)

// Without instructions that are known to be there: few sums at a time.
#define NAME(x) plain_float_##x
#define TARGET
#define ELEMENT float
#define OPERAND float16
#define VECTOR float16
#define MULTIPLY_ADD FLOAT_MULTIPLY_ADD
#define STEPS_PER_LINE 2
#define TILE_ROWS 4
#define TILE_VECTORS 1
#define NARROW_TILE_VECTORS 1
#define SLIM_ROWS 4
#define SLIM_VECTORS 1
#include "tile_loops.h"

#if defined(__x86_64__)

// 16 registers of 256 bits: 4 x 24 sums, three vectors of B and a number of A.
#define NAME(x) avx2_float_##x
#define TARGET __attribute__((target("avx2,fma")))
#define ELEMENT float
#define OPERAND float8
#define VECTOR float8
#define MULTIPLY_ADD FLOAT_MULTIPLY_ADD
#define STEPS_PER_LINE 2
#define TILE_ROWS 4
#define TILE_VECTORS 3
#define NARROW_TILE_VECTORS 2
#define SLIM_ROWS 6
#define SLIM_VECTORS 2
#include "tile_loops.h"

// 32 registers of 512 bits: all sums, three vectors of B and a number of A.
#define NAME(x) avx512_float_##x
#define TARGET __attribute__((target("avx512f")))
#define ELEMENT float
#define OPERAND float16
#define VECTOR float16
#define MULTIPLY_ADD FLOAT_MULTIPLY_ADD
#define STEPS_PER_LINE 2
#define TILE_ROWS 8
#define TILE_VECTORS 3
#define NARROW_TILE_VECTORS 2
#define SLIM_ROWS 24
#define SLIM_VECTORS 1
#include "tile_loops.h"

static inline bool has_avx2_instructions(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static inline bool has_avx512_instructions(void) { return __builtin_cpu_supports("avx512f"); }

#else

// Never called.
static inline void avx2_float_tile(const product_tile *tile) { plain_float_tile(tile); }
static inline void avx512_float_tile(const product_tile *tile) { plain_float_tile(tile); }
static inline void avx2_float_slim_tile(const product_tile *tile) { plain_float_slim_tile(tile); }
static inline void avx512_float_slim_tile(const product_tile *tile) { plain_float_slim_tile(tile); }
static inline bool has_avx2_instructions(void) { return false; }
static inline bool has_avx512_instructions(void) { return false; }

#endif

#endif
