#include "CPIQKernels.h"

#include <string.h>

#include "versions.h"

enum { most_points = 6 };

// MARK: Along one axis

/// The values at the n points of n pixels, `step` elements apart in both.
INLINED void evaluate(int n, const float *x, int step, float sign, float *y) {
  const float a = x[0], b = x[step], c = x[2 * step], d = x[3 * step];
  if (n == 4) {
    y[0] = a - c;
    y[step] = (b + c) * 0.5f;
    y[2 * step] = (c - b) * sign;
    y[3 * step] = d - b;
  } else {
    const float e = x[4 * step], f = x[5 * step];
    const float even = e - c, odd = d - b;
    y[0] = (a + e) - 2 * c - 1.5f * odd;
    y[step] = e - 2.5f * c - b - 0.5f * d;
    y[2 * step] = e + 0.5f * c + b - 2.5f * d;
    y[3 * step] = even + 0.5f * odd;
    y[4 * step] = even - 2 * odd;
    y[5 * step] = (b + f) - 2 * d - 1.5f * even;
  }
}

/// The n - 1 outputs of products at n points.
INLINED void interpolate(int n, const float *x, int step, float *y) {
  const float a = x[0], b = x[step], c = x[2 * step], d = x[3 * step];
  const float plus = b + c, minus = b - c;
  if (n == 4) {
    y[0] = a + plus;
    y[step] = minus;
    y[2 * step] = plus + d;
  } else {
    const float e = x[4 * step], f = x[5 * step];
    y[0] = a + plus + (d + e);
    y[step] = minus + 2 * d - 0.5f * e;
    y[2 * step] = plus + 4 * d + 0.25f * e;
    y[3 * step] = minus + 8 * d - 0.125f * e;
    y[4 * step] = plus + 16 * d + 0.0625f * e + f;
  }
}

/// The values at six points of a polynomial with four coefficients.
INLINED void evaluate_polynomial(const float *x, int step, float *y, int target_step) {
  const float a = x[0], b = x[step], c = x[2 * step], d = x[3 * step];
  const float even = a + c, odd = b + d;
  y[0] = a;
  y[target_step] = even + odd;
  y[2 * target_step] = even - odd;
  y[3 * target_step] = a + 2 * b + 4 * c + 8 * d;
  y[4 * target_step] = a - 0.5f * b + 0.25f * c - 0.125f * d;
  y[5 * target_step] = d;
}

/// The six coefficients of the polynomial with these values, each over what it is divided by, at
/// six points: the transpose of `evaluate`.
INLINED void coefficients(const float *x, int step, float *y) {
  const float a = x[0], b = x[step], c = x[2 * step], d = x[3 * step], e = x[4 * step];
  const float f = x[5 * step];
  y[0] = a;
  y[step] = 1.5f * a - b + c - 0.5f * d + 2 * e + f;
  y[2 * step] = -2 * a - 2.5f * b + 0.5f * c - d - e + 1.5f * f;
  y[3 * step] = -1.5f * a - 0.5f * b - 2.5f * c + 0.5f * d - 2 * e - 2 * f;
  y[4 * step] = a + b + c + d + e - 1.5f * f;
  y[5 * step] = f;
}

/// What two taps are at the points.
static const float taps4[4][2] = {{1, 0}, {1, 1}, {1, -1}, {0, 1}};
static const float taps6[6][2] = {
    {1, 0}, {-1 / 3.f, -1 / 3.f}, {1 / 3.f, -1 / 3.f}, {1 / 15.f, 2 / 15.f},
    {-16 / 15.f, 8 / 15.f}, {0, 1}};

// MARK: Numbers

