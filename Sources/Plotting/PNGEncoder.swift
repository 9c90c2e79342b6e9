import CPNG

/// Packs an image as a PNG file, in memory, with libpng.
///
/// Cairo would do it too, but as small as zlib can, which takes four times as long as drawing all
/// the rest. libpng's fast way is that much faster, and its files of spectrograms are not larger.
enum PNGEncoder {
  /// - Parameters:
  ///   - pixels: red, green and blue, row by row.
  /// - Throws: `FigureError`.
  static func encode(_ pixels: [UInt8], width: Int, height: Int) throws(FigureError) -> [UInt8] {
    precondition(pixels.count == 3 * width * height, "three bytes a pixel")
    var image = png_image()
    image.version = UInt32(piq_png_image_version)
    (image.width, image.height) = (UInt32(width), UInt32(height))
    image.format = UInt32(piq_png_format_rgb)
    image.flags = UInt32(PNG_IMAGE_FLAG_FAST)
    defer { png_image_free(&image) }
    // Deflate stores at worst what it is given, with a few bytes for every 16 KiB.
    var count = png_alloc_size_t(pixels.count + height + pixels.count / 1000 + 4096)
    let capacity = Int(count)
    var isWritten = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
      isWritten =
        png_image_write_to_memory(&image, buffer.baseAddress, &count, 0, pixels, 0, nil) != 0
      initialized = isWritten ? Int(count) : 0
    }
    guard isWritten else {
      let reason = withUnsafeBytes(of: image.message) { message in
        String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw FigureError(
        problem: "could not draw it: libpng says \"\(reason)\"", remedy: "free some memory")
    }
    return bytes
  }
}
