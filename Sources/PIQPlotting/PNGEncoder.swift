import CPIQPNG
import PIQPlatform

/// Packs an image as a PNG file, in memory, with libpng.
///
/// Cairo's encoder uses zlib's highest compression, which takes four times as long as all drawing.
/// libpng's fast setting avoids that, and its files of spectrograms are not larger.
enum PNGEncoder {
  /// - Parameters:
  ///   - pixels: red, green and blue, row by row.
  static func encode(_ pixels: [UInt8], width: Int, height: Int) throws(Failure) -> [UInt8] {
    precondition(pixels.count == 3 * width * height, "three bytes a pixel")
    return try encode(
      pixels, width: width, height: height, format: UInt32(piq_png_format_rgb), isFast: true)
  }

  /// Packs an image of at most 256 colours with a palette, with zlib's highest compression, for
  /// pages with many images.
  static func encodeSmall(_ image: Raster) throws(Failure) -> [UInt8] {
    let colors = Set(image.pixels).sorted()
    precondition(colors.count <= 256, "a palette has 256 colours")
    let places = Dictionary(uniqueKeysWithValues: colors.enumerated().map { ($1, UInt8($0)) })
    let palette = colors.flatMap { pixel in
      let color = Color(rgb: pixel)
      return [color.red, color.green, color.blue]
    }
    return try encode(
      image.pixels.map { places[$0] ?? 0 }, width: image.width, height: image.height,
      format: UInt32(piq_png_format_palette), palette: palette, isFast: false)
  }

  private static func encode(
    _ pixels: [UInt8], width: Int, height: Int, format: UInt32, palette: [UInt8]? = nil,
    isFast: Bool
  ) throws(Failure) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(piq_png_image_version)
    (image.width, image.height) = (UInt32(width), UInt32(height))
    image.format = format
    image.colormap_entries = UInt32((palette?.count ?? 0) / 3)
    image.flags = isFast ? UInt32(PNG_IMAGE_FLAG_FAST) : 0
    defer { png_image_free(&image) }
    // In the worst case deflate adds a few bytes for every 16 KiB.
    var count = png_alloc_size_t(pixels.count + height + pixels.count / 1000 + 4096)
    let capacity = Int(count)
    var isWritten = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
      isWritten =
        png_image_write_to_memory(&image, buffer.baseAddress, &count, 0, pixels, 0, palette) != 0
      initialized = isWritten ? Int(count) : 0
    }
    guard isWritten else {
      let reason = withUnsafeBytes(of: image.message) { message in
        String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw Failure(
        .figureFailed, problem: "could not draw it: libpng says \"\(reason)\"",
        remedy: "free some memory")
    }
    return bytes
  }
}
