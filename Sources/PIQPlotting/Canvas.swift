import CPIQCairo
package import PIQPlatform

/// A white page of pixels to draw on. Owns Cairo's surface and context.
///
/// Coordinates are pixels from the top left corner. Cairo keeps the first failure of a context and
/// ignores later drawing, so that one check of the status, in `png()`, finds every failure.
package final class Canvas {
  package let width: Int
  package let height: Int
  private let surface: OpaquePointer
  private let context: OpaquePointer

  init(width: Int, height: Int) throws(Failure) {
    self.width = width
    self.height = height
    // Cairo never returns a null pointer here; a failed creation is an object with a status.
    surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
    context = cairo_create(surface)
    try Self.check(cairo_surface_status(surface))
    try Self.check(cairo_status(context))
    try setFontOptions()
    fill(Rectangle(x: 0, y: 0, width: width, height: height), .white)
  }

  deinit {
    cairo_destroy(context)
    cairo_surface_destroy(surface)
  }

  private static func check(_ status: cairo_status_t) throws(Failure) {
    guard status != CAIRO_STATUS_SUCCESS else { return }
    let reason = String(cString: cairo_status_to_string(status))
    throw Failure(
      .figureFailed, problem: "could not draw it: Cairo says \"\(reason)\"",
      remedy: "free some memory or check the installation of Cairo")
  }

  /// Fixes how text is drawn, so that desktop settings do not change the figure.
  private func setFontOptions() throws(Failure) {
    let options = cairo_font_options_create()
    defer { cairo_font_options_destroy(options) }
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    try Self.check(cairo_font_options_status(options))
    cairo_set_font_options(context, options)
  }

  // MARK: Shapes

  func fill(_ rectangle: Rectangle, _ color: Color) {
    set(color)
    cairo_rectangle(
      context, Double(rectangle.x), Double(rectangle.y), Double(rectangle.width),
      Double(rectangle.height))
    cairo_fill(context)
  }

  /// Draws a border just outside `rectangle`.
  func border(around rectangle: Rectangle, width: Int, _ color: Color) {
    let (x, y) = (rectangle.x - width, rectangle.y - width)
    let (across, down) = (rectangle.width + 2 * width, rectangle.height + 2 * width)
    fill(Rectangle(x: x, y: y, width: across, height: width), color)
    fill(Rectangle(x: x, y: rectangle.maxY, width: across, height: width), color)
    fill(Rectangle(x: x, y: y, width: width, height: down), color)
    fill(Rectangle(x: rectangle.maxX, y: y, width: width, height: down), color)
  }

  /// Copies `image` with its top left corner at (`x`, `y`). It must lie within the page.
  func draw(_ image: Raster, x: Int, y: Int) {
    precondition(x >= 0 && y >= 0 && x + image.width <= width && y + image.height <= height)
    cairo_surface_flush(surface)
    guard let data = cairo_image_surface_get_data(surface) else { return }
    let stride = Int(cairo_image_surface_get_stride(surface))
    image.pixels.withUnsafeBytes { source in
      for row in 0..<image.height {
        let line = source[row * image.width * 4..<(row + 1) * image.width * 4]
        let start = UnsafeMutableRawPointer(data) + (y + row) * stride + x * 4
        UnsafeMutableRawBufferPointer(start: start, count: line.count).copyBytes(from: line)
      }
    }
    cairo_surface_mark_dirty(surface)
  }

  // MARK: Lines

  /// Draws a line through points, clipped to `frame`.
  func line(
    through points: [(x: Double, y: Double)], width: Double, _ color: Color, in frame: Rectangle
  ) {
    guard let first = points.first else { return }
    within(frame) {
      set(color)
      cairo_set_line_width(context, width)
      cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
      cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
      cairo_move_to(context, first.x, first.y)
      for point in points.dropFirst() { cairo_line_to(context, point.x, point.y) }
      cairo_stroke(context)
    }
  }

  /// Draws a dot, clipped to `frame`.
  func dot(at point: (x: Double, y: Double), radius: Double, _ color: Color, in frame: Rectangle) {
    within(frame) {
      set(color)
      cairo_arc(context, point.x, point.y, radius, 0, 2 * Double.pi)
      cairo_fill(context)
    }
  }

  /// Draws clipped to a rectangle.
  private func within(_ frame: Rectangle, _ draw: () -> Void) {
    cairo_save(context)
    cairo_rectangle(
      context, Double(frame.x), Double(frame.y), Double(frame.width), Double(frame.height))
    cairo_clip(context)
    draw()
    cairo_restore(context)
  }

  // MARK: Text

  /// How wide `text` is, in pixels.
  func width(of text: String, _ font: Font) -> Double {
    select(font)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// Writes `text` with its baseline at `y` and its left end, middle or right end at `x`.
  func write(_ text: String, x: Double, y: Double, _ anchor: Anchor = .left, _ font: Font) {
    // Integer positions render equal letters equally.
    let start = (x - width(of: text, font) * anchor.share).rounded()
    set(font.color)
    cairo_move_to(context, start, y.rounded())
    cairo_show_text(context, text)
  }

  /// Writes `text` upwards, its baseline at `x` and its middle at `y`.
  func writeUpwards(_ text: String, x: Double, y: Double, _ font: Font) {
    let length = width(of: text, font)
    cairo_save(context)
    cairo_translate(context, x.rounded(), (y + length / 2).rounded())
    cairo_rotate(context, -Double.pi / 2)
    set(font.color)
    cairo_move_to(context, 0, 0)
    cairo_show_text(context, text)
    cairo_restore(context)
  }

  private func select(_ font: Font) {
    cairo_select_font_face(
      context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
      font.isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo_set_font_size(context, font.size)
  }

  private func set(_ color: Color) {
    cairo_set_source_rgb(
      context, Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255)
  }

  // MARK: Results

  /// The colour of one pixel.
  package func pixel(x: Int, y: Int) -> Color {
    precondition((0..<width).contains(x) && (0..<height).contains(y))
    cairo_surface_flush(surface)
    guard let data = cairo_image_surface_get_data(surface) else { return .white }
    let offset = y * Int(cairo_image_surface_get_stride(surface)) + x * 4
    return Color(rgb: UnsafeRawPointer(data).load(fromByteOffset: offset, as: UInt32.self))
  }

  /// The page as a PNG file, in memory: `AtomicFile` writes it and reports the system's errors.
  package func png() throws(Failure) -> [UInt8] {
    try Self.check(cairo_status(context))
    cairo_surface_flush(surface)
    guard let data = cairo_image_surface_get_data(surface) else { return [] }
    let stride = Int(cairo_image_surface_get_stride(surface))
    let (width, height) = (width, height)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { pixels, count in
      for y in 0..<height {
        // Blue, green, red and an unused byte.
        let (source, target) = (data + y * stride, y * width * 3)
        for x in 0..<width {
          for channel in 0..<3 { pixels[target + 3 * x + channel] = source[4 * x + 2 - channel] }
        }
      }
      count = 3 * width * height
    }
    return try PNGEncoder.encode(pixels, width: width, height: height)
  }
}
