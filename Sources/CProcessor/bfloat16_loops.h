// The loops of bfloat16.h, included once for each version with the macros that say how it computes.

static inline TARGET __attribute__((always_inline)) float16 NAME(load)(const float *x) {
  float16 result;
  __builtin_memcpy(&result, x, sizeof(result));
  return result;
}

// `count` numbers, at most sixteen, and zeros. Blocks of rows are often an odd number of eights.
static inline TARGET __attribute__((always_inline)) float16 NAME(load_some)(const float *x, size_t count) {
  float numbers[16] = {0};
  if (count == 8) {
    __builtin_memcpy(numbers, x, 32);
    return NAME(load)(numbers);
  }
#pragma clang loop unroll(disable) vectorize(disable)
  for (size_t i = 0; i < count; i++) numbers[i] = x[i];
  return NAME(load)(numbers);
}

// out = `count` numbers of a row in pairs of neighbours; the last is paired with zero where it has none.
static TARGET __attribute__((noinline)) void NAME(pack_neighbours)(uint32_t *out, const float *x, size_t count) {
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    uint32x16 pairs = NEIGHBOURS(NAME(load)(x + i), NAME(load)(x + i + 16));
    __builtin_memcpy(out + i / 2, &pairs, sizeof(pairs));
  }
  if (i == count) return;
  size_t rest = count - i;
  float16 first = NAME(load_some)(x + i, rest < 16 ? rest : 16);
  float16 second = NAME(load_some)(x + i + 16, rest < 16 ? 0 : rest - 16);
  uint32x16 pairs = NEIGHBOURS(first, second);
  __builtin_memcpy(out + i / 2, &pairs, (rest + 1) / 2 * 4);
}

// Pairs of the numbers of two rows that stand below each other, in chunks `stride` pairs apart; `high` is NULL where K ends with
// `low`. The last chunk is filled up with zeros.
static inline TARGET __attribute__((always_inline)) void NAME(pack_columns)(
    uint32_t *out, size_t chunk, ptrdiff_t stride, const float *low, const float *high, size_t count) {
  size_t width = chunk < 16 ? chunk : 16;
  uint32x16 mask = high ? 0xFFFFFFFF : 0x0000FFFF;
  if (!high) high = low;
  for (size_t first = 0; first < count; first += chunk, out += stride) {
    for (size_t i = 0; i < chunk; i += 16) {
      size_t column = first + i;
      float16 a, b;
      if (column + 16 <= count) {
        a = NAME(load)(low + column);
        b = NAME(load)(high + column);
      } else {
        size_t rest = column < count ? count - column : 0;
        a = NAME(load_some)(low + column, rest);
        b = NAME(load_some)(high + column, rest);
      }
      uint32x16 pairs = PAIRS(a, b) & mask;
      __builtin_memcpy(out + i, &pairs, 4 * width);
      if (chunk == 8 && column + 8 < count) {
        out += stride;
        first += chunk;
        __builtin_memcpy(out, (const uint32_t *)&pairs + 8, 4 * width);
      }
    }
  }
}

// Chunks of eight, for a panel of A.
static TARGET __attribute__((noinline)) void NAME(pack_eights)(
    uint32_t *out, ptrdiff_t stride, const float *low, const float *high, size_t count) {
  NAME(pack_columns)(out, 8, stride, low, high, count);
}

// Chunks of 48, for a panel of B.
static TARGET __attribute__((noinline)) void NAME(pack_panels)(
    uint32_t *out, ptrdiff_t stride, const float *low, const float *high, size_t count) {
  NAME(pack_columns)(out, 48, stride, low, high, count);
}

// One row, filled up with zeros to a multiple of 32.
static TARGET __attribute__((noinline)) void NAME(pack_row)(
    uint32_t *out, const float *low, const float *high, size_t count) {
  NAME(pack_columns)(out, 32, 32, low, high, count);
}

// Pairs from two rows as they are stored, which are half of `stride` apart.
static inline TARGET __attribute__((always_inline)) uint32x16 NAME(pairs_of_rows)(const void *low, ptrdiff_t stride) {
  return PAIRS(NAME(load)(low), NAME(load)((const float *)low + stride / 2));
}

#undef PAIRS
#undef NEIGHBOURS

#define ELEMENT uint32_t
#define OPERAND uint32x16
#define VECTOR float16
#define STEPS_PER_LINE 1
#define PACKED(b, stride) NAME(pairs_of_rows)(b, stride)
#include "tile_loops.h"