INLINED void store(void *target, ptrdiff_t index, float value, int rounds) {
  if (!rounds) {
    ((float *)target)[index] = value;
    return;
  }
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  ((uint16_t *)target)[index] = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// MARK: Pixels outside

INLINED int count_missing(int count, const float *const *pixels) {
  int missing = 0;
  for (int i = 0; i < count; i++) missing += !pixels[i];
  return missing;
}

/// The pixels, with `zeros` in the place of those outside; of `size` bytes, if there are any.
INLINED void with_zeros(int count, const float *const *pixels, float *zeros, size_t size,
                        const float **source) {
  if (size > sizeof *zeros) memset(zeros, 0, size);
  UNROLLED for (int i = 0; i < count; i++) source[i] = pixels[i] ? pixels[i] : zeros;
}

// MARK: Both axes

INLINED void points(int n, const float *const *pixels, ptrdiff_t channels,
                    const piq_affine *affine, int flipped, void *target, ptrdiff_t plane,
                    int rounds) {
  const float *source[most_points * most_points];
  float inside[most_points * most_points];
  float zeros[count_missing(n * n, pixels) ? channels : 1];
  with_zeros(n * n, pixels, zeros, sizeof zeros, source);
  UNROLLED for (int i = 0; i < n * n; i++) inside[i] = pixels[i] ? 1 : 0;
  // A kernel the other way round has its outer points swapped, and the sign of the one at -1.
  ptrdiff_t place[most_points];
  UNROLLED for (int i = 0; i < n; i++) place[i] = i;
  if (flipped) {
    place[0] = n - 1;
    place[n - 1] = 0;
  }
  const float sign = flipped ? -0.5f : 0.5f;
  const float *scale = affine ? affine->scale : 0, *shift = affine ? affine->shift : 0;
  SIDE_BY_SIDE for (ptrdiff_t c = 0; c < channels; c++) {
    float x[most_points * most_points], y[most_points * most_points];
    UNROLLED for (int i = 0; i < n * n; i++) {
      x[i] = source[i][c];
      if (affine) x[i] = (x[i] * scale[c] + shift[c]) * inside[i];
    }
    UNROLLED for (int i = 0; i < n; i++) evaluate(n, x + n * i, 1, sign, y + n * i);
    UNROLLED for (int i = 0; i < n; i++) evaluate(n, y + i, n, sign, x + i);
    UNROLLED for (int i = 0; i < n; i++) {
      UNROLLED for (int j = 0; j < n; j++) {
        store(target, (place[i] * n + place[j]) * plane + c, x[n * i + j], rounds);
      }
    }
  }
}

INLINED void spread(const float *const *pixels, ptrdiff_t channels, void *target, ptrdiff_t plane,
                    int rounds) {
  const float *source[9];
  float zeros[count_missing(9, pixels) ? channels : 1];
  with_zeros(9, pixels, zeros, sizeof zeros, source);
  SIDE_BY_SIDE for (ptrdiff_t c = 0; c < channels; c++) {
    float rows[12];
    UNROLLED for (int i = 0; i < 3; i++) {
      const float x = source[3 * i][c], y = source[3 * i + 1][c], z = source[3 * i + 2][c];
      rows[4 * i] = x;
      rows[4 * i + 1] = x + y + z;
      rows[4 * i + 2] = x - y + z;
      rows[4 * i + 3] = z;
    }
    UNROLLED for (int j = 0; j < 4; j++) {
      const float x = rows[j], y = rows[4 + j], z = rows[8 + j];
      store(target, j * plane + c, x, rounds);
      store(target, (4 + j) * plane + c, x + y + z, rounds);
      store(target, (8 + j) * plane + c, x - y + z, rounds);
      store(target, (12 + j) * plane + c, z, rounds);
    }
  }
}

INLINED void outputs(int n, const float *products, ptrdiff_t plane, ptrdiff_t channels,
                     int flipped, const piq_operation *operation, float *const *pixels) {
  const int m = n - 1;
  float *target[(most_points - 1) * (most_points - 1)];
  float spare[count_missing(m * m, (const float *const *)pixels) ? channels : 1];
  UNROLLED for (int i = 0; i < m * m; i++) target[i] = pixels[i] ? pixels[i] : spare;
  const float *source[most_points * most_points];
  UNROLLED for (int i = 0; i < n; i++) {
    UNROLLED for (int j = 0; j < n; j++) {
      const int row = flipped && i % (n - 1) == 0 ? n - 1 - i : i;
      const int column = flipped && j % (n - 1) == 0 ? n - 1 - j : j;
      source[n * i + j] = products + (n * row + column) * plane;
    }
  }
  const float *bias = operation->bias, *scale = operation->scale, *shift = operation->shift;
  const float least = operation->least;
  SIDE_BY_SIDE for (ptrdiff_t c = 0; c < channels; c++) {
    float x[most_points * most_points], y[most_points * most_points];
    UNROLLED for (int i = 0; i < n * n; i++) x[i] = source[i][c];
    UNROLLED for (int j = 0; j < n; j++) interpolate(n, x + j, n, y + j);
    UNROLLED for (int i = 0; i < m; i++) interpolate(n, y + n * i, 1, x + n * i);
    UNROLLED for (int i = 0; i < m; i++) {
      UNROLLED for (int j = 0; j < m; j++) {
        const float value = x[n * i + j] + bias[c];
        target[m * i + j][c] = (value < least ? least : value) * scale[c] + shift[c];
      }
    }
  }
}

INLINED void kernel_points(int n, const float (*taps)[2], const float *weights, ptrdiff_t step,
                           ptrdiff_t count, float *target, ptrdiff_t plane) {
  // The taps that meet the coarse pixels j - 1 and j, for odd and for even fine pixels.
  static const int places[2][2] = {{2, 0}, {3, 1}};
  UNROLLED for (int phase = 0; phase < 4; phase++) {
    const int *rows = places[phase / 2], *columns = places[phase % 2];
    SIDE_BY_SIDE for (ptrdiff_t i = 0; i < count; i++) {
      const float *w = weights + step * i;
      const float a = w[4 * rows[0] + columns[0]], b = w[4 * rows[0] + columns[1]];
      const float c = w[4 * rows[1] + columns[0]], d = w[4 * rows[1] + columns[1]];
      UNROLLED for (int row = 0; row < n; row++) {
        const float left = taps[row][0] * a + taps[row][1] * c;
        const float right = taps[row][0] * b + taps[row][1] * d;
        UNROLLED for (int column = 0; column < n; column++) {
          target[((phase * n + row) * n + column) * plane + i] =
              taps[column][0] * left + taps[column][1] * right;
        }
      }
    }
  }
}

INLINED void values(const float *const *pixels, ptrdiff_t channels, float *target,
                    ptrdiff_t plane) {
  const float *source[16];
  float zeros[count_missing(16, pixels) ? channels : 1];
  with_zeros(16, pixels, zeros, sizeof zeros, source);
  SIDE_BY_SIDE for (ptrdiff_t c = 0; c < channels; c++) {
    float x[16], rows[24], y[36];
    UNROLLED for (int i = 0; i < 16; i++) x[i] = source[i][c];
    UNROLLED for (int i = 0; i < 4; i++) evaluate_polynomial(x + 4 * i, 1, rows + 6 * i, 1);
    UNROLLED for (int j = 0; j < 6; j++) evaluate_polynomial(rows + j, 6, y + j, 6);
    UNROLLED for (int i = 0; i < 36; i++) target[i * plane + c] = y[i];
  }
}

enum { groups_at_a_time = 16 };

INLINED void add_products(const float *products, ptrdiff_t plane, int rows, int columns,
                          float *sums, ptrdiff_t width) {
  const int count = rows * columns;
  for (int first = 0; first < count; first += groups_at_a_time) {
    const int groups = count - first < groups_at_a_time ? count - first : groups_at_a_time;
    float result[36][groups_at_a_time];
    SIDE_BY_SIDE for (int c = 0; c < groups; c++) {
      float x[36], y[36];
      UNROLLED for (int i = 0; i < 36; i++) x[i] = products[i * plane + first + c];
      UNROLLED for (int i = 0; i < 6; i++) coefficients(x + 6 * i, 1, y + 6 * i);
      UNROLLED for (int j = 0; j < 6; j++) coefficients(y + j, 6, x + j);
      UNROLLED for (int i = 0; i < 36; i++) result[i][c] = x[i];
    }
    for (int c = 0; c < groups; c++) {
      float *target = sums + (first + c) / columns * 3 * width + (first + c) % columns * 3;
      UNROLLED for (int i = 0; i < 6; i++) {
        UNROLLED for (int j = 0; j < 6; j++) target[i * width + j] += result[6 * i + j][c];
      }
    }
  }
}

// MARK: The functions of the header

FOR_EACH_CPU void piq_tile4_points(const float *const *pixels, ptrdiff_t channels,
                                   const piq_affine *affine, int flipped, float *target,
                                   ptrdiff_t plane) {
  if (affine) {
    points(4, pixels, channels, affine, flipped, target, plane, 0);
  } else {
    points(4, pixels, channels, 0, flipped, target, plane, 0);
  }
}

FOR_EACH_CPU void piq_tile4_points_bf16(const float *const *pixels, ptrdiff_t channels,
                                        const piq_affine *affine, int flipped, uint16_t *target,
                                        ptrdiff_t plane) {
  if (affine) {
    points(4, pixels, channels, affine, flipped, target, plane, 1);
  } else {
    points(4, pixels, channels, 0, flipped, target, plane, 1);
  }
}

FOR_EACH_CPU void piq_tile6_points(const float *const *pixels, ptrdiff_t channels, float *target,
                                   ptrdiff_t plane) {
  points(6, pixels, channels, 0, 0, target, plane, 0);
}

FOR_EACH_CPU void piq_tile6_values(const float *const *pixels, ptrdiff_t channels, float *target,
                                   ptrdiff_t plane) {
  values(pixels, channels, target, plane);
}

FOR_EACH_CPU void piq_tile6_add_products(const float *products, ptrdiff_t plane, int rows,
                                         int columns, float *sums, ptrdiff_t width) {
  add_products(products, plane, rows, columns, sums, width);
}

FOR_EACH_CPU void piq_tile4_spread(const float *const *pixels, ptrdiff_t channels, float *target,
                                   ptrdiff_t plane) {
  spread(pixels, channels, target, plane, 0);
}

FOR_EACH_CPU void piq_tile4_spread_bf16(const float *const *pixels, ptrdiff_t channels,
                                        uint16_t *target, ptrdiff_t plane) {
  spread(pixels, channels, target, plane, 1);
}

FOR_EACH_CPU void piq_tile4_outputs(const float *products, ptrdiff_t plane, ptrdiff_t channels,
                                    int flipped, const piq_operation *operation,
                                    float *const *pixels) {
  outputs(4, products, plane, channels, flipped, operation, pixels);
}

FOR_EACH_CPU void piq_tile6_outputs(const float *products, ptrdiff_t plane, ptrdiff_t channels,
                                    const piq_operation *operation, float *const *pixels) {
  outputs(6, products, plane, channels, 0, operation, pixels);
}

FOR_EACH_CPU void piq_kernel4_points(const float *weights, ptrdiff_t step, ptrdiff_t count,
                                     float *target, ptrdiff_t plane) {
  kernel_points(4, taps4, weights, step, count, target, plane);
}

FOR_EACH_CPU void piq_kernel6_points(const float *weights, ptrdiff_t step, ptrdiff_t count,
                                     float *target, ptrdiff_t plane) {
  kernel_points(6, taps6, weights, step, count, target, plane);
}

FOR_EACH_CPU void piq_round_to_bf16(const float *values, ptrdiff_t count, uint16_t *target) {
  SIDE_BY_SIDE for (ptrdiff_t i = 0; i < count; i++) store(target, i, values[i], 1);
}

FOR_EACH_CPU void piq_finish_pixels(float *pixels, ptrdiff_t count, ptrdiff_t channels,
                                    const piq_operation *operation) {
  const float *bias = operation->bias, *scale = operation->scale, *shift = operation->shift;
  const float least = operation->least;
  for (ptrdiff_t i = 0; i < count; i++) {
    float *pixel = pixels + i * channels;
    SIDE_BY_SIDE for (ptrdiff_t c = 0; c < channels; c++) {
      const float value = pixel[c] + bias[c];
      pixel[c] = (value < least ? least : value) * scale[c] + shift[c];
    }
  }
}
