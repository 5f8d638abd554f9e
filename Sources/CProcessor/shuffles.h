// Shuffles of vectors of sixteen floats. Written lane by lane in Swift, each becomes several instructions.
#ifndef CPROCESSOR_SHUFFLES_H
#define CPROCESSOR_SHUFFLES_H

typedef float float16 __attribute__((ext_vector_type(16)));

// In each quarter: x0 y0 x1 y1.
static inline float16 mix_low(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}

// In each quarter: x2 y2 x3 y3.
static inline float16 mix_high(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}

// In each quarter: x0 x1 y0 y1.
static inline float16 pair_low(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
}

// In each quarter: x2 x3 y2 y3.
static inline float16 pair_high(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

// The quarters 0 and 2 of x and those of y.
static inline float16 even_quarters(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

// The quarters 1 and 3 of x and those of y.
static inline float16 odd_quarters(float16 x, float16 y) {
  return __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

#endif
