#include "CPIQFunctions.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "versions.h"

// MARK: Elementary functions

/// exp(x) to a unit or two in the last place, for x at most 88; 0 for large negative ones.
INLINED float exponential(float x) {
  x = x < -87.0f ? -87.0f : x;
  // x = n log 2 + r, with log 2 in two parts so that r is exact.
  const float shifted = x * 1.44269504f + 12582912.0f;
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float y = 1.9875691500e-4f;
  y = y * r + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * (r * r) + r + 1.0f;
  // n goes into the exponent of 2; negative ones wrap around.
  uint32_t bits, result;
  memcpy(&bits, &shifted, sizeof bits);
  memcpy(&result, &y, sizeof result);
  result += bits << 23;
  memcpy(&y, &result, sizeof y);
  return y;
}

/// erf(x) to about a unit in the last place: polynomials of two intervals, minimax.
INLINED float error_function(float x) {
  const float t = fabsf(x), s = x * x;
  float outer = -1.72853470e-5f * t + 3.83197126e-4f;
  const float u = -3.88396438e-3f * t + 2.42546219e-2f;
  outer = outer * s + u;
  outer = outer * t - 1.06777877e-1f;
  outer = outer * t - 6.34846687e-1f;
  outer = outer * t - 1.28717512e-1f;
  outer = outer * t - t;
  // Beyond 4 it is 1, where the polynomial would go astray.
  outer = 1.0f - exponential(t > 4.0f ? -87.0f : outer);
  outer = copysignf(outer, x);
  float inner = -5.96761703e-4f;
  inner = inner * s + 4.99119423e-3f;
  inner = inner * s - 2.67681349e-2f;
  inner = inner * s + 1.12819925e-1f;
  inner = inner * s - 3.76125336e-1f;
  inner = inner * s + 1.28379166e-1f;
  inner = inner * x + x;
  return t > 0.927734375f ? outer : inner;
}

// MARK: GELU

static const float root_half = 0.70710678f;
static const float root_of_two_pi = 2.50662827f;

FOR_EACH_CPU
void piq_gelu(const float *x, ptrdiff_t count, float *y) {
  SIDE_BY_SIDE
  for (ptrdiff_t i = 0; i < count; i++) {
    y[i] = 0.5f * x[i] * (1.0f + error_function(x[i] * root_half));
  }
}

FOR_EACH_CPU
void piq_gelu_gradient(const float *x, const float *gradient, ptrdiff_t count, float *result) {
  SIDE_BY_SIDE
  for (ptrdiff_t i = 0; i < count; i++) {
    const float below = 0.5f * (1.0f + error_function(x[i] * root_half));
    const float density = exponential(-0.5f * x[i] * x[i]) / root_of_two_pi;
    result[i] = gradient[i] * (below + x[i] * density);
  }
}

// MARK: Rows

// Sums of a row in this many parts, which become the lanes of vectors.
enum { lanes = 16 };

INLINED float total(const float *sums) {
  float total = 0;
  for (int i = 0; i < lanes; i++) total += sums[i];
  return total;
}

FOR_EACH_CPU
void piq_softmax_rows(float *x, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t row = 0; row < rows; row++, x += columns) {
    float most[lanes], sums[lanes] = {0};
    const ptrdiff_t whole = columns / lanes * lanes;
    for (int j = 0; j < lanes; j++) most[j] = -INFINITY;
    for (ptrdiff_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; j++) most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
    }
    float largest = -INFINITY;
    for (int j = 0; j < lanes; j++) largest = most[j] > largest ? most[j] : largest;
    for (ptrdiff_t i = whole; i < columns; i++) largest = x[i] > largest ? x[i] : largest;
    SIDE_BY_SIDE
    for (ptrdiff_t i = 0; i < columns; i++) x[i] = exponential(x[i] - largest);
    for (ptrdiff_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; j++) sums[j] += x[i + j];
    }
    for (ptrdiff_t i = whole; i < columns; i++) sums[i - whole] += x[i];
    const float factor = 1 / total(sums);
    for (ptrdiff_t i = 0; i < columns; i++) x[i] *= factor;
  }
}

/// The sum of the products of two rows.
INLINED float product(const float *a, const float *b, ptrdiff_t count) {
  float sums[lanes] = {0};
  const ptrdiff_t whole = count / lanes * lanes;
  for (ptrdiff_t i = 0; i < whole; i += lanes) {
    for (int j = 0; j < lanes; j++) sums[j] += a[i + j] * b[i + j];
  }
  for (ptrdiff_t i = whole; i < count; i++) sums[i - whole] += a[i] * b[i];
  return total(sums);
}

