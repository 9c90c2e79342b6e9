#include <png.h>

// The values of macros that Swift does not import.
enum {
  piq_png_image_version = PNG_IMAGE_VERSION,
  piq_png_format_rgb = PNG_FORMAT_RGB,
  piq_png_format_palette = PNG_FORMAT_RGB_COLORMAP
};
