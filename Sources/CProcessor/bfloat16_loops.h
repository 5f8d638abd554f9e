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

// A part of a tile: TILE_ROWS rows from `row` on and `vectors` vectors of columns from `vector` on, of a tile of `all` vectors.
static inline TARGET __attribute__((always_inline)) void NAME(part)(
    const bfloat16_tile *tile, ptrdiff_t a_stride, ptrdiff_t step, int row, int vector, int vectors, int all) {
  float16 sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sums[i][j] = (float16)(0.0f);
  const uint32_t *a = tile->a + row * a_stride, *b = tile->b + 16 * vector;
  const char *prefetch = tile->prefetch;
  float *target = tile->c;
  ptrdiff_t prefetch_step = tile->prefetch_step, b_stride = tile->b_stride;
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  size_t pairs = tile->pairs, lead = pairs > 32 ? pairs - 32 : 0;
  if (row > 0 || vector > 0) lead = pairs;
#pragma clang loop unroll(disable)
  for (size_t k = 0; k < pairs; k++) {
    __builtin_prefetch(prefetch, 0, 2);
    prefetch += prefetch_step;
    if (k - lead < 8) {
#pragma clang loop unroll(full)
      for (int j = 0; j < all; j++) __builtin_prefetch(target + 16 * j, 1, 3);
      target += tile->ldc;
    }
    uint32x16 columns[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) __builtin_memcpy(&columns[j], b + 16 * j, sizeof(columns[j]));
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE_ROWS; i++) {
      uint32x16 x = (uint32x16)a[i * a_stride];
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) sums[i][j] = DOT(sums[i][j], x, columns[j]);
    }
    a += step;
    b += b_stride;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++) {
    float *c = tile->c + (row + i) * tile->ldc + 16 * vector;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      float16 sum = tile->accumulate ? NAME(load)(c + 16 * j) + sums[i][j] : sums[i][j];
      __builtin_memcpy(c + 16 * j, &sum, sizeof(sum));
    }
  }
}

static inline TARGET __attribute__((always_inline)) void NAME(whole)(
    const bfloat16_tile *tile, ptrdiff_t a_stride, ptrdiff_t step, int vectors) {
#pragma clang loop unroll(full)
  for (int row = 0; row < 8; row += TILE_ROWS)
#pragma clang loop unroll(full)
    for (int vector = 0; vector < vectors; vector += TILE_VECTORS)
      NAME(part)(tile, a_stride, step, row, vector, TILE_VECTORS < vectors ? TILE_VECTORS : vectors, vectors);
}

// One function for each kind of tile, or the compiler would not keep the sums in registers.
static TARGET __attribute__((noinline)) void NAME(rows_wide)(const bfloat16_tile *tile) {
  NAME(whole)(tile, tile->a_stride, 1, 3);
}

static TARGET __attribute__((noinline)) void NAME(rows_narrow)(const bfloat16_tile *tile) {
  NAME(whole)(tile, tile->a_stride, 1, 2);
}

static TARGET __attribute__((noinline)) void NAME(columns_wide)(const bfloat16_tile *tile) { NAME(whole)(tile, 1, 8, 3); }

static TARGET __attribute__((noinline)) void NAME(columns_narrow)(const bfloat16_tile *tile) { NAME(whole)(tile, 1, 8, 2); }

static inline void NAME(tile)(const bfloat16_tile *tile) {
  if (tile->a_stride > 0)
    tile->is_narrow ? NAME(rows_narrow)(tile) : NAME(rows_wide)(tile);
  else
    tile->is_narrow ? NAME(columns_narrow)(tile) : NAME(columns_wide)(tile);
}

#undef NAME
#undef TARGET
#undef PAIRS
#undef NEIGHBOURS
#undef DOT
#undef TILE_ROWS
#undef TILE_VECTORS