FOR_EACH_CPU
void piq_softmax_gradient(const float *p, ptrdiff_t rows, ptrdiff_t columns, float *gradient) {
  for (ptrdiff_t row = 0; row < rows; row++, p += columns, gradient += columns) {
    const float along = product(p, gradient, columns);
    SIDE_BY_SIDE
    for (ptrdiff_t i = 0; i < columns; i++) gradient[i] = p[i] * (gradient[i] - along);
  }
}

FOR_EACH_CPU
void piq_layer_norm(const float *x, ptrdiff_t rows, ptrdiff_t channels, float epsilon,
                    const float *weight, const float *bias, float *y, float *statistics) {
  const ptrdiff_t whole = channels / lanes * lanes;
  for (ptrdiff_t row = 0; row < rows; row++, x += channels, y += channels) {
    float sums[lanes] = {0};
    for (ptrdiff_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; j++) sums[j] += x[i + j];
    }
    for (ptrdiff_t i = whole; i < channels; i++) sums[i - whole] += x[i];
    const float mean = total(sums) / (float)channels;
    // The deviations themselves, not the mean of the squares: nothing cancels.
    float squares[lanes] = {0};
    for (ptrdiff_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; j++) squares[j] += (x[i + j] - mean) * (x[i + j] - mean);
    }
    for (ptrdiff_t i = whole; i < channels; i++) {
      squares[i - whole] += (x[i] - mean) * (x[i] - mean);
    }
    const float factor = 1 / sqrtf(total(squares) / (float)channels + epsilon);
    SIDE_BY_SIDE
    for (ptrdiff_t i = 0; i < channels; i++) y[i] = (x[i] - mean) * factor * weight[i] + bias[i];
    if (statistics) {
      statistics[2 * row] = mean;
      statistics[2 * row + 1] = factor;
    }
  }
}

FOR_EACH_CPU
void piq_layer_norm_gradient(const float *x, const float *statistics, const float *weight,
                             const float *gradient, ptrdiff_t rows, ptrdiff_t channels,
                             float *result) {
  const ptrdiff_t whole = channels / lanes * lanes;
  for (ptrdiff_t row = 0; row < rows; row++) {
    const float mean = statistics[2 * row], factor = statistics[2 * row + 1];
    // The gradient of the normalised row, and its part along it.
    SIDE_BY_SIDE
    for (ptrdiff_t i = 0; i < channels; i++) result[i] = gradient[i] * weight[i];
    float sums[lanes] = {0}, along[lanes] = {0};
    for (ptrdiff_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; j++) {
        sums[j] += result[i + j];
        along[j] += result[i + j] * (x[i + j] - mean);
      }
    }
    for (ptrdiff_t i = whole; i < channels; i++) {
      sums[i - whole] += result[i];
      along[i - whole] += result[i] * (x[i] - mean);
    }
    const float average = total(sums) / (float)channels;
    const float slope = total(along) * factor * factor / (float)channels;
    SIDE_BY_SIDE
    for (ptrdiff_t i = 0; i < channels; i++) {
      result[i] = factor * (result[i] - average - slope * (x[i] - mean));
    }
    x += channels;
    gradient += channels;
    result += channels;
  }
}

// MARK: Depthwise convolution

// So many channels stay in registers while the taps are summed.
enum { group = 64 };

INLINED void depthwise_pixel(const float *const *rows, ptrdiff_t column, ptrdiff_t width,
                             ptrdiff_t channels, ptrdiff_t kernel, const float *weights,
                             ptrdiff_t first, int count, float *y) {
  const ptrdiff_t margin = kernel / 2;
  float sums[group] = {0};
  for (ptrdiff_t a = 0; a < kernel; a++) {
    if (!rows[a]) continue;
    for (ptrdiff_t b = 0; b < kernel; b++) {
      const ptrdiff_t source = column + b - margin;
      if (source < 0 || source >= width) continue;
      const float *x = rows[a] + source * channels + first;
      const float *w = weights + (a * kernel + b) * channels + first;
      for (int c = 0; c < count; c++) sums[c] += x[c] * w[c];
    }
  }
  memcpy(y + column * channels + first, sums, (size_t)count * sizeof(float));
}

FOR_EACH_CPU
void piq_depthwise_row(const float *const *rows, ptrdiff_t width, ptrdiff_t channels,
                       ptrdiff_t kernel, const float *weights, float *y) {
  for (ptrdiff_t column = 0; column < width; column++) {
    ptrdiff_t first = 0;
    for (; first + group <= channels; first += group) {
      depthwise_pixel(rows, column, width, channels, kernel, weights, first, group, y);
    }
    if (first < channels) {
      depthwise_pixel(rows, column, width, channels, kernel, weights, first,
                      (int)(channels - first), y);
    }
  }
}
